"""Refusals as Salesforce writes them: a list of {message, errorCode, fields}."""

from typing import Any

from integrations.emulation import jsons
from integrations.emulation.contract import Response


class SalesforceError(Exception):
    """One refusal. `extra` is what some codes add, such as duplicateResult."""

    def __init__(self, status: int, code: str, message: str, fields: tuple[str, ...] = (), extra: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.fields, self.extra = status, code, message, fields, extra or {}

    @property
    def body(self) -> list[dict[str, Any]]:
        return [{"message": self.message, "errorCode": self.code, "fields": list(self.fields), **self.extra}]

    @property
    def row(self) -> dict[str, Any]:
        """As inside collections, where the code is called statusCode."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

    def response(self) -> Response:
        return jsons.answer(self.body, self.status)


class SeveralError(SalesforceError):
    """Several records carry the external id: 300 and their addresses."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__(300, "MULTIPLE_CHOICES", f"{len(urls)} records carry this external id")
        self.urls = urls

    def response(self) -> Response:
        return jsons.answer(self.urls, 300)


def not_found(message: str = "The requested resource does not exist") -> SalesforceError:
    return SalesforceError(404, "NOT_FOUND", message)


def invalid_session() -> SalesforceError:
    return SalesforceError(401, "INVALID_SESSION_ID", "Session expired or invalid")


def invalid_field(name: str, kind: str) -> SalesforceError:
    return SalesforceError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind}", (name,))


def halted() -> SalesforceError:
    words = "The transaction was rolled back since another operation in the same transaction failed."
    return SalesforceError(400, "PROCESSING_HALTED", words)


def by_status(status: int) -> SalesforceError:
    """What a fault that a test ordered looks like."""
    known = {
        401: ("INVALID_SESSION_ID", "Session expired or invalid"),
        403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        404: ("NOT_FOUND", "The requested resource does not exist"),
        429: ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
        503: ("SERVER_UNAVAILABLE", "The server is temporarily unavailable"),
    }
    code, message = known.get(status, ("UNKNOWN_EXCEPTION", "An unexpected error occurred.") if status >= 500 else ("REFUSED", "Refused."))
    return SalesforceError(status, code, message)
