"""Keeps arriving Bills as revisions, a chunk at a time, and gives them back as canonical Bills.

Each chunk is one short transaction and a number of statements that does not grow with its Bills.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from billing import bill as canonical
from billing import copied, unread
from billing.directory import CHUNK, ItemKey, chunks, items_named, keep_items, keep_parties, receive_items, receive_parties, twice
from billing.document import bill_of, digest, slice_digest
from billing.models import Account, Bill, BillRevision, Source
from billing.shelf import COLUMNS, Outcome, Shelf, columns, identity_of, is_older
from billing.unread import Arrival, Read, Unread

__all__ = ["Arrival", "Counts", "Unread", "compare", "load", "read", "receive", "receive_items", "receive_parties", "slice_digest"]

_HEAVIEST_CHUNK = 8_000_000
_LINE = 400
_LONGEST_ID = 200
_WIDEST_TOTAL = 20
_BIGGEST_VERSION = 2**63
_REMEMBERED_ITEMS = 100_000

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
        twice(partial(keep_items, source, [(kind, ref, {}) for (kind, _), ref in named.items()], overwrite=False))
        counts.add(twice(partial(_keep, source, chunk, schema, reread)))
        known = known | set(named) if len(known) < _REMEMBERED_ITEMS else set(named)
    return counts


def compare(source: Source, arrivals: Iterable[Arrival], schema: int, reread: Reread) -> Counts:
    """What `receive` would come to, while nothing is stored. A source that is not stored itself yet has no Bills."""
    counts = Counts()
    for chunk in _read(source, arrivals, schema, counts):
        bills = [bill for _, bill, _ in chunk]
        held = Bill.objects.filter(source=source.pk, uid__in={bill.source_id for bill in bills})
        shelves = _shelves(held, bills, schema, reread)
        counts.add(shelves[bill.source_id].take(bill, raw, schema, Account()) for _, bill, raw in chunk)
    return counts


def read(revision: BillRevision) -> canonical.Bill:
    """The Bill as it arrived; its Account as the Bill itself names it. No query."""
    return bill_of(revision.document)


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
    accounts = keep_parties(source, (bill.account for _, bill, _ in chunk), overwrite=False)
    arrivals = [bill for _, bill, _ in chunk]
    shelves = _shelves(_held(source, arrivals, accounts), arrivals, schema, reread)
    outcomes = [shelves[bill.source_id].take(bill, raw, schema, accounts[bill.account.id]) for _, bill, raw in chunk]
    _write([shelves[uid] for uid in sorted(shelves)])
    return outcomes


def _held(source: Source, arrivals: list[canonical.Bill], accounts: Mapping[str, Account]) -> QuerySet[Bill]:
    """The stored Bills of these arrivals, made where absent, and kept from other writers until the transaction ends."""
    first = {arrival.source_id: arrival for arrival in reversed(arrivals)}
    held = Bill.objects.filter(source=source, uid__in=first).order_by("uid")
    known = set(held.values_list("uid", flat=True))
    new = [first[uid] for uid in sorted(first) if uid not in known]
    made = [Bill(source=source, uid=arrival.source_id, **columns(arrival, accounts[arrival.account.id])) for arrival in new]
    Bill.objects.bulk_create(made, ignore_conflicts=True)
    if connection.features.has_select_for_update:
        list(held.select_for_update().values_list("pk"))
    return held


def _shelves(held: QuerySet[Bill], arrivals: list[canonical.Bill], schema: int, reread: Reread) -> dict[str, Shelf]:
    """What is stored of these Bills, by the source's id; an empty shelf for one that is not."""
    newest = BillRevision.objects.filter(bill=OuterRef("pk")).order_by("-number")
    stored = held.select_related("current_revision").annotate(last=Subquery(newest.values("number")[:1]))
    shelves = {arrival.source_id: Shelf(Bill()) for arrival in arrivals} | {
        bill.uid: Shelf(bill, bill.current_revision.digest if bill.current_revision else "", bill.last or 0)
        for bill in stored.defer("current_revision__document", "current_revision__raw")
    }
    _read_again([shelf for shelf in shelves.values() if shelf.last], schema, reread)
    _recall(shelves, arrivals)
    return shelves


def _read_again(shelves: list[Shelf], schema: int, reread: Reread) -> None:
    """The current digests as this reader would have made them, where another reader did."""
    stale = {current.pk: shelf for shelf in shelves if (current := shelf.bill.current_revision) and current.schema != schema}
    if not stale:
        return
    for pk, raw in BillRevision.objects.filter(pk__in=stale).values_list("pk", "raw"):
        try:
            stale[pk].digest = digest(reread(raw))
        except ValueError:
            continue


def _recall(shelves: dict[str, Shelf], arrivals: list[canonical.Bill]) -> None:
    """What older arrivals are compared with: the stored revisions of Bills that may have one in this chunk."""
    repeated: set[str] = set()
    once: set[str] = set()
    for arrival in arrivals:
        (repeated if arrival.source_id in once else once).add(arrival.source_id)
    late = {arrival.source_id for arrival in arrivals if is_older(arrival, shelves[arrival.source_id].bill)}
    asked = {shelf.bill.pk: shelf for uid in late | repeated if (shelf := shelves[uid]).last}
    if not asked:
        return
    stored = BillRevision.objects.filter(bill__in=asked).values_list("bill", "source_version", "source_updated_at", "digest")
    for pk, version, updated_at, said in stored:
        asked[pk].seen.add(identity_of(version, updated_at, said))


def _write(shelves: list[Shelf]) -> None:
    _add([revision for shelf in shelves for revision in shelf.added])
    _point([shelf for shelf in shelves if shelf.current and not shelf.touched])
    touched = [shelf for shelf in shelves if shelf.touched]
    for shelf in touched:
        shelf.bill.current_revision = shelf.current or shelf.bill.current_revision
    following = [*COLUMNS, "current_revision", "updated_at"]
    Bill.objects.bulk_create([shelf.bill for shelf in touched], update_conflicts=True, unique_fields=["id"], update_fields=following)


def _add(revisions: list[BillRevision]) -> None:
    if connection.vendor == "postgresql":
        copied.insert(revisions)
    else:
        BillRevision.objects.bulk_create(revisions)


def _point(shelves: list[Shelf]) -> None:
    """Bills to their new current revision: a statement per revision number, which is 1 for new Bills."""
    numbered: dict[int, list[int]] = defaultdict(list)
    for shelf in shelves:
        if shelf.current:
            numbered[shelf.current.number].append(shelf.bill.pk)
    for number, pks in numbered.items():
        revision = BillRevision.objects.filter(bill=OuterRef("pk"), number=number)
        Bill.objects.filter(pk__in=pks).update(current_revision=Subquery(revision.values("pk")))
