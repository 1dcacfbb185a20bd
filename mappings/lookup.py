"""Answers which external id an entity has, for a whole batch of Bills: loaded once, then read-only."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from billing.bill import Bill, Ref
from billing.models import CatalogueItem
from integrations import registry
from integrations.contract import CatalogueRow, Match, Rule
from mappings import catalogue
from mappings.models import CatalogueRecord, ExternalMapping

ReadTable = Callable[[str], Iterable[CatalogueRow]]
Key = tuple[str, str]
Answer = tuple[Rule, str, Match | None]
Row = TypeVar("Row", bound=Model)
MOST_ASKED = 10_000


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose mappings count: one integration's, for one source's entities. Without a tenant nothing is connected yet."""

    system: str
    tenant: str
    integration: UUID | None
    source: int
    linked_only: bool = False
    custom_fields: Mapping[str, str] = field(default_factory=dict)


class Known(NamedTuple):
    """What the catalogue says of one record."""

    name: str = ""
    currencies: Sequence[str] = ()
    kind: str = ""


@dataclass
class MappingLookup:
    """The contract's Lookup. Precedence for each entity: linked, unlinked (unless only linked count), custom field, own code."""

    scope: Scope
    mappings: Mapping[Key, Sequence[ExternalMapping]]
    fields: Mapping[Key, Mapping[str, Any]]
    known: dict[Key, Known]
    codes: Mapping[Key, CatalogueRecord]

    def find(self, table: str, entities: Sequence[str], refs: Mapping[str, Ref], on: dt.date) -> Match | None:
        return next((match for _, _, match in self.answers(table, entities, refs, on) if match), None)

    def answers(self, table: str, entities: Sequence[str], refs: Mapping[str, Ref], on: dt.date) -> Iterator[Answer]:
        """Every rule in the order that it is asked in: whose rule it is, and what it says. The first match counts."""
        for entity in entities:
            ref = refs.get(entity)
            if ref is None:
                continue
            mapped = self._mapped(table, entity, ref, on)
            yield Rule.LINKED, entity, mapped if mapped and mapped.rule is not Rule.MAPPING else None
            if not self.scope.linked_only:
                yield Rule.MAPPING, entity, mapped if mapped and mapped.rule is Rule.MAPPING else None
            if _holder(entity) in self.scope.custom_fields:
                yield Rule.CUSTOM_FIELD, entity, self._field(table, entity, ref)
            if own := self._own(table, ref):
                yield Rule.MATCH, entity, own

    def name(self, table: str, external_id: str) -> str:
        return self._record(table, external_id).name

    def currencies(self, table: str, external_id: str) -> Sequence[str]:
        return self._record(table, external_id).currencies

    def kind(self, table: str, external_id: str) -> str:
        return self._record(table, external_id).kind

    def _record(self, table: str, external_id: str) -> Known:
        key = (table, external_id)
        if key not in self.known:
            found = _records(self.scope).filter(table=table, external_id=external_id).first()
            self.known[key] = Known(found.name, found.currencies, found.kind) if found else Known()
        return self.known[key]

    def _mapped(self, table: str, entity: str, ref: Ref, on: dt.date) -> Match | None:
        found = (mapping for mapping in self.mappings.get((entity, ref.id), ()) if mapping.external_table == table)
        mapping = first_on(found, on)
        return self._match(mapping, table, entity, ref) if mapping else None

    def _match(self, mapping: ExternalMapping, table: str, entity: str, ref: Ref) -> Match:
        return Match(
            rule=_rule(mapping),
            id=mapping.external_id,
            name=self.name(table, mapping.external_id) or mapping.external_name,
            detail=f"{entity} {ref.name or ref.code or ref.id}",
            mapping=mapping.pk,
            mapping_version=mapping.version,
        )

    def _field(self, table: str, entity: str, ref: Ref) -> Match | None:
        name = self.scope.custom_fields.get(_holder(entity))
        value = self.fields.get((entity, ref.id), {}).get(name) if name else None
        if value in (None, ""):
            return None
        return Match(
            rule=Rule.CUSTOM_FIELD, id=str(value), name=self.name(table, str(value)), detail=f"{name} of {entity} {ref.name or ref.id}"
        )

    def _own(self, table: str, ref: Ref) -> Match | None:
        if not any(declared.name == table and declared.by_code for declared in registry.tables(self.scope.system)):
            return None
        if not any(known == table for known, _ in self.codes):
            return Match(rule=Rule.MATCH, id=ref.id, name=ref.id, detail="its id is read before sending")
        record = self.codes.get((table, ref.code or ref.id))
        return Match(rule=Rule.MATCH, id=record.external_id, name=record.name, detail="by its code") if record else None


def load(scope: Scope, bills: Sequence[Bill], read_table: ReadTable | None) -> MappingLookup:
    """Loads what these Bills can ask for, in a number of queries that does not grow with them.

    A table matched by code that lacks a record of ours is read from the destination first, through `read_table`.
    """
    wanted = _entities(bills)
    mappings = _mappings(scope, wanted)
    fields = _custom_fields(scope, bills, wanted)
    return MappingLookup(scope, mappings, fields, _known(scope, mappings, fields), _codes(scope, bills, read_table))


