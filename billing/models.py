"""Stored Bills and what they refer to. Amount columns serve lists and filters; the document's decimal strings are the truth."""

from django.db import models
from django.db.models import F, Q


class Source(models.Model):
    """One account of a billing platform."""

    slug = models.SlugField(max_length=50, unique=True)
    platform = models.CharField(max_length=50)
    tenant = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """An end customer, as the source knows it."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="accounts")
    uid = models.CharField("Account id", max_length=200)
    code = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=320, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    address = models.JSONField(default=dict, blank=True)
    custom_fields = models.JSONField(default=dict, blank=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "uid")
        constraints = [models.UniqueConstraint(fields=("source", "uid"), name="account_once_per_source")]
        indexes = [models.Index(fields=("name",))]

    def __str__(self) -> str:
        return self.name or self.code or self.uid


class CatalogueItem(models.Model):
    """A product, aggregation or other entity of the source that Bill lines name and mappings map."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="catalogue")
    kind = models.CharField(max_length=50)
    uid = models.CharField("Id", max_length=200)
    code = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=300, blank=True)
    custom_fields = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("kind", "name", "uid")
        verbose_name = "product"
        constraints = [models.UniqueConstraint(fields=("source", "kind", "uid"), name="catalogue_item_once_per_source")]

    def __str__(self) -> str:
        return self.name or self.code or self.uid


class Bill(models.Model):
    """One end-customer Bill: the columns of its current revision, for lists and filters.

    `source_version` and `source_updated_at` are the newest seen, even on an arrival that changed nothing; what is older never
    becomes current.
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", "Pending"
        APPROVED = "APPROVED", "Approved"
        VOID = "VOID", "Void"

    source = models.ForeignKey(Source, models.PROTECT, related_name="bills")
    uid = models.CharField("Source id", max_length=200)
    account = models.ForeignKey(Account, models.PROTECT, related_name="bills")
    number = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=30, decimal_places=10)
    bill_date = models.DateField()
    due_date = models.DateField(null=True, blank=True)
    period_start = models.DateField(null=True, blank=True)
    period_end = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status)
    locked = models.BooleanField(default=False)
    parent_bill = models.CharField(max_length=200, blank=True)
    consolidation_level = models.CharField(max_length=20, blank=True)
    source_version = models.BigIntegerField(null=True)
    source_updated_at = models.DateTimeField(null=True)
    current_revision = models.ForeignKey("BillRevision", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-bill_date", "-id")
        constraints = [models.UniqueConstraint(fields=("source", "uid"), name="bill_once_per_source")]
        indexes = [
            models.Index(fields=("-bill_date", "-id")),
            models.Index(fields=("status", "-bill_date")),
            models.Index(fields=("number",)),
            models.Index(fields=("uid",)),
        ]

    def __str__(self) -> str:
        return self.number or self.uid


class BillRevision(models.Model):
    """An immutable snapshot of a Bill as received: `document` the canonical Bill, decimals as strings, `raw` the source's own JSON text."""

    bill = models.ForeignKey(Bill, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    source_version = models.BigIntegerField(null=True)
    source_updated_at = models.DateTimeField(null=True)
    schema = models.PositiveSmallIntegerField(default=1)
    digest = models.CharField(max_length=64)
    document = models.JSONField()
    raw = models.TextField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("bill", "-number")
        constraints = [
            models.UniqueConstraint(fields=("bill", "number"), name="revision_number_once_per_bill"),
            models.CheckConstraint(condition=Q(number__gte=1), name="revision_number_from_one"),
        ]
        indexes = [models.Index(F("bill"), F("number").desc(), name="revision_newest_first")]

    def __str__(self) -> str:
        return f"{self.bill} revision {self.number}"
