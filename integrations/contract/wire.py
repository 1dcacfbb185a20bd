"""What goes over the wire and what comes back, and who speaks it."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

from integrations.contract.documents import Document
from integrations.contract.fault import Fault


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A span of days of the destination's books, both days included. `open`: documents may be posted into it.

    `receivables_locked`: invoices may not, though the period is not closed yet. `tax_open`: the same for tax, None where nobody tells.
    """

    name: str
    start: dt.date
    end: dt.date
    open: bool
    receivables_locked: bool = False
    tax_open: bool | None = None

    @property
    def takes_documents(self) -> bool:
        return self.open and not self.receivables_locked and self.tax_open is not False


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

    def periods(self, start: dt.date, end: dt.date) -> Iterable[Period]:
        """The posting periods that these days touch, by their first day; none for a destination without periods."""

    def catalogue(self, table: str, since: dt.datetime | None = None) -> Iterable["CatalogueRow"]:
        """The records of one table, for names and drop-downs; with `since` at least those that changed from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRow:
    """A customer as the destination holds it now. `external_id` is the key of another system, "" when it has none."""

    id: str
    name: str = ""
    email: str = ""
    external_id: str = ""
    active: bool = True


CustomersBy = Literal["id", "email", "external_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRow:
    """A record of one table; `kind` is the destination's own word for what sort of one it is.

    `currencies`: the only ones that it may ever be billed in; empty for any, or where more can be added. `within`: what it is a part of,
    as a field is of its object; options then name it by its `code`. `facts`: what else people want to see of it when they choose, as
    label and value.
    """

    id: str
    name: str
    active: bool = True
    code: str = ""
    email: str = ""
    currencies: tuple[str, ...] = ()
    within: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    kind: str = ""