def _entities(bills: Iterable[Bill]) -> dict[str, set[str]]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for bill in bills:
        wanted["Account"].add(bill.account.id)
        wanted["Currency"].add(bill.currency)
        for line in bill.lines:
            for entity, ref in line.refs.items():
                wanted[entity].add(ref.id)
            wanted["PricingBand"].update(band.ref.id for band in line.bands)
    return wanted


def precedence(mapping: ExternalMapping) -> tuple[bool, bool, int]:
    """Linked before unlinked, one source's before every source's, the one that begins last. Total: the database holds each key once."""
    return mapping.integration_id is None, mapping.source_id is None, -mapping.valid_from.toordinal()


def first_on(mappings: Iterable[ExternalMapping], day: dt.date) -> ExternalMapping | None:
    """The first that holds on a day, of mappings in the order of their precedence."""
    return next((mapping for mapping in mappings if mapping.holds_on(day)), None)


def usable(system: str, integration: UUID | None, linked_only: bool) -> QuerySet[ExternalMapping]:
    """The mappings to a system that an integration may use: its own and, unless only linked ones count, those for all."""
    linked = Q(integration=integration) if integration else Q(pk=None)
    owner = linked if linked_only else linked | Q(integration=None)
    return ExternalMapping.objects.filter(owner, external_system=system)


def _mappings(scope: Scope, wanted: Mapping[str, set[str]]) -> dict[Key, list[ExternalMapping]]:
    rows = usable(scope.system, scope.integration, scope.linked_only).filter(Q(source=None) | Q(source=scope.source))
    found: dict[Key, list[ExternalMapping]] = defaultdict(list)
    for mapping in sorted(_among(rows, "entity_id", set().union(*wanted.values())), key=precedence):
        found[mapping.entity_type, mapping.entity_id].append(mapping)
    return found


def _among(rows: QuerySet[Row], name: str, values: set[str]) -> list[Row]:
    """The rows whose value is one of these, in one query: a database takes only so many parameters, so beyond that all are read."""
    if len(values) <= MOST_ASKED:
        return list(rows.filter(**{f"{name}__in": values})) if values else []
    return [row for row in rows.iterator() if getattr(row, name) in values]


def _custom_fields(scope: Scope, bills: Iterable[Bill], wanted: Mapping[str, set[str]]) -> dict[Key, Mapping[str, Any]]:
    if not scope.custom_fields:
        return {}
    found: dict[Key, Mapping[str, Any]] = {("Account", bill.account.id): bill.account.custom_fields for bill in bills}
    ids = set().union(*(wanted.get(entity, set()) for entity in ("Product", "AccountingProduct", "Contract")))
    items = CatalogueItem.objects.filter(source=scope.source, kind__in=("Product", "Contract"))
    for item in _among(items, "uid", ids):
        for entity in ("Product", "AccountingProduct") if item.kind == "Product" else (item.kind,):
            found[entity, item.uid] = item.custom_fields
    return found


def _known(scope: Scope, mappings: Mapping[Key, Sequence[ExternalMapping]], fields: Mapping[Key, Mapping[str, Any]]) -> dict[Key, Known]:
    """Of every record that a mapping or a custom field names; a record that the catalogue lacks is not asked for again."""
    asked = {(mapping.external_table, mapping.external_id) for found in mappings.values() for mapping in found}
    for (entity, _), values in fields.items():
        name = scope.custom_fields.get(_holder(entity))
        if name and (value := values.get(name)) not in (None, ""):
            asked |= {(table.name, str(value)) for table in registry.tables(scope.system, entity)}
    stored = _among(_records(scope), "external_id", {external_id for _, external_id in asked})
    known = {(record.table, record.external_id): Known(record.name, record.currencies, record.kind) for record in stored}
    return {key: known.get(key, Known()) for key in asked}


def _rule(mapping: ExternalMapping) -> Rule:
    if mapping.origin in (ExternalMapping.Origin.MATCHED, ExternalMapping.Origin.CREATED):
        return Rule.MATCH
    return Rule.LINKED if mapping.integration_id else Rule.MAPPING


def _holder(entity: str) -> str:
    """Whose custom fields count: an accounting product is a product."""
    return "Product" if entity == "AccountingProduct" else entity


def _records(scope: Scope) -> QuerySet[CatalogueRecord]:
    return CatalogueRecord.objects.filter(system=scope.system, tenant=scope.tenant)


def _codes(scope: Scope, bills: Iterable[Bill], read_table: ReadTable | None) -> dict[Key, CatalogueRecord]:
    tables = [table.name for table in registry.tables(scope.system) if table.by_code] if scope.tenant else []
    currencies = {bill.currency for bill in bills}
    found = _by_code(scope, tables)
    if read_table is not None:
        for table in tables:
            if not currencies <= {code for name, code in found if name == table}:
                catalogue.store(scope.system, scope.tenant, table, read_table(table))
                found = _by_code(scope, tables)
    return found


def _by_code(scope: Scope, tables: Sequence[str]) -> dict[Key, CatalogueRecord]:
    return {(record.table, record.code or record.name): record for record in _records(scope).filter(table__in=tables, active=True)}
