"""One company: its books with everything that answers from them, its request ids and its limits."""

import time
from collections import Counter
from typing import Any

from integrations.destinations.quickbooks.emulation import errors, language, writing
from integrations.destinations.quickbooks.emulation.books import TYPES, Books, Record
from integrations.destinations.quickbooks.emulation.errors import GatewayError, QuickBooksError
from integrations.destinations.quickbooks.emulation.settings import Settings
from integrations.emulation import jsons
from integrations.emulation.contract import Document, Request, Response

LONGEST_REQUEST_ID, LONGEST_OF_BATCH, LONGEST_PART_ID = 50, 36, 10


class Company:
    """Opens with the catalogue."""

    def __init__(self, realm: str, settings: Settings) -> None:
        self.books = Books(realm, settings)
        self._counted: Counter[tuple[str, int]] = Counter()

    def handle(self, request: Request, path: str) -> Response:
        """Answers a call that was let in; `path` is what follows the company. Raises QuickBooksError and GatewayError."""
        with self.books.lock:
            self._limit(path)
            request_id = request.query.get("requestid", "")
            _checked(request_id, path)
            known = self.books.answered(request_id) if request_id and request.method == "POST" else None
            if known is not None:
                return known
            response = self._answer(request, path)
            if request_id and request.method == "POST" and path != "query":
                self.books.remember(request_id, response)
            return response

    def state(self) -> dict[str, list[Document]]:
        with self.books.lock:
            return {kind: list(table.values()) for kind, table in self.books.records.items()}

    def _limit(self, path: str) -> None:
        """Counts the call against this minute's limits."""
        settings, minute = self.books.settings, int(time.time() // 60)
        for what, most in (("calls", settings.requests_per_minute), ("batch", settings.batches_per_minute)):
            if most is None or what not in ("calls", path):
                continue
            self._counted[what, minute] += 1
            if self._counted[what, minute] > most:
                raise GatewayError(429)

    def _answer(self, request: Request, path: str) -> Response:
        try:
            return jsons.answer({**self._content(request, path), "time": errors.now()})
        except QuickBooksError as error:
            return error.response()

    def _content(self, request: Request, path: str) -> Record:
        name, _, number = path.partition("/")
        if name == "query":
            statement = request.query.get("query") or request.body.decode(errors="replace")
            return {"QueryResponse": language.answer(self.books, statement)}
        if name in ("preferences", "companyinfo") and request.method == "GET":
            return self._preferences() if name == "preferences" else self._info()
        content = _parsed(request) if request.method == "POST" else None
        if name == "batch" and request.method == "POST":
            return {"BatchItemResponse": [self._part(part) for part in self._parts(request, content)]}
        kind = next((kind for kind in TYPES if kind.lower() == name), "")
        if request.method == "GET":
            return {kind: self._read(kind, number)}
        return {kind: writing.write(self.books, kind, content, request.query)}

    def _read(self, kind: str, number: str) -> Record:
        record = self.books.records.get(kind, {}).get(number)
        if record is None:
            raise QuickBooksError("610", "Object Not Found", "Object Not Found : Something you're trying to use has been deleted.")
        return record

    def _parts(self, request: Request, content: Any) -> list[Record]:
        parts = content.get("BatchItemRequest") if isinstance(content, dict) else None
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise errors.missing("BatchItemRequest")
        if len(parts) > self.books.settings.largest_batch:
            detail = f"Batch size exceeds allowed limit : The batch limit is {self.books.settings.largest_batch}."
            raise QuickBooksError("1040", "Batch size exceeds allowed limit", detail)
        longest = max((len(str(part.get("bId", ""))) for part in parts), default=0)
        if request.query.get("requestid") and longest > LONGEST_PART_ID:
            raise errors.too_long("bId", LONGEST_PART_ID, longest)
        return parts

    def _part(self, part: Record) -> Record:
        """One part's answer: the record under its type, what a query found, or a Fault."""
        try:
            if "Query" in part:
                return {"bId": part.get("bId"), "QueryResponse": language.answer(self.books, str(part["Query"]))}
            kind = next((kind for kind in TYPES if kind in part), "")
            options = {"operation": str(part.get("operation", "")), "include": str(part.get("optionsData", ""))}
            return {"bId": part.get("bId"), kind: writing.write(self.books, kind, part.get(kind), options)}
        except QuickBooksError as error:
            return {"bId": part.get("bId"), "Fault": error.fault}

    def _preferences(self) -> Record:
        settings, closed = self.books.settings, self.books.closed_until
        return {
            "Preferences": {
                "SalesFormsPrefs": {"CustomTxnNumbers": settings.custom_numbers, "AllowDiscount": settings.allow_discount},
                "AccountingInfoPrefs": {"BookCloseDate": closed.isoformat()} if closed else {},
                "CurrencyPrefs": {"MultiCurrencyEnabled": settings.multicurrency, "HomeCurrency": {"value": settings.home_currency}},
                "Id": "1",
                "SyncToken": "0",
            }
        }

    def _info(self) -> Record:
        return {"CompanyInfo": {"Id": "1", "CompanyName": f"Company {self.books.realm}", "Country": "US"}}


def _parsed(request: Request) -> Any:
    try:
        return jsons.load(request.body)
    except ValueError as error:
        raise QuickBooksError("4001", "Invalid Request", f"The request cannot be parsed: {error}") from error


def _checked(request_id: str, path: str) -> None:
    most = LONGEST_OF_BATCH if path == "batch" else LONGEST_REQUEST_ID
    if len(request_id) > most:
        raise errors.too_long("requestid", most, len(request_id))
