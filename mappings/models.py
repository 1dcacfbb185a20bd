import datetime as dt

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

ALWAYS = dt.date.min


class ExternalMapping(models.Model):
    """(entity type, entity id) -> (external system, external table, external id), optionally linked to one integration.

    Without a source it holds for every source. `valid_to` is the last day it holds; the Bill's date decides. What was matched or created
    there is linked, as ids differ between books.
    """

    class Origin(models.TextChoices):
        PERSON = "person", "by a person"
        FILE = "file", "from a file"
        SUGGESTION = "suggestion", "accepted suggestion"
        MATCHED = "matched", "matched at the destination"
        CREATED = "created", "created at the destination"

    source = models.ForeignKey("billing.Source", models.PROTECT, null=True, blank=True, related_name="mappings")
    entity_type = models.CharField(max_length=50)
    entity_id = models.CharField(max_length=200)
    external_system = models.CharField("External system", max_length=50)
    external_table = models.CharField("External table", max_length=50)
    external_id = models.CharField("External entity ID", max_length=200)
    external_name = models.CharField(max_length=300, blank=True)
    integration = models.ForeignKey(
        "integrations.IntegrationConfig", models.PROTECT, null=True, blank=True, related_name="mappings", verbose_name="linked integration"
    )
    valid_from = models.DateField(default=ALWAYS)
    valid_to = models.DateField(null=True, blank=True)
    origin = models.CharField(max_length=20, choices=Origin, default=Origin.PERSON)
    version = models.PositiveIntegerField(default=1)
    created_by = models.CharField(max_length=200, blank=True)
    changed_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("external_system", "external_table", "entity_type", "entity_id", "-valid_from", "id")
        verbose_name = "External mapping"
        verbose_name_plural = "External mappings"
        constraints = [
            models.UniqueConstraint(
                Coalesce("source", 0),
                "entity_type",
                "entity_id",
                "external_system",
                "external_table",
                "valid_from",
                condition=Q(integration=None),
                name="mapping_once_unlinked",
            ),
            models.UniqueConstraint(
                Coalesce("source", 0),
                "entity_type",
                "entity_id",
                "external_system",
                "external_table",
                "valid_from",
                "integration",
                condition=Q(integration__isnull=False),
                name="mapping_once_per_integration",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=models.F("valid_from")), name="mapping_valid_to_not_before_from"
            ),
        ]
        indexes = [
            models.Index(fields=("entity_type", "entity_id")),
            models.Index(fields=("external_system", "external_table", "external_id")),
            models.Index(fields=("-updated_at",)),
        ]
        permissions = [("map", "Create and change External mappings")]

    def __str__(self) -> str:
        return f"{self.entity_type} {self.entity_id} = {self.external_table} {self.external_id}"

    def holds_on(self, day: dt.date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class CatalogueRecord(models.Model):
    """A record of an external system as last read: its name wherever an id appears, and the choices of drop-downs.

    `active` false: nothing new may name it; then `listed` tells whether the destination still has it, and `inactive_since` when
    we first saw it so. `currencies`: the only ones that it may be billed in, empty for any.
    """

    system = models.CharField(max_length=50)
    tenant = models.CharField(max_length=200)
    table = models.CharField(max_length=50)
    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    code = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=320, blank=True)
    currencies = models.JSONField(default=list, blank=True)
    kind = models.CharField(max_length=50, blank=True)
    within = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=list, blank=True)
    active = models.BooleanField(default=True)
    listed = models.BooleanField(default=True)
    inactive_since = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("table", "name")
        constraints = [models.UniqueConstraint(fields=("system", "tenant", "table", "external_id"), name="catalogue_record_once")]
        indexes = [models.Index(fields=("system", "table", "name")), models.Index(fields=("system", "table", "external_id"))]

    def __str__(self) -> str:
        return f"{self.name} ({self.external_id})"


class CatalogueReading(models.Model):
    """How the last reading of one table of one tenant went. `read_at` is the last that succeeded, `error` why a later one did not.

    `whole_at` is when every record was read last: only then is it seen what the destination has no longer.
    """

    system = models.CharField(max_length=50)
    tenant = models.CharField(max_length=200)
    table = models.CharField(max_length=50)
    read_at = models.DateTimeField(null=True)
    whole_at = models.DateTimeField(null=True)
    records = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("system", "tenant", "table"), name="catalogue_reading_once")]

    def __str__(self) -> str:
        return f"{self.table} of {self.system} {self.tenant}"
