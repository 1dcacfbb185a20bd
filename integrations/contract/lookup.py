"""What a destination looks a mapping up by."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from billing.bill import Ref


class Rule(StrEnum):
    """Why a line has its item, or a Bill its customer: shown as a chip, kept with the line."""

    LINKED = "Linked mapping"
    MAPPING = "External mapping"
    CUSTOM_FIELD = "Custom field"
    SETTING = "Integration setting"
    LINE_TYPE = "Line item type"
    DEFAULT = "Default item"
    MATCH = "Matched at the destination"
    SOURCE_ID = "Account id as it is"
    NONE = "No item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A found external id, with the rule that found it and whose rule it is."""

    rule: Rule
    id: str
    name: str = ""
    detail: str = ""
    mapping: int | None = None
    mapping_version: int | None = None


class Lookup(Protocol):
    """Read-only answers from the mappings, loaded once per batch. Made by `mappings`, passed in by `runs`."""

    def find(self, table: str, entities: Sequence[str], refs: Mapping[str, Ref], on: dt.date) -> Match | None:
        """The first match for `entities` in order, valid on a date; for each: linked, unlinked unless enforced off, custom field."""

    def name(self, table: str, external_id: str) -> str:
        """The record's name at the destination, or "" when the catalogue does not know it."""

    def currencies(self, table: str, external_id: str) -> Sequence[str]:
        """The only currencies that the record may be billed in; empty for any, or when the catalogue does not know it."""

    def kind(self, table: str, external_id: str) -> str:
        """What sort of record it is at the destination, in its own word; "" when the catalogue does not know."""
