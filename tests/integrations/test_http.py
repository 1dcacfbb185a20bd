"""The wire: what is sent, what a broken call means, and what may be stored of an answer."""

import datetime as dt
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import responses
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrations import errors, http
from integrations.contract import Answer, Request
from integrations.http import Wire

URL = "https://books.example.com/v1/invoice?x=1"
HTTP_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Login:
    """An Auth whose token changes when it is renewed."""

    def __init__(self) -> None:
        self.renewals = 0

    def headers(self, request: object = None) -> dict[str, str]:
        return {"Authorization": f"Bearer token-{self.renewals}"}

    def renew(self) -> None:
        self.renewals += 1


def write(url: str = URL) -> Request:
    return Request(method="PUT", url=url, headers={"X-Kind": "invoice"}, body=b'{"total":1.10}')


def ask(url: str = URL) -> Request:
    return Request(method="GET", url=url, safe=True)


# --- what is sent ------------------------------------------------------------------------------------------------------------------------


@responses.activate
def test_the_request_goes_as_it_is_with_the_login_added() -> None:
    responses.put(URL, status=204, headers={"Location": "https://books.example.com/v1/invoice/7"})
    answer = Wire(Login(), "Pigeon").send(write())
    sent = responses.calls[0].request
    assert (sent.url, sent.body) == (URL, b'{"total":1.10}')
    assert (sent.headers["X-Kind"], sent.headers["Authorization"]) == ("invoice", "Bearer token-0")
    assert (answer.status, answer.headers["location"], answer.body) == (204, "https://books.example.com/v1/invoice/7", b"")
    assert answer.milliseconds >= 0


@responses.activate
def test_a_refused_login_is_renewed_once() -> None:
    responses.put(URL, status=401)
    responses.put(URL, status=200, json={"ok": True})
    login = Login()
    assert Wire(login, "Pigeon").send(write()).status == 200
    assert [call.request.headers["Authorization"] for call in responses.calls] == ["Bearer token-0", "Bearer token-1"]
    assert login.renewals == 1


@responses.activate
def test_a_login_that_stays_refused_is_an_answer() -> None:
    responses.put(URL, status=401, json={"error": "no"})
    login = Login()
    assert Wire(login, "Pigeon").send(write()).status == 401
    assert (login.renewals, len(responses.calls)) == (1, 2)
    assert Wire(None, "Pigeon").send(write()).status == 401


@responses.activate
def test_a_login_that_cannot_be_renewed_says_so() -> None:
    class Broken(Login):
        def renew(self) -> None:
            raise errors.Misconfigured("The certificate has expired.")

    responses.put(URL, status=401)
    with pytest.raises(errors.Misconfigured, match="expired"):
        Wire(Broken(), "Pigeon").send(write())


@responses.activate
def test_a_second_try_is_not_begun_when_the_time_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Login):
        def renew(self) -> None:
            super().renew()
            clock[0] += http.REQUEST_TIMEOUT

    clock = [100.0]
    monkeypatch.setattr("integrations.http.time.monotonic", lambda: clock[0])
    responses.put(URL, status=401)
    with pytest.raises(errors.Retry, match="no time left"):
        Wire(Slow(), "Pigeon").send(write())
    assert len(responses.calls) == 1


@responses.activate
def test_redirects_are_answers_and_cookies_are_dropped() -> None:
    responses.get(URL, status=302, headers={"Location": "https://elsewhere.example.com/", "Set-Cookie": "session=1; Path=/"})
    wire = Wire(None, "Pigeon")
    assert wire.send(ask()).status == 302
    wire.send(ask())
    assert "Cookie" not in responses.calls[1].request.headers


@responses.activate
def test_a_login_of_netrc_never_replaces_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine books.example.com login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    responses.get(URL, status=200)
    Wire(Login(), "Pigeon").send(ask())
    assert responses.calls[0].request.headers["Authorization"] == "Bearer token-0"


@responses.activate
def test_a_form_is_posted_to_a_token_endpoint() -> None:
    responses.post("https://login.example.com/token", json={"access_token": "t"})
    answer = http.post_form("https://login.example.com/token", {"grant_type": "a b", "c": "d&e"}, {"X-Extra": "1"})
    sent = responses.calls[0].request
    assert (answer.status, sent.body, sent.headers["X-Extra"]) == (200, b"grant_type=a+b&c=d%26e", "1")
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"


# --- the emulator ------------------------------------------------------------------------------------------------------------------------


@responses.activate
def test_the_emulator_stands_in_after_signing_with_the_real_host(settings) -> None:
    settings.EMULATOR_URL = "http://127.0.0.1:9100"
    responses.put("http://127.0.0.1:9100/v1/invoice?x=1", status=204)
    assert Wire(Login(), "Pigeon").send(write()).status == 204
    assert responses.calls[0].request.headers["Host"] == "books.example.com"


def test_people_are_shown_where_the_record_is(settings) -> None:
    settings.EMULATOR_URL = ""
    assert http.browser_url("https://app.example.com/invoice.nl?id=7&c=1") == "https://app.example.com/invoice.nl?id=7&c=1"
    settings.EMULATOR_URL = "http://127.0.0.1:9100"
    assert http.browser_url("https://app.example.com/invoice.nl?id=7&c=1") == "http://127.0.0.1:9100/invoice.nl?id=7&c=1"
    assert http.browser_url("https://app.example.com/invoice/7") == "http://127.0.0.1:9100/invoice/7"


# --- what a broken call means: a real socket ---------------------------------------------------------------------------------------------


