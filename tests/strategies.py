"""Canonical Bills as hypothesis makes them: every exponent, credits, bands, lines that do not count, names in any script."""

import datetime as dt
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from billing.bill import LINE_TYPES, Band, Bill, Line, Movement, Party, Period, Ref
from billing.money import minor_unit, total_of

CURRENCIES = ("USD", "EUR", "JPY", "KWD", "CLF", "ISK", "BHD")
PRODUCTS = ("p-1", "p-2", "p-3")
AGGREGATIONS = ("a-1", "a-2")

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
names = texts.map(lambda text: text.strip() or "Ærø Wind 株式会社")
days = st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31))


def amounts(currency: str, finer: int = 4, most: int = 10**7) -> SearchStrategy[Decimal]:
    """Unrounded money: up to `finer` decimals more than the currency has."""
    places = minor_unit(currency) + finer
    return st.integers(-most, most).map(lambda whole: Decimal(whole).scaleb(-places))


def refs(kind: str, ids: tuple[str, ...]) -> SearchStrategy[Ref]:
    return st.sampled_from(ids).map(lambda uid: Ref(id=uid, code=f"{kind.lower()}_{uid}", name=f"{kind} {uid}"))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    start = draw(days)
    return Period(start=start, end=start + dt.timedelta(days=draw(st.integers(0, 366))))


@st.composite
def bands(draw: st.DrawFn, currency: str) -> tuple[Band, ...]:
    drawn = draw(st.lists(amounts(currency), max_size=3))
    return tuple(
        Band(
            ref=Ref(id=f"b-{number}", code=f"b{number}"),
            amount=amount,
            quantity=draw(st.none() | st.integers(0, 10**6).map(Decimal)),
            unit_price=draw(st.none() | amounts(currency)),
            lower_limit=Decimal(number * 100),
        )
        for number, amount in enumerate(drawn)
    )


@st.composite
def lines(draw: st.DrawFn, currency: str, key: str = "line") -> Line:
    kind = draw(st.sampled_from(sorted(LINE_TYPES)) | st.just("USAGE"))
    tiers = draw(bands(currency)) if kind == "USAGE" else ()
    found = {"Product": draw(st.none() | refs("Product", PRODUCTS)), "Aggregation": draw(st.none() | refs("Aggregation", AGGREGATIONS))}
    return Line(
        key=key,
        type=kind,
        description=draw(names),
        amount=sum((band.amount for band in tiers), Decimal(0)) if tiers else draw(amounts(currency)),
        counted=draw(st.sampled_from((True, True, True, False))),
        quantity=draw(st.none() | st.integers(0, 10**9).map(Decimal)),
        unit_price=draw(st.none() | amounts(currency, finer=8)),
        unit=draw(st.sampled_from(("", "GB", "hours"))),
        refs={kind: ref for kind, ref in found.items() if ref},
        period=draw(st.none() | periods()),
        bands=tiers,
    )


@st.composite
def bills(draw: st.DrawFn, source_id: str = "2f6d1c1e-7a55-4f0e-9a51-0d3b3f1f9a01") -> Bill:
    """A Bill whose total is that of its counted lines, as a source makes it."""
    currency = draw(st.sampled_from(CURRENCIES))
    drawn = tuple(draw(lines(currency, f"line-{number}")) for number in range(draw(st.integers(0, 6))))
    return Bill(
        source_id=source_id,
        account=Party(id="acc-1", code="acc_1", name=draw(names), currency=currency),
        currency=currency,
        total=total_of([line.amount for line in drawn if line.counted], currency),
        bill_date=draw(days),
        status="APPROVED",
        lines=drawn,
        number=draw(st.sampled_from(("", "INV-0001"))),
        invoice_date=draw(st.none() | days),
        due_date=draw(st.none() | days),
        period=draw(st.none() | periods()),
        purchase_order=draw(st.sampled_from(("", "PO 4711"))),
        movements=draw(st.sampled_from(((), (_payment(currency),)))),
    )


def _payment(currency: str) -> Movement:
    return Movement(uid="pay-1", kind="payment", date=dt.date(2026, 11, 1), currency=currency, amount=Decimal(1))
