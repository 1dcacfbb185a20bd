"""What was compared with a destination, what people say to it, and the calendar of its books."""

import datetime as dt
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import now

from integrations.contract import Period


class Reconciliation(models.Model):
    """One comparison of an integration's Bills with the destination's documents, from the one day to the other.

    `sums` has a mapping per posting period, subsidiary and currency, `matched` counts the documents that agree, `digest` is of all that
    was found. `compared`: how many documents by now. A signed one is kept for ever; it is `outdated_at` as soon as a later comparison
    found something else or a person took the name back.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", "Waiting"
        READING = "READING", "Being compared"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Stopped"

    integration = models.ForeignKey("integrations.IntegrationConfig", models.PROTECT, related_name="reconciliations")
    start = models.DateField()
    end = models.DateField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=now)
    owner = models.CharField(max_length=200, blank=True)
    seen_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    compared = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)
    matched = models.PositiveIntegerField(default=0)
    sums = models.JSONField(default=list)
    digest = models.CharField(max_length=64, blank=True)
    signed_off_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    signed_off_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)
    outdated_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=("integration", "start", "end"), condition=Q(state__in=("WAITING", "READING")), name="one_comparison_under_way"
            )
        ]
        indexes = [models.Index(fields=("integration", "start", "end", "-id"))]

    def __str__(self) -> str:
        return f"{self.integration}, {self.start:%B %Y}"

    @property
    def under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.READING)

    def open_rows(self) -> "QuerySet[Difference]":
        """Those that nobody has explained."""
        return self.rows.filter(settled="").exclude(Exists(Explanation.of_rows()))


class Difference(models.Model):
    """A Bill and its document that do not agree, or one of the two that stands alone. `mark` is of all that is said here.

    `bill` is the Bill that the document belongs to even where its own date lies elsewhere; `owed` is null when it owes nothing in these
    days, `held` when nothing was found. `settled`: why nobody needs to act.
    """

    class Kind(models.TextChoices):
        MISSING = "missing", "Missing"
        EXTRA = "extra", "Extra"
        DIFFERS = "differs", "Differs"
        OTHER_PERIOD = "other", "Other period"

    reconciliation = models.ForeignKey(Reconciliation, models.CASCADE, related_name="rows")
    kind = models.CharField(max_length=10, choices=Kind)
    bill = models.ForeignKey("billing.Bill", models.PROTECT, null=True, related_name="+")
    account = models.CharField(max_length=300, blank=True)
    currency = models.CharField(max_length=3)
    owed = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    held = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    held_currency = models.CharField(max_length=3, blank=True)
    date = models.DateField(null=True)
    external_id = models.CharField(max_length=200, blank=True)
    number = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=500, blank=True)
    period = models.CharField(max_length=50, blank=True)
    subsidiary = models.CharField(max_length=100, blank=True)
    why = models.TextField(blank=True)
    settled = models.TextField(blank=True)
    mark = models.CharField(max_length=64)

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=("reconciliation", "kind", "id"))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.bill or self.number or self.external_id}"

    @property
    def difference(self) -> Decimal | None:
        """What the source has more; None where the two are in different currencies."""
        if self.held is not None and self.owed is not None and self.held_currency != self.currency:
            return None
        return (self.owed or Decimal(0)) - (self.held or Decimal(0))


class Explanation(models.Model):
    """Why a difference is right as it is, in a person's words. It holds for every comparison that finds exactly the same."""

    integration = models.ForeignKey("integrations.IntegrationConfig", models.PROTECT, related_name="explanations")
    mark = models.CharField(max_length=64)
    text = models.TextField()
    who = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    when = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("integration", "mark"), name="explanation_once")]

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of_rows(cls) -> "QuerySet[Explanation]":
        """Of the differences in an outer query."""
        return cls.objects.filter(integration=OuterRef("reconciliation__integration"), mark=OuterRef("mark"))


class Calendar(models.Model):
    """The posting periods of one tenant's books as last read; `failure` is of the last try."""

    system = models.CharField(max_length=50)
    tenant = models.CharField(max_length=200)
    spans = models.JSONField(default=list)
    read_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("system", "tenant"), name="calendar_once")]

    def __str__(self) -> str:
        return f"Calendar of {self.system} {self.tenant}"

    @property
    def periods(self) -> list[Period]:
        days = ("start", "end")
        return [Period(**(span | {day: dt.date.fromisoformat(span[day]) for day in days})) for span in self.spans]
