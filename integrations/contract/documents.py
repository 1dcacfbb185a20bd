"""What a Bill becomes: documents, their lines, and why each line is what it is."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing.bill import Bill, Ref
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

    `source` is the source's slug; `default_source` false when that is not its platform, so that document keys carry it.
    `site` is the source's account at its platform, such as a site's subdomain.
    """

    source: str
    revision: int
    generation: int
    default_source: bool = True
    customer: CustomerStep = CustomerStep.NONE
    site: str = ""

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
