"""An emulated QuickBooks company with a logged-in client, and documents to send to it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from integrations.contract import Client, Document, Outcome, Request, Sending, Sought, Token
from integrations.destinations.quickbooks import oauth
from integrations.emulation import jsons
from integrations.emulation.contract import Request as Incoming
from integrations.emulation.hub import Hub
from tests.destinations.quickbooks import golden

REALM = "9130"
MAPPINGS = {"Customer": {"Account:acc-1": "1002"}, "Item": {"Product:p-1": "2001", "Product:p-2": "2002"}}


@dataclass
class Login:
    """An Auth as `credentials` makes it, without its storage."""

    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    token: Token | None = None
    renewals: int = 0

    def headers(self, request: object = None) -> Mapping[str, str]:
        self.token = self.token or oauth.obtain(self.settings, self.secrets)
        return oauth.authorise(self.settings, self.secrets, self.token)

    def renew(self) -> None:
        self.token, self.renewals = None, self.renewals + 1


@dataclass
class Books:
    """One emulated company with a logged-in client."""

    hub: Hub
    login: Login
    client: Client
    sent: list[Request] = field(default_factory=list)

    def configure(self, **settings: Any) -> None:
        self._control("configure", {"quickbooks": settings})

    def fault(self, kind: str, match: str = "/v3/", **more: Any) -> None:
        self.configure(faults=[{"match": match, "kind": kind, "times": 1, **more}])

    def enter(self, kind: str, *records: Mapping[str, Any]) -> list[str]:
        """As a person does in QuickBooks' own pages."""
        order = {"system": "quickbooks", "tenant": REALM, "type": kind, "records": records}
        return list(jsons.load(self._control("records", order))["ids"])

    def records(self, kind: str = "Invoice") -> list[dict[str, Any]]:
        return list(jsons.load(self._control("state", None))["quickbooks"][REALM][kind])

    def calls(self) -> dict[str, int]:
        """{last part of the path: count} since the last time."""
        counted: dict[str, int] = {}
        for call in self.hub.calls.report()["by"]:
            name = call["path"].rpartition("/")[2]
            counted[name] = counted.get(name, 0) + call["count"]
        self.hub.calls.clear()
        return counted

    def send(self, *documents: Document, update: bool = False, key: str = "") -> list[Outcome]:
        """Packed as the flow does: what stands there is read before an update."""
        held = self.client.held([sought(document) for document in documents]) if update else {}
        sendings = [_sending(document, held) for document in documents]
        requests = self.client.pack(sendings, lambda members, body: key or str(uuid.uuid4()))
        self.sent += requests
        return [outcome for request in requests for outcome in self.client.outcomes(request, self.client.send(request))]

    def _control(self, name: str, content: Any) -> bytes:
        method = "GET" if content is None else "POST"
        answer = self.hub.handle(Incoming.build(method, f"http://127.0.0.1/_emulator/{name}", {}, msgspec.json.encode(content)))
        assert answer.status == 200, answer.body
        return answer.body


def sought(document: Document, external_id: str = "") -> Sought:
    return Sought(document.kind, document.key, number=document.number, external_id=external_id)


def _sending(document: Document, held: Mapping[str, Any]) -> Sending:
    there = held.get(document.key)
    found = {"external_id": there.external_id, "version": there.version} if there else {}
    return Sending(document=document, update=there is not None, **found)


def a_document(total: str = "16.00", source_id: str = "bill-1", revision: int = 1, **changes: Any) -> Document:
    """The document of a Bill with two lines, the second of them 1.00."""
    bill = {
        "source_id": source_id,
        "number": f"INV-{source_id}",
        "account": {"id": "acc-1", "name": "Borealis AI"},
        "currency": "USD",
        "total": total,
        "bill_date": "2026-10-31",
        "status": "APPROVED",
        "lines": [_line("l1", "p-1", str(Decimal(total) - 1)), _line("l2", "p-2", "1.00")],
    }
    stamp = {"revision": revision, "generation": revision}
    (document,) = golden.build({"bill": bill | changes, "options": {}, "mappings": MAPPINGS, "stamp": stamp}).documents
    return document


def _line(key: str, product: str, amount: str) -> dict[str, Any]:
    return {"key": key, "type": "USAGE", "description": f"Usage {key}", "amount": amount, "refs": {"Product": {"id": product}}}


def many(count: int) -> Sequence[Document]:
    return [a_document(source_id=f"bill-{number}") for number in range(count)]
