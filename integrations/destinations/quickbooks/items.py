"""Which QuickBooks product or service a line takes, and which rule said so."""

import datetime as dt
from dataclasses import replace

from integrations.contract import Lookup, Match, Options, Rule
from integrations.destinations.quickbooks.options import MEMO_TYPES
from integrations.lines import PlannedLine

TABLE = "Item"


def find_item(line: PlannedLine, options: Options, lookup: Lookup, on: dt.date) -> Match | None:
    """A mapping or custom field of the line's entities, else the line type's item; a memo line without one goes without."""
    return named(lookup.find(TABLE, line.entities, line.refs, on) or _by_type(line.line.type, options), TABLE, lookup)


def named(found: Match | None, table: str, lookup: Lookup) -> Match | None:
    """The match with the record's name, where the lookup knows it."""
    return found if found is None or found.name or not found.id else replace(found, name=lookup.name(table, found.id))


def _by_type(kind: str, options: Options) -> Match | None:
    if kind not in MEMO_TYPES:
        return None
    if item := (options.get("quickBooksItemMapping") or {}).get(kind):
        return Match(rule=Rule.LINE_TYPE, id=str(item), detail=f"{kind} is set to {item}")
    return Match(rule=Rule.NONE, id="", detail="Sent without a product or service")
