"""The pages where a person looks at what an emulator holds."""

import html
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


ORDER = "/app/accounting/transactions/salesord.nl"


def links(text: str) -> dict[str, str]:
    """{what a link says: where it leads}."""
    return {words: html.unescape(href) for href, words in re.findall(r'<a href="([^"]+)">([^<]+)</a>', text)}


def test_a_person_follows_an_order_to_its_payment(books: Books) -> None:
    books.call("PUT", "record/v1/salesOrder/eid:so-1", invoice(line("2015", quantity=2, amount=40), tranId="SO-1"))
    home = page(books, f"/app/center/card.nl?c={ACCOUNT}").text
    assert "Sales Orders" in home and "There are no invoices" not in home
    order = page(books, links(home)["SO-1"]).text
    assert "Pending Fulfillment" in order and "Mark as fulfilled" in order
    done = requests.post(f"{HOST}{ORDER}?id=88001&c={ACCOUNT}", data={"action": "fulfill"}, allow_redirects=False)
    assert (done.status_code, done.headers["Location"]) == (302, f"{ORDER}?id=88001&c={ACCOUNT}")
    books.call("POST", "record/v1/salesOrder/eid:so-1/!transform/invoice", {"externalId": "bill-1", "tranId": "B-1"})
    payment = {"customer": {"id": "1001"}, "payment": 15, "tranId": "P-1", "apply": {"items": [{"doc": {"externalId": "bill-1"}}]}}
    books.call("PUT", "record/v1/customerPayment/eid:pay-1", payment)
    order = page(books, f"{ORDER}?id=88001&c={ACCOUNT}").text
    assert "Billed" in order and "Mark as fulfilled" not in order and "Item Fulfillment" in order
    billed = page(books, links(order)["B-1"]).text
    for text in ("SO-1", "Applied to this", "USD 15.00", "Amount due", "USD 25.00"):
        assert text in billed
    paid = page(books, links(billed)["P-1"]).text
    assert "Applied to" in paid and links(paid)["B-1"] == links(order)["B-1"]


def test_there_is_nothing_more_to_ship(books: Books) -> None:
    books.call("PUT", "record/v1/salesOrder/eid:so-1", invoice())
    books.put("bill-1", invoice())
    for path in (f"{ORDER}?id=88001", f"{INVOICE}?id=88002"):
        assert requests.post(f"{HOST}{path}&c={ACCOUNT}").status_code == 400
    assert books.state("itemFulfillment") == []


def test_money_that_is_given_back_has_pages(books: Books) -> None:
    money = {"customer": {"id": "1001"}, "currency": {"id": "1"}}
    books.put("bill-1", invoice())
    books.call("PUT", "record/v1/customerDeposit/eid:dep-1", {**money, "payment": 10, "tranId": "D-1"})
    used = {"deposit": {"externalId": "dep-1"}, "tranId": "A-1", "apply": {"items": [{"doc": {"externalId": "bill-1"}, "amount": 4}]}}
    books.call("PUT", "record/v1/depositApplication/eid:pay-1", used)
    back = {"account": {"id": "25"}, "tranId": "R-1", "apply": {"items": [{"doc": {"externalId": "dep-1"}, "amount": 6}]}}
    books.call("PUT", "record/v1/customerRefund/eid:ref-1", money | back)
    deposit = page(books, f"/app/accounting/transactions/custdep.nl?id=88002&c={ACCOUNT}").text
    assert {"A-1", "R-1"} <= set(links(deposit)) and "Fully Applied" in deposit
    for name in ("A-1", "R-1"):
        assert links(page(books, links(deposit)[name]).text)["D-1"].startswith("/app/accounting/transactions/custdep.nl")
