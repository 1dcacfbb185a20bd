"""What a source declares."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billing.bill import Bill, Ref
from integrations.contract.credentials import CredentialKind
from integrations.contract.wire import Transport


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A record that a reader could not accept: where it stands in the input, and why, as a sentence."""

    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A product, aggregation or other entity as the source knows it."""

    kind: str
    ref: Ref
    custom_fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which Bills a source's API is asked for: dated on or after `start`, and with a `watermark` those that may have changed since.

    `open_before` gives the source's ids of stored Bills dated before a day that the source may still change.
    """

    start: dt.date | None = None
    watermark: dt.datetime | None = None
    open_before: Callable[[dt.date], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One raw record as a source's API gave it: its own JSON text; `collection` is "accounts", a key of `Source.items` or "bills".

    `where`: in which line of which file it stands, for what is read from files.
    """

    collection: str
    text: str
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Pull:
    """How a source's API is read. `kind` logs in there; `fetch(transport, tenant, wanted)` gives Accounts and catalogue, then Bills.

    `fetch` reads page by page and asks again by itself. Raises errors.Retry, Refused or Misconfigured; what came before is good.
    """

    kind: CredentialKind
    fetch: Callable[[Transport, str, Wanted], Iterable[Fetched]]


class Forged(ValueError):
    """A hook whose signature, age or form does not prove that the source sent it. The text is for our own log, never for the sender."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What one verified hook says: the source's own id of the event (what is stored once), its type, and what it is about.

    `subject` is what `Hook.fetch` needs to read the current state, such as an invoice's id; "" when the event asks for nothing.
    `tenant` is whose books it speaks of, where the hook says so.
    """

    event_id: str
    type: str
    subject: str = ""
    tenant: str = ""


@dataclass(frozen=True, kw_only=True)
class Hook:
    """Events that a source posts to us. They only say that something changed; what is stored is what `fetch` then reads.

    `kind` declares the signing secret; its `obtain` is never called. All its secret fields are tried, so that a second is valid while
    the first is being replaced. `read(headers in lower case, raw body, secrets, now)` verifies and parses, pure, comparing in
    constant time: raises Forged, or ValueError for what is signed and yet cannot be read. `largest` is the body's limit in bytes.
    """

    kind: CredentialKind
    read: Callable[[Mapping[str, str], bytes, Sequence[str], dt.datetime], Arrived]
    fetch: Callable[[Transport, str, Arrived], Iterable[Fetched]]
    largest: int = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Rows:
    """CSV files of charges, one row each, whose Bills are made by adding rows up, wherever they stand in the file.

    `columns` are required, `key` says to which Bill and which of its lines a row belongs, and `bill` makes one raw Bill of all its rows,
    sorted by line. Both are pure and raise ValueError with a sentence that names the column. A row's cells are text, "" where it is null.
    `amounts` are the columns of money that a file has for each charge: `bill` is told which of them to add up, by default the first.
    """

    columns: tuple[str, ...]
    optional: tuple[str, ...]
    amounts: tuple[str, ...]
    key: Callable[[Mapping[str, str]], tuple[str, str]]
    bill: Callable[[Iterable[Mapping[str, str]], str], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """A form of files that people fill in or get from elsewhere: what it is as sentences, templates to download, and its JSON Schema."""

    about: str
    templates: tuple[Path, ...] = ()
    schema: Callable[[], Mapping[str, Any]] | None = None
    rows: Rows | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """A row of an export's table and where it stands. Cells are text, "" where they are null."""

    where: str
    cells: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ExportTable:
    """One table of a data export: the `names` that its files have, and the columns of a row's id and of what its rows are sorted by."""

    names: tuple[str, ...]
    uid: str = "id"
    sorted_by: str = "id"
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A data export of several CSV files that make Bills only together: `read` joins the rows of `tables`, by the first of their names.

    It is given each id's latest row by the column `updated`, sorted as the table says, as often as files have them, in no more memory
    than a Bill needs. Pure; gives Accounts and catalogue records, then Bills, in the source's API shapes.
    """

    tables: tuple[ExportTable, ...]
    updated: str
    read: Callable[[Mapping[str, Iterable[ExportRow]]], Iterable[Fetched]]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A billing platform: one package under integrations/sources.

    The readers are pure: one raw record (JSON with Decimals) to a value of ours, or ValueError with a sentence that names the field.
    `items` says which keys of a mixed JSON object hold catalogue records, and of which kind. Without `pull` it has no API to read.
    `proposals` are options, by key, that a set-up for its Bills begins with where a destination asks all of them.
    `read_named` gives what a raw Bill says of products and contracts beyond their ids, where it carries their custom fields.
    """

    platform: str
    label: str
    schema: int
    read_bill: Callable[[Mapping[str, Any]], Bill]
    read_party: Callable[[Mapping[str, Any]], Any]
    read_item: Callable[[str, Mapping[str, Any]], Item]
    items: Mapping[str, str]
    read_named: Callable[[Mapping[str, Any]], Iterable[Item]] | None = None
    credential_kinds: tuple[CredentialKind, ...] = ()
    pull: Pull | None = None
    hook: Hook | None = None
    files: FileFormat | None = None
    tables: Tables | None = None
    bill_url: Callable[[str, str], str] | None = None
    proposals: Mapping[str, Any] = field(default_factory=dict)
