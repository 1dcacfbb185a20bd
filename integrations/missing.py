"""What a person has to map before a document can go. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from billing.bill import LINE_TYPES, Ref
from integrations.contract import Missing
from integrations.lines import PlannedLine

LINE_TYPE = "LineItemType"
"""The entity of a `Missing` whose lines name no entity at all: only the integration's options can give them an item."""


def first_missing(planned: PlannedLine, table: str) -> Missing:
    """What a person should map so that this line has its record: the product rather than one of its price bands."""
    order = [entity for entity in planned.entities if entity != "PricingBand"] + ["PricingBand"]
    entity = next((entity for entity in order if entity in planned.refs), LINE_TYPE)
    kind = planned.line.type
    ref = planned.refs.get(entity) or Ref(id=kind, code=kind, name=LINE_TYPES.get(kind, kind))
    return Missing(entity=entity, ref=ref, table=table, lines=(planned.line.key,))


def merge_missing(found: Iterable[Missing]) -> tuple[Missing, ...]:
    """One Missing per entity, with all the lines that it blocks, in order of first appearance."""
    merged: dict[tuple[str, str, str], Missing] = {}
    for missing in found:
        key = (missing.entity, missing.ref.id, missing.table)
        before = merged[key].lines if key in merged else ()
        lines = tuple(dict.fromkeys((*before, *missing.lines)))
        merged[key] = replace(missing, lines=lines)
    return tuple(merged.values())
