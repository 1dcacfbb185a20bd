"""The emulator's pages for people: a record with its lines, and one that is not there."""

from integrations.emulation.contract import Request
from tests.destinations.salesforce.org import Org, a_document


def test_an_invoice_can_be_looked_at(org: Org) -> None:
    (outcome,) = org.send(a_document(lines=3))
    answer = org.hub.handle(Request.build("GET", outcome.url, {}))
    page = answer.body.decode()
    assert answer.status == 200 and answer.headers["Content-Security-Policy"] == "default-src 'self'"
    assert "INV-bill-1" in page and "Borealis AI, Inc." in page and "Meter 3" in page


def test_a_record_that_is_not_there(org: Org) -> None:
    assert org.hub.handle(Request.build("GET", "https://demo.my.salesforce.com/a01dm0000000099AAA", {})).status == 404
