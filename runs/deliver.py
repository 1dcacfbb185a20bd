"""The one flow: claim, load, build, guard, write the intent, send, record, verify. Nothing is lost or sent twice.

No transaction is open during HTTP. A step that dies leaves either a claim that runs out (nothing was sent) or an intent whose exact
request is stored (recover.py sends the same one again).
"""

from collections.abc import Iterator, Sequence

from integrations.contract import Sending
from integrations.errors import Misconfigured, Retry
from integrations.http import REQUEST_TIMEOUT
from integrations.models import IntegrationConfig
from runs import budget, ledger, record, verify
from runs.build import Built, Kit, against_held, build
from runs.send import perform


def deliver(integration: IntegrationConfig) -> int:
    """One batch of an integration's due runs, from claim to verification; returns how many were taken up."""
    if not integration.enabled or integration.archived_at or not integration.connected:
        return 0
    kit = Kit.of(integration)
    with budget.slots(kit) as parallel:
        return _batch(kit, parallel) if parallel else 0


def _batch(kit: Kit, parallel: int) -> int:
    claim = ledger.claim(kit.integration, kit.destination.batch_size * parallel, kit.destination.replay_window)
    if not claim.runs:
        return 0
    try:
        sendable = _sendable(kit, claim)
    except (Retry, Misconfigured) as error:
        record.put_back(claim, error)
        return len(claim.runs)
    for portion in _portions(sendable, kit.destination.batch_size):
        _send(kit, claim, portion, parallel)
    return len(claim.runs)


def _sendable(kit: Kit, claim: ledger.Claim) -> list[Built]:
    """Builds and guards the batch, once the login stands; what must not be sent is recorded at once, with all its reasons."""
    kit.login.headers()
    built = build(kit, claim.runs)
    updates = [(item.document.kind, item.document.key) for item in built if item.fault is None and item.run.delivery.delivered]
    held = kit.client.held(updates) if updates else {}
    judged = [(item, item.fault or against_held(item, held, kit.destination.nouns[item.document.kind])) for item in built]
    record.refuse(claim, [(item, fault) for item, fault in judged if fault is not None])
    return [item for item, fault in judged if fault is None]


def _portions(built: Sequence[Built], size: int) -> Iterator[Sequence[Built]]:
    for start in range(0, len(built), size):
        yield built[start : start + size]


def _send(kit: Kit, claim: ledger.Claim, batch: Sequence[Built], parallel: int) -> None:
    ready = {item.document.key: ledger.Ready(item.run, item.document) for item in batch}
    generations = {key: item.run.delivery.generation + 1 for key, item in ready.items()}
    sendings = [
        Sending(document=item.document, update=item.run.delivery.delivered, external_id=item.run.delivery.external_id) for item in batch
    ]

    def key(members: Sequence[str], body: bytes) -> str:
        return ledger.request_key(kit.tenant, [(member, generations[member]) for member in members], body)

    requests = kit.client.pack(sendings, key)
    if not claim.lasts(REQUEST_TIMEOUT):
        ledger.give_back(claim.token)
        return
    exchanges = ledger.intend(claim, requests, ready)
    sent = perform(kit, list(zip(exchanges, requests, strict=False)), claim.until, parallel)
    accepted = record.answers(kit, claim.token, sent)
    verify.read_back(kit, accepted)
