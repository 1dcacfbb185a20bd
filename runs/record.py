"""Writes what became of each run, where the claim is still ours, in one transaction per batch."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from credentials import health
from integrations.contract import Answer, Fault, Held, Outcome, Sought
from integrations.errors import DeliveryError
from runs import budget, ledger, looking, periods, problems, retry, rows, strain, transitions
from runs.build import Built, Kit
from runs.looking import Pair
from runs.models import Delivery, Exchange, IntegrationRun, Member, Status
from runs.points import point
from runs.send import Sent, fault_from

RUN_FIELDS = [
    "status",
    "error_code",
    "error",
    "detail",
    "external_id",
    "url",
    "next_attempt_at",
    "post_on",
    "dt_completed",
    "building",
]
BUILT_FIELDS = ["amount", "explanation", "version"]
"""Stored with the intent; here only for what never came to one."""

CLAIM_FIELDS = ["state", "claim", "owner", "lease_until"]
DELIVERY_FIELDS = [
    *CLAIM_FIELDS,
    "kind",
    "key",
    "slice_digest",
    "line_keys",
    "external_id",
    "url",
    "revision",
    "tag",
    "verified_at",
    "read_at",
    "origin",
    "total",
    "currency",
    "settled_by",
    "integration",
]


@dataclass(frozen=True)
class Accepted:
    """A member that the destination took, to be read back unless its answer showed what it `held` then."""

    run: IntegrationRun
    kind: str
    key: str
    held: Held | None = None

    @property
    def sought(self) -> Sought:
        number = ((self.run.explanation or {}).get("documents") or [{}])[0].get("number", "")
        return Sought(self.kind, self.key, number=number, external_id=self.run.delivery.external_id, since=self.run.dt_started)


def answers(kit: Kit, claim: ledger.Claim, sent: Sequence[Sent]) -> list[Accepted]:
    """Records a batch of first answers; returns what was accepted and recorded as such."""
    told = [(each, looking.adopted(kit, said(kit, each, claim.members[each.exchange.pk]))) for each in sent]
    accepted = keep(kit, claim.token, told)
    heed(kit, [outcome for _, pairs in told for _, outcome in pairs])
    return accepted


def keep(kit: Kit, token: uuid.UUID, told: Sequence[tuple[Sent, list[Pair]]], rest: dt.datetime | None = None) -> list[Accepted]:
    """Records what is made of answers. Until `rest`, a slot that is free again takes no new document."""
    told = [(each, periods.redated(kit, pairs)) for each, pairs in told]
    point("before record")
    with transaction.atomic():
        mine = _record(kit, token, [pair for _, pairs in told for pair in pairs], rest)
        ours = {member.pk for member, _ in mine}
        look = _next_look([each.exchange for each, _ in told])
        closed = [each for each, pairs in told if _close(each.exchange, each.answer, _said_by(each.error), pairs, ours, look)]
        ledger.keep_answers([each.exchange for each in closed if each.answer is not None], answered=True)
        ledger.keep_answers([each.exchange for each in closed if each.answer is None], answered=False)
        point("recording")
    point("recorded")
    return _accepted(mine)


def heed(kit: Kit, found: Sequence[Outcome]) -> None:
    """What answers say about the login, about the allowance of calls, and about how much at a time is too much."""
    refused = next((outcome.fault for outcome in found if outcome.fault and outcome.fault.next == "auth"), None)
    if refused is not None and kit.integration.credential is not None:
        health.mark_failed(kit.integration.credential, refused.title)
    note_usage(kit)
    budget.learn(kit, [outcome.fault is not None and outcome.fault.next == "rate" for outcome in found])


def note_usage(kit: Kit) -> None:
    if kit.wire.usage is not None and kit.integration.credential is not None:
        health.note_usage(kit.integration.credential, kit.wire.usage)


def outcomes(
    kit: Kit, token: uuid.UUID, told: Sequence[tuple[Exchange, Sequence[Pair]]], rest: dt.datetime | None = None
) -> list[Accepted]:
    """Records what asking the destination found about the open members of exchanges. `rest` as in `keep`."""
    note_usage(kit)
    told = [(exchange, periods.redated(kit, pairs)) for exchange, pairs in told]
    point("before settling")
    with transaction.atomic():
        mine = _record(kit, token, [pair for _, pairs in told for pair in pairs], rest)
        ours = {member.pk for member, _ in mine}
        look = _next_look([exchange for exchange, _ in told])
        closed = [exchange for exchange, pairs in told if _close(exchange, None, "Asked the destination.", pairs, ours, look)]
        ledger.keep_answers(closed, answered=False)
        point("settling")
    point("settled")
    return _accepted(mine)


def said(kit: Kit, sent: Sent, members: Sequence[Member]) -> list[Pair]:
    """What the answer, or its absence, says of each member."""
    if sent.answer is not None and sent.error is None:
        found = {outcome.member: outcome for outcome in kit.client.outcomes(sent.request, sent.answer)}
        return [(member, found[member.key]) for member in members]
    fault = fault_from(sent.error or DeliveryError("No answer."), kit.destination.label)
    return [(member, Outcome(member=member.key, fault=fault)) for member in members]


def _record(kit: Kit, token: uuid.UUID, pairs: Sequence[Pair], rest: dt.datetime | None) -> list[Pair]:
    ours = ledger.ours(token, [member.delivery_id for member, _ in pairs])
    mine = [(member, outcome) for member, outcome in pairs if member.delivery_id in ours]
    judged = [member for member, outcome in mine if not outcome.job or member.code]
    for member, outcome in mine:
        member.run.delivery = member.delivery
        _apply(member, outcome)
        if rest is not None and member.delivery.state == Delivery.State.IDLE:
            member.delivery.lease_until = rest
    rows.update(judged, ["accepted", "code"])
    rows.update([member.run for member, outcome in mine if not outcome.job], RUN_FIELDS)
    rows.update([member.delivery for member, _ in mine], DELIVERY_FIELDS)
    _doubt([member.delivery_id for member, _ in pairs if member.delivery_id not in ours])
    done = [(member.run, outcome.fault) for member, outcome in mine if not outcome.job]
    strain.count(kit.integration, [fault for _, fault in done], problems.update(kit.integration, done))
    return mine


def _doubt(deliveries: Sequence[int]) -> None:
    """A request that was no longer ours may have written over what another worker sent since: it is read back again."""
    if deliveries:
        Delivery.objects.filter(pk__in=deliveries).update(verified_at=None, read_at=None)


def _accepted(pairs: Sequence[Pair]) -> list[Accepted]:
    return [
        Accepted(member.run, member.delivery.kind, member.delivery.key, outcome.held)
        for member, outcome in pairs
        if outcome.fault is None and not outcome.job
    ]


def _close(exchange: Exchange, answer: Answer | None, note: str, pairs: Sequence[Pair], ours: set[int], look: dt.datetime) -> bool:
    """Notes the answer where any of the open members was ours; an exchange that is no longer ours is somebody else's to close."""
    mine = [pair for pair in pairs if pair[0].pk in ours]
    if mine:
        ledger.take_answer(exchange, answer, note, _end(exchange, mine, len(pairs)), look)
    return bool(mine)


