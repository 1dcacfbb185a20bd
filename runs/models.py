"""The ledger. Only deliver.py and recover.py write states, each by conditional UPDATE; nothing here is ever deleted."""

import uuid
import zlib

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from runs.models_intake import Feed, FileImport, FilePart, HookCount, Inbound
from runs.models_reconcile import Calendar, Difference, Explanation, Reconciliation

__all__ = [
    "DUE",
    "NEEDS_PERSON",
    "OPEN",
    "Beat",
    "Budget",
    "Calendar",
    "Delivery",
    "Difference",
    "Event",
    "Exchange",
    "Explanation",
    "Feed",
    "FileImport",
    "FilePart",
    "HookCount",
    "Inbound",
    "IntegrationRun",
    "Member",
    "Problem",
    "Reconciliation",
    "Slots",
    "Status",
]


class Status(models.TextChoices):
    """m3ter's eleven run statuses verbatim, and three of ours."""

    WAITING = "WAITING"
    STARTED = "STARTED"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    AWAITING_RETRY = "AWAITING_RETRY"
    AUTH_FAILED = "AUTH_FAILED"
    ACCOUNTING_PERIOD_CLOSED = "ACCOUNTING_PERIOD_CLOSED"
    INVOICE_ALREADY_PAID = "INVOICE_ALREADY_PAID"
    DISABLED = "DISABLED"
    TIMEOUT_LIMIT_EXCEEDED = "TIMEOUT_LIMIT_EXCEEDED"
    RATE_LIMIT_RETRY = "RATE_LIMIT_RETRY"
    UNKNOWN = "UNKNOWN"
    SUPERSEDED = "SUPERSEDED"
    CANCELLED = "CANCELLED"


DUE = (Status.WAITING, Status.AWAITING_RETRY, Status.RATE_LIMIT_RETRY, Status.AUTH_FAILED)
"""What the engine takes up by itself once next_attempt_at has come and the integration can send."""

OPEN = (*DUE, Status.STARTED, Status.UNKNOWN)
"""Not finished: the engine will move it without a person."""

NEEDS_PERSON = (
    Status.ERROR,
    Status.ACCOUNTING_PERIOD_CLOSED,
    Status.INVOICE_ALREADY_PAID,
    Status.TIMEOUT_LIMIT_EXCEEDED,
    Status.AUTH_FAILED,
    Status.DISABLED,
)


class Delivery(models.Model):
    """What one tenant holds in one slot of one Bill: unique, whatever the revision, whatever the integration.

    The slot `chain` stands for all of them: its state is CHAIN for ever, so that nothing is ever sent for it.
    """

    class State(models.TextChoices):
        IDLE = "IDLE"
        CLAIMED = "CLAIMED"
        SENDING = "SENDING"
        UNKNOWN = "UNKNOWN"
        ACCEPTED = "ACCEPTED"
        CHAIN = "CHAIN"

    class Origin(models.TextChoices):
        SENT = "sent"
        ADOPTED = "adopted"
        FILE = "file"

    system = models.CharField(max_length=50)
    tenant = models.CharField(max_length=200)
    bill = models.ForeignKey("billing.Bill", models.PROTECT, related_name="deliveries")
    slot = models.CharField(max_length=100, default="main")
    integration = models.ForeignKey("integrations.IntegrationConfig", models.PROTECT, related_name="deliveries")
    kind = models.CharField(max_length=50, blank=True)
    key = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.IDLE)
    claim = models.UUIDField(null=True)
    owner = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    generation = models.PositiveIntegerField(default=0)
    slice_digest = models.CharField(max_length=64, blank=True)
    line_keys = models.JSONField(default=list)
    external_id = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=500, blank=True)
    revision = models.ForeignKey("billing.BillRevision", models.PROTECT, null=True, related_name="+")
    tag = models.CharField(max_length=300, blank=True)
    verified_at = models.DateTimeField(null=True)
    origin = models.CharField(max_length=10, choices=Origin, blank=True)
    total = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    currency = models.CharField(max_length=3, blank=True)
    number = models.CharField(max_length=200, blank=True)
    held_status = models.CharField(max_length=50, blank=True)
    held_date = models.DateField(null=True)
    posting_period = models.CharField(max_length=50, blank=True)
    subsidiary = models.CharField(max_length=100, blank=True)
    read_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey("IntegrationRun", models.PROTECT, null=True, related_name="+")
    depends_on = models.ForeignKey("self", models.PROTECT, null=True, related_name="dependents")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=("system", "tenant", "bill", "slot"), name="delivery_once")]
        indexes = [
            models.Index(fields=("state", "lease_until")),
            models.Index(fields=("number",)),
            models.Index(fields=("claim",), condition=Q(claim__isnull=False), name="delivery_claim"),
            models.Index(fields=("read_at",), condition=Q(verified_at=None) & ~Q(external_id=""), name="delivery_unverified"),
        ]

    def __str__(self) -> str:
        return f"{self.bill} {self.slot} in {self.system} {self.tenant}"

    @property
    def delivered(self) -> bool:
        return bool(self.origin)


