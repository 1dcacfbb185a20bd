"""What travels through an emulator, and what the emulator of a destination or source must offer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

Document = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One HTTP request: `path` as sent, `query` decoded, header names in lower case, `host` without its port."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    host: str = ""

    @classmethod
    def build(cls, method: str, url: str, headers: Mapping[str, str], body: bytes | str | None = None) -> "Request":
        """From a URL or a request target and headers in any case; a Host header wins over the URL's host."""
        parts = urlsplit(url)
        lower = {name.lower(): value for name, value in headers.items()}
        host = urlsplit("//" + (lower.get("host") or parts.netloc)).hostname or ""
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        content = body.encode() if isinstance(body, str) else body or b""
        return cls(method.upper(), parts.path or "/", query, lower, content, host)

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


@dataclass(frozen=True)
class Fault:
    """What happens to an answer on its way: commit_then_drop, reset, truncated, or slow (by `seconds`)."""

    kind: str
    seconds: float = 0


@dataclass(frozen=True)
class Response:
    """One HTTP answer; a `fault` is for the socket, or whoever stands in for it, to honour."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    fault: Fault | None = None

    def with_fault(self, fault: Fault) -> "Response":
        return replace(self, fault=fault)

    def head(self) -> bytes:
        """The status line and headers as they go over the wire, the empty line included."""
        headers = {**self.headers, "Content-Length": str(len(self.body))}
        if self.status == 204:
            del headers["Content-Length"]
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Answer')}", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Content Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Emulator(Protocol):
    """One system's emulator. `emulator.py` of its package names the class as `EMULATOR`; it is made without arguments.

    Wrong input to `add_records` and `configure` raises ValueError with a sentence for the person who sent it.
    """

    slug: str
    concurrency: int

    def owns(self, request: Request) -> bool:
        """Whether the path is this system's."""

    def handle(self, request: Request) -> Response:
        """Answers a request; called from many threads at once."""

    def lane(self, request: Request) -> str | None:
        """Whose concurrency limit the request counts against, None for a request that has no limit."""

    def is_write(self, request: Request) -> bool:
        """Whether the request changes documents, so that faults count it."""

    def failure(self, request: Request, status: int) -> Response:
        """This system's own way of answering with an error status, as for a fault or when it is too busy (429)."""

    def state(self) -> dict[str, dict[str, list[Document]]]:
        """{tenant: {record type: [records as the API returns them]}}."""

    def reset(self) -> None:
        """Back to the first state; known credentials stay."""

    def add_records(self, tenant: str, kind: str, records: list[Document]) -> list[str]:
        """Stores records as a person would in the system's own pages and returns their ids."""

    def configure(self, settings: Document) -> None:
        """Takes the settings that only this system knows."""

    def credential_files(self, directory: Path | None) -> dict[str, Document]:
        """{credential kind: the content of its file}, registered as known; files already in `directory` are taken over."""
