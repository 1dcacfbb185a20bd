"""The Metronome emulator: customers, products and invoices in pages behind an API token, and signed notifications."""

import re
import secrets
import uuid
from collections.abc import Iterable
from decimal import Decimal
from email.utils import formatdate
from pathlib import Path

from integrations.emulation import jsons
from integrations.emulation.contract import Document, Request, Response
from integrations.emulation.source import BILLS, Hook, SourceEmulator
from integrations.sources.metronome import webhook

ACCOUNT = "demo"
LARGEST = 100
_CUSTOMER = re.compile(r"/v1/customers/([^/]+)")
_INVOICES = re.compile(r"/v1/customers/([^/]+)/invoices(?:/([^/]+))?")


class MetronomeEmulator(SourceEmulator):
    """One account."""

    slug = "metronome"
    label = "Metronome"
    tenant = ACCOUNT
    host = re.compile(r"api\.metronome\.com")

    def __init__(self) -> None:
        login = {"account": ACCOUNT, "token": secrets.token_urlsafe(24)}
        hook = {"account": ACCOUNT, "secret": secrets.token_urlsafe(24)}
        credentials: dict[str, Document] = {
            "METRONOME_TOKEN": {"kind": "METRONOME_TOKEN", "name": "Metronome demo", **login},
            "METRONOME_WEBHOOK": {"kind": "METRONOME_WEBHOOK", "name": "Metronome demo hooks", **hook},
        }
        super().__init__(Path(__file__).parent / "sample" / "demo.json", credentials)

    def answer(self, request: Request) -> Response:
        if request.header("Authorization") != f"Bearer {self.credentials['METRONOME_TOKEN']['token']}":
            return self.failure(request, 401)
        if request.path == "/v1/customers":
            return _page(self.records["accounts"].values(), request.query)
        if request.path == "/v1/contract-pricing/products/list" and request.method == "POST":
            return _page(self.records["products"].values(), request.query)
        if found := _CUSTOMER.fullmatch(request.path):
            return self._one("accounts", found[1], request)
        if found := _INVOICES.fullmatch(request.path):
            return self._one(BILLS, found[2], request) if found[2] else _page(self._invoices(found[1], request.query), request.query)
        return self.failure(request, 404)

    def failure(self, request: Request, status: int) -> Response:
        return jsons.answer({"message": f"HTTP {status}"}, status, {"Retry-After": "1"} if status == 429 else None)

    def uid(self, collection: str, record: Document) -> str:
        return str(record["id"])

    def shown(self, bill: Document) -> tuple[str, str, str]:
        return "", f"{bill['total']} {bill['credit_type']['name']}", str(bill["status"])

    def charge(self, bill: Document, amount: Decimal) -> None:
        """`amount` is in the invoice's own unit, as all amounts of Metronome are."""
        line = bill["line_items"][0]
        bill["total"] += amount - line["total"]
        bill["subtotal"] = bill.get("subtotal", 0) + amount - line["total"]
        line["total"] = amount

    def changed(self, bill: Document) -> None:
        """Metronome notes no versions."""

    def hook(self, bill: Document) -> Hook:
        about = {"invoice_id": bill["id"], "customer_id": bill["customer_id"], "invoice_finalized_date": bill.get("issued_at")}
        body = jsons.dump({"id": str(uuid.uuid4()), "type": webhook.FINALIZED, "properties": about})
        date = formatdate(usegmt=True)
        signed = webhook.sign(self.credentials["METRONOME_WEBHOOK"]["secret"], date, body)
        return Hook({"Content-Type": "application/json", "X-Metronome-Date": date, "Metronome-Webhook-Signature": signed}, body)

    def _one(self, collection: str, uid: str, request: Request) -> Response:
        record = self.records[collection].get(uid)
        return jsons.answer({"data": record}) if record else self.failure(request, 404)

    def _invoices(self, customer_id: str, query: dict[str, str]) -> list[Document]:
        status = query.get("status")
        found = [bill for bill in self.records[BILLS].values() if bill["customer_id"] == customer_id and status in (None, bill["status"])]
        return sorted(found, key=lambda bill: str(bill.get("issued_at")), reverse=query.get("sort") == "date_desc")


def _page(records: Iterable[Document], query: dict[str, str]) -> Response:
    listed, start, size = list(records), int(query.get("next_page", "0")), min(int(query.get("limit", LARGEST)), LARGEST)
    following = str(start + size) if start + size < len(listed) else None
    return jsons.answer({"data": listed[start : start + size], "next_page": following})


EMULATOR = MetronomeEmulator
