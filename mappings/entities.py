"""The entities of ours that mappings name: what they are called, how a person finds one, which there are."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from billing.models import Account, Bill, CatalogueItem

_NOUNS = {
    "AccountingProduct": "accounting product",
    "Aggregation": "aggregation",
    "CompoundAggregation": "compound aggregation",
    "Contract": "contract",
    "Currency": "currency",
    "PricingBand": "pricing band",
    "Product": "product",
    "Tax": "tax",
}
_PLURALS = {"Currency": "currencies", "Tax": "taxes"}


@dataclass(frozen=True)
class Entity:
    """An Account, product or other entity as the sources know it; nothing but its id when no source has named it yet."""

    type: str
    id: str
    code: str = ""
    name: str = ""
    email: str = ""
    currency: str = ""
    source: int | None = None
    custom_fields: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def title(self) -> str:
        return self.name or self.code or self.id

    def __str__(self) -> str:
        """ "Borealis AI (BOREALIS)"."""
        return f"{self.title} ({self.code})" if self.code and self.code != self.title else self.title


def noun(entity_type: str) -> str:
    """For sentences: "compound aggregation"; an Account keeps its capital."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", entity_type)
    return _NOUNS.get(entity_type, spaced)


def nouns(entity_type: str) -> str:
    return _PLURALS.get(entity_type, f"{noun(entity_type)}s")


def rows(entity_type: str) -> QuerySet[Any] | None:
    """What is stored of one type, by name; None for currencies, which only Bills name."""
    if entity_type == "Currency":
        return None
    found: QuerySet[Any] = Account.objects.all() if entity_type == "Account" else CatalogueItem.objects.filter(kind=entity_type)
    return found.order_by("name", "uid")


def every(entity_type: str, sources: Collection[int] = ()) -> list[Entity]:
    """All of one type by name, of these sources or of any."""
    stored = rows(entity_type)
    if stored is None:
        return [_currency(code) for code in _currencies(sources)]
    return [of_row(entity_type, row) for row in _of(stored, sources)]


def exist(types: Iterable[str], sources: Collection[int]) -> bool:
    """Whether anything of these types is known."""
    kinds = list(types)
    if "Currency" in kinds:
        return _of(Bill.objects.order_by(), sources).exists()
    found: QuerySet[Any] = Account.objects.all() if "Account" in kinds else CatalogueItem.objects.filter(kind__in=kinds)
    return _of(found.order_by(), sources).exists()


def search(entity_type: str, text: str, limit: int) -> list[Entity]:
    """By name, code or id; the first few when nothing is asked for."""
    stored = rows(entity_type)
    if stored is None:
        return [_currency(code) for code in _currencies(()) if text.upper() in code][:limit]
    if text:
        stored = stored.filter(Q(name__icontains=text) | Q(code__icontains=text) | Q(uid=text))
    return list({row.uid: of_row(entity_type, row) for row in stored[:limit]}.values())


def called(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Entity]:
    """The entities of these (type, id) pairs, those that nobody has named yet by their id; two queries."""
    wanted = set(pairs)
    ids = {uid for _, uid in wanted}
    found = {("Account", row.uid): of_row("Account", row) for row in Account.objects.filter(uid__in=_ids(wanted, "Account"))}
    items = CatalogueItem.objects.filter(kind__in={entity for entity, _ in wanted}, uid__in=ids)
    found |= {(row.kind, row.uid): of_row(row.kind, row) for row in items}
    return {(entity, uid): found.get((entity, uid)) or Entity(entity, uid) for entity, uid in wanted}


def one(entity_type: str, entity_id: str) -> Entity:
    return called([(entity_type, entity_id)])[entity_type, entity_id]


def ids_named(text: str, limit: int = 500) -> set[str]:
    """The ids of entities of any type whose name or code holds the text."""
    named = Q(name__icontains=text) | Q(code__icontains=text)
    accounts = Account.objects.filter(named).values_list("uid", flat=True)[:limit]
    return {*accounts, *CatalogueItem.objects.filter(named).values_list("uid", flat=True)[:limit]}


def _ids(pairs: Iterable[tuple[str, str]], entity_type: str) -> set[str]:
    return {uid for entity, uid in pairs if entity == entity_type}


def _of(found: QuerySet[Any], sources: Collection[int]) -> QuerySet[Any]:
    return found.filter(source__in=sources) if sources else found


def _currencies(sources: Collection[int]) -> list[str]:
    return sorted(_of(Bill.objects.order_by(), sources).values_list("currency", flat=True).distinct())


def _currency(code: str) -> Entity:
    return Entity("Currency", code, code, code)


def of_row(entity_type: str, row: Any) -> Entity:
    email, currency = getattr(row, "email", ""), getattr(row, "currency", "")
    return Entity(entity_type, row.uid, row.code, row.name, email, currency, row.source_id, row.custom_fields)
