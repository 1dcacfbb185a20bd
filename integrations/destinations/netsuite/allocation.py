"""Which payment and which credit settles how much of an invoice, and what a refund gives back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from billing.bill import Movement

ZERO = Decimal(0)


@dataclass(frozen=True)
class Allocation:
    """By the movements' uids: what stands on the invoice, and for each refund the (uid, amount) that it is given back from."""

    applied: Mapping[str, Decimal] = field(default_factory=dict)
    returned: Mapping[str, Sequence[tuple[str, Decimal]]] = field(default_factory=dict)


def allocate(total: Decimal, movements: Sequence[Movement]) -> Allocation:
    """Payments settle the invoice first, then credits, each as far as it is open.

    A refund gives back what is not needed for that, credits first; beyond it, it takes the newest payments off the invoice again, which
    is open by so much then: NetSuite refunds only what is not applied.
    """
    payments = [each for each in movements if each.kind == "payment"]
    credits = [each for each in movements if each.kind == "credit" and each.amount > 0]
    applied, free = _settle(max(total, ZERO), [*payments, *credits])
    returned = {}
    for refund in (each for each in movements if each.kind == "refund"):
        returned[refund.uid] = _give_back(refund.amount, [*credits, *payments], payments, applied, free)
    return Allocation(applied, returned)


def _settle(total: Decimal, movements: Sequence[Movement]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    applied, left = {}, total
    for each in movements:
        applied[each.uid] = min(each.amount, left)
        left -= applied[each.uid]
    return applied, {each.uid: each.amount - applied[each.uid] for each in movements}


def _give_back(
    amount: Decimal, free_first: Sequence[Movement], payments: Sequence[Movement], applied: dict[str, Decimal], free: dict[str, Decimal]
) -> list[tuple[str, Decimal]]:
    found: dict[str, Decimal] = {}
    for each in free_first:
        taken = min(amount, free[each.uid])
        free[each.uid] -= taken
        found[each.uid], amount = found.get(each.uid, ZERO) + taken, amount - taken
    for each in reversed(payments):
        taken = min(amount, applied[each.uid])
        applied[each.uid] -= taken
        found[each.uid], amount = found.get(each.uid, ZERO) + taken, amount - taken
    return [(uid, taken) for uid, taken in found.items() if taken]
