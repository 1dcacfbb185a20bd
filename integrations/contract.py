"""What a destination and a source must offer, and the values that pass between the rooms. No storage, no HTTP."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from django.dispatch import Signal

from billing.bill import Bill, Ref

changed = Signal()
"""Sent by every room when a person or a command changed something worth keeping: sender, actor, subject, verb, before, after.

`actor` is a user or None, `subject` a model instance, `verb` a past-tense word ("created", "enabled"), `before` and `after` JSON dicts
that never hold a secret. `runs` stores them as Events.
"""

Options = Mapping[str, Any]


# --- what a form asks ---------------------------------------------------------------------------------------------------------------


class Kind(StrEnum):
    """How an option is asked for and stored. JSON type of the value in brackets."""

    TEXT = "text"  # str
    EXPRESSION = "expression"  # str, the Account filter language
    EMAIL = "email"  # str
    BOOL = "bool"  # bool
    NUMBER = "number"  # int
    DATE = "date"  # ISO str or ""
    CHOICE = "choice"  # str, one of choices
    CHOICES = "choices"  # list of str, out of choices
    ACCOUNTS = "accounts"  # list of source Account ids
    PRODUCTS = "products"  # list of source Product and AccountingProduct ids
    AGGREGATIONS = "aggregations"  # list of source Aggregation and CompoundAggregation ids
    USERS = "users"  # list of e-mail addresses of users
    INTEGRATION = "integration"  # str, id of another integration
    EXTERNAL = "external"  # str, an id in `table` of the external system
    EXTERNAL_BY_KEY = "external_by_key"  # {choice: id in `table`}
    TEXT_BY_KEY = "text_by_key"  # {choice: str}


Panel = Literal["global", "entity", "destination"]


@dataclass(frozen=True, kw_only=True)
class Option:
    """One key of an integration's `config_data`. `help` says in a sentence what off or empty means."""

    key: str
    label: str
    kind: Kind
    help: str = ""
    default: Any = None
    choices: tuple[tuple[str, str], ...] = ()
    effects: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    panel: Panel = "destination"
    group: str = ""
    validate: Callable[[Any], str] | None = None


# --- what a destination looks a mapping up by -----------------------------------------------------------------------------------------


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


