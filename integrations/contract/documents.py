"""What a Bill becomes: documents, their lines, and why each line is what it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing.bill import Bill, Ref
from integrations.contract.fault import Fault
from integrations.contract.lookup import Match


class CustomerStep(StrEnum):
    """What a Bill's customer needs first, as found at the destination; NONE also before anybody has looked."""

    NONE = ""
    ABSENT = "absent"  # looked for and not there, and not to be created
    CREATE = "create"  # looked for and not there
    CLAIM = "claim"  # mapped, and without an external id
    UPDATE = "update"  # mapped, and its Account has changed since it was last sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What identifies one sending: the Bill's revision and the delivery's generation.

    `source` is the source's slug; `default_source` false when that is not its platform, so that document keys carry it; `site` is the
    source's own name of the account that the Bill comes from. `standing`: what of this Bill the destination holds, its id by slot.
    """

    source: str
    revision: int
    generation: int
    default_source: bool = True
    customer: CustomerStep = CustomerStep.NONE
    site: str = ""
    standing: Mapping[str, str] = field(default_factory=dict)

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
class Origin:
    """A record that a document is made of: its kind and address there, and its slot when it is one of ours."""

    kind: str
    address: str
    slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What will be sent for one slot: `key` is the external id, `body` the payload, `facts` the header as label and value for people.

    `number` is what people will read, where we give it and the destination is asked by it. `made_from`: what it is made of by a request
    that is no upsert, so that it is looked up before; when it stands, the body replaces it. `may_stand`: the destination may have made it
    by itself. With `void` it is not written but voided, and its total is zero. `awaits` says in a clause what has to happen at the
    destination first. `lacks` is a sentence: the setting without which it cannot go. `slice` is a digest of what it shows of its source,
    so that nothing else touches it; "" takes that of the Bill's lines.
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
    made_from: Origin | None = None
    may_stand: bool = False
    void: bool = False
    awaits: str = ""
    lacks: str = ""
    slice: str = ""

    @property
    def whole(self) -> bool:
        """Whether it shows the Bill's lines; a document of a payment, refund or credit shows that one movement."""
        return bool(self.lines) and ":" not in self.slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a Bill becomes in one integration, its documents in the order in which they go.

    `target` is the Bill's total less what is left out; nothing is sent while `missing`. `fault`: why the destination has no documents for
    such a Bill. `unread`: tables that have to be read before the documents can be told.
    """

    documents: tuple[Document, ...]
    target: Decimal
    left_out: tuple[LeftOut, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()
    fault: Fault | None = None
    unread: tuple[str, ...] = ()
