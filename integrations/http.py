"""The only file that speaks HTTP: sessions, timeouts, what a broken call means, and what may be stored of an answer.

Nothing here repeats a request by itself, follows a redirect or keeps a cookie.
"""

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, InvalidSchema, InvalidURL, MissingSchema, ProxyError
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from integrations import errors, registry
from integrations.contract import Answer, Auth, Request

REQUEST_TIMEOUT = 40
"""Seconds after which `Wire.send` begins no second try and reads no further."""

_CONNECT, _READ = 5, 30
_LARGEST = 20 * 1024 * 1024
_CHUNK = 64 * 1024
_CONNECTIONS = 20
_NOT_SENT = (ConnectTimeout, InvalidSchema, InvalidURL, MissingSchema, ProxyError)

_NAMES = "access_token|refresh_token|id_token|client_assertion|assertion|client_secret|password|private_?key|(?:consumer|token)_?secret"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})
_SECRET_TEXTS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf'("(?:{_NAMES})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^\s,}}\]]+)',
        rf"(\b(?:{_NAMES})=)[^&\s\"]+",
        r"(\b(?:Bearer|Basic)\s+)[\w.~+/-]{20,}=*",
        r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    )
)


class Wire:
    """A `contract.Transport`: sends requests of one credential. Header names of answers are in lower case.

    Threads share it and its connections: the session keeps no cookie and never changes.
    """

    def __init__(self, auth: Auth | None, system: str, renew_on: Collection[int] = (requests.codes.unauthorized,)) -> None:
        self.system = system
        self._auth, self._label, self._session = auth, registry.system_label(system), _session()
        self._renew_on = renew_on

    def send(self, request: Request) -> Answer:
        """Any answer whatever its status, after one renewed login on the statuses `renew_on`.

        Raises errors.Retry when the request certainly did not leave, or was safe; errors.Unknown when it may have arrived.
        """
        deadline = time.monotonic() + REQUEST_TIMEOUT
        answer = self._exchange(request, deadline)
        if answer.status not in self._renew_on or self._auth is None:
            return answer
        self._auth.renew()
        return self._exchange(request, deadline)

    def _exchange(self, request: Request, deadline: float) -> Answer:
        login = self._auth.headers(request) if self._auth else {}
        started = time.monotonic()
        patience = min(_READ, deadline - started - _CONNECT)
        if patience <= 0:
            raise errors.Retry(f"{self._label} refused our login so late that there was no time left to send again.", code="NOT_SENT")
        try:
            with self._session.request(
                request.method,
                request.url,
                data=request.body or None,
                headers={**request.headers, **login},
                auth=_as_it_is,
                timeout=(_CONNECT, patience),
                stream=True,
                allow_redirects=False,
            ) as response:
                body = _read(response, deadline)
        except (requests.RequestException, HTTPError) as error:
            raise self._failure(request, error) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=headers, body=body, milliseconds=round((time.monotonic() - started) * 1000))

    def _failure(self, request: Request, error: Exception) -> errors.DeliveryError:
        detail = redact_text(str(_reason(error) or error))[:500]
        if isinstance(error, _NOT_SENT) or isinstance(_reason(error), NewConnectionError | ConnectTimeoutError):
            return errors.Retry(f"{self._label} could not be reached, so nothing was sent.", code="NOT_SENT", detail=detail)
        if request.safe:
            return errors.Retry(f"{self._label} did not answer in full; asking again changes nothing.", code="NO_ANSWER", detail=detail)
        return errors.Unknown(f"We sent this to {self._label}, but the answer was lost.", code="ANSWER_LOST", detail=detail)


def post_form(url: str, data: Mapping[str, str], headers: Mapping[str, str] | None = None, *, system: str = "") -> Answer:
    """The answer of a token endpoint to a form. Raises errors.Retry: a token that got lost is simply asked for again."""
    form = urlencode(data).encode()
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **(headers or {})}
    return Wire(None, system or urlsplit(url).hostname or "").send(Request(method="POST", url=url, headers=sent, body=form, safe=True))


def browser_url(url: str) -> str:
    """The address where a person can open a record: the emulator's while one stands in for the real system."""
    parts = urlsplit(url)
    return _at_emulator(parts.path, parts.query) if settings.EMULATOR_URL else url


def redact(answer: Answer) -> Answer:
    """The answer as it may be stored and shown."""
    return replace(answer, headers=redact_headers(answer.headers), body=redact_body(answer.body))


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: "redacted" if name.lower() in _SECRET_HEADERS else redact_text(value) for name, value in headers.items()}


def redact_body(body: bytes) -> bytes:
    return redact_text(body.decode(errors="surrogateescape")).encode(errors="surrogateescape")


def redact_text(text: str) -> str:
    for pattern in _SECRET_TEXTS:
        text = pattern.sub(lambda found: f'{found[1]}"redacted"' if found[1].startswith('"') else f"{found[1]}redacted", text)
    return text


class _Connection(HTTPSConnection):
    """Reports a failed TLS handshake, before which nothing is sent, as a connection that was never made."""

    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise NewConnectionError(self, f"TLS handshake failed: {error}") from error


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class _Adapter(HTTPAdapter):
    """While EMULATOR_URL is set, goes there instead, after signing and with the real Host, so that what was signed stays true."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": _Pool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if settings.EMULATOR_URL:
            parts = urlsplit(request.url or "")
            request.headers["Host"] = parts.netloc
            request.url = _at_emulator(parts.path, parts.query)
            kwargs["proxies"] = {}
        return super().send(request, *args, **kwargs)


def _session() -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = "Billpost"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(pool_maxsize=_CONNECTIONS))
    return session


def _at_emulator(path: str, query: str) -> str:
    return f"{settings.EMULATOR_URL}{path}{'?' if query else ''}{query}"


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The login is in the headers already; without this, requests would put one from ~/.netrc over it."""
    return request


def _read(response: requests.Response, deadline: float) -> bytes:
    """The whole body, decoded. Raises RequestException when it is too large or too slow."""
    parts: list[bytes] = []
    while part := response.raw.read1(_CHUNK, decode_content=True):
        parts.append(part)
        if sum(map(len, parts)) > _LARGEST:
            raise requests.RequestException(f"The answer is larger than {_LARGEST} bytes.")
        if time.monotonic() > deadline:
            raise requests.ReadTimeout("The answer did not end in time.")
    return b"".join(parts)


def _reason(error: Exception) -> object:
    """What urllib3 gave up for, as requests keeps it."""
    return getattr(error.args[0], "reason", None) if error.args else None