def _said_by(error: DeliveryError | None) -> str:
    return f"{error.sentence} {error.detail}".strip() if error else ""


def _end(exchange: Exchange, mine: Sequence[Pair], members: int) -> str:
    """Settled when all of its open `members` were ours and have an end; a job is remembered."""
    found = [outcome for _, outcome in mine]
    if len(mine) < members or any(outcome.fault is not None and outcome.fault.next == "unknown" for outcome in found):
        return Exchange.State.INTENT
    if job := next((outcome.job for outcome in found if outcome.job), ""):
        exchange.job_url = job
        return Exchange.State.ACCEPTED
    return Exchange.State.SETTLED


def _next_look(exchanges: Sequence[Exchange]) -> dt.datetime:
    """One moment for all that were sent together, so that they are looked at together."""
    return timezone.now() + retry.LOOKS.wait(max((exchange.sends for exchange in exchanges), default=1))


def _apply(member: Member, outcome: Outcome) -> None:
    member.accepted, member.code = outcome.fault is None, outcome.fault.code if outcome.fault else ""
    if outcome.job:
        member.accepted = None
        transitions.at_work(member.delivery)
    elif outcome.fault is None:
        transitions.complete(member.run, member.delivery, outcome.external_id, outcome.url)
    elif outcome.fault.next == "unknown":
        member.accepted = None
        transitions.lost(member.run, member.delivery, outcome.fault)
    else:
        transitions.stop(member.run, member.delivery, outcome.fault)


