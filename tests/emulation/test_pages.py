"""The pages where a person looks at what an emulator holds."""

import re

import pytest
import requests

from tests.emulation.books import ACCOUNT, HOST, Books, invoice, line

INVOICE = "/app/accounting/transactions/custinvc.nl"


def page(books: Books, path: str, host: str = HOST) -> requests.Response:
    """Without a login, as a browser asks."""
    answer = requests.get(f"{host}{path}")
    assert not re.search(r"<script|style=|<style|https?://", answer.text)
    assert answer.headers["Content-Security-Policy"] == "default-src 'self'"
    return answer


def test_an_invoice_shows_its_header_lines_and_totals(books: Books) -> None:
    lines = (line(amount=1234.5, quantity=2, custcol_m3ter_external_line_item="L1"), line("2011", amount=-4))
    books.put("bill-1", invoice(*lines, currency={"id": "2"}, memo="<b>bill</b> r1", tranId="B-1"))
    shown = page(books, f"{INVOICE}?id=88001&c={ACCOUNT}", "https://127.0.0.1:9100")
    assert shown.status_code == 200
    for text in ("Invoice B-1", "Acme Cloud", "API Usage", "1,234.50", "GBP 1,230.50", "custcol_m3ter_external_line_item", "&lt;b&gt;bill"):
        assert text in shown.text
    style = re.search(r'rel="stylesheet" href="([^"]+)"', shown.text)
    assert style and "font" in requests.get(f"{HOST}{style[1]}").text


def test_the_list_leads_to_every_page(books: Books) -> None:
    assert "There are no invoices" in page(books, f"/app/center/card.nl?c={ACCOUNT}").text
    books.put("bill-1", invoice(tranId="B-1"))
    books.call("PUT", "record/v1/creditMemo/eid:cm-1", invoice(tranId="CM-1"))
    listed = page(books, f"/app/center/card.nl?c={ACCOUNT}").text
    (href,) = re.findall(r'href="(/app/accounting[^"]+)"', listed)
    detail = page(books, href.replace("&amp;", "&"))
    for found in re.findall(r'href="(/app/[^"]+)"', detail.text):
        assert page(books, found.replace("&amp;", "&")).status_code == 200
    assert "Credit Memo CM-1" in page(books, f"/app/accounting/transactions/custcred.nl?id=88002&c={ACCOUNT}").text


@pytest.mark.parametrize("path", [f"{INVOICE}?id=5&c={ACCOUNT}", INVOICE, "/app/nowhere"])
def test_what_is_not_there(books: Books, path: str) -> None:
    assert page(books, path).status_code == 404


def test_pages_of_another_account_show_its_books(books: Books) -> None:
    books.put("bill-1", invoice())
    assert page(books, f"{INVOICE}?id=88001&c=7777777").status_code == 404
    assert page(books, "/").status_code == 200