@contextmanager
def server(behave: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Yields the address of a server that reads one request per connection and then behaves as told, and what it received."""
    received: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                received.append(self.request.recv(65536))
                behave(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{listening.server_address[1]}", received
        listening.shutdown()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def sends(data: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(data)


LOST = {
    "hangs up": lambda connection: None,
    "resets": reset,
    "stops within the body": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
    "stops within a chunk": sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"),
    "speaks no HTTP": sends(b"hello\r\n\r\n"),
    "lies about its encoding": sends(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
    "says too much": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n" + b"x" * 30_000_000),
}


@pytest.mark.parametrize("behave", LOST.values(), ids=LOST)
def test_an_answer_that_is_lost_leaves_a_write_unknown(behave: Callable[[socket.socket], None]) -> None:
    with server(behave) as (address, received):
        with pytest.raises(errors.Unknown, match="answer was lost") as caught:
            Wire(None, "Pigeon").send(write(f"http://{address}/"))
        with pytest.raises(errors.Retry, match="changes nothing"):
            Wire(None, "Pigeon").send(ask(f"http://{address}/"))
    assert caught.value.code == "ANSWER_LOST"
    assert len(received) == 2, "nothing is repeated by itself"


def test_a_slow_answer_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_READ", 0.2)
    release = threading.Event()
    with server(lambda connection: release.wait(5) and None) as (address, _):
        with pytest.raises(errors.Unknown) as caught:
            Wire(None, "Pigeon").send(write(f"http://{address}/"))
        release.set()
    assert "timed out" in caught.value.detail


def test_an_answer_that_drips_is_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(20):
            connection.sendall(b"x")
            if stop.wait(0.1):
                return

    stop = threading.Event()
    monkeypatch.setattr(http, "_CONNECT", 0.3)
    monkeypatch.setattr(http, "REQUEST_TIMEOUT", 0.7)
    with server(drip) as (address, _):
        with pytest.raises(errors.Unknown) as caught:
            Wire(None, "Pigeon").send(write(f"http://{address}/"))
        stop.set()
    assert "did not end in time" in caught.value.detail


def test_what_never_left_is_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        for url in (refused, refused.replace("http:", "https:"), "nonsense:/", "http://[::/"):
            with pytest.raises(errors.Retry, match="nothing was sent") as caught:
                Wire(None, "Pigeon").send(write(url))
            assert caught.value.code == "NOT_SENT"


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), TimeoutError("timed out")])
def test_a_host_that_cannot_be_found_or_reached_was_sent_nothing(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("urllib3.util.connection.socket.getaddrinfo", fail)
    with pytest.raises(errors.Retry, match="nothing was sent"):
        Wire(None, "Pigeon").send(write())


@pytest.mark.parametrize("behave", [sends(HTTP_OK), reset, lambda connection: None], ids=["plain", "reset", "closed"])
def test_a_failed_tls_handshake_never_left(behave: Callable[[socket.socket], None]) -> None:
    with server(behave) as (address, received), pytest.raises(errors.Retry, match="nothing was sent"):
        Wire(None, "Pigeon").send(write(f"https://{address}/"))
    assert not any(b"total" in data for data in received)


def test_an_unknown_certificate_never_left(tmp_path: Path) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as listening:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self_signed(tmp_path / "both.pem"))
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        with pytest.raises(errors.Retry) as caught:
            Wire(None, "Pigeon").send(write(f"https://127.0.0.1:{listening.server_address[1]}/"))
        listening.shutdown()
    assert "certificate" in caught.value.detail


def self_signed(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_threads_share_connections() -> None:
    def keep_alive(connection: socket.socket) -> None:
        connection.sendall(HTTP_OK)
        while connection.recv(65536):
            connection.sendall(HTTP_OK)

    with server(keep_alive) as (address, received):
        wire, bodies = Wire(None, "Pigeon"), []
        for _ in range(3):
            thread = threading.Thread(target=lambda: bodies.append(wire.send(ask(f"http://{address}/")).body))
            thread.start()
            thread.join()
    assert bodies == [b"hello"] * 3
    assert len(received) == 1, "one connection carried all three"


# --- what may be stored ------------------------------------------------------------------------------------------------------------------

SECRET = "s3cr3t-ABC_/+.x0123456789=="


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f'{{"access_token": "{SECRET}", "expires_in": 3600}}', '"expires_in": 3600'),
        (f'{{"refresh_token":"{SECRET}\\"more", "x": 1}}', '"x": 1'),
        (f'{{"password": "{SECRET}', ""),
        (f'[{{"client_assertion":"{SECRET}"}},{{"total": 1.10}}]', '"total": 1.10'),
        (f"grant_type=refresh_token&refresh_token={SECRET}&scope=all", "scope=all"),
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer"),
        (f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----, then more", "then more"),
        (f'{{"consumerSecret": "{SECRET}", "ok": true}}', '"ok": true'),
    ],
)
def test_secrets_do_not_survive(text: str, kept: str) -> None:
    answer = Answer(status=200, headers={"set-cookie": f"a={SECRET}", "x-note": text, "date": "today"}, body=text.encode(), milliseconds=1)
    stored = http.redact(answer)
    for part in (stored.body.decode(), *stored.headers.values()):
        assert SECRET not in part and 'more"' not in part
    assert kept in stored.body.decode() and "redacted" in stored.body.decode()
    assert stored.headers["set-cookie"] == "redacted" and stored.headers["date"] == "today"


def test_what_is_no_secret_is_stored_as_it_came() -> None:
    body = b'{"tranId":"B-1","token":"B","amount":1.10,"memo":"Basic subscription"}\xff\xfe'
    assert http.redact_body(body) == body
