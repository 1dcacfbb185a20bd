"""The Maxio emulator: one site's customers, catalogue, invoices and invoice events in pages behind an API key, and signed webhooks."""

import base64
import datetime as dt
import re
import secrets
from collections.abc import Iterable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

from integrations.emulation import jsons
from integrations.emulation.contract import Document, Request, Response
from integrations.emulation.source import BILLS, Hook, SourceEmulator
from integrations.sources.maxio import webhook
from integrations.sources.maxio.api import EVERYTHING, LARGEST

SITE = "demo.chargify.com"
_WRAPPED = {"/customers.json": "accounts", "/products.json": "products", "/components.json": "components"}
_INVOICE = re.compile(r"/invoices/([^/]+?)(/segments)?\.json")
_CENT = Decimal("0.01")


class MaxioEmulator(SourceEmulator):
    """One site."""

    slug = "maxio"
    label = "Maxio"
    tenant = SITE
    host = re.compile(r"[a-z0-9-]+\.(chargify\.com|ebilling\.maxio\.com)")

    def __init__(self) -> None:
        self.events: list[Document] = []
        credentials: dict[str, Document] = {
            "MAXIO_API_KEY": {"kind": "MAXIO_API_KEY", "name": "Maxio demo", "site": SITE, "apiKey": secrets.token_urlsafe(24)},
            "MAXIO_WEBHOOK": {"kind": "MAXIO_WEBHOOK", "name": "Maxio demo hooks", "site": SITE, "secret": secrets.token_urlsafe(24)},
        }
        super().__init__(Path(__file__).parent / "sample" / "demo.json", credentials)

    def reset(self) -> None:
        with self.lock:
            super().reset()
            self.events.clear()
            for bill in self.records[BILLS].values():
                self._note("issue_invoice", bill, bill["created_at"])

    def answer(self, request: Request) -> Response:
        pair = base64.b64encode(f"{self.credentials['MAXIO_API_KEY']['apiKey']}:x".encode()).decode()
        if request.header("Authorization") != f"Basic {pair}" or request.host != SITE:
            return self.failure(request, 401)
        if request.path in _WRAPPED:
            return jsons.answer(_page(self.records[_WRAPPED[request.path]].values(), request.query))
        if request.path == "/site.json":
            return jsons.answer({"site": {"id": 1, "name": "Demo", "subdomain": "demo", "currency": "USD", "test": True}})
        if request.path == "/invoices.json":
            return jsons.answer({"invoices": [_shown(bill, request.query) for bill in _page(self._invoices(request.query), request.query)]})
        if request.path == "/invoices/events.json":
            return jsons.answer({"events": _page(self._events(request.query), request.query)})
        found = _INVOICE.fullmatch(request.path)
        return self._invoice(found, request) if found else self.failure(request, 404)

    def failure(self, request: Request, status: int) -> Response:
        return jsons.answer({"errors": [f"HTTP {status}"]}, status, {"Retry-After": "1"} if status == 429 else None)

    def uid(self, collection: str, record: Document) -> str:
        inner = next(iter(record.values())) if len(record) == 1 else record
        return str(inner["uid" if collection == BILLS else "id"])

    def shown(self, bill: Document) -> tuple[str, str, str]:
        return str(bill["number"]), f"{bill['total_amount']} {bill['currency']}", str(bill["status"])

    def charge(self, bill: Document, amount: Decimal) -> None:
        bill["line_items"][0]["subtotal_amount"] = _money(amount)
        subtotal = sum((Decimal(line["subtotal_amount"]) for line in bill["line_items"]), Decimal(0))
        total = subtotal - Decimal(bill["discount_amount"]) + Decimal(bill["tax_amount"])
        due = total - Decimal(bill["credit_amount"]) - Decimal(bill["paid_amount"])
        bill.update(subtotal_amount=_money(subtotal), total_amount=_money(total), due_amount=_money(due))

    def changed(self, bill: Document) -> None:
        bill["updated_at"] = dt.datetime.now(dt.UTC).isoformat()
        self._note("change_invoice_status", bill, bill["updated_at"])

    def hook(self, bill: Document) -> Hook:
        facts = {"payload[uid]": bill["uid"], "payload[number]": bill["number"]}
        body = urlencode({"id": secrets.randbelow(10**12), "event": "invoice_issued", **facts}).encode()
        signed = webhook.sign(self.credentials["MAXIO_WEBHOOK"]["secret"], body)
        form = "application/x-www-form-urlencoded"
        return Hook({"Content-Type": form, "X-Chargify-Webhook-Signature-Hmac-Sha-256": signed}, body)

    def _note(self, event_type: str, bill: Document, moment: str) -> None:
        uid = len(self.events) + 1
        self.events.append({"id": uid, "event_type": event_type, "timestamp": moment, "invoice": deepcopy(bill), "event_data": {}})

    def _invoice(self, found: re.Match[str], request: Request) -> Response:
        bill = self.records[BILLS].get(found[1])
        if bill is None:
            return self.failure(request, 404)
        if not found[2]:
            return jsons.answer(bill)
        parts = [other for other in self.records[BILLS].values() if other.get("parent_invoice_uid") == found[1]]
        return jsons.answer({"invoices": _page(parts, request.query)})

    def _invoices(self, query: dict[str, str]) -> list[Document]:
        field, start, subscription = query.get("date_field", "issue_date"), query.get("start_date", ""), query.get("subscription_id")
        listed = [bill for bill in self.records[BILLS].values() if str(bill.get(field) or "") >= start]
        listed = [bill for bill in listed if subscription in (None, str(bill.get("subscription_id")))]
        return sorted(listed, key=lambda bill: int(bill["sequence_number"]), reverse=query.get("direction") == "desc")

    def _events(self, query: dict[str, str]) -> list[Document]:
        """Since a date, which goes before since an id; of one invoice; of some types."""
        since, after = query.get("since_date", ""), 0 if "since_date" in query else int(query.get("since_id", "0"))
        uid, types = query.get("invoice_uid"), query.get("event_types")
        return [
            event
            for event in self.events
            if event["timestamp"] >= since
            and event["id"] > after
            and uid in (None, event["invoice"]["uid"])
            and (types is None or event["event_type"] in types.split(","))
        ]


def _page(records: Iterable[Document], query: dict[str, str]) -> list[Document]:
    size, number = min(int(query.get("per_page", "20")), LARGEST), int(query.get("page", "1"))
    return list(records)[(number - 1) * size : number * size]


def _shown(bill: Document, query: dict[str, str]) -> Document:
    return {name: value for name, value in bill.items() if name not in EVERYTHING or query.get(name) == "true"}


def _money(amount: Decimal) -> str:
    return str(amount.quantize(_CENT))


EMULATOR = MaxioEmulator
