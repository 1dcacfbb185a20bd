"""The records of a destination that a plan names, and which of them it no longer has in use: a problem before it fails a Bill."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from integrations import registry
from integrations.contract import Fault, Match, Plan, Rule
from mappings.catalogue import Key, Seen, Standing

RECORD_UNUSABLE = "RECORD_UNUSABLE"
_OURS = (Rule.SOURCE_ID, Rule.MATCH, Rule.NONE)
"""Rules that name no record of the catalogue by its own id."""


@dataclass(frozen=True)
class Unusable:
    """A record that is inactive, deleted or unknown at the destination, and the rule that names it."""

    table: str
    match: Match
    seen: Seen

    @property
    def words(self) -> str:
        return {
            Standing.INACTIVE: "is inactive in {}",
            Standing.DELETED: "is no longer in {}",
            Standing.ABSENT: "was not found in {}",
        }[self.seen.standing]


def named(system: str, plan: Plan) -> set[Key]:
    """The records that a plan's documents name."""
    return {(system, table, match.id) for table, match in _matches(system, plan)}


def gone_from(system: str, plan: Plan, seen: Mapping[Key, Seen]) -> Iterator[Unusable]:
    """Each record once."""
    told: set[Key] = set()
    for table, match in _matches(system, plan):
        key = (system, table, match.id)
        if key not in told and key in seen and not seen[key].usable:
            told.add(key)
            yield Unusable(table, match, seen[key])


def fault(gone: Unusable, label: str) -> Fault:
    name = f"{gone.table} {gone.seen}"
    return Fault(
        code=RECORD_UNUSABLE,
        next="person",
        title=f"The {name} {gone.words.format(label)}.",
        why=f"{label} refuses documents that name it.",
        remedy=f"Choose another {gone.table}, or bring it back in {label}.",
        field=gone.table,
        entity=f"{gone.table}:{gone.match.id}",
    )


def _matches(system: str, plan: Plan) -> Iterator[tuple[str, Match]]:
    """The customer and each line's item, with their tables."""
    customers, items = _table(system, "Account"), _table(system, "Product")
    for document in plan.documents:
        found = [(customers, document.customer), *((items, line.item) for line in document.lines)]
        yield from ((table, match) for table, match in found if table and match and match.id and match.rule not in _OURS)


def _table(system: str, entity: str) -> str:
    return next((table.name for table in registry.tables(system, entity)), "")
