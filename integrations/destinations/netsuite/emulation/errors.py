"""NetSuite's error envelope."""

from integrations.emulation import jsons
from integrations.emulation.contract import Response

RESOURCE = "Error while accessing a resource. "

_TITLES = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error"}
_CODES = {
    400: ("USER_ERROR", RESOURCE + "This is an ordered failure."),
    401: (
        "INVALID_LOGIN",
        "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
        "Setup > Users/Roles > User Management > View Login Audit Trail.",
    ),
    403: ("INSUFFICIENT_PERMISSION", "Your current role does not have permission to perform this action."),
    404: ("NONEXISTENT_ID", "Record does not exist."),
    429: ("CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."),
}


class NetSuiteError(Exception):
    """A refusal: HTTP status, `o:errorCode`, sentence and, where one is known, the JSON path of the culprit."""

    def __init__(self, status: int, code: str, detail: str, path: str = "") -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.path = status, code, detail, path

    def response(self, headers: dict[str, str] | None = None, title: str = "") -> Response:
        detail = {"detail": self.detail, "o:errorCode": self.code} | ({"o:errorPath": self.path} if self.path else {})
        envelope = {
            "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html",
            "title": title or _TITLES.get(self.status, "Bad Request" if self.status < 500 else "Service Unavailable"),
            "status": self.status,
            "o:errorDetails": [detail],
        }
        return jsons.answer(envelope, self.status, headers, "application/vnd.oracle.resource+json; type=error")


def by_status(status: int) -> NetSuiteError:
    """The usual error of an HTTP status."""
    unexpected = ("UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: emulated0001")
    return NetSuiteError(status, *_CODES.get(status, unexpected))


def invalid_login() -> NetSuiteError:
    return by_status(401)


def nonexistent() -> NetSuiteError:
    return by_status(404)


def invalid_content(detail: str, path: str) -> NetSuiteError:
    return NetSuiteError(400, "INVALID_CONTENT", RESOURCE + detail, path)


def invalid_value(value: object, field: str, path: str) -> NetSuiteError:
    return invalid_content(f"You have entered an Invalid Field Value {value} for the following field: {field}.", path)


def invalid_key(detail: str, path: str) -> NetSuiteError:
    return NetSuiteError(400, "INVALID_KEY_OR_REF", RESOURCE + detail, path)


def user_error(detail: str) -> NetSuiteError:
    return NetSuiteError(400, "USER_ERROR", RESOURCE + detail)


def invalid_request(detail: str) -> NetSuiteError:
    return NetSuiteError(400, "INVALID_REQUEST", detail)
