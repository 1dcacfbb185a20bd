"""What happened to a run, step by step, newest first."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils import timezone

from runs.models import DUE, Exchange, IntegrationRun, Member, Status
from runs.present.exchanges import badge_of

_TONES = {
    Status.COMPLETE: "green",
    Status.ERROR: "red",
    Status.RATE_LIMIT_RETRY: "amber",
    Status.AWAITING_RETRY: "amber",
    Status.UNKNOWN: "amber",
    Status.STARTED: "amber",
}
_SAID = {
    Status.COMPLETE: "Accepted",
    Status.ERROR: "Refused",
    Status.RATE_LIMIT_RETRY: "Rate limited",
    Status.AWAITING_RETRY: "Not taken",
    Status.UNKNOWN: "Answer lost",
    Status.STARTED: "Taken as a job",
}


@dataclass(frozen=True)
class Step:
    """One dot of parts/timeline.html."""

    text: str
    when: dt.datetime | None
    tone: str = ""
    note: str = ""


def steps(run: IntegrationRun, members: Sequence[Member]) -> list[Step]:
    """`members` newest first, with their exchanges."""
    found = [*_own(run, len(members)), *(step for place, member in enumerate(members) for step in _sent(member, len(members) - place))]
    newest_first = sorted(enumerate(found), key=lambda pair: (pair[1].when or run.dt_created, pair[0]), reverse=True)
    return [step for _, step in newest_first]


def _own(run: IntegrationRun, attempts: int) -> Iterator[Step]:
    yield Step(_beginning(run), run.dt_created)
    if run.dt_started:
        version = f", options version {run.version.number}" if run.version else ""
        yield Step(f"Claimed{version}", run.dt_started)
    if run.dt_completed and not attempts:
        yield Step(_ended_unsent(run), run.dt_completed, "red" if run.status == Status.ERROR else "")
    if run.delivery.settled_by_id == run.pk and run.delivery.verified_at:
        yield Step("Read back: revision and total agree", run.delivery.verified_at, "green")
    if run.status in DUE and run.next_attempt_at > timezone.now():
        yield Step("Next try", run.next_attempt_at, "amber")


def _beginning(run: IntegrationRun) -> str:
    revision = f"revision {run.revision.number}"
    who = f" by {run.requested_by.get_full_name() or run.requested_by.get_username()}" if run.requested_by else ""
    words = {
        IntegrationRun.Trigger.CREATED: f"Selected: {revision}, a new Bill",
        IntegrationRun.Trigger.REVISED: f"Selected: {revision}, the Bill changed",
        IntegrationRun.Trigger.REPLAY: f"Replay of {revision} ordered{who}",
        IntegrationRun.Trigger.RESEND: f"{revision.capitalize()} sent on its own order{who}",
    }
    return words.get(IntegrationRun.Trigger(run.trigger), f"Ordered: {revision}{who}")


def _ended_unsent(run: IntegrationRun) -> str:
    ends = {Status.SUPERSEDED: "A newer run took over", Status.CANCELLED: "Stopped by a person", Status.ERROR: "Stopped by our own check"}
    return ends.get(Status(run.status), "Ended before sending")


def _sent(member: Member, attempt: int) -> Iterator[Step]:
    exchange = member.exchange
    yield Step(f"Attempt {attempt} sent", exchange.first_sent_at or exchange.created_at)
    if exchange.sends > 1:
        yield Step("The same request again, or asked for", exchange.sent_at, "amber")
    badge = Status(badge_of(member))
    if exchange.state != Exchange.State.INTENT or exchange.answered_at:
        code = f", HTTP {exchange.status_code}" if exchange.status_code else ""
        note = exchange.note or (member.code if badge != Status.COMPLETE else "")
        yield Step(f"{_SAID[badge]}{code}", exchange.answered_at or exchange.sent_at, _TONES[badge], note)
    elif exchange.note:
        yield Step("No answer", exchange.sent_at, "amber", exchange.note)