def refuse(claim: ledger.Claim, judged: Iterable[tuple[Built, Fault]]) -> None:
    """Our own no, before anything was sent: the reasons of each Bill, all together."""
    pairs = list(judged)
    if not pairs:
        return
    point("before refusing")
    with transaction.atomic():
        ours = ledger.ours(claim.token, [item.run.delivery_id for item, _ in pairs])
        mine = [(item.run, fault) for item, fault in pairs if item.run.delivery_id in ours]
        for run, fault in mine:
            transitions.stop(run, run.delivery, fault)
        rows.update([run for run, _ in mine], [*RUN_FIELDS, *BUILT_FIELDS])
        rows.update([run.delivery for run, _ in mine], CLAIM_FIELDS)
        problems.update(claim.integration, mine, {item.run.pk: item.plan for item, _ in pairs})
    point("refused")


def needless(claim: ledger.Claim, built: Sequence[Built]) -> None:
    """What these runs were to send stands there by now, sent for another Bill: they are complete, and their slots as they were."""
    if not built:
        return
    with transaction.atomic():
        mine = _mine(claim, built)
        for run in mine:
            run.status, run.error_code, run.error, run.detail = Status.COMPLETE, "", "", "It stood there already; nothing was sent."
            run.dt_completed, run.building, run.amount = timezone.now(), False, Decimal(0)
            transitions.free(run.delivery)
        rows.update(mine, [*RUN_FIELDS, *BUILT_FIELDS])
        rows.update([run.delivery for run in mine], CLAIM_FIELDS)
        problems.update(claim.integration, [(run, None) for run in mine])


def hold_back(claim: ledger.Claim, built: Sequence[Built]) -> None:
    """Runs that would write what another of the batch is writing wait for the next batch."""
    if not built:
        return
    with transaction.atomic():
        mine = _mine(claim, built)
        for run in mine:
            run.status, run.building = Status.WAITING, False
            transitions.free(run.delivery)
        rows.update(mine, ["status", "building"])
        rows.update([run.delivery for run in mine], CLAIM_FIELDS)


def _mine(claim: ledger.Claim, built: Sequence[Built]) -> list[IntegrationRun]:
    ours = ledger.ours(claim.token, [item.run.delivery_id for item in built])
    return [item.run for item in built if item.run.delivery_id in ours]


def put_back(claim: ledger.Claim, error: DeliveryError) -> None:
    """The destination could not be asked before sending: the whole claim waits and tries again."""
    fault = fault_from(error, claim.integration.system_label)
    point("before putting back")
    with transaction.atomic():
        ours = ledger.ours(claim.token, [run.delivery_id for run in claim.runs])
        mine = [run for run in claim.runs if run.delivery_id in ours]
        for run in mine:
            run.attempts += 1
            transitions.stop(run, run.delivery, fault)
        rows.update(mine, [*RUN_FIELDS, *BUILT_FIELDS, "attempts"])
        rows.update([run.delivery for run in mine], CLAIM_FIELDS)
        problems.update(claim.integration, [(run, fault) for run in mine])
    point("put back")
    if fault.next == "auth" and claim.integration.credential is not None:
        health.mark_failed(claim.integration.credential, fault.title)
