"""QuickBooks' two error envelopes: the accounting service's, and the gateway's before it."""

import datetime as dt
import time

from integrations.emulation import jsons
from integrations.emulation.contract import Document, Response

_GATEWAY = {
    401: ("AuthenticationFailed", "3200", "Token expired or revoked"),
    403: ("ApplicationAuthorizationFailed", "3100", "The app has no access to this company"),
    429: ("ThrottleExceeded", "3001", "The request limit was exceeded"),
}
INACTIVE = (
    "Object Not Found : Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)
CLOSED = (
    "Account Period Closed, Cannot Update Through Services : The account period has closed and the account books cannot be updated "
    "through through the QBO Services API. Please use the QBO website to make these changes."
)


class QuickBooksError(Exception):
    """A refusal by the accounting service: code, message, detail and, where one is known, the element."""

    def __init__(self, code: str, message: str, detail: str = "", element: str = "", status: int = 400) -> None:
        super().__init__(detail or message)
        self.code, self.message, self.detail, self.element, self.status = code, message, detail or message, element, status

    @property
    def fault(self) -> Document:
        error = {"Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element}
        return {"Error": [error], "type": "SystemFault" if self.status >= 500 else "ValidationFault"}

    def response(self) -> Response:
        return jsons.answer({"Fault": self.fault, "time": now()}, self.status)


class GatewayError(Exception):
    """A refusal before the accounting service is reached: login, company, rate."""

    def __init__(self, status: int, detail: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail

    def response(self) -> Response:
        name, code, usual = _GATEWAY[self.status]
        message = f"message={name}; errorCode={int(code):06}; statusCode={self.status}"
        error = {"message": message, "detail": self.detail or usual, "code": code, "element": None}
        kind = {401: "AUTHENTICATION", 403: "AUTHORIZATION"}.get(self.status, "SERVICE")
        nothing = dict.fromkeys(("warnings", "intuitObject", "report", "requestId", "status"))
        return jsons.answer({**nothing, "fault": {"error": [error], "type": kind}, "time": int(time.time() * 1000)}, self.status)


def by_status(status: int) -> Response:
    """The usual answer of an HTTP status."""
    if status in _GATEWAY:
        return GatewayError(status).response()
    if status >= 500:
        return QuickBooksError("10000", "An application error has occurred while processing your request", status=status).response()
    return QuickBooksError("6000", "A business validation error has occurred while processing your request", status=status).response()


def missing(element: str) -> QuickBooksError:
    message = "Required param missing, need to supply the required value for the API"
    return QuickBooksError("2020", message, f"Required parameter {element} is missing in the request", element)


def unsupported(name: str) -> QuickBooksError:
    message = "Request has invalid or unsupported property"
    return QuickBooksError("2010", message, f"Property Name:{name} specified is unsupported or invalid", name)


def wrong_value(name: str, value: object) -> QuickBooksError:
    return QuickBooksError("2040", "Request has invalid or unsupported value", f"Property Name:{name} has the invalid value {value}", name)


def too_long(name: str, most: int, length: int) -> QuickBooksError:
    message = "String length is either shorter or longer than supported by specification"
    return QuickBooksError("2050", message, f"String length specified is longer than supported. Max:{most}. Supplied length:{length}", name)


def unknown_reference(what: str, number: str, element: str) -> QuickBooksError:
    return QuickBooksError("2500", "Invalid Reference Id", f"Invalid Reference Id : {what} element id {number} not found", element)


def inactive(element: str) -> QuickBooksError:
    return QuickBooksError("610", "Object Not Found", INACTIVE, element)


def gone() -> QuickBooksError:
    return QuickBooksError("610", "Object Not Found", "Object Not Found : Another user has deleted this transaction.")


def business(detail: str, element: str = "") -> QuickBooksError:
    message = "A business validation error has occurred while processing your request"
    return QuickBooksError("6000", message, f"Business Validation Error: {detail}", element)


def stale() -> QuickBooksError:
    detail = "Stale Object Error : You and another user were working on this at the same time. The other user finished before you did."
    return QuickBooksError("5010", "Stale Object Error", detail)


def duplicate_number() -> QuickBooksError:
    detail = "Duplicate Document Number Error : You must specify a different number. This number has already been used."
    return QuickBooksError("6140", "Duplicate Document Number Error", detail)


def duplicate_name(whose: str) -> QuickBooksError:
    detail = f"The name supplied already exists. : Another {whose} is already using this name. Please use a different name."
    return QuickBooksError("6240", "Duplicate Name Exists Error", detail)


def closed() -> QuickBooksError:
    return QuickBooksError("6210", "Account Period Closed, Cannot Update Through Services", CLOSED)


def now() -> str:
    """The time as QuickBooks writes it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
