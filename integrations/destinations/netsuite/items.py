"""Which NetSuite item a line takes, and which rule said so."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from integrations.contract import Lookup, Match, Options, Rule
from integrations.lines import PlannedLine

TABLE = "Item"

_SETTINGS: Mapping[str, tuple[str, str]] = {
    "TAX": ("taxItemId", "Item for taxes"),
    "DISCOUNT": ("discountItemId", "Discount item"),
    "COMMITMENT_FEE": ("netsuiteCommitmentItemId", "Netsuite commitment item id"),
    "COMMITMENT_CONSUMED": ("netsuiteCommitmentItemId", "Netsuite commitment item id"),
    "MINIMUM_SPEND": ("netsuiteMinimumSpendId", "Netsuite minimum spend id"),
    "MINIMUM_SPEND_REFUND": ("netsuiteMinimumSpendId", "Netsuite minimum spend id"),
}


def find_item(line: PlannedLine, options: Options, lookup: Lookup, on: dt.date) -> Match | None:
    """A mapping or custom field of the line's entities; else the commitment or minimum spend setting, the line type, the default."""
    found = lookup.find(TABLE, line.entities, line.refs, on) or setting(line.line.type, options)
    return named(found, TABLE, lookup)


def named(found: Match | None, table: str, lookup: Lookup) -> Match | None:
    """The match with the record's name, where the lookup knows it."""
    return found if found is None or found.name else replace(found, name=lookup.name(table, found.id))


def setting(kind: str, options: Options) -> Match | None:
    """The item that the integration's options have for a line type."""
    key, label = _SETTINGS.get(kind, ("", ""))
    if item := options.get(key):
        return Match(rule=Rule.SETTING, id=str(item), detail=label)
    if item := (options.get("netsuiteItemMapping") or {}).get(kind):
        return Match(rule=Rule.LINE_TYPE, id=str(item), detail=f"{kind} is set to {item}")
    if item := options.get("netsuiteDefaultItemId"):
        return Match(rule=Rule.DEFAULT, id=str(item), detail="No mapping and no line type item")
    return None
