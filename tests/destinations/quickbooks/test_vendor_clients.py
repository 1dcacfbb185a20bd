"""Well-known clients run against the emulator as it is served: intuit-oauth logs in, python-quickbooks reads and writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_update
from quickbooks.exceptions import ObjectNotFoundException, QuickbooksException, ValidationException
from quickbooks.objects.customer import Customer
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.item import Item

from integrations.emulation.hub import Hub
from integrations.emulation.server import EmulatorServer

REALM = "9130"
CALLBACK = "https://billpost.example.test/callback"


@dataclass
class Served:
    """A served emulator and the app that it knows."""

    hub: Hub
    url: str
    app: dict[str, str]

    def auth(self) -> AuthClient:
        environment = f"{self.url}/.well-known/openid_configuration"
        return AuthClient(self.app["clientId"], self.app["clientSecret"], CALLBACK, environment, state_token="n0nce")

    def client(self) -> QuickBooks:
        auth = self.auth()
        return QuickBooks(auth_client=auth, refresh_token=self.app["refreshToken"], company_id=REALM, minorversion=75, use_decimal=True)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    hub = Hub()
    server = EmulatorServer(hub)
    Thread(target=server.serve_forever, daemon=True).start()
    for name in ("api_url_v3", "sandbox_api_url_v3"):
        monkeypatch.setattr(QuickBooks, name, f"{server.url}/v3")
    yield Served(hub, server.url, hub.emulators["quickbooks"].credential_files(None)["QUICKBOOKS_OAUTH"])
    server.shutdown()
    server.server_close()


def an_invoice(number: str, amount: int = 18) -> Invoice:
    detail = SalesItemLineDetail()
    detail.Qty, detail.UnitPrice = 1200, Decimal("0.015")
    detail.ItemRef = {"value": "2001"}
    line = SalesItemLine()
    line.Amount, line.Description, line.SalesItemLineDetail = amount, "API calls", detail
    invoice = Invoice()
    invoice.DocNumber, invoice.CustomerRef, invoice.Line = number, {"value": "1001"}, [line]
    return invoice


def test_intuit_oauth_connects_refreshes_and_revokes(served: Served) -> None:
    auth = served.auth()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(auth.get_authorization_url([Scopes.ACCOUNTING])).query).items()}
    page = requests.post(auth.auth_endpoint, data={**asked, "realm": REALM, "answer": "yes"}, allow_redirects=False, timeout=5)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(page.headers["Location"]).query).items()}
    assert answer["state"] == "n0nce"
    auth.get_bearer_token(answer["code"], realm_id=answer["realmId"])
    first = auth.access_token
    assert auth.x_refresh_token_expires_in == 8_726_400
    auth.refresh()
    assert auth.access_token != first and auth.revoke() is True
    with pytest.raises(AuthClientError):
        auth.refresh()


def test_python_quickbooks_writes_reads_and_queries(served: Served) -> None:
    client = served.client()
    saved = an_invoice("A-1").save(qb=client)
    assert saved.DocNumber == "A-1" and saved.SyncToken == "0" and saved.TotalAmt == 18
    again = Invoice.get(saved.Id, qb=client)
    again.PrivateNote = "by hand"
    assert again.save(qb=client).SyncToken == "1"
    assert [each.Id for each in Invoice.filter(DocNumber="A-1", qb=client)] == [saved.Id]
    assert [each.DisplayName for each in Customer.choose(["1001", "1002"], field="Id", qb=client)] == ["Acme Cloud", "Borealis AI"]
    assert Item.count(qb=client) == 20
    assert len(Customer.all(qb=client, max_results=7)) == 7


def test_python_quickbooks_makes_names(served: Served) -> None:
    client = served.client()
    customer = Customer()
    customer.DisplayName = "Northwind Ltd"
    assert customer.save(qb=client).Id
    twin = Customer()
    twin.DisplayName = "Northwind Ltd"
    with pytest.raises(QuickbooksException, match="Duplicate Name"):
        twin.save(qb=client)


def test_python_quickbooks_sends_batches(served: Served) -> None:
    client = served.client()
    answer = batch_create([an_invoice("A-1"), an_invoice("A-2"), an_invoice("A-1")], qb=client)
    assert sorted(each.DocNumber for each in answer.successes) == ["A-1", "A-2"]
    [fault] = answer.faults
    assert fault.Error[0].code == "6140" and fault.original_object.DocNumber == "A-1"
    for each in answer.successes:
        each.PrivateNote = "changed"
    assert len(batch_update(answer.successes, qb=client).successes) == 2


def test_python_quickbooks_tells_faults_apart(served: Served) -> None:
    client = served.client()
    with pytest.raises(ObjectNotFoundException):
        Invoice.get("7", qb=client)
    wrong = an_invoice("A-3")
    wrong.CustomerRef = {"value": "7"}
    with pytest.raises(ValidationException):
        wrong.save(qb=client)
    saved = an_invoice("A-4").save(qb=client)
    saved.SyncToken = "9"
    with pytest.raises(QuickbooksException, match="Stale Object"):
        saved.save(qb=client)
    assert an_invoice("A-5").save(qb=client).delete(qb=client)["Invoice"]["status"] == "Deleted"
