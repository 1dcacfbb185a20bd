"""Bills as the billing platform's API gives them: the same ones in every run, five lines each unless said otherwise."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ACCOUNTS = PRODUCTS = 20
LINES = 5


def raw_bill(number: int, prefix: str = "bench", lines: int = LINES) -> dict[str, Any]:
    """Bill `number` of a set named `prefix`; its total is the sum of its lines."""
    items = [_line(number, position) for position in range(lines)]
    cents = sum(_cents(number, position) for position in range(lines))
    return {
        "id": f"{prefix}-{number:07}",
        "version": 1,
        "accountId": account_id(number % ACCOUNTS),
        "accountCode": f"ACC-{number % ACCOUNTS:02}",
        "startDate": "2026-10-01",
        "endDate": "2026-11-01",
        "billDate": "2026-10-31",
        "dueDate": "2026-11-30",
        "status": "APPROVED",
        "locked": True,
        "currency": "USD",
        "billTotal": cents / 100,
        "sequentialInvoiceNumber": f"{prefix.upper()}-{number:07}",
        "dtLastModified": "2026-11-01T03:12:44Z",
        "lineItems": items,
    }


def _line(number: int, position: int) -> dict[str, Any]:
    cents = _cents(number, position)
    product = (number + position) % PRODUCTS
    return {
        "id": f"line-{number:07}-{position:05}",
        "lineItemType": "USAGE",
        "description": f"API calls, tier {position + 1}",
        "quantity": 1000 + position,
        "unit": "call",
        "averageUnitPrice": 0.1,
        "subtotal": cents / 100,
        "currency": "USD",
        "convertedSubtotal": cents / 100,
        "productId": product_id(product),
        "productCode": f"P-{product:02}",
        "productName": f"Product {product}",
        "servicePeriodStartDate": "2026-10-01",
        "servicePeriodEndDate": "2026-11-01",
        "sequenceNumber": position + 1,
    }


def _cents(number: int, position: int) -> int:
    return 1_000 + (number * 37 + position * 101) % 9_000


def account_id(number: int) -> str:
    return f"account-{number:02}"


def product_id(number: int) -> str:
    return f"product-{number:02}"


def json_lines(count: int, prefix: str = "bench", lines: int = LINES) -> Iterator[bytes]:
    """One Bill per line, as a .jsonl file has them."""
    for number in range(count):
        yield json.dumps(raw_bill(number, prefix, lines)).encode() + b"\n"


def write_file(path: Path, count: int, prefix: str = "bench", lines: int = LINES) -> None:
    with path.open("wb") as file:
        file.writelines(json_lines(count, prefix, lines))
