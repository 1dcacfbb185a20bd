"""Keeps arriving Bills as revisions, a chunk at a time, and gives them back as canonical Bills.

Each chunk is one short transaction and a number of statements that does not grow with its Bills.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from billing import bill as canonical
from billing import rows, unread
from billing.directory import CHUNK, ItemKey, chunks, items_named, keep_items, keep_parties, receive_items, receive_parties, twice
from billing.document import bill_of, digest, document_of, slice_digest
from billing.models import Account, Bill, BillRevision, Source
from billing.shelf import COLUMNS, Outcome, Revision, Shelf, identity_of
from billing.unread import Arrival, Read, Unread

__all__ = [
    "Arrival",
    "Counts",
    "Unread",
    "compare",
    "load",
    "read",
    "receive",
    "receive_items",
    "receive_parties",
    "slice_digest",
    "with_account",
]

_HEAVIEST_CHUNK = 8_000_000
_LINE = 400
_LONGEST_ID = 200
_WIDEST_TOTAL = 20
_BIGGEST_VERSION = 2**63
_REMEMBERED_ITEMS = 100_000
_BILL = ("id", "source_id", "uid", *COLUMNS, "current_revision_id", "created_at", "updated_at")
_REVISION = ("id", "bill_id", "number", "source_version", "source_updated_at", "schema", "digest", "document", "raw", "received_at")

Reread = Callable[[str], canonical.Bill]


@dataclass
class Counts:
    """What became of the arrivals; `refused` has (where, why) of those that no column can hold."""

    created: int = 0
    revised: int = 0
    unchanged: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            setattr(self, outcome, getattr(self, outcome) + 1)


def receive(source: Source, arrivals: Iterable[Arrival], schema: int, reread: Reread) -> Counts:
    """Stores the arrivals in order, and the Accounts and catalogue items that they name.

    Only an arrival that says the same as the current revision stores nothing. One that is older by the source's version, else by its
    time, becomes a revision but never the current one, unless the very same is there already. `schema` is the reader's; where the
    current revision was read by another, `reread` reads its raw text again before the two are compared (ValueError: they differ).
    """
    counts = Counts()
    known: set[ItemKey] = set()
    for chunk in _read(source, arrivals, schema, counts):
        named = {key: ref for key, ref in items_named(bill for _, bill, _ in chunk).items() if key not in known}
        if named:
            twice(partial(keep_items, source, [(kind, ref, {}) for (kind, _), ref in named.items()], overwrite=False))
        counts.add(twice(partial(_keep, source, chunk, schema, reread)))
        known = known | set(named) if len(known) < _REMEMBERED_ITEMS else set(named)
    return counts


def compare(source: Source, arrivals: Iterable[Arrival], schema: int, reread: Reread) -> Counts:
    """What `receive` would come to, while nothing is stored. A source that is not stored itself yet has no Bills."""
    counts = Counts()
    for chunk in _read(source, arrivals, schema, counts):
        shelves = _shelves(source, [bill for _, bill, _ in chunk], schema, reread)
        counts.add(shelves[bill.source_id].take(bill, raw, None) for _, bill, raw in chunk)
    return counts


def read(revision: BillRevision) -> canonical.Bill:
    """The Bill as it arrived; its Account as the Bill itself names it. No query."""
    return bill_of(revision.document)


def with_account(revision: BillRevision, account: Account) -> canonical.Bill:
    """The Bill with all that is now known of its Account, which is given where it is at hand; `load` finds it. No query."""
    bill = read(revision)
    return replace(bill, account=_party(bill.account, account))


def load(revisions: Iterable[BillRevision]) -> dict[int, canonical.Bill]:
    """The Bills by revision id, with all that is now known of their Accounts, in two queries per 500 revisions."""
    loaded: dict[int, canonical.Bill] = {}
    for chunk in chunks(revisions):
        sources = dict(Bill.objects.filter(pk__in={revision.bill_id for revision in chunk}).values_list("pk", "source_id"))
        bills = {revision.pk: (sources[revision.bill_id], read(revision)) for revision in chunk}
        uids = {bill.account.id for _, bill in bills.values()}
        stored = Account.objects.filter(source__in=set(sources.values()), uid__in=uids)
        accounts = {(account.source_id, account.uid): account for account in stored}
        for pk, (source, bill) in bills.items():
            loaded[pk] = replace(bill, account=_party(bill.account, accounts[source, bill.account.id]))
    return loaded


def _party(named: canonical.Party, account: Account) -> canonical.Party:
    return canonical.Party(
        id=named.id,
        code=account.code or named.code,
        name=account.name or named.name,
        email=account.email or named.email,
        currency=account.currency or named.currency,
        address=account.address or named.address,
        custom_fields=account.custom_fields or named.custom_fields,
    )


def _read(source: Source, arrivals: Iterable[Arrival], schema: int, counts: Counts) -> Iterator[list[Read]]:
    """What of each chunk may be new and fits; the others are counted."""
    for chunk in _chunks(arrivals):
        fresh, same = unread.read(source, chunk, schema)
        counts.unchanged += same
        misfits = {place: why for place, (_, bill, _) in enumerate(fresh) if (why := _misfit(bill))}
        counts.refused += [(fresh[place][0], why) for place, why in misfits.items()]
        if fitting := [arrival for place, arrival in enumerate(fresh) if place not in misfits]:
            yield fitting


def _misfit(bill: canonical.Bill) -> str:
    """Why no column can hold the Bill, or ""."""
    ids = {"The Bill's id": bill.source_id, "The Account's id": bill.account.id, "The parent Bill's id": bill.parent_bill}
    for name, value in ids.items():
        if len(value) > _LONGEST_ID:
            return f"{name} has {len(value)} characters; at most {_LONGEST_ID} can be kept."
    if not bill.total.is_finite() or (bill.total and bill.total.adjusted() >= _WIDEST_TOTAL):
        return f"The total {bill.total} {bill.currency} is more than can be kept."
    if not 0 <= (bill.version or 0) < _BIGGEST_VERSION:
        return f"The version {bill.version} is not a number that a version can have."
    return ""


def _chunks(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    """Chunks of at most 500 Bills, ended earlier where they would take too much memory."""
    chunk: list[Arrival] = []
    weight = 0
    for arrival in arrivals:
        chunk.append(arrival)
        weight += _weight(arrival)
        if len(chunk) >= CHUNK or weight >= _HEAVIEST_CHUNK:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


def _weight(arrival: Arrival) -> int:
    """About how many characters of text a Bill has."""
    _, said, raw = arrival
    return len(raw) if isinstance(said, Unread) else _LINE * len(said.lines)


def _keep(source: Source, chunk: list[Read], schema: int, reread: Reread) -> list[Outcome]:
    _hold_off_others(source)
    accounts = keep_parties(source, _parties(chunk), overwrite=False)
    shelves = _shelves(source, [bill for _, bill, _ in chunk], schema, reread)
    outcomes = [shelves[bill.source_id].take(bill, raw, accounts[bill.account.id].pk) for _, bill, raw in chunk]
    _write(source, [shelves[uid] for uid in sorted(shelves)], schema)
    return outcomes


def _parties(chunk: list[Read]) -> Iterator[canonical.Party]:
    """The Accounts that the Bills name, each as often as they say something else of it."""
    told: dict[str, canonical.Party] = {}
    for _, bill, _ in chunk:
        if told.get(bill.account.id) != bill.account:
            told[bill.account.id] = bill.account
            yield bill.account


def _hold_off_others(source: Source) -> None:
    """Until the transaction ends nobody else stores Bills of this source; SQLite has one writer at a time anyway."""
    if connection.features.has_select_for_update:
        list(Source.objects.select_for_update(no_key=True).filter(pk=source.pk).values_list("pk"))


def _shelves(source: Source, arrivals: list[canonical.Bill], schema: int, reread: Reread) -> dict[str, Shelf]:
    """What is stored of these Bills, by the source's id; an empty shelf for one that is not."""
    shelves = {arrival.source_id: Shelf(arrival.source_id) for arrival in arrivals}
    newest = BillRevision.objects.filter(bill=OuterRef("pk")).order_by("-number")
    stored = Bill.objects.filter(source=source.pk, uid__in=shelves).annotate(last=Subquery(newest.values("number")[:1]))
    current = ("pk", "current_revision", "current_revision__digest", "current_revision__schema", "last")
    for uid, pk, current_pk, said, schema_then, last, *columns in stored.order_by().values_list("uid", *current, *COLUMNS):
        held = dict(zip(COLUMNS, columns, strict=True))
        shelves[uid] = Shelf(uid, held, pk, current_pk or 0, said or "", schema_then or 0, last or 0)
    _read_again(shelves.values(), schema, reread)
    _recall(shelves, arrivals)
    return shelves


