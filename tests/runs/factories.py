import datetime as dt
import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from billing import store
from billing.bill import Bill as CanonicalBill
from billing.bill import Line, Party, Period, Ref
from billing.models import Bill, Source
from integrations import service as integrations
from integrations.models import IntegrationConfig

NUMBERS = itertools.count(1)
OCTOBER = Period(start=dt.date(2026, 10, 1), end=dt.date(2026, 11, 1))


def a_line(key: str = "l1", amount: str = "100.00", **changes: Any) -> Line:
    facts: dict[str, Any] = {
        "key": key,
        "type": "USAGE",
        "description": f"API calls {key}",
        "amount": Decimal(amount),
        "quantity": Decimal(1000),
        "unit_price": Decimal("0.1"),
        "unit": "call",
        "period": OCTOBER,
        "refs": {"Product": Ref(id="prod-api", code="api", name="API calls")},
    }
    return Line(**(facts | changes))


def a_bill(source_id: str = "", lines: Sequence[Line] | None = None, **changes: Any) -> CanonicalBill:
    number = next(NUMBERS)
    chosen = tuple(lines) if lines is not None else (a_line(),)
    facts: dict[str, Any] = {
        "source_id": source_id or f"bill-{number}",
        "account": Party(id="acc-1", code="ACME", name="Acme Cloud"),
        "currency": "USD",
        "total": sum((line.amount for line in chosen if line.counted), Decimal(0)),
        "bill_date": dt.date(2026, 10, 31),
        "due_date": dt.date(2026, 11, 30),
        "status": "APPROVED",
        "lines": chosen,
        "number": f"INV-{number:05}",
        "period": OCTOBER,
    }
    return CanonicalBill(**(facts | changes))


def the_source() -> Source:
    return Source.objects.get_or_create(slug="m3ter", defaults={"platform": "m3ter", "name": "m3ter"})[0]


def arrive(*bills: CanonicalBill) -> list[Bill]:
    """Stores Bills as if they had just come from m3ter."""
    source = the_source()
    store.receive(source, [(f"bill {bill.source_id}", bill, "{}") for bill in bills], 1, lambda raw: bills[0])
    return [Bill.objects.get(source=source, uid=bill.source_id) for bill in bills]


def an_integration(credential: Any = None, name: str = "NetSuite US", **options: Any) -> IntegrationConfig:
    defaults = {"netsuiteDefaultItemId": "2020"} | options
    return integrations.create("Bill", "Netsuite", name, defaults, credential=credential)