# --- what a payload is ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What identifies one sending: the Bill's revision and the delivery's generation.

    `source` is the source's slug; `default_source` false when that is not its platform, so that document keys carry it.
    """

    source: str
    revision: int
    generation: int
    default_source: bool = True

    def tag(self, bill: Bill) -> str:
        return f"{bill.source_id} r{self.revision} g{self.generation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line as it will stand at the destination, and why. Amounts in the document's currency."""

    line_key: str
    band: str = ""
    type: str
    description: str
    unrounded: Decimal
    amount: Decimal
    adjustment: Decimal = Decimal(0)
    remainder: Decimal = Decimal(0)
    quantity: Decimal | None = None
    rate: Decimal | None = None
    item: Match | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A Bill line that is not on the document, with the reason as a sentence. `counted` false: it was never part of the total."""

    line_key: str
    type: str
    description: str
    amount: Decimal
    counted: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An entity without a mapping, and the lines it blocks (none when it is the customer)."""

    entity: str
    ref: Ref
    table: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What will be sent for one slot: `key` is the external id, `body` the payload, `facts` the header as label and value for people.

    `number` is what people will read, where we give it and the destination is asked by it.
    """

    slot: str
    kind: str
    key: str
    tag: str
    body: dict[str, Any]
    lines: tuple[DocumentLine, ...]
    total: Decimal
    currency: str
    customer: Match | None = None
    number: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a Bill becomes in one integration. `target` is the Bill's total less what is left out; nothing is sent while `missing`."""

    documents: tuple[Document, ...]
    target: Decimal
    left_out: tuple[LeftOut, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()


# --- what goes over the wire ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, complete but for the login; `url` absolute, `members` document keys in order; a `safe` one changes nothing.

    `replay_window`: how long the same bytes may go again under the same key; None takes the destination's.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    key: str = ""
    members: tuple[str, ...] = ()
    safe: bool = False
    replay_window: dt.timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whole. `trace` is the vendor's own id of the call."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: int
    trace: str = ""


class Usage(NamedTuple):
    """How many calls are used up, of how many that the vendor allows."""

    used: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row of a destination's faults table, filled in: what a person reads. `next` names the step, `status` the run's status.

    `who` can fix it, as people are called; empty when the code alone tells. `look`: what stands in the way may be our own document,
    sent before, so the destination is asked before the refusal is believed.
    """

    code: str
    next: Literal["retry", "rate", "auth", "person", "unknown"]
    title: str
    why: str = ""
    remedy: str = ""
    who: str = ""
    detail: str = ""
    status: str = "ERROR"
    field: str = ""
    entity: str = ""
    after: dt.timedelta | None = None
    look: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """A document to look for by its kind and key.

    For destinations that cannot be asked by our key: the `number` that people read, the `external_id` once it is known, and `since`,
    when it was first sent.
    """

    kind: str
    key: str
    number: str = ""
    external_id: str = ""
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the destination holds under one document key, as read now. `total` is signed as on our document, `customer` a name.

    `version` is the destination's mark of this state, where an update has to name it; `lines` its id of each line by the line's key,
    where lines are records of their own.
    """

    key: str
    external_id: str
    url: str
    number: str
    tag: str
    total: Decimal | None
    currency: str
    status: str
    paid: bool = False
    date: dt.date | None = None
    period: str = ""
    period_closed: bool = False
    subsidiary: str = ""
    customer: str = ""
    version: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one member of a request: accepted (no fault), or why not; with a `job`, the destination is still at work on it.

    `held`: the document as it stands now, where the answer itself shows it whole; then nobody reads it back.
    """

    member: str
    fault: Fault | None = None
    external_id: str = ""
    url: str = ""
    job: str = ""
    held: Held | None = None


class Auth(Protocol):
    """The login of one credential; `headers` is told the request, which some vendors want signed.

    `renew` throws the cached token away and gets a new one, once for all workers.
    """

    def headers(self, request: Request | None = None) -> Mapping[str, str]: ...

    def renew(self) -> None: ...


class Transport(Protocol):
    """Sends one request with the login added, renewing it once when it is refused. `system` is the external system it speaks to.

    Raises errors.Retry (not sent) or errors.Unknown (answer lost).
    """

    @property
    def system(self) -> str: ...

    def send(self, request: Request) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A document on its way: `update` when the destination already holds the slot's document.

    `version` and `lines` are those of the document as just read, empty when nothing stands there now.
    """

    document: Document
    update: bool
    external_id: str = ""
    version: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)


