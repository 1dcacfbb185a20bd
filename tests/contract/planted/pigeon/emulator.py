"""Stands in for Pigeon Books in the demo and in tests: keeps invoices by reference and adds up their lines."""

from decimal import Decimal
from pathlib import Path

from integrations.emulation import jsons
from integrations.emulation.contract import Document, Request, Response

BOOKS = "loft"
KEY = "only-the-emulator-knows-this-key"


class PigeonEmulator:
    slug = "pigeon"
    concurrency = 10

    def __init__(self) -> None:
        self._invoices: dict[str, Document] = {}

    def owns(self, request: Request) -> bool:
        return request.path.startswith(f"/v1/{BOOKS}/")

    def handle(self, request: Request) -> Response:
        if request.header("X-Api-Key") != KEY:
            return self.failure(request, 401)
        reference = request.path.rpartition("/")[2]
        if request.method == "PUT":
            return self._store(reference, jsons.load(request.body))
        if reference == "invoices":
            return jsons.answer({"rows": [{"reference": name, "date": invoice["date"]} for name, invoice in self._invoices.items()]})
        return jsons.answer(self._invoices[reference]) if reference in self._invoices else self.failure(request, 404)

    def lane(self, request: Request) -> str | None:
        return BOOKS

    def is_write(self, request: Request) -> bool:
        return request.method == "PUT"

    def failure(self, request: Request, status: int) -> Response:
        return jsons.answer({"error": f"status {status}"}, status)

    def state(self) -> dict[str, dict[str, list[Document]]]:
        return {BOOKS: {"invoices": list(self._invoices.values())}}

    def reset(self) -> None:
        self._invoices.clear()

    def add_records(self, tenant: str, kind: str, records: list[Document]) -> list[str]:
        raise ValueError("Pigeon Books takes no records by hand.")

    def configure(self, settings: Document) -> None:
        raise ValueError("Pigeon Books has no settings.")

    def credential_files(self, directory: Path | None) -> dict[str, Document]:
        return {"PIGEON_KEY": {"kind": "PIGEON_KEY", "name": "Pigeon Books", "books": BOOKS, "apiKey": KEY}}

    def _store(self, reference: str, invoice: Document) -> Response:
        known = self._invoices.get(reference, {"id": str(len(self._invoices) + 1)})
        total = sum((line["amount"] for line in invoice["lines"]), Decimal(0))
        self._invoices[reference] = invoice | {"id": known["id"], "total": total}
        return jsons.answer(self._invoices[reference], 201)


EMULATOR = PigeonEmulator
