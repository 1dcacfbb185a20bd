"""QuickBooks' invoices and credit memos as the flow knows documents. Pure."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.contract import Held
from integrations.destinations.quickbooks.company import Company
from integrations.destinations.quickbooks.identity import read_note
from integrations.destinations.quickbooks.payload import CREDIT_MEMO, INVOICE

NOUNS = {INVOICE: "invoice", CREDIT_MEMO: "credit memo"}
_VOIDED = "Voided"


def held(company: Company, kind: str, record: Mapping[str, Any]) -> Held:
    """A whole record as it stands. Its key is "" when the private note is not ours; a credit memo's total is negative, as ours is."""
    key, tag = read_note(str(record.get("PrivateNote") or ""))
    total = money(record.get("TotalAmt"))
    number = str(record.get("Id") or "")
    return Held(
        key=key,
        external_id=number,
        url=company.page_url(kind, number),
        number=str(record.get("DocNumber") or ""),
        tag=tag,
        total=-total if kind == CREDIT_MEMO and total else total,
        currency=str((record.get("CurrencyRef") or {}).get("value") or ""),
        status=_status(kind, record, tag),
        paid=_moved(kind, record),
        date=day(record.get("TxnDate")),
        customer=str((record.get("CustomerRef") or {}).get("name") or ""),
        version=str(record.get("SyncToken") or ""),
    )


def money(value: Any) -> Decimal | None:
    """An amount as QuickBooks writes it, None when there is none."""
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def day(text: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _left(kind: str, record: Mapping[str, Any]) -> Decimal | None:
    """What is still to pay of an invoice, or to use of a credit memo."""
    return money(record.get("RemainingCredit", record.get("Balance")) if kind == CREDIT_MEMO else record.get("Balance"))


def _moved(kind: str, record: Mapping[str, Any]) -> bool:
    """Whether any of it is paid or used. A voided document is neither."""
    left, total = _left(kind, record), money(record.get("TotalAmt"))
    return left is not None and total is not None and left != total


def _status(kind: str, record: Mapping[str, Any], tag: str) -> str:
    total = money(record.get("TotalAmt"))
    if tag.startswith(_VOIDED) and not total:
        return _VOIDED
    if not _moved(kind, record):
        return "Open"
    whole = not _left(kind, record)
    return ("Paid" if whole else "Partly paid") if kind == INVOICE else ("Used" if whole else "Partly used")
