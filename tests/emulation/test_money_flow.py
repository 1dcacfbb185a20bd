"""Whatever is sent in whatever order: no document gives or takes more than it has."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integrations.destinations.netsuite.emulation import applying
from integrations.emulation import jsons
from integrations.emulation.contract import Request
from integrations.emulation.hub import Hub
from tests.emulation.books import HOST, invoice, line

_HUB = Hub()
_MONEY = {"customer": {"id": "1001"}, "currency": {"id": "1"}, "tranDate": "2026-10-05", "account": {"id": "25"}}
AMOUNTS = st.sampled_from([Decimal(amount) for amount in ("0", "0.01", "5", "9.99", "10", "20")])
NUMBERS = st.integers(1, 2)
KINDS = st.sampled_from(("invoice", "creditMemo", "customerPayment", "customerDeposit", "depositApplication", "customerRefund"))
MONEY, GIVEN_BACK = ("customerPayment", "creditMemo", "customerDeposit"), ("customerRefund",)
SOURCES = st.sampled_from(MONEY)


def body(kind: str, total: Decimal, applied: Decimal, on: str, source: str) -> dict[str, Any]:
    """A document that applies an amount: a refund to a source of money, everything else to an invoice."""
    apply = {"items": [{"doc": {"externalId": f"{source if kind == 'customerRefund' else 'invoice'}-{on}"}, "amount": applied}]}
    if kind in ("invoice", "creditMemo"):
        return invoice(line(amount=total), dueDate="2026-10-30") if kind == "invoice" else invoice(line(amount=total), apply=apply)
    head = {**_MONEY, "deposit": {"externalId": f"customerDeposit-{on}"}} if kind == "depositApplication" else _MONEY
    paid = {"payment": total} if kind in ("customerPayment", "customerDeposit") else {}
    return head | paid | ({} if kind == "customerDeposit" else {"apply": apply})


FIRST = [(kind, number, Decimal(20), Decimal(0), 1, "creditMemo") for kind in ("invoice", *MONEY) for number in (1, 2)]


@given(steps=st.lists(st.tuples(KINDS, NUMBERS, AMOUNTS, AMOUNTS, NUMBERS, SOURCES), max_size=12))
def test_nothing_is_taken_twice(steps: list[tuple[str, int, Decimal, Decimal, int, str]]) -> None:
    _HUB.reset()
    emulator = _HUB.emulators["netsuite"]
    emulator.doorkeeper.verifiers["bearer"] = lambda *_: True
    books = emulator.account("1234567_SB1").books
    for kind, number, total, applied, on, source in [*FIRST, *steps]:
        path = f"/services/rest/record/v1/{kind}/eid:{kind}-{number}?replace=item,apply"
        content = jsons.dump(body(kind, total, applied, str(on), source))
        answer = _HUB.handle(Request.build("PUT", f"{HOST}{path}", {"Authorization": "Bearer x"}, content))
        assert answer.status in (204, 400), answer.body
    for name in ("invoice", *MONEY):
        for stored in books.records[name].values():
            assert 0 <= applying.left(books, stored) <= stored["total"]
    brought, back = (
        sum((made["total"] for name in names for made in books.records[name].values()), Decimal(0)) for names in (MONEY, GIVEN_BACK)
    )
    assert sum((books.paid(made["id"]) for made in books.records["invoice"].values()), back) <= brought
