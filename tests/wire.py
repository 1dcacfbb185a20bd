"""The one place where the wire is faked: every https request of `requests` is answered by an emulator hub."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import IncompleteRead, RemoteDisconnected, parse_headers
from io import BytesIO
from typing import Any

import requests
import responses
from urllib3.exceptions import ProtocolError

from integrations.emulation.contract import Request, Response
from integrations.emulation.hub import Hub
from integrations.emulation.server import wire_bytes

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def emulated(hub: Hub | None = None) -> Iterator[Hub]:
    """Yields the hub that answers; faults fail as a real socket would. A slow answer fails at once if it is later than the timeout."""
    hub = hub or Hub()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        for method in METHODS:
            wire.add_callback(method, re.compile("https://.*"), callback=lambda sent: _answer(hub, sent), content_type=None)
        yield hub


def _answer(hub: Hub, sent: requests.PreparedRequest) -> Answer:
    response = hub.handle(Request.build(str(sent.method), str(sent.url), dict(sent.headers), sent.body))
    if response.fault:
        return _spoiled(response, sent)
    return response.status, response.headers, response.body


def _spoiled(response: Response, sent: Any) -> Answer:
    assert response.fault is not None
    kind = response.fault.kind
    if kind == "commit_then_drop":
        raise requests.ConnectionError(
            ProtocolError("Connection aborted.", RemoteDisconnected("Remote end closed connection")), request=sent
        )
    if kind == "reset":
        raise requests.ConnectionError(
            ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer")), request=sent
        )
    if kind == "truncated" and response.body:
        half = len(response.body) // 2
        raise requests.exceptions.ChunkedEncodingError(
            ProtocolError("Connection broken", IncompleteRead(response.body[:half])), request=sent
        )
    if kind == "truncated":
        _, _, fields = wire_bytes(response).partition(b"\r\n")
        return response.status, dict(parse_headers(BytesIO(fields))), b""
    if response.fault.seconds > _patience(sent):
        raise requests.ReadTimeout("Read timed out.", request=sent)
    return response.status, response.headers, response.body


def _patience(sent: Any) -> float:
    """The read timeout in seconds that the request was sent with."""
    timeout = sent.req_kwargs.get("timeout")
    read = timeout[1] if isinstance(timeout, tuple) else timeout
    return float("inf") if read is None else float(read)
