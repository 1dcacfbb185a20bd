"""An emulated NetSuite account with a logged-in client, and documents to send to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from integrations.contract import Client, Document, Outcome, Request, Sending
from integrations.destinations.netsuite import auth
from integrations.emulation.contract import Request as Incoming
from integrations.emulation.hub import Hub
from tests.destinations.netsuite import golden

MAPPINGS = {
    "Customer": {"Account:acc-1": "1002"},
    "Item": {"Product:p-1": "2001", "Product:p-2": "2002"},
    "Currency": {f"Currency:{code}": str(number) for number, code in enumerate(("USD", "GBP", "EUR", "JPY", "KWD"), 1)},
}


@dataclass
class Login:
    """An Auth as `credentials` makes it, without its storage."""

    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    token: Any = None
    renewals: int = 0

    def headers(self, request: object = None) -> Mapping[str, str]:
        self.token = self.token or auth.obtain(self.settings, self.secrets)
        return auth.authorise(self.settings, self.secrets, self.token)

    def renew(self) -> None:
        self.token, self.renewals = None, self.renewals + 1


@dataclass
class Books:
    """One emulated NetSuite account with a logged-in client."""

    hub: Hub
    login: Login
    client: Client
    sent: list[Request] = field(default_factory=list)

    def configure(self, **settings: Any) -> None:
        self._control("configure", settings)

    def busy(self) -> None:
        """From now on other integrations use the account's whole concurrency."""
        self.hub.emulators["netsuite"].concurrency = 0

    def fault(self, kind: str, match: str = "/", **more: Any) -> None:
        self.configure(netsuite={"faults": [{"match": match, "kind": kind, "times": 1, **more}]})

    def enter(self, kind: str, *records: Mapping[str, Any]) -> None:
        """As a person does in NetSuite's own pages."""
        self._control("records", {"system": "netsuite", "tenant": self.login.settings["accountId"], "type": kind, "records": records})

    def records(self, kind: str) -> list[dict[str, Any]]:
        state = msgspec.json.decode(self._control("state", None))
        return state["netsuite"][self.login.settings["accountId"]][kind]

    def send(self, document: Document, update: bool = False) -> Outcome:
        (request,) = self.client.pack([Sending(document=document, update=update)], lambda members, body: "key")
        self.sent.append(request)
        (outcome,) = self.client.outcomes(request, self.client.send(request))
        return outcome

    def _control(self, name: str, content: Any) -> bytes:
        method = "GET" if content is None else "POST"
        answer = self.hub.handle(Incoming.build(method, f"http://127.0.0.1/_emulator/{name}", {}, msgspec.json.encode(content)))
        assert answer.status == 200, answer.body
        return answer.body


def a_document(total: str = "16.00", source_id: str = "bill-1", options: Mapping[str, Any] | None = None, **changes: Any) -> Document:
    """The document of a Bill with two lines, the second of them 1.00."""
    first = str(Decimal(total) - 1)
    bill = {
        "source_id": source_id,
        "number": f"INV-{source_id}",
        "account": {"id": "acc-1", "name": "Borealis AI"},
        "currency": "USD",
        "total": total,
        "bill_date": "2026-10-31",
        "status": "APPROVED",
        "lines": [
            {"key": "l1", "type": "USAGE", "description": "API calls", "amount": first, "refs": {"Product": {"id": "p-1"}}},
            {"key": "l2", "type": "USAGE", "description": "Storage", "amount": "1.00", "refs": {"Product": {"id": "p-2"}}},
        ],
    }
    case = {"bill": {**bill, **changes}, "options": options or {}, "mappings": MAPPINGS}
    (document,) = golden.build(case).documents
    return document