class Client(Protocol):
    """Speaks one destination's HTTP and knows no Bills. `pack` and `outcomes` are pure; only `send` and `held` use the transport."""

    def pack(self, sendings: Sequence[Sending], key: Callable[[Sequence[str], bytes], str]) -> list[Request]:
        """The requests that carry these documents; `key(members, body)` makes a request's idempotency key."""

    def send(self, request: Request) -> Answer: ...

    def outcomes(self, request: Request, answer: Answer) -> list[Outcome]:
        """One outcome per member, in order, whatever the answer."""

    def follow(self, request: Request, job: str) -> list[Outcome]:
        """How far an asynchronous job is: one outcome per member, each naming the job again while it runs. A fault for what failed."""

    def held(self, documents: Sequence[Sought]) -> dict[str, Held]:
        """What stands under these, by document key, in as few queries as possible; absent keys are absent."""

    def by_number(self, kind: str, number: str) -> list[Held]:
        """Documents of a kind under the number that people read, else under the destination's own id; several where it allows doubles."""

    def listing(self, start: dt.date, end: dt.date) -> Iterable[Held]:
        """Every document of our kinds dated from the one day to the other, whoever made it; its key is "" when it has none of ours."""

    def first_open_day(self, after: dt.date) -> dt.date | None:
        """The first day after this one that documents may be dated, or None when no period is open."""

    def catalogue(self, table: str, since: dt.datetime | None = None) -> Iterable["CatalogueRow"]:
        """The records of one table, for names and drop-downs; with `since` at least those that changed from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRow:
    id: str
    name: str
    active: bool = True
    code: str = ""
    email: str = ""


# --- credentials ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class CredentialField:
    """One value that a credential asks for. `name` is the vendor's API spelling; a secret is write-only for ever.

    `from_consent`: the vendor gives it when a person consents, so no form asks for it; a credential file may carry it.
    """

    name: str
    label: str
    help: str = ""
    secret: bool = False
    kind: Literal["text", "private_key"] = "text"
    required: bool = True
    from_consent: bool = False


@dataclass(frozen=True, kw_only=True)
class Token:
    """A login token and when it ends; `refresh` is stored before first use where the vendor rotates it.

    `refresh_expires_at`: when a person has to consent again, the earliest of the vendor's limits; None where it has none.
    """

    value: str = field(repr=False)
    expires_at: dt.datetime
    refresh: str = field(default="", repr=False)
    refresh_expires_at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What the vendor's authorise page is asked with (RFC 6749 4.1.1). `challenge`: PKCE, S256 (RFC 7636); "" for a kind without."""

    state: str
    redirect_uri: str
    challenge: str = ""


@dataclass(frozen=True, kw_only=True)
class Redeemed:
    """What the vendor's authorise page sent back, its state already checked: the code, and every other parameter in `answer`.

    `redirect_uri` is the one of the consent; `verifier` belongs to its challenge, "" for a kind without PKCE.
    """

    code: str = field(repr=False)
    redirect_uri: str
    verifier: str = field(default="", repr=False)
    answer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The answer of a successful connection test: whose books; `note` is a sentence on what their settings mean for Bills.

    `currencies`: the only ones that these books can bill in; empty for any.
    """

    tenant: str
    note: str = ""
    currencies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CredentialKind:
    """One way to log in. `clean` normalises settings and secrets or raises ValueError({field: sentence}); only `verify`, `obtain`,
    `refresh`, `redeem` and `revoke` speak HTTP, and raise errors.Misconfigured or errors.Retry. `renew_on`: the statuses that a token
    past its end gets. With `sign`, pure, each request carries a signature of its own instead of what `authorise` gives.

    With `consent` a person logs in at the vendor: `consent` makes the address of its authorise page, pure, as http.browser_url gives it;
    `redeem` turns what comes back into settings to keep beside the given ones (whose books) and the first token. `clean` then also
    accepts that the fields `from_consent` are empty; `obtain` serves a file that carries them. When the newest refresh token is refused,
    `refresh` is asked once with the one before it. `revoke` gives a token back. `verify` finds the chosen external system in its settings
    under `system`.
    """

    kind: str
    label: str
    systems: tuple[str, ...]
    fields: tuple[CredentialField, ...]
    clean: Callable[[dict[str, str], dict[str, str]], tuple[dict[str, str], dict[str, str]]]
    obtain: Callable[[Mapping[str, str], Mapping[str, str]], Token]
    verify: Callable[[Mapping[str, str], Mapping[str, str], Token], Verified]
    authorise: Callable[[Mapping[str, str], Mapping[str, str], Token], Mapping[str, str]]
    refresh: Callable[[Mapping[str, str], Mapping[str, str], Token], Token] | None = None
    sign: Callable[[Mapping[str, str], Mapping[str, str], Token, Request], Mapping[str, str]] | None = None
    consent: Callable[[Mapping[str, str], Mapping[str, str], Consent], str] | None = None
    redeem: Callable[[Mapping[str, str], Mapping[str, str], Redeemed], tuple[Mapping[str, str], Token]] | None = None
    revoke: Callable[[Mapping[str, str], Mapping[str, str], Token], None] | None = None
    pkce: bool = False
    renew_on: tuple[int, ...] = (401,)
    makes_key_pair: bool = False
    certificate_field: str = ""
    setup: tuple["SetupStep", ...] = ()


@dataclass(frozen=True, kw_only=True)
class SetupStep:
    """One step at the vendor before connecting: where to go, what to do, what to copy into which field here."""

    title: str
    where: str = ""
    actions: tuple[str, ...] = ()
    copies: str = ""
    warning: str = ""


# --- the declarations -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of an external system and the entities of ours that may be mapped to it (none: it only serves drop-downs).

    `by_code`: an entity without a mapping is the record whose code is the entity's own, as a currency is by its ISO code.
    """

    name: str
    label: str
    entities: tuple[str, ...] = ()
    by_code: bool = False


