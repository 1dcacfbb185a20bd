"""The page of an emulated source: its Bills, and a form that changes what one costs."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from django.utils.html import format_html

from integrations.emulation import pages
from integrations.emulation.contract import Response

_MOST = Decimal(10) ** 9


def bills(label: str, action: str, rows: Iterable[tuple[str, str, str, str]], said: str) -> Response:
    """`rows` are id, number, total and status; `said` is what came of the last change."""
    listed = list(rows)
    table = pages.table(("Id", "Number", "Total", "Status"), listed, numbers=(2,))
    form = format_html(
        '<h2>Change a Bill</h2><form method="post" action="{}"><label for="id">Id</label><input id="id" name="id" value="{}">'
        '<label for="amount">New amount of its first line</label><input id="amount" name="amount" value="123.45">'
        '<button type="submit">Change</button></form>',
        *(action, listed[0][0] if listed else ""),
    )
    return pages.page("Bills", format_html('<p role="status">{}</p>{}{}', said, table, form), f"{label}, emulated")


def amount_of(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) > _MOST:
        raise ValueError("The amount must be a number.")
    return amount


def told(status: int) -> str:
    return f"Changed. The hook was answered with {status}." if status else "Changed. No hook was sent, or nobody answered it."
