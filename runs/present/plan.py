"""Lines with their reasons: what a run sent, from its stored explanation, and what a preview would send, beside the Bill."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from billing import bill as canonical
from integrations.contract import Document, DocumentLine, LeftOut, Match, Plan, Rule

KINDS: Mapping[Rule, str] = {
    Rule.LINKED: "mapping",
    Rule.MAPPING: "mapping",
    Rule.CUSTOM_FIELD: "mapping",
    Rule.SETTING: "setting",
    Rule.LINE_TYPE: "setting",
    Rule.DEFAULT: "default",
    Rule.MATCH: "setting",
    Rule.SOURCE_ID: "setting",
    Rule.NONE: "default",
}


@dataclass(frozen=True)
class Chip:
    """Why a line has its item: kind as the theme draws it, words, and the rule's owner or reason below."""

    kind: str
    words: str
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One line of a document. `failed`: the destination named its item when it refused."""

    number: int
    line: DocumentLine
    chip: Chip
    failed: bool = False

    @property
    def item(self) -> str:
        return (self.line.item.name or f"Item {self.line.item.id}") if self.line.item else ""

    @property
    def item_id(self) -> str:
        return self.line.item.id if self.line.item and self.line.item.name else ""


@dataclass(frozen=True)
class Pair:
    """A Bill line and what becomes of it. Of a line that is several rows, only the first shows the Bill's side.

    `trail`: every rule that was asked for the item, and what it said.
    """

    line: canonical.Line | None
    row: Row | None
    left_out: LeftOut | None
    chip: Chip
    trail: Sequence[tuple[str, str]] = ()


def stored_plan(explanation: Mapping[str, Any] | None) -> Plan | None:
    """A run's explanation as the plan that it was; None before the run was built."""
    if not explanation:
        return None
    documents = [{**document, "body": {}} for document in explanation["documents"]]
    return msgspec.convert({**explanation, "documents": documents}, Plan)


def document_in(plan: Plan, slot: str) -> Document | None:
    """The plan's document for a slot, else its first."""
    return next((document for document in plan.documents if document.slot == slot), next(iter(plan.documents), None))


def left_out_total(plan: Plan) -> Decimal:
    """What the document has less than the Bill."""
    return sum((line.amount for line in plan.left_out if line.counted), Decimal(0))


def rows_of(document: Document, failed: Iterable[str] = ()) -> list[Row]:
    """`failed` are item ids that the destination refused."""
    refused = set(failed)
    return [_row(number, line, refused) for number, line in enumerate(document.lines, 1)]


def pairs_of(bill: canonical.Bill, plan: Plan, document: Document) -> list[Pair]:
    """Every Bill line in the Bill's order with its rows or the reason why it has none."""
    rows: dict[str, list[Row]] = {}
    for row in rows_of(document):
        rows.setdefault(row.line.line_key, []).append(row)
    left = {line.line_key: line for line in plan.left_out}
    return [pair for line in bill.lines for pair in _pairs(line, rows.get(line.key, ()), left.get(line.key))]


def chip_of(match: Match | None, kind: str = "") -> Chip:
    if match is None:
        return Chip("failed", "No mapping", "nothing names the record")
    return Chip(kind or KINDS[match.rule], match.rule.value, match.detail)


def _row(number: int, line: DocumentLine, refused: set[str]) -> Row:
    failed = line.item is not None and line.item.id in refused
    return Row(number, line, chip_of(line.item, "failed" if failed else ""), failed)


def _pairs(line: canonical.Line, rows: Sequence[Row], left: LeftOut | None) -> list[Pair]:
    if left is not None:
        return [Pair(line, None, left, Chip("left-out", "Left out", left.reason))]
    if not rows:
        return [Pair(line, None, None, Chip("left-out", "Not sent", "it is not on this document"))]
    return [Pair(line if position == 0 else None, row, None, row.chip) for position, row in enumerate(rows)]
