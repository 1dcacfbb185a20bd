import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations import registry


class Status(models.TextChoices):
    """What people are told about an integration."""

    NOT_CONNECTED = "NOT CONNECTED"
    CONNECTED = "CONNECTED"
    DISABLED = "DISABLED"
    AUTH_FAILED = "AUTH FAILED"


class IntegrationConfig(models.Model):
    """Entity type + external system + options + credential + on or off. Archived, never deleted.

    `asked_at`: since when a person waits for what it owes; None once a worker has taken that up.
    """

    class Trigger(models.TextChoices):
        EVENT = "EVENT", "When a Bill changes"
        SCHEDULE = "SCHEDULE", "On a schedule"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    entity_type = models.CharField(max_length=50, choices=registry.entity_type_choices)
    system = models.CharField("Destination", max_length=50, choices=registry.system_choices)
    sources = models.ManyToManyField("billing.Source", blank=True, related_name="integrations")
    credential = models.ForeignKey("credentials.Credential", models.PROTECT, null=True, blank=True, related_name="integrations")
    enabled = models.BooleanField(default=True)
    trigger_type = models.CharField(max_length=10, choices=Trigger, default=Trigger.EVENT)
    consecutive_errors = models.PositiveIntegerField(default=0)
    disabled_reason = models.TextField(blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    current_version = models.ForeignKey("ConfigVersion", models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        verbose_name = "configuration"
        constraints = [
            models.UniqueConstraint(
                fields=("system", "entity_type", "name"), condition=Q(archived_at=None), name="integration_name_once_per_system"
            )
        ]
        permissions = [("configure", "Create and change integrations"), ("operate", "Sync, enable and disable integrations")]

    def __str__(self) -> str:
        return self.name

    @property
    def system_label(self) -> str:
        return registry.system_label(self.system)

    @property
    def options(self) -> dict[str, Any]:
        return self.current_version.options if self.current_version else {}

    def last_due(self, now: dt.datetime) -> dt.datetime:
        """The latest whole multiple of the schedule since the integration was created."""
        return self.created_at + self._step * ((now - self.created_at) // self._step)

    @property
    def next_run(self) -> dt.datetime | None:
        """When a schedule sends its next batch; None for an integration that follows events or sends nothing at all."""
        if self.trigger_type != self.Trigger.SCHEDULE or not self.enabled or self.archived_at:
            return None
        return self.last_due(timezone.now()) + self._step

    @property
    def _step(self) -> dt.timedelta:
        return dt.timedelta(minutes=self.options.get("scheduleMinutes") or 60)

    @property
    def connected(self) -> bool:
        return self.credential is not None and self.credential.usable

    @property
    def status(self) -> Status:
        if self.credential is None:
            return Status.NOT_CONNECTED
        if not self.enabled:
            return Status.DISABLED
        return Status.CONNECTED if self.credential.usable else Status.AUTH_FAILED


class ConfigVersion(models.Model):
    """An immutable set of options: `config_data` with every default filled in. A run points to the version that it used."""

    integration = models.ForeignKey(IntegrationConfig, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    options = models.JSONField()
    who = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    when = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("integration", "-number")
        constraints = [models.UniqueConstraint(fields=("integration", "number"), name="config_version_once")]

    def __str__(self) -> str:
        return f"{self.integration} version {self.number}"
