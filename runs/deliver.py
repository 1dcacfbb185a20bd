"""The one flow: claim, load, build, guard, write the intent, send, record, verify. Nothing is lost or sent twice.

No transaction is open during HTTP. A step that dies leaves either a claim that runs out (nothing was sent) or an intent whose exact
request is stored (recover.py sends the same one again).
"""

from collections.abc import Sequence
from dataclasses import replace

from django.utils import timezone

from integrations.contract import Fault, Held, Sending, Sought
from integrations.errors import DeliveryError, Misconfigured, Refused, Retry
from integrations.http import REQUEST_TIMEOUT
from integrations.models import IntegrationConfig
from runs import budget, chains, ledger, record, steps, verify
from runs.build import Built, Kit, build
from runs.customer_pins import SLOT as CUSTOMER
from runs.fitness import misfit, refusal
from runs.gate import Gate
from runs.models import Delivery
from runs.points import point
from runs.send import look, perform
from runs.writing_over import against_held


def deliver(integration: IntegrationConfig) -> int:
    """One batch of an integration's due runs, from claim to verification; returns how many were taken up."""
    if not _able(integration):
        return 0
    folded = ledger.folded(integration, timezone.now()).exists()
    if not folded and not ledger.due(integration, timezone.now()).exists():
        return 0
    kit = Kit.of(integration)
    unfolded = unfold(kit) if folded else 0
    with budget.slots(kit) as parallel:
        return unfolded + (deliver_due(kit, parallel) if parallel else 0)


def unfold(kit: Kit) -> int:
    """Makes the steps of chains that have none; returns how many chains were looked at."""
    try:
        return chains.unfold(kit)
    except DeliveryError as error:
        return chains.put_off(kit, error)


def _able(integration: IntegrationConfig) -> bool:
    return integration.enabled and not integration.archived_at and integration.connected


def deliver_due(kit: Kit, parallel: int) -> int:
    """The same with what `deliver` needs at hand, at most `parallel` requests at a time."""
    if not _able(kit.integration):
        return 0
    claim = ledger.claim(kit.integration, kit.destination.batch_size * parallel, kit.destination.replay_window)
    if not claim.runs:
        return 0
    try:
        sendable = _sendable(kit, claim)
    except (Retry, Misconfigured) as error:
        record.put_back(claim, error)
    else:
        _send(kit, claim, sendable, Gate(parallel))
    steps.advance(claim.runs)
    return len(claim.runs)


def _sendable(kit: Kit, claim: ledger.Claim) -> list[Built]:
    """Builds and guards the batch, once the login stands; what must not be sent is recorded at once, with all its reasons."""
    kit.login.headers()
    told = build(kit, claim.runs)
    point("built")
    built = _once(claim, told)
    good = [item for item in built if item.fault is None]
    unfit = misfit(kit) if good else None
    held, unfit = _asked(kit, good) if unfit is None else ({}, unfit)
    judged = [(item, item.fault or unfit or against_held(item, held, kit.destination.nouns[item.document.kind])) for item in built]
    record.refuse(claim, [(item, fault) for item, fault in judged if fault is not None])
    return [replace(item, there=held.get(item.document.key)) for item, fault in judged if fault is None]


def _once(claim: ledger.Claim, told: Sequence[Built]) -> list[Built]:
    """Without what needs no sending any more, and without what another of the batch writes: two Bills may have to write one customer."""
    record.needless(claim, [item for item in told if item.done])
    first: dict[str, Built] = {}
    for item in told:
        if item.plan.documents:
            first.setdefault(item.document.key, item)
    later = [item for item in told if item.plan.documents and first[item.document.key] is not item]
    record.hold_back(claim, later)
    return [item for item in told if not item.done and item not in later]


def _asked(kit: Kit, built: Sequence[Built]) -> tuple[dict[str, Held], Fault | None]:
    """What stands there now, or why that cannot be known."""
    try:
        return _held_now(kit, built), None
    except Refused as refused:
        return {}, refusal(refused)


def _held_now(kit: Kit, built: Sequence[Built]) -> dict[str, Held]:
    """One read before writing: of what we have posted, of what no upsert makes, and of everything where many go at once, as a bulk
    request only creates."""
    many = len(built) > kit.options.get("bulkThreshold", len(built))
    wanted = [_sought(item) for item in built if many or item.run.delivery.delivered or item.document.made_from or item.document.may_stand]
    if not wanted:
        return {}
    point("before looking")
    held = look(kit, wanted)
    point("looked")
    return held


def _send(kit: Kit, claim: ledger.Claim, built: Sequence[Built], gate: Gate) -> None:
    """Packs what is ready, then for each portion of requests: intent, send, record, verify."""
    ready = {item.document.key: item.run for item in built}

    def key(members: Sequence[str], body: bytes) -> str:
        return ledger.request_key(kit.tenant, [_mark(member, ready[member].delivery) for member in members], body)

    requests = kit.client.pack([_sending(item) for item in built], key)
    for start in range(0, len(requests), kit.destination.batch_size):
        portion = requests[start : start + kit.destination.batch_size]
        if not claim.lasts(REQUEST_TIMEOUT):
            ledger.give_back(claim.token)
            return
        exchanges = ledger.intend(claim, portion, ready)
        sent = perform(kit, list(zip(exchanges, portion, strict=False)), claim.until, gate)
        verify.read_back(kit, record.answers(kit, claim, sent))


def _mark(member: str, delivery: Delivery) -> tuple[str, int]:
    """What this sending is: a customer is written for one Bill or another, each time anew."""
    return (f"{member} for {delivery.bill_id}" if delivery.slot == CUSTOMER else member), delivery.generation + 1


def _sending(item: Built) -> Sending:
    delivery, there = item.run.delivery, item.there
    return Sending(
        document=item.document,
        update=there is not None or delivery.delivered,
        external_id=there.external_id if there else delivery.external_id,
        version=there.version if there else "",
        lines=there.lines if there else {},
    )


def _sought(item: Built) -> Sought:
    document, delivery = item.document, item.run.delivery
    return Sought(document.kind, document.key, number=document.number, external_id=delivery.external_id, since=delivery.created_at)