class IntegrationRun(models.Model):
    """One order to deliver one revision through one integration. `explanation` keeps why each line is what it is.

    A chain's runs have a parent and go in the order of `sequence`; `waits_for` says what has to happen at the destination first.
    """

    class Trigger(models.TextChoices):
        CREATED = "created", "New Bill"
        REVISED = "revised", "Bill changed"
        RETRY = "retry", "Retry"
        REPLAY = "replay", "Replay"
        RESEND = "resend", "Resend changed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    integration = models.ForeignKey("integrations.IntegrationConfig", models.PROTECT, related_name="runs")
    version = models.ForeignKey("integrations.ConfigVersion", models.PROTECT, null=True, related_name="+")
    bill = models.ForeignKey("billing.Bill", models.PROTECT, related_name="runs")
    revision = models.ForeignKey("billing.BillRevision", models.PROTECT, related_name="runs")
    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="runs")
    trigger = models.CharField(max_length=10, choices=Trigger)
    automatic = models.BooleanField(default=True)
    status = models.CharField(max_length=30, choices=Status, default=Status.WAITING)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)
    detail = models.TextField(blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=500, blank=True)
    amount = models.DecimalField(max_digits=30, decimal_places=10)
    currency = models.CharField(max_length=3)
    attempts = models.PositiveIntegerField(default=0)
    claims = models.PositiveIntegerField(default=0)
    deaths = models.PositiveIntegerField(default=0)
    building = models.BooleanField(default=False)
    explanation = models.JSONField(null=True)
    post_on = models.DateField(null=True)
    next_attempt_at = models.DateTimeField()
    dt_created = models.DateTimeField(auto_now_add=True)
    dt_started = models.DateTimeField(null=True)
    dt_completed = models.DateTimeField(null=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    sequence = models.PositiveIntegerField(default=0)
    waits_for = models.CharField(max_length=200, blank=True)
    replayed_from = models.ForeignKey("self", models.PROTECT, null=True, related_name="replays")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = "run"
        ordering = ("-dt_created", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=("delivery", "revision"), condition=Q(automatic=True, status__in=OPEN), name="one_open_automatic_run"
            )
        ]
        indexes = [
            models.Index(fields=("integration", "next_attempt_at"), condition=Q(status__in=DUE), name="run_due"),
            models.Index(fields=("status", "-dt_created", "-id")),
            models.Index(fields=("integration", "-dt_created", "-id"), condition=Q(parent=None), name="run_by_integration"),
            models.Index(fields=("-dt_created", "-id"), condition=Q(parent=None), name="run_by_day"),
            models.Index(fields=("dt_completed",)),
            models.Index(fields=("external_id",)),
        ]
        permissions = [
            ("operate", "Sync, retry and replay"),
            ("approve", "Sign off reconciliations and policies"),
        ]

    def __str__(self) -> str:
        return f"{self.bill} to {self.integration}"


