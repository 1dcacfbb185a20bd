"""All entities of one kind beside the records that stand for them, for one integration: what is missing first."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from integrations import registry
from integrations.contract import Rule
from mappings import catalogue, choices, entities, unmapped
from mappings.catalogue import Seen, Standing, seen_of
from mappings.entities import Entity
from mappings.held import Held, Waiting, waiting
from mappings.lookup import precedence
from mappings.models import CatalogueRecord, ExternalMapping
from mappings.suggest import Suggester, Suggestion

_TOGETHER = {"AccountingProduct": "Product", "CompoundAggregation": "Aggregation"}
_FIRST = ("Product", "Account", "Aggregation", "PricingBand")


@dataclass(frozen=True)
class Tab:
    """The entities that share a page: products with accounting products, aggregations with compound ones."""

    name: str
    table: str
    types: tuple[str, ...]
    by_code: bool = False

    @property
    def noun(self) -> str:
        return entities.noun(self.name)

    @property
    def nouns(self) -> str:
        return entities.nouns(self.name)

    @property
    def key(self) -> str:
        return f"{self.name}-{self.table}"

    @property
    def label(self) -> str:
        return self.nouns[0].upper() + self.nouns[1:]


@dataclass
class Row:
    """One entity and what it is mapped to. `value` is what stands in its field, `error` why that cannot be saved."""

    entity: Entity
    held: Held
    mapping: ExternalMapping | None = None
    seen: Seen | None = None
    rule: Rule | None = None
    suggestion: Suggestion | None = None
    value: str = ""
    error: str = ""

    @property
    def key(self) -> str:
        return f"{self.entity.type}:{self.entity.source or ''}:{self.entity.id}"

    @property
    def stored(self) -> str:
        """The field's text as it is stored."""
        return _titled(self.seen) if self.seen and self.mapping else ""

    @property
    def missing(self) -> bool:
        return self.rule is None

    @property
    def bad(self) -> bool:
        return self.seen is not None and not self.seen.usable

    @property
    def other_currency(self) -> str:
        """The currencies of the record, where it cannot be billed in the Account's: "EUR or GBP"."""
        accepted = self.seen.currencies if self.seen else ()
        return " or ".join(accepted) if accepted and self.entity.currency and self.entity.currency not in accepted else ""

    @property
    def changed(self) -> bool:
        return self.value != self.stored

    @property
    def kind(self) -> str:
        return entities.noun(self.entity.type)


@dataclass
class Grid:
    """Every row of a tab, what is missing first, and what all that is missing holds up."""

    integration: Any
    tab: Tab
    rows: list[Row]
    records: Sequence[CatalogueRecord]
    held: Held
    known: bool
    shared: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        return sum(row.missing for row in self.rows)

    def record(self, text: str) -> CatalogueRecord | None:
        """The record that a text means: by its title, its id, or its name where only one is called so."""
        named = self._named.get(text.casefold(), [])
        return self._titled.get(text) or (named[0] if len(named) == 1 else None)

    @cached_property
    def _titled(self) -> dict[str, CatalogueRecord]:
        return {record.external_id: record for record in self.records} | {str(record): record for record in self.records}

    @cached_property
    def _named(self) -> dict[str, list[CatalogueRecord]]:
        found: dict[str, list[CatalogueRecord]] = defaultdict(list)
        for record in self.records:
            if record.active:
                found[record.name.casefold()].append(record)
        return found


def tabs_of(system: str) -> list[Tab]:
    """The kinds of entities that a system has a table for."""
    found: dict[str, Tab] = {}
    for table in registry.tables(system):
        grouped: dict[str, list[str]] = defaultdict(list)
        for entity in table.entities:
            together = _TOGETHER.get(entity, entity)
            grouped[together if together in table.entities else entity].append(entity)
        tabs = [Tab(name, table.name, tuple(types), table.by_code) for name, types in grouped.items()]
        found |= {tab.key: tab for tab in tabs}
    order = {name: place for place, name in enumerate(_FIRST)}
    return sorted(found.values(), key=lambda tab: order.get(tab.name, len(order)))


def filled(integration: Any, tabs: list[Tab]) -> list[Tab]:
    """Those that have rows; the first anyway."""
    sources = list(integration.sources.values_list("pk", flat=True))
    return [tab for tab in tabs if entities.exist(tab.types, sources)] or tabs[:1]


