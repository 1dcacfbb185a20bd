"""An emulated Salesforce org with a logged-in client, and documents to send to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from integrations import options
from integrations.contract import Client, CredentialKind, Document, Outcome, Request, Sending, Sought
from integrations.destinations.salesforce import DESTINATION
from integrations.destinations.salesforce.emulation.catalogue import account_id
from integrations.emulation import jsons
from integrations.emulation.contract import Request as Incoming
from integrations.emulation.hub import Hub
from integrations.http import Wire
from tests.destinations.salesforce import golden

ORG = "demo"
MAPPINGS = {"Account": {"Account:acc-1": account_id(2), "Account:acc-2": account_id(3)}}


@dataclass
class Login:
    """An Auth as `credentials` makes it, without its storage."""

    kind: CredentialKind
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    token: Any = None
    renewals: int = 0

    def headers(self, request: object = None) -> Mapping[str, str]:
        self.token = self.token or self.kind.obtain(self.settings, self.secrets)
        return self.kind.authorise(self.settings, self.secrets, self.token)

    def renew(self) -> None:
        self.token, self.renewals = None, self.renewals + 1


@dataclass
class Org:
    """The org `demo`; `client` has the default options."""

    hub: Hub
    login: Login
    sent: list[Request] = field(default_factory=list)

    @property
    def client(self) -> Client:
        return self.with_options()

    def with_options(self, **chosen: Any) -> Client:
        return DESTINATION.connect(Wire(self.login, "Salesforce"), ORG, options.clean(chosen, DESTINATION, "Bill"))

    def configure(self, **settings: Any) -> None:
        self._control("configure", {"salesforce": settings})

    def fault(self, kind: str, match: str = "/", **more: Any) -> None:
        self.configure(faults=[{"match": match, "kind": kind, "times": 1, **more}])

    def enter(self, kind: str, *records: Mapping[str, Any]) -> None:
        """As a person does in Salesforce's own pages."""
        self._control("records", {"system": "salesforce", "tenant": ORG, "type": kind, "records": records})

    def records(self, kind: str = "Invoice__c") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._control("state", None)["salesforce"][ORG][kind]
        return found

    def lines(self, invoice: Mapping[str, Any]) -> dict[str, Decimal]:
        """{the line's own key: its amount}."""
        mine = [line for line in self.records("Invoice_Line__c") if line["Invoice__c"] == invoice["Id"]]
        return {line["Source_Line_Id__c"].rpartition(":")[2]: line["Amount__c"] for line in mine}

    def calls(self) -> int:
        return int(self._control("calls", None)["total"])

    def send(self, *documents: Document, client: Client | None = None) -> list[Outcome]:
        """Packs, sends and reads the outcomes, with what stands there before."""
        client = client or self.client
        found = []
        for request in client.pack(self.sendings(documents, client), lambda members, body: "key"):
            self.sent.append(request)
            found += client.outcomes(request, client.send(request))
        return found

    def sendings(self, documents: Iterable[Document], client: Client) -> list[Sending]:
        documents = list(documents)
        held = client.held([Sought("invoice", document.key) for document in documents])
        lines = {key: there.lines for key, there in held.items()}
        return [Sending(document=document, update=document.key in held, lines=lines.get(document.key, {})) for document in documents]

    def _control(self, name: str, content: Any) -> Any:
        method = "GET" if content is None else "POST"
        answer = self.hub.handle(Incoming.build(method, f"http://127.0.0.1/_emulator/{name}", {}, jsons.dump(content)))
        assert answer.status == 200, answer.body
        return jsons.load(answer.body)


def a_document(
    source_id: str = "bill-1", lines: int = 2, revision: int = 1, chosen: Mapping[str, Any] | None = None, **changes: Any
) -> Document:
    """The document of a Bill whose n-th line comes to n.00."""
    bill = {
        "source_id": source_id,
        "number": f"INV-{source_id}",
        "account": {"id": "acc-1", "name": "Borealis AI"},
        "currency": "USD",
        "total": str(sum(range(lines + 1))),
        "bill_date": "2026-10-31",
        "status": "APPROVED",
        "lines": [{"key": f"l{n}", "type": "USAGE", "description": f"Meter {n}", "amount": f"{n}.00"} for n in range(1, lines + 1)],
    }
    stamp = {"revision": revision, "generation": revision}
    case = {"bill": {**bill, **changes}, "options": chosen or {}, "mappings": MAPPINGS, "stamp": stamp}
    (document,) = golden.build(case).documents
    return document
