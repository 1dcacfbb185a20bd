"""Writes what became of each run, where the claim is still ours, in one transaction per batch."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from credentials import health
from integrations.contract import Answer, Fault, Outcome
from integrations.errors import DeliveryError
from runs import budget, ledger, problems, retry, strain, transitions
from runs.build import Built, Kit
from runs.models import Delivery, Exchange, IntegrationRun, Member
from runs.points import point
from runs.send import Sent, fault_from

Pair = tuple[Member, Outcome]

RUN_FIELDS = [
    "status",
    "error_code",
    "error",
    "detail",
    "external_id",
    "url",
    "next_attempt_at",
    "dt_completed",
    "building",
    "amount",
    "explanation",
    "version",
]
DELIVERY_FIELDS = [
    "state",
    "claim",
    "owner",
    "lease_until",
    "kind",
    "key",
    "slice_digest",
    "line_keys",
    "external_id",
    "url",
    "revision",
    "tag",
    "verified_at",
    "origin",
    "total",
    "currency",
    "settled_by",
    "integration",
]


@dataclass(frozen=True)
class Accepted:
    """A member that the destination took, to be read back."""

    run: IntegrationRun
    kind: str
    key: str


def answers(kit: Kit, token: uuid.UUID, sent: Sequence[Sent]) -> list[Accepted]:
    """Records a batch of answers; returns what was accepted and recorded as such."""
    settled = {each.exchange.pk: _settle(kit, each) for each in sent}
    point("before record")
    with transaction.atomic():
        mine = _record(kit, token, [pair for pairs in settled.values() for pair in pairs])
        for each in sent:
            note = f"{each.error.sentence} {each.error.detail}".strip() if each.error else ""
            _close(each.exchange, [outcome for _, outcome in settled[each.exchange.pk]], each.answer, note)
        point("recording")
    point("recorded")
    _mark_login(kit, mine)
    budget.learn(kit, [outcome.fault is not None and outcome.fault.next == "rate" for _, outcome in mine])
    return _accepted(mine)


def outcomes(kit: Kit, token: uuid.UUID, exchange: Exchange, pairs: Sequence[Pair]) -> list[Accepted]:
    """Records what asking the destination found about one exchange's open members."""
    point("before settling")
    with transaction.atomic():
        mine = _record(kit, token, pairs)
        _close(exchange, [outcome for _, outcome in pairs], None, "Asked the destination.")
        point("settling")
    point("settled")
    return _accepted(mine)


def _settle(kit: Kit, sent: Sent) -> list[Pair]:
    members = list(sent.exchange.members.select_related("run__bill", "run__revision", "delivery"))
    if sent.answer is not None:
        found = {outcome.member: outcome for outcome in kit.client.outcomes(sent.request, sent.answer)}
        return [(member, found[member.key]) for member in members]
    fault = fault_from(sent.error or DeliveryError("No answer."), kit.destination.label)
    return [(member, Outcome(member=member.key, fault=fault)) for member in members]


def _record(kit: Kit, token: uuid.UUID, pairs: Sequence[Pair]) -> list[Pair]:
    ours = ledger.ours(token, [member.delivery_id for member, _ in pairs])
    mine = [(member, outcome) for member, outcome in pairs if member.delivery_id in ours]
    for member, outcome in mine:
        member.run.delivery = member.delivery
        _apply(member, outcome)
    _write([member for member, _ in mine])
    done = [(member.run, outcome.fault) for member, outcome in mine if not outcome.job]
    strain.count(kit.integration, [fault for _, fault in done], problems.update(kit.integration, done))
    return mine


def _accepted(pairs: Sequence[Pair]) -> list[Accepted]:
    return [
        Accepted(member.run, member.delivery.kind, member.delivery.key)
        for member, outcome in pairs
        if outcome.fault is None and not outcome.job
    ]


def _close(exchange: Exchange, found: Sequence[Outcome], answer: Answer | None, note: str) -> None:
    state = Exchange.State.SETTLED
    if any(outcome.fault is not None and outcome.fault.next == "unknown" for outcome in found):
        state = Exchange.State.INTENT
    elif job := next((outcome.job for outcome in found if outcome.job), ""):
        state, exchange.job_url = Exchange.State.ACCEPTED, job
    ledger.keep_answer(exchange, answer, note, state, timezone.now() + retry.LOOKS.wait(exchange.sends))


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


def _write(members: Sequence[Member]) -> None:
    Member.objects.bulk_update(members, ["accepted", "code"], batch_size=200)
    IntegrationRun.objects.bulk_update([member.run for member in members], RUN_FIELDS, batch_size=100)
    Delivery.objects.bulk_update([member.delivery for member in members], DELIVERY_FIELDS, batch_size=100)


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
        IntegrationRun.objects.bulk_update([run for run, _ in mine], RUN_FIELDS, batch_size=100)
        Delivery.objects.bulk_update([run.delivery for run, _ in mine], ["state", "claim", "owner", "lease_until"], batch_size=100)
        problems.update(claim.integration, mine, {item.run.pk: item.plan for item, _ in pairs})
    point("refused")


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
        IntegrationRun.objects.bulk_update(mine, [*RUN_FIELDS, "attempts"], batch_size=100)
        Delivery.objects.bulk_update([run.delivery for run in mine], ["state", "claim", "owner", "lease_until"], batch_size=100)
        problems.update(claim.integration, [(run, fault) for run in mine])
    point("put back")
    if fault.next == "auth" and claim.integration.credential is not None:
        health.mark_failed(claim.integration.credential, fault.title)


def _mark_login(kit: Kit, pairs: Sequence[Pair]) -> None:
    refused = next((outcome.fault for _, outcome in pairs if outcome.fault and outcome.fault.next == "auth"), None)
    if refused is not None and kit.integration.credential is not None:
        health.mark_failed(kit.integration.credential, refused.title)