def load(integration: Any, tab: Tab) -> Grid:
    """In a number of queries that does not grow with the rows."""
    sources = list(integration.sources.values_list("pk", flat=True))
    found = [entity for kind in tab.types for entity in entities.every(kind, sources)]
    tenant = choices.tenant(integration)
    records = list(catalogue.records(integration.system, tenant, tab.table)) if tenant else []
    known = bool(tenant) and catalogue.is_known(integration.system, tab.table, tenant)
    held = waiting(integration.system, tab.table, [(entity.type, entity.id) for entity in found], integration.pk)
    rows = _rows(integration, tab, found, records, known, held)
    rows.sort(key=_place)
    shared = Counter((entity.type, entity.id) for entity in found)
    return Grid(integration, tab, rows, records, held.together, known, shared)


def _place(row: Row) -> tuple[bool, bool, bool, bool, int, str]:
    """What is missing first, then what is of no use, then what holds up most Bills."""
    as_it_is = row.rule is Rule.SOURCE_ID
    return not row.missing, not row.bad, not row.other_currency, not as_it_is, -row.held.bills, row.entity.title.casefold()


def suggest(grid: Grid, rows: Iterable[Row]) -> None:
    """Fills in the suggestions of the rows that lack a record, or have one that is of no use."""
    suggester = Suggester.of(grid.records)
    for row in rows:
        if row.missing or row.bad or row.rule is Rule.SOURCE_ID:
            row.suggestion = suggester.suggest(row.entity)


def _rows(integration: Any, tab: Tab, found: Sequence[Entity], records: Sequence[CatalogueRecord], known: bool, held: Waiting) -> list[Row]:
    mapped = _mapped(integration, tab)
    by_id = {record.external_id: seen_of(record) for record in records}
    codes = {record.code or record.name: seen_of(record) for record in records if record.active} if tab.by_code else {}
    unread = Standing.ABSENT if known else Standing.UNREAD
    rows = []
    for entity in found:
        row = Row(entity, held.of((entity.type, entity.id)))
        own = mapped.get((entity.type, entity.id, None), []) + mapped.get((entity.type, entity.id, entity.source), [])
        row.mapping = min(own, key=precedence, default=None)
        external_id = row.mapping.external_id if row.mapping else _custom_value(integration, entity)
        row.rule = _rule(row.mapping, external_id, entity.code in codes) or (Rule.SOURCE_ID if _as_it_is(integration, entity) else None)
        if external_id:
            row.seen = by_id.get(external_id) or Seen(external_id, row.mapping.external_name if row.mapping else "", unread)
        elif row.rule is Rule.MATCH:
            row.seen = codes[entity.code]
        row.value = row.stored
        rows.append(row)
    return rows


def _mapped(integration: Any, tab: Tab) -> dict[tuple[str, str, int | None], list[ExternalMapping]]:
    """What holds today for this integration, by entity and source."""
    found: dict[tuple[str, str, int | None], list[ExternalMapping]] = defaultdict(list)
    for mapping in unmapped.effective(integration.system, tab.table, integration).filter(entity_type__in=tab.types):
        found[mapping.entity_type, mapping.entity_id, mapping.source_id].append(mapping)
    return found


def _custom_value(integration: Any, entity: Entity) -> str:
    name = unmapped.custom_field(integration, entity.type)
    value = entity.custom_fields.get(name) if name else None
    return "" if value is None else str(value)


def _rule(mapping: ExternalMapping | None, external_id: str, matches: bool) -> Rule | None:
    if mapping is not None:
        return Rule.LINKED if mapping.integration_id else Rule.MAPPING
    if external_id:
        return Rule.CUSTOM_FIELD
    return Rule.MATCH if matches else None


def _as_it_is(integration: Any, entity: Entity) -> bool:
    """Whether the integration sends the Account's own id where nothing names another."""
    return entity.type == "Account" and integration.options.get("useExternalMappingAccountCode") is False


def _titled(seen: Seen) -> str:
    """As the drop-down lists it."""
    return str(seen) if seen.usable or seen.standing is Standing.ABSENT else f"{seen}, {seen.standing}"


def options(records: Iterable[CatalogueRecord], most: int) -> list[str]:
    """What the drop-down lists: active records by name."""
    active = sorted((record for record in records if record.active), key=lambda record: (record.name.casefold(), record.external_id))
    return [str(record) for record in active[:most]]
