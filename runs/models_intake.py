"""What comes in: how far each source's API is read, events that sources posted to us, files that people gave."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Feed(models.Model):
    """How far a source's API has been read, and by whom right now. `start`: no older Bills are wanted, null for all.

    `watermark`: when the last reading began that kept every Bill; null for none yet. `pulled_at`: when the lists were last read to
    their end, which moves on also while an unreadable Bill holds the watermark back. `tried_at` and `failure` are of the last try.
    `asked_at`: a person wants a reading, of the Bills since `asked_start` where that is given. `owner` reads until `lease_until`,
    since `began_at`, and has `records` by now; `inbox_owner` works on the source's events until `inbox_until`.
    """

    source = models.OneToOneField("billing.Source", models.PROTECT, related_name="feed")
    start = models.DateField(null=True)
    watermark = models.DateTimeField(null=True)
    pulled_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)
    rejected = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    asked_start = models.DateField(null=True)
    owner = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    began_at = models.DateTimeField(null=True)
    records = models.PositiveIntegerField(default=0)
    inbox_owner = models.CharField(max_length=200, blank=True)
    inbox_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Feed of {self.source}"


class Inbound(models.Model):
    """One verified event of a source, stored once, in the transaction that acknowledges it. What it is about is read when it is worked."""

    class State(models.TextChoices):
        WAITING = "WAITING", "Waiting"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Failed"

    source = models.ForeignKey("billing.Source", models.PROTECT, related_name="inbound")
    event_id = models.CharField(max_length=200)
    received_at = models.DateTimeField(auto_now_add=True)
    type = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    tenant = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    next_try_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-received_at", "-id")
        verbose_name = "event"
        constraints = [models.UniqueConstraint(fields=("source", "event_id"), name="event_once_per_source")]
        indexes = [
            models.Index(fields=("source", "-id")),
            models.Index(fields=("source", "id"), condition=Q(state="WAITING"), name="event_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.type or 'event'} {self.event_id}"


class HookCount(models.Model):
    """How many posts to one hook address came to one end on one day. `slug` is "" for addresses that are nobody's."""

    slug = models.CharField(max_length=50, blank=True)
    day = models.DateField()
    kind = models.CharField(max_length=20)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("slug", "day", "kind"), name="hook_count_once_per_day")]

    def __str__(self) -> str:
        return f"{self.slug or 'unknown'} {self.day} {self.kind}: {self.count}"


class FileImport(models.Model):
    """Files of Bills that a person gave in the browser at once: how far they are, and what became of their records.

    `members` has each file's name and how many parts it has. `amount`: the column that charges are billed by, "" for the usual one.
    `rejected` has the first of the rejected records as [where, why]. `dry`: it was only asked what would become of them.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", "Waiting"
        READING = "READING", "Being read"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Failed"

    slug = models.CharField(max_length=50)
    name = models.CharField(max_length=200)
    members = models.JSONField(default=list)
    size = models.PositiveBigIntegerField()
    amount = models.CharField(max_length=100, blank=True)
    dry = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    read = models.PositiveBigIntegerField(default=0)
    owner = models.CharField(max_length=200, blank=True)
    seen_at = models.DateTimeField(null=True)
    received = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    revised = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected_count = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(default=list)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name


class FilePart(models.Model):
    """A piece of the files, one file after another, until they are read to the end: any worker on any machine can read it here."""

    file = models.ForeignKey(FileImport, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("file", "number"), name="file_part_once")]

    def __str__(self) -> str:
        return f"{self.file} part {self.number}"
