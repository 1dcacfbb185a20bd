"""The last word before anything is sent: does the plan say what the Bill says? Pure."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from billing.bill import LINE_TYPES, Bill
from billing.money import adds_up, minor_unit, total_of
from integrations.contract import Document, Fault, Lookup, Match, Missing, Plan
from integrations.lines import money_text
from integrations.missing import LINE_TYPE

CUSTOMER_CURRENCY = "CUSTOMER_CURRENCY"


def guard(bill: Bill, plan: Plan) -> Fault | None:
    """Why this plan must not be sent, or None. The first of: an unreadable Bill, lines that disagree with its total, no lines,
    documents that do not add up to the target exactly, another currency. What is `missing` is not its business: see `missing_fault`."""
    return _unreadable(bill) or _disagreement(bill) or _nothing_left(bill, plan) or _wrong_documents(bill, plan.target, plan.documents)


def missing_fault(plan: Plan, label: str) -> Fault:
    """MISSING_MAPPING for a plan with `missing`, naming them all; `label` is the destination's name for people."""
    first, others = plan.missing[0], len(plan.missing) - 1
    also = f" {others} more {'is' if others == 1 else 'are'} missing too." if others else ""
    return Fault(
        code="MISSING_MAPPING",
        next="person",
        title=f"Nothing was sent: {_absence(first, label)}.{also}",
        why=f"{label} needs the id of each record that an invoice names, and neither a mapping nor an option gives it.",
        remedy=_missing_remedy(first),
        detail="; ".join(_absence(missing, label) for missing in plan.missing),
        field=first.table,
        entity=f"{first.entity}:{first.ref.id}",
    )


def customer_fault(bill: Bill, plan: Plan, table: str, lookup: Lookup, label: str) -> Fault | None:
    """CUSTOMER_CURRENCY when the catalogue knows that the customer, a record of `table`, cannot be billed in the Bill's currency."""
    for document in plan.documents:
        customer = document.customer
        accepted = lookup.currencies(table, customer.id) if table and customer and customer.id else ()
        if customer and accepted and document.currency not in accepted:
            return _wrong_currency(bill, document.currency, customer, accepted, table, label)
    return None


def _wrong_currency(bill: Bill, currency: str, customer: Match, accepted: Sequence[str], table: str, label: str) -> Fault:
    noun = table.lower()
    name = f"{customer.name} ({customer.id})" if customer.name else customer.id
    return Fault(
        code=CUSTOMER_CURRENCY,
        next="person",
        title=f"Nothing was sent: the {noun} {name} is billed in {' or '.join(accepted)} only, and this Bill is in {currency}.",
        why=f"A {noun} in {label} keeps its currency for ever, and a document for it in another one is refused.",
        remedy=f"Map the Account to a {noun} in {currency}, creating one in {label} if there is none; its Bills go by themselves.",
        field=table,
        entity=f"Account:{bill.account.id}",
    )


def _unreadable(bill: Bill) -> Fault | None:
    strange = sorted({line.type for line in bill.lines if line.counted} - LINE_TYPES.keys())
    if strange:
        noun = "a line type" if len(strange) == 1 else "line types"
        return _invalid(
            f"Nothing was sent: the Bill has {noun} that we do not know, {', '.join(strange)}.",
            "Nobody has decided how such a line is booked. An administrator updates Billpost, then Retry.",
            entity=",".join(strange),
        )
    try:
        minor_unit(bill.currency)
        total_of([bill.total, *(line.amount for line in bill.lines if line.counted)], bill.currency)
    except ValueError as error:
        return _invalid(f"Nothing was sent: {error}", "Correct the Bill at its source; the new revision is sent by itself.")
    return None


def _disagreement(bill: Bill) -> Fault | None:
    counted = [line.amount for line in bill.lines if line.counted]
    if adds_up(counted, bill.total, bill.currency):
        return None
    return _mismatch(total_of(counted, bill.currency), bill.total, bill.currency, "the Bill says")


def _nothing_left(bill: Bill, plan: Plan) -> Fault | None:
    if not plan.documents or any(document.lines for document in plan.documents):
        return None
    why = "every line of this Bill is left out" if any(line.counted for line in bill.lines) else "this Bill has no lines"
    return _invalid(
        f"Nothing was sent: {why}, and a document needs at least one.",
        "See which lines the integration excludes, or switch off Send zero total bills so that such a Bill stays here.",
    )


def _wrong_documents(bill: Bill, target: Decimal, documents: Iterable[Document]) -> Fault | None:
    for document in documents:
        if document.currency != bill.currency:
            return _invalid(
                f"Nothing was sent: the document is in {document.currency}, the Bill in {bill.currency}.",
                "Correct the currency's mapping; the Bill goes by itself.",
            )
        total = sum((line.amount for line in document.lines), Decimal(0))
        if document.whole and not total == document.total == target:
            return _mismatch(total, target, bill.currency, "the Bill's total without what is left out is")
    return None


def _mismatch(lines: Decimal, total: Decimal, currency: str, whose: str) -> Fault:
    return Fault(
        code="AMOUNT_MISMATCH",
        next="person",
        title=f"Nothing was sent: the lines add up to {money_text(lines, currency)}, {whose} {money_text(total, currency)}.",
        why="A document whose lines do not give the Bill's total would put a wrong amount into the books.",
        remedy="Recalculate the Bill at its source; the new revision is sent by itself.",
        field="total",
    )


def _invalid(title: str, remedy: str, entity: str = "") -> Fault:
    return Fault(code="INVALID_BILL", next="person", title=title, remedy=remedy, entity=entity)


_NOUNS = {
    "AccountingProduct": "accounting product",
    "CompoundAggregation": "compound aggregation",
    "PricingBand": "price band",
    "Account": "Account",
}


def _absence(missing: Missing, label: str) -> str:
    """'the product "GPU hours" has no item in …'"""
    name = missing.ref.name or missing.ref.code or missing.ref.id
    if missing.entity == "Account":
        return f"{label} has no {missing.table.lower()} for the Account {name}"
    if missing.entity == LINE_TYPE:
        return f"{missing.ref.id} lines have no {missing.table.lower()} in {label}"
    noun = _NOUNS.get(missing.entity, missing.entity.lower())
    return f'the {noun} "{name}" has no {missing.table.lower()} in {label}'


def _missing_remedy(missing: Missing) -> str:
    table = missing.table.lower()
    if missing.entity == LINE_TYPE:
        return f"Choose the {table} of {missing.ref.id} lines, or a default {table}, in the integration's options."
    return f"Choose its {table}; every Bill that waits for it goes by itself."
