"""Adapts sockets to the hub: HTTP/1.1 with keep-alive, one thread per connection, on 127.0.0.1 only."""

import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from integrations.emulation.contract import Request, Response
from integrations.emulation.hub import Hub

LARGEST_BODY = 104 * 1024 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class EmulatorServer(ThreadingHTTPServer):
    """Serves a hub; listens as soon as it is made. Port 0 picks a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, hub: Hub, port: int = 0) -> None:
        self.hub = hub
        super().__init__(("127.0.0.1", port), Connection)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Connection(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    server: EmulatorServer

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdecimal():
            self._send(Response(411), last=True)
        elif int(length) > LARGEST_BODY:
            self._send(Response(413), last=True)
        else:
            self._answer(int(length))

    def _answer(self, length: int) -> None:
        """A request whose sender went away before its last byte was never made."""
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        self._send(self.server.hub.handle(Request.build(self.command, self.path, dict(self.headers.items()), body)))

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the calls are counted by the hub."""

    def _send(self, response: Response, last: bool = False) -> None:
        """Writes the answer, as far as its fault lets it, and closes the connection after a fault."""
        kind = response.fault.kind if response.fault else ""
        if kind == "slow" and response.fault:
            time.sleep(response.fault.seconds)
        self.close_connection = self.close_connection or last or kind in ("commit_then_drop", "reset", "truncated")
        if kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.connection.close()
        elif kind != "commit_then_drop":
            self.wfile.write(wire_bytes(response, self.command == "HEAD"))


def wire_bytes(response: Response, bodyless: bool = False) -> bytes:
    """What goes over the wire: for a truncated answer half of its body, or half of its head when it has none."""
    head, body = response.head(), b"" if bodyless else response.body
    if response.fault is None or response.fault.kind != "truncated":
        return head + body
    return head + body[: len(body) // 2] if body else head[: len(head) // 2]
