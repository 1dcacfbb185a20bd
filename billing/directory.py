"""Accounts and catalogue items as the sources know them: upserts of a whole chunk in a fixed number of statements.

A record of its own (an Account, a Product) overwrites what is stored, but never with a blank; what a Bill merely names fills blanks only.
Every function runs inside its caller's transaction, except `receive_parties` and `receive_items`, which make one per chunk.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import chain, islice
from typing import Any, TypeVar

from django.db import IntegrityError, OperationalError, models, transaction
from django.utils import timezone

from billing.bill import Band, Bill, Party, Ref
from billing.models import Account, CatalogueItem, Source

CHUNK = 500
NAMED_KINDS = ("Product", "AccountingProduct", "Aggregation", "CompoundAggregation", "PricingBand", "Contract")
"""The entities on lines that External mappings can name, and that are kept in the catalogue for it."""

ItemKey = tuple[str, str]
_Row = TypeVar("_Row", Account, CatalogueItem)
_T = TypeVar("_T")
_Values = Mapping[str, Any]


def receive_parties(source: Source, parties: Iterable[Party]) -> int:
    """Stores the Accounts of a source, new values over old, never a blank over a value. The number received."""
    return _receive(parties, lambda chunk: keep_parties(source, chunk, overwrite=True))


def receive_items(source: Source, items: Iterable[tuple[str, Ref, Mapping[str, Any]]]) -> int:
    """Stores catalogue items, given as (kind, ref, custom fields), as `receive_parties` does Accounts. The number received."""
    return _receive(items, lambda chunk: keep_items(source, chunk, overwrite=True))


def keep_parties(source: Source, parties: Iterable[Party], *, overwrite: bool) -> dict[str, Account]:
    """The stored Accounts by id, after these parties are merged into them in order."""
    given = [(party.id, _account_values(party)) for party in parties]
    rows = _accounts(source, {uid for uid, _ in given})
    _merge(Account, rows, given, lambda uid: Account(source=source, uid=uid), overwrite)
    return rows | _accounts(source, {uid for uid, row in rows.items() if row.pk is None})


def keep_items(source: Source, items: Iterable[tuple[str, Ref, Mapping[str, Any]]], *, overwrite: bool) -> None:
    given = [((kind, ref.id), {"code": ref.code, "name": ref.name, "custom_fields": dict(custom)}) for kind, ref, custom in items]
    found = (CatalogueItem.objects.filter(source=source, uid__in=ids) for ids in chunks({uid for (_, uid), _ in given}))
    rows = {(row.kind, row.uid): row for chunk in found for row in chunk}
    _merge(CatalogueItem, rows, given, lambda key: CatalogueItem(source=source, kind=key[0], uid=key[1]), overwrite)


def _accounts(source: Source, uids: set[str]) -> dict[str, Account]:
    return {row.uid: row for ids in chunks(uids) for row in Account.objects.filter(source=source, uid__in=ids)}


def items_named(bills: Iterable[Bill]) -> dict[ItemKey, Ref]:
    """The entities that lines and bands name, the best informed reference of each."""
    named: dict[ItemKey, Ref] = {}
    for line in chain.from_iterable(bill.lines for bill in bills):
        for key, ref in _refs(line.refs, line.bands):
            known = named.get(key)
            if known is None or (ref.name and not known.name) or (ref.code and not known.code):
                named[key] = ref
    return named


def chunks(values: Iterable[_T], size: int = CHUNK) -> Iterator[list[_T]]:
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def twice(work: Callable[[], _T]) -> _T:
    """The work in one transaction, and once more when another process was first to store one of its rows, or stood in its way."""
    try:
        with transaction.atomic():
            return work()
    except (IntegrityError, OperationalError):
        with transaction.atomic():
            return work()


def cut(model: type[models.Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the model's columns hold them: text is cut to the column's length."""
    return {name: value[: _length(model, name)] if isinstance(value, str) and value else value for name, value in values.items()}


@cache
def _length(model: type[models.Model], name: str) -> int | None:
    length: int | None = getattr(model._meta.get_field(name), "max_length", None)
    return length


def _refs(refs: Mapping[str, Ref], bands: Sequence[Band]) -> list[tuple[ItemKey, Ref]]:
    named = [((kind, ref.id), ref) for kind, ref in refs.items() if kind in NAMED_KINDS]
    return named + [(("PricingBand", band.ref.id), band.ref) for band in bands] if bands else named


def _receive(records: Iterable[_T], keep: Callable[[list[_T]], object]) -> int:
    received = 0
    for chunk in chunks(records):
        twice(partial(keep, chunk))
        received += len(chunk)
    return received


def _account_values(party: Party) -> dict[str, Any]:
    return {
        "code": party.code,
        "name": party.name,
        "email": party.email,
        "currency": party.currency,
        "address": dict(party.address),
        "custom_fields": dict(party.custom_fields),
    }


def _merge(
    model: type[_Row], rows: dict[Any, _Row], given: Iterable[tuple[Any, _Values]], make: Callable[[Any], _Row], overwrite: bool
) -> None:
    """Merges the given values into the rows by key, adds the rows that are missing, and stores what changed."""
    changed: dict[Any, _Row] = {}
    fields: set[str] = set()
    for key, values in given:
        row = rows.get(key) or rows.setdefault(key, make(key))
        fresh = {name: value for name, value in cut(model, values).items() if value and value != getattr(row, name)}
        fresh = fresh if overwrite else {name: value for name, value in fresh.items() if not getattr(row, name)}
        for name, value in fresh.items():
            setattr(row, name, value)
        if fresh or row.pk is None:
            changed[key] = row
            fields |= set(fresh)
    _store(model, [changed[key] for key in sorted(changed)], fields, overwrite)


def _store(model: type[_Row], rows: list[_Row], fields: set[str], overwrite: bool) -> None:
    """New rows and changed ones. Where another process was first with a row, only a record of its own is written over it."""
    new = [row for row in rows if row.pk is None]
    old = [row for row in rows if row.pk is not None]
    for row in old:
        row.updated_at = timezone.now()
    if overwrite and fields:
        unique = model._meta.total_unique_constraints[0].fields
        model._default_manager.bulk_create(new, update_conflicts=True, unique_fields=unique, update_fields=sorted(fields))
    else:
        model._default_manager.bulk_create(new, ignore_conflicts=True)
    if old:
        model._default_manager.bulk_update(old, [*sorted(fields), "updated_at"])
