"""The m3ter emulator: the login of service users, the lists of one organization in pages, and signed notifications."""

import base64
import datetime as dt
import re
import secrets
import time
import uuid
from decimal import Decimal
from pathlib import Path

from integrations.emulation import jsons
from integrations.emulation.contract import Document, Request, Response
from integrations.emulation.source import BILLS, Hook, SourceEmulator
from integrations.sources.m3ter import webhook
from integrations.sources.m3ter.client import LISTS

ORGANIZATION = "5f0d7c3e-1a2b-4c3d-8e4f-5a6b7c8d9e0f"
LIFE = 18_000
LARGEST = 100
_PATH = re.compile(r"/organizations/([^/]+)/([a-z]+)")
_COLLECTIONS = {path: collection for collection, path in LISTS.items()} | {BILLS: BILLS}


class M3terEmulator(SourceEmulator):
    """One organization."""

    slug = "m3ter"
    label = "m3ter"
    tenant = ORGANIZATION
    host = re.compile(r"api\.m3ter\.com")

    def __init__(self) -> None:
        self._tokens: set[str] = set()
        key, signing = secrets.token_hex(8), secrets.token_urlsafe(24)
        login = {"organizationId": ORGANIZATION, "accessKeyId": key, "apiSecret": secrets.token_urlsafe(24)}
        hook = {"organizationId": ORGANIZATION, "apiKey": key, "secret": signing}
        credentials: dict[str, Document] = {
            "M3TER_ACCESS_KEY": {"kind": "M3TER_ACCESS_KEY", "name": "m3ter demo", **login},
            "M3TER_SIGNED_REQUEST": {"kind": "M3TER_SIGNED_REQUEST", "name": "m3ter demo hooks", **hook},
        }
        super().__init__(Path(__file__).parent / "sample" / "demo.json", credentials)

    def answer(self, request: Request) -> Response:
        if request.path == "/oauth/token":
            return self._grant(request)
        found = _PATH.fullmatch(request.path)
        if request.header("Authorization").removeprefix("Bearer ") not in self._tokens or not found or found[1] != ORGANIZATION:
            return self.failure(request, 403)
        collection = _COLLECTIONS.get(found[2])
        return self._page_of(collection, request.query) if collection else self.failure(request, 404)

    def failure(self, request: Request, status: int) -> Response:
        return jsons.answer({"message": f"HTTP {status}"}, status, {"Retry-After": "1"} if status == 429 else None)

    def uid(self, collection: str, record: Document) -> str:
        return str(record["id"])

    def shown(self, bill: Document) -> tuple[str, str, str]:
        return str(bill.get("sequentialInvoiceNumber", "")), f"{bill['billTotal']} {bill['currency']}", str(bill.get("status", ""))

    def charge(self, bill: Document, amount: Decimal) -> None:
        line = bill["lineItems"][0]
        bill["billTotal"] += amount - line["convertedSubtotal"]
        line["subtotal"] = line["convertedSubtotal"] = amount
        line["currency"], line["conversionRate"] = bill["currency"], 1
        line.pop("usagePerPricingBand", None)

    def changed(self, bill: Document) -> None:
        now = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
        bill.update(version=bill.get("version", 0) + 1, lastCalculatedDate=now, dtLastModified=now)

    def hook(self, bill: Document) -> Hook:
        event = {"id": str(uuid.uuid4()), "eventName": "billing.bill.updated", "m3terEvent": {"new": {"id": bill["id"]}}}
        body, timestamp = jsons.dump(event), str(int(time.time()))
        signed = webhook.sign(self.credentials["M3TER_SIGNED_REQUEST"]["secret"], timestamp, body)
        return Hook({"Content-Type": "application/json", webhook.TIMESTAMP: timestamp, webhook.SIGNATURE: signed}, body)

    def _grant(self, request: Request) -> Response:
        login = self.credentials["M3TER_ACCESS_KEY"]
        pair = base64.b64encode(f"{login['accessKeyId']}:{login['apiSecret']}".encode()).decode()
        if request.header("Authorization") != f"Basic {pair}":
            return self.failure(request, 401)
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        return jsons.answer({"access_token": token, "token_type": "Bearer", "expires_in": LIFE})

    def _page_of(self, collection: str, query: dict[str, str]) -> Response:
        """Newest first; Bills filtered by date, status and ids."""
        size = min(int(query.get("pageSize", LARGEST)), LARGEST)
        start = int(query.get("nextToken", "0"))
        found = [record for record in reversed(self.records[collection].values()) if _fits(record, query)]
        following = str(start + size) if start + size < len(found) else None
        return jsons.answer({"data": [_shown(record, query) for record in found[start : start + size]], "nextToken": following})


def _fits(record: Document, query: dict[str, str]) -> bool:
    day = record.get("billDate", "")
    dated = query.get("billDateStart", "") <= day and day < query.get("billDateEnd", "9999")
    wanted = query["ids"].split(",") if "ids" in query else [record["id"]]
    return dated and query.get("status", record.get("status")) == record.get("status") and record["id"] in wanted


def _shown(record: Document, query: dict[str, str]) -> Document:
    hidden = {"lineItems"} if query.get("excludeLineItems") == "true" else set()
    hidden |= {"billTotal"} if query.get("includeBillTotal") != "true" else set()
    return {name: value for name, value in record.items() if name not in hidden}


EMULATOR = M3terEmulator
