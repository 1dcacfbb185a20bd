"""Bills as m3ter's API gives them."""

from typing import Any

Raw = dict[str, Any]


def a_line(uid: str, amount: float | int | str, kind: str = "USAGE", **changes: Any) -> Raw:
    """A line in the Bill's own currency; `amount` as JSON has it."""
    facts: Raw = {
        "id": uid, "lineItemType": kind, "description": f"Line {uid}", "quantity": 10, "units": 10, "unit": "calls", "averageUnitPrice": 1,
        "subtotal": amount, "currency": "USD", "conversionRate": 1, "convertedSubtotal": amount, "productId": "p-1", "productCode": "P1",
        "productName": "API", "servicePeriodStartDate": "2026-10-01", "servicePeriodEndDate": "2026-11-01",
    }  # fmt: skip
    return {name: value for name, value in (facts | changes).items() if value is not None}


def a_bill(uid: str, lines: list[Raw] | None = None, account: str = "acc-1", **changes: Any) -> Raw:
    """An approved Bill over October whose total is the rounded sum of its lines unless told otherwise."""
    own = [a_line(f"{uid}-l1", 100)] if lines is None else lines
    facts: Raw = {
        "id": uid, "version": 1, "accountId": account, "accountCode": account.upper(), "startDate": "2026-10-01", "endDate": "2026-11-01",
        "billDate": "2026-10-31", "dueDate": "2026-11-30", "status": "APPROVED", "locked": False, "currency": "USD", "timezone": "UTC",
        "billTotal": round(sum(float(line["convertedSubtotal"]) for line in own), 2), "sequentialInvoiceNumber": f"INV-{uid}",
        "externalInvoiceDate": "2026-11-01", "purchaseOrderNumber": "PO-1", "dtLastModified": "2026-11-02T08:00:00Z", "lineItems": own,
    }  # fmt: skip
    return {name: value for name, value in (facts | changes).items() if value is not None}
