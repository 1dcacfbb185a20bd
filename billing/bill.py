"""The canonical Bill: what every source's reader makes and every destination's payload reads. Pure values, no storage."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Status = Literal["PENDING", "APPROVED", "VOID"]

LINE_TYPES: Mapping[str, str] = {
    "STANDING_CHARGE": "Standing charge",
    "USAGE": "Usage",
    "USAGE_CREDIT": "Usage credit",
    "COUNTER_RUNNING_TOTAL_CHARGE": "Counter running total charge",
    "COUNTER_ADJUSTMENT_DEBIT": "Counter adjustment debit",
    "COUNTER_ADJUSTMENT_CREDIT": "Counter adjustment credit",
    "MINIMUM_SPEND": "Minimum spend",
    "MINIMUM_SPEND_REFUND": "Minimum spend adjustment",
    "CREDIT_MEMO": "Credit memo",
    "DEBIT_MEMO": "Debit memo",
    "CREDIT_DEDUCTION": "Credit deduction",
    "MANUAL_ADJUSTMENT": "Manual adjustment",
    "COMMITMENT_CONSUMED": "Prepayment consumed",
    "COMMITMENT_FEE": "Prepayment fee",
    "OVERAGE_SURCHARGE": "Overage surcharge",
    "OVERAGE_USAGE": "Overage usage",
    "BALANCE_CONSUMED": "Balance consumed",
    "BALANCE_FEE": "Balance fee",
    "AD_HOC": "Ad-hoc",
    "DISCOUNT": "Discount",
    "TAX": "Tax",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """An entity of the source that mappings may name."""

    id: str
    code: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A service period; `end` is exclusive."""

    start: dt.date
    end: dt.date

    @property
    def last_day(self) -> dt.date:
        return max(self.start, self.end - dt.timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One price tier of a usage line; `amount` is unrounded, in the Bill's currency."""

    ref: Ref
    amount: Decimal
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    fixed_price: Decimal | None = None
    lower_limit: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a Bill.

    `key` is stable across revisions. `amount` is unrounded, in the Bill's currency, negative for credits.
    A line that is shown but not part of the Bill's total has `counted` false.
    A discount or a tax is a line of its own; one that belongs to a single line names its key in `referenced_line`.
    `tax` is what of the Bill's taxes falls on this line, told and not counted: taxes count as lines of their own.
    `refs` names the line's entities by type (Product, AccountingProduct, Aggregation, CompoundAggregation, Contract ...).
    """

    key: str
    type: str
    description: str
    amount: Decimal
    counted: bool = True
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    unit: str = ""
    refs: Mapping[str, Ref] = field(default_factory=dict)
    period: Period | None = None
    bands: tuple[Band, ...] = ()
    referenced_bill: str = ""
    referenced_line: str = ""
    tax: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A payment, refund or credit that belongs to a Bill."""

    uid: str
    kind: Literal["payment", "refund", "credit"]
    date: dt.date
    currency: str
    amount: Decimal
    memo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The Account that a Bill is for, as the source knows it."""

    id: str
    code: str = ""
    name: str = ""
    email: str = ""
    currency: str = ""
    address: Mapping[str, str] = field(default_factory=dict)
    custom_fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One revision of one Bill.

    `total` is in `currency`. `invoice_date` is the date the source wants on the invoice, `bill_date` its own.
    `version` and `updated_at` are the source's, to tell an older arrival from a newer one.
    `withheld` says in a sentence why nobody may send this Bill, such as that its source delivers it itself; "" for all others.
    `consolidation_level` is "parent" for a Bill that repeats the lines of others, "child" for those that it repeats, else "".
    """

    source_id: str
    account: Party
    currency: str
    total: Decimal
    bill_date: dt.date
    status: Status
    lines: tuple[Line, ...] = ()
    number: str = ""
    invoice_date: dt.date | None = None
    due_date: dt.date | None = None
    period: Period | None = None
    purchase_order: str = ""
    locked: bool = False
    version: int | None = None
    updated_at: dt.datetime | None = None
    parent_bill: str = ""
    consolidation_level: str = ""
    movements: tuple[Movement, ...] = ()
    note: str = ""
    withheld: str = ""

    @property
    def title(self) -> str:
        return self.number or self.source_id
