"""Why a document that stands at the destination must not be written over."""

from collections.abc import Callable, Mapping

from integrations.contract import Fault, Held
from runs.build import Built
from runs.models import Delivery


def against_held(built: Built, held: Mapping[str, Held], noun: str) -> Fault | None:
    """Why a delivered document must not be written over: the books forbid it, or somebody else changed it."""
    delivery, there = built.run.delivery, held.get(built.document.key)
    if not delivery.delivered:
        return None
    return next((fault for check in _CHECKS if (fault := check(delivery, built, there, noun))), None)


def _behind(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    newer = delivery.revision
    if newer is None or newer.number <= built.run.revision.number:
        return None
    return Fault(
        code="REVISION_BEHIND",
        next="person",
        title=f"Nothing was sent: the {noun} already shows revision {newer.number}, a newer one than this run's.",
        why="An older revision would undo a newer one.",
        remedy="Replay the newest run of this Bill instead.",
    )


def _other_kind(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    if delivery.kind in ("", built.document.kind):
        return None
    return Fault(
        code="KIND_CHANGED",
        next="person",
        title=f"Nothing was sent: the Bill has become a {noun}, and the destination still holds the earlier document {delivery.number}.",
        why="Its total has changed its sign, and one document cannot become the other.",
        remedy="Void or delete the earlier document at the destination, then Retry.",
    )


def _adopted(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    """A document that was entered at the destination itself does not carry our key: writing the Bill would make a second one."""
    if there is not None or delivery.origin != Delivery.Origin.ADOPTED:
        return None
    return Fault(
        code="ADOPTED",
        next="person",
        title=f"Nothing was sent: the {noun} {delivery.number or delivery.external_id} was entered by hand and marked as synced.",
        why=f"It does not carry our key, so writing the Bill would make a second {noun}.",
        remedy=f"Correct it there and mark it as synced again; or give it the external id {built.document.key}, then Retry.",
    )


def _gone(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    if there is not None or not built.run.automatic:
        return None
    return Fault(
        code="DELETED_AT_DESTINATION",
        next="person",
        title=f"Nothing was sent: the {noun} {delivery.number or delivery.external_id} is no longer there.",
        why="Somebody deleted it after we posted it.",
        remedy=f"Retry makes the {noun} again from the Bill; cancel leaves it deleted.",
    )


def _paid(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    if there is None or not there.paid or there.total == built.document.total:
        return None
    difference = built.document.total - (there.total or 0)
    return Fault(
        code="INVOICE_ALREADY_PAID",
        next="person",
        status="INVOICE_ALREADY_PAID",
        title=f"The {noun} {there.number} is paid, so revision {built.run.revision.number} was not written over it.",
        why=f"Writing over a paid {noun} would change what the customer has already settled.",
        remedy=f"Credit or charge the difference of {difference} {built.document.currency}, or keep the {noun}.",
    )


def _closed(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    if there is None or not there.period_closed:
        return None
    return Fault(
        code="ACCOUNTING_PERIOD_CLOSED",
        next="person",
        status="ACCOUNTING_PERIOD_CLOSED",
        title=f"{there.period or 'The posting period'} is closed, so the {noun} {there.number} cannot be changed.",
        why="The books of that period are closed.",
        remedy="Ask a controller to reopen the period, then Retry.",
    )


def _edited(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    if there is None or not delivery.verified_at or not built.run.automatic:
        return None
    if there.tag == delivery.tag and there.total == delivery.total:
        return None
    return Fault(
        code="CHANGED_AT_DESTINATION",
        next="person",
        title=f"Nothing was sent: somebody changed the {noun} {there.number} after we posted it.",
        why=f"We posted {delivery.total} {delivery.currency}; it now says {there.total} {there.currency}.",
        remedy=f"Retry writes the Bill over it; or keep the {noun} as it is.",
    )


_CHECKS: tuple[Callable[[Delivery, Built, Held | None, str], Fault | None], ...] = (
    _behind,
    _other_kind,
    _adopted,
    _gone,
    _paid,
    _closed,
    _edited,
)
