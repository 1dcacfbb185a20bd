"""Raw records into the store: read by their source's reader, kept or rejected, each for itself."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath
from typing import Any, BinaryIO, TypeVar

from billing import store
from billing.bill import Bill, Party, Ref
from billing.models import Source as StoredSource
from integrations import registry
from integrations.contract import Item, Rejected, Source
from runs.intake.found import BILLS, Found, seeming_id
from runs.intake.json_stream import parse
from runs.intake.records import read_records
from runs.intake.tables import read_tables, table_of

ACCOUNTS = "accounts"
_PENDING = 500

_T = TypeVar("_T")
_Item = tuple[str, Ref, Mapping[str, Any]]


@dataclass
class Report:
    """What became of the Bills: `received` counts all that came, the next three those that were kept. `rejected` has other records too."""

    received: int = 0
    created: int = 0
    revised: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)


@dataclass
class Collector:
    """Takes the records of one source, whatever brought them: a file, its API, its events. A `dry` one only says what it would do.

    `amount`: the column that a file of charges is added up by, by default its source's first. `heard` is called now and then.
    """

    stored: StoredSource
    dry: bool = False
    amount: str = ""
    heard: Callable[[], None] = lambda: None
    report: Report = field(default_factory=Report)
    _parties: list[Party] = field(default_factory=list)
    _items: list[_Item] = field(default_factory=list)
    _named: dict[tuple[str, str], Item] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        return registry.source(self.stored.platform)

    @property
    def collections(self) -> tuple[str, ...]:
        """The keys under which a mixed JSON object may carry records."""
        return (ACCOUNTS, *self.source.items, BILLS)

    def take_files(self, files: Sequence[tuple[str, BinaryIO]]) -> None:
        """One by one, unless they are the tables of a data export, which only together make Bills."""
        tables = self.source.tables
        if tables is not None and all(table_of(name, tables) for name, _ in files):
            self.take(read_tables(files, tables))
            return
        for name, stream in files:
            self.take_file(PurePath(name).name, stream)

    def take_file(self, name: str, stream: BinaryIO) -> None:
        """All records of one file, streamed. `name` stands in `where`, and its ending says what the file is."""
        files = self.source.files
        self.take(read_records(name, stream, self.collections, files.rows if files else None, self.amount))

    def take(self, records: Iterable[Found]) -> None:
        """All records; Accounts and catalogue items are stored in bulk as they come, Bills in order."""
        source = self.source
        receive = store.compare if self.dry else store.receive
        counts = receive(self.stored, self._bills(source, records), source.schema, lambda raw: source.read_bill(parse(raw)))
        self._flush()
        self.report.created += counts.created
        self.report.revised += counts.revised
        self.report.unchanged += counts.unchanged
        self.report.rejected += [Rejected(where=where, why=why) for where, why in counts.refused]

    def _bills(self, source: Source, records: Iterable[Found]) -> Iterator[store.Arrival]:
        for found in records:
            if found.collection == BILLS:
                self.report.received += 1
                if self.report.received % _PENDING == 0:
                    self.heard()
                yield found.where, store.Unread(seeming_id(found.value), partial(self._bill, source, found)), found.raw
            else:
                self._set_aside(source, found)

    def _bill(self, source: Source, found: Found) -> Bill | None:
        """The Bill, and set aside what it says of others; None when it is rejected."""
        bill = self._read(found, source.read_bill)
        if bill is not None:
            self._set_named_aside(source, found.value)
        return bill

    def _set_aside(self, source: Source, found: Found) -> None:
        """Keeps an Account or a catalogue item until there are enough for one bulk."""
        kind = source.items.get(found.collection)
        if kind is not None:
            item = self._read(found, lambda raw: source.read_item(kind, raw))
            self._items += [(item.kind, item.ref, item.custom_fields)] if item else []
        else:
            party = self._read(found, source.read_party)
            self._parties += [party] if party else []
        self._flush_many()

    def _set_named_aside(self, source: Source, raw: Mapping[str, Any]) -> None:
        """Keeps what a Bill says of its products and contracts, once as long as it says the same."""
        for item in source.read_named(raw) if source.read_named else ():
            key = (item.kind, item.ref.id)
            if self._named.get(key) != item:
                self._named[key] = item
                self._items.append((item.kind, item.ref, item.custom_fields))
        self._flush_many()

    def _flush_many(self) -> None:
        if len(self._parties) + len(self._items) >= _PENDING:
            self._flush()

    def _read(self, found: Found, reader: Callable[[Any], _T]) -> _T | None:
        """What the reader makes of the record; None when it is rejected. The reader's own sentence goes first: it names the field."""
        why = found.fault
        try:
            value = reader(found.value) if found.raw else None
        except ValueError as error:
            value, why = None, str(error)
        if why:
            self.report.rejected.append(Rejected(where=found.where, why=why))
        return None if why else value

    def _flush(self) -> None:
        if not self.dry:
            self._store()
        self._parties.clear()
        self._items.clear()

    def _store(self) -> None:
        store.receive_parties(self.stored, self._parties)
        store.receive_items(self.stored, self._items)