def _read_again(shelves: Iterable[Shelf], schema: int, reread: Reread) -> None:
    """The current digests as this reader would have made them, where another reader did."""
    stale = {shelf.current_pk: shelf for shelf in shelves if shelf.current_pk and shelf.schema != schema}
    if not stale:
        return
    for pk, raw in BillRevision.objects.filter(pk__in=stale).values_list("pk", "raw"):
        try:
            stale[pk].digest = digest(reread(raw))
        except ValueError:
            continue


def _recall(shelves: dict[str, Shelf], arrivals: list[canonical.Bill]) -> None:
    """What older arrivals are compared with: the stored revisions of Bills that may have one in this chunk."""
    times = Counter(arrival.source_id for arrival in arrivals)
    late = {arrival.source_id for arrival in arrivals if times[arrival.source_id] > 1 or shelves[arrival.source_id].is_newer_than(arrival)}
    asked = {shelf.pk: shelf for uid in late if (shelf := shelves[uid]).last}
    if not asked:
        return
    stored = BillRevision.objects.filter(bill__in=asked).values_list("bill", "source_version", "source_updated_at", "digest")
    for pk, version, updated_at, said in stored:
        asked[pk].seen.add(identity_of(version, updated_at, said))


def _write(source: Source, shelves: list[Shelf], schema: int) -> None:
    now = timezone.now()
    new = [shelf for shelf in shelves if not shelf.pk]
    moved = [shelf for shelf in shelves if shelf.pk and shelf.touched]
    added = [(shelf, revision) for shelf in shelves for revision in shelf.added]
    _give_ids(new, added)
    if new:
        rows.insert(Bill, _BILL, ((*_stored(source, shelf).values(), now, now) for shelf in new))
    if added:
        rows.insert(BillRevision, _REVISION, (_revision_row(shelf, revision, schema, now) for shelf, revision in added))
    following = [*COLUMNS, "current_revision", "updated_at"]
    bills = [Bill(**_stored(source, shelf)) for shelf in moved]
    Bill.objects.bulk_create(bills, update_conflicts=True, unique_fields=["id"], update_fields=following)


def _give_ids(new: list[Shelf], added: list[tuple[Shelf, Revision]]) -> None:
    if new:
        for shelf, pk in zip(new, rows.new_ids(Bill, len(new)), strict=True):
            shelf.pk = pk
    if added:
        for (_, revision), pk in zip(added, rows.new_ids(BillRevision, len(added)), strict=True):
            revision.pk = pk


def _stored(source: Source, shelf: Shelf) -> dict[str, Any]:
    columns = {name: shelf.columns.get(name) for name in COLUMNS}
    current = shelf.current.pk if shelf.current else shelf.current_pk or None
    return {"id": shelf.pk, "source_id": source.pk, "uid": shelf.uid, **columns, "current_revision_id": current}


def _revision_row(shelf: Shelf, revision: Revision, schema: int, now: dt.datetime) -> tuple[Any, ...]:
    bill = revision.bill
    seen = (bill.version, bill.updated_at)
    return (revision.pk, shelf.pk, revision.number, *seen, schema, revision.digest, document_of(bill), revision.raw, now)
