"""What a revision changed: lines by their key, old beside new."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.bill import Bill, Line

ZERO = Decimal(0)


@dataclass(frozen=True)
class Change:
    """One line before and after, either None when it came or went; `line` as it is, or as it was."""

    line: Line
    old: Line | None
    new: Line | None

    @property
    def amount(self) -> Decimal:
        return (self.new.amount if self.new else ZERO) - (self.old.amount if self.old else ZERO)

    @property
    def quantity_changed(self) -> bool:
        return (self.old.quantity if self.old else None) != (self.new.quantity if self.new else None)

    @property
    def amount_changed(self) -> bool:
        return self.old is None or self.new is None or self.old.amount != self.new.amount

    @property
    def described(self) -> bool:
        """Whether the description changed."""
        return self.old is not None and self.new is not None and self.old.description != self.new.description


@dataclass(frozen=True)
class Difference:
    """`facts` are the header's values that changed: label, old, new."""

    old: Bill
    new: Bill
    changes: list[Change]
    unchanged: int
    facts: list[tuple[str, str, str]]

    @property
    def total(self) -> Decimal:
        return self.new.total - self.old.total


def difference(old: Bill, new: Bill) -> Difference:
    """New order first, then the lines that went."""
    before, after = _by_key(old), _by_key(new)
    pairs = [Change(line, before.get(key), line) for key, line in after.items()]
    pairs += [Change(line, line, None) for key, line in before.items() if key not in after]
    changes = [pair for pair in pairs if pair.old != pair.new]
    return Difference(old, new, changes, len(pairs) - len(changes), _facts(old, new))


def _by_key(bill: Bill) -> Mapping[str, Line]:
    return {line.key: line for line in bill.lines}


def _facts(old: Bill, new: Bill) -> list[tuple[str, str, str]]:
    fields = {"Status": "status", "Number": "number", "Bill date": "bill_date", "Due": "due_date", "Purchase order": "purchase_order"}
    pairs = [(label, getattr(old, name), getattr(new, name)) for label, name in fields.items()]
    return [(label, str(before or "none"), str(after or "none")) for label, before, after in pairs if before != after]