class Exchange(models.Model):
    """One HTTP request, stored whole before it is sent, and its answer. `body` is zlib-compressed and holds no secret."""

    class State(models.TextChoices):
        INTENT = "INTENT"
        ACCEPTED = "ACCEPTED"
        SETTLED = "SETTLED"

    system = models.CharField(max_length=50)
    tenant = models.CharField(max_length=200)
    integration = models.ForeignKey("integrations.IntegrationConfig", models.PROTECT, related_name="exchanges")
    credential = models.ForeignKey("credentials.Credential", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.INTENT)
    method = models.CharField(max_length=10)
    url = models.CharField(max_length=1000)
    headers = models.JSONField(default=dict)
    key = models.CharField(max_length=100)
    body = models.BinaryField()
    body_digest = models.CharField(max_length=64)
    sends = models.PositiveIntegerField(default=0)
    first_sent_at = models.DateTimeField(null=True)
    replay_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    milliseconds = models.PositiveIntegerField(null=True)
    status_code = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True)
    trace = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    job_url = models.CharField(max_length=1000, blank=True)
    next_look_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = [models.UniqueConstraint(fields=("system", "tenant", "key"), name="exchange_key_once")]
        indexes = [models.Index(fields=("next_look_at",), condition=~Q(state="SETTLED"), name="exchange_unsettled")]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"

    @property
    def text(self) -> str:
        return zlib.decompress(self.body).decode()


class Member(models.Model):
    """One document's place in an exchange: which run and delivery it carried, under which fence."""

    exchange = models.ForeignKey(Exchange, models.CASCADE, related_name="members")
    run = models.ForeignKey(IntegrationRun, models.PROTECT, related_name="members")
    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="members")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=300)
    fence = models.PositiveBigIntegerField()
    accepted = models.BooleanField(null=True)
    code = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ("exchange", "position")
        constraints = [models.UniqueConstraint(fields=("exchange", "position"), name="member_position_once")]

    def __str__(self) -> str:
        return self.key


class Budget(models.Model):
    """How many requests one tenant takes at a time, over all workers: falls by half when it is too many, grows back with success."""

    system = models.CharField(max_length=50)
    tenant = models.CharField(max_length=200)
    cap = models.FloatField()
    changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("system", "tenant"), name="budget_once")]

    def __str__(self) -> str:
        return f"{self.system} {self.tenant}: {self.cap:g}"


class Slots(models.Model):
    """Part of a tenant's budget in the hands of one worker until its lease ends."""

    budget = models.ForeignKey(Budget, models.CASCADE, related_name="slots")
    count = models.PositiveIntegerField()
    owner = models.CharField(max_length=200)
    until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "slots"

    def __str__(self) -> str:
        return f"{self.count} of {self.budget}"


class Beat(models.Model):
    """One worker process: what it last did, and since when it has been inside a job."""

    owner = models.CharField(max_length=200, unique=True)
    seen_at = models.DateTimeField()
    busy_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.owner


class Problem(models.Model):
    """One cause that blocks one or more runs. `who` can fix it, `owner` has taken it on; `retried` are the runs of its last retry.

    `fix_url` names the admin page that fixes it: a URL name, its arguments after slashes, its query string.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        SNOOZED = "snoozed", "Snoozed"
        CLOSED = "closed", "Closed"

    integration = models.ForeignKey("integrations.IntegrationConfig", models.PROTECT, related_name="problems")
    fingerprint = models.CharField(max_length=64)
    code = models.CharField(max_length=60)
    title = models.TextField()
    why = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    who = models.CharField(max_length=200, blank=True)
    fix_url = models.TextField(blank=True)
    fix_label = models.TextField(blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    snoozed_until = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    runs = models.ManyToManyField(IntegrationRun, related_name="problems")
    retried = models.ManyToManyField(IntegrationRun, related_name="+")
    retried_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-opened_at",)
        indexes = [models.Index(fields=("state", "-opened_at")), models.Index(fields=("fingerprint",))]
        constraints = [
            models.UniqueConstraint(fields=("integration", "fingerprint"), condition=~Q(state="closed"), name="problem_once_while_open")
        ]

    def __str__(self) -> str:
        return self.title


class Event(models.Model):
    """Append-only: who, when, what, before, after. Never a secret."""

    when = models.DateTimeField(auto_now_add=True)
    who = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    subject_type = models.CharField(max_length=50)
    subject_id = models.CharField(max_length=64)
    subject = models.CharField(max_length=300)
    verb = models.CharField(max_length=100)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        ordering = ("-when", "-id")
        verbose_name_plural = "history"
        indexes = [models.Index(F("subject_type"), F("subject_id"), F("when").desc(), name="event_subject")]

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"