@dataclass(frozen=True, kw_only=True)
class System:
    """A name that integrations and mappings use, exactly as spelled."""

    name: str
    label: str
    sandbox: bool = False


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A place that documents go to: one package under integrations/destinations.

    `replay_window`: how long the stored request may be sent again with the same key. `settle`: how long after a lost answer an
    "absent" may be believed. `slots` names the document kinds for people. `custom_fields` are the default names of the source's
    custom fields that carry an external id, by entity. `usage` reads from an answer how much of an allowance of calls is used up.
    `misfits` asks whether what the options name is there and fits: a sentence for each reason why no document could be stored.
    """

    slug: str
    label: str
    systems: tuple[System, ...]
    tables: tuple[Table, ...]
    entity_types: tuple[str, ...]
    credential_kinds: tuple[CredentialKind, ...]
    options: tuple[Option, ...]
    build: Callable[[Bill, Options, Lookup, Stamp], Plan]
    connect: Callable[[Transport, str, Options], Client]
    nouns: Mapping[str, str]
    custom_fields: Mapping[str, str]
    replay_window: dt.timedelta
    settle: dt.timedelta
    batch_size: int = 1
    parallel: int = 1
    file_lane: "FileLane | None" = None
    usage: Callable[[Answer], Usage | None] | None = None
    misfits: Callable[[Transport, str, Options], Sequence[str]] | None = None


@dataclass(frozen=True, kw_only=True)
class FileLane:
    """Documents as a file that people import at the destination by hand: the header, and the rows of one document, none for one that
    such a file does not take. `about` says as sentences what the file takes and how it is imported."""

    header: Callable[[Options], tuple[str, ...]]
    rows: Callable[[Document, Options], Iterable[Sequence[str]]]
    about: str = ""


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
    """One raw record as a source's API gave it: its own JSON text; `collection` is "accounts", a key of `Source.items` or "bills"."""

    collection: str
    text: str


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
    """

    columns: tuple[str, ...]
    optional: tuple[str, ...]
    key: Callable[[Mapping[str, str]], tuple[str, str]]
    bill: Callable[[Iterable[Mapping[str, str]]], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """A form of files that people fill in or get from elsewhere: what it is as sentences, templates to download, and its JSON Schema."""

    about: str
    templates: tuple[Path, ...]
    schema: Callable[[], Mapping[str, Any]] | None = None
    rows: Rows | None = None


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A data export of several CSV files, one per table, that make Bills only together: `read` joins the rows of the tables `names`.

    Cells are text, "" where they are null. Pure; gives Accounts and catalogue records, then Bills, in the source's API shapes.
    """

    names: tuple[str, ...]
    read: Callable[[Mapping[str, Iterable[Mapping[str, str]]]], Iterable[Fetched]]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A billing platform: one package under integrations/sources.

    The readers are pure: one raw record (JSON with Decimals) to a value of ours, or ValueError with a sentence that names the field.
    `items` says which keys of a mixed JSON object hold catalogue records, and of which kind. Without `pull` it has no API to read.
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
