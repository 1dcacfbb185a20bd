"""Token-based authentication: OAuth 1.0 signatures over each request, worked out from the specification (RFC 5849, section 3)."""

import base64
import hashlib
import hmac
import re
import threading
import time
from dataclasses import dataclass
from urllib.parse import quote, unquote

from integrations.emulation.contract import Request

METHOD = "HMAC-SHA256"
DRIFT = 300
SHORTEST_NONCE = 6
_PARAMETER = re.compile(r'\s*(\w+)="([^"]*)"\s*(?:,|$)')


@dataclass(frozen=True)
class AccessToken:
    """An integration's consumer and one of its tokens."""

    consumer_key: str
    consumer_secret: str
    token_id: str
    token_secret: str


class Signatures:
    """The access tokens of all accounts, and the nonces that were used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, str], AccessToken] = {}
        self._used: set[tuple[str, str]] = set()

    def register(self, account: str, token: AccessToken) -> None:
        with self._lock:
            self._tokens[account, token.token_id] = token

    def check(self, request: Request, account: str) -> bool:
        """Whether the request's Authorization header carries a good signature of a known token, used for the first time."""
        given = {name: unquote(value) for name, value in _PARAMETER.findall(request.header("Authorization").partition(" ")[2])}
        token = self._tokens.get((account, given.get("oauth_token", "")))
        if token is None or not _well_formed(given, account, token):
            return False
        expected = _signature(request, {name: value for name, value in given.items() if name != "realm"}, token)
        right = hmac.compare_digest(expected.encode(), given.get("oauth_signature", "").encode())
        return right and self._first(token, given["oauth_nonce"])

    def _first(self, token: AccessToken, nonce: str) -> bool:
        with self._lock:
            if (token.token_id, nonce) in self._used:
                return False
            self._used.add((token.token_id, nonce))
        return True


def _well_formed(given: dict[str, str], account: str, token: AccessToken) -> bool:
    stamp = given.get("oauth_timestamp", "")
    return (
        given.get("realm") == account
        and given.get("oauth_consumer_key") == token.consumer_key
        and given.get("oauth_signature_method") == METHOD
        and given.get("oauth_version", "1.0") == "1.0"
        and len(given.get("oauth_nonce", "")) >= SHORTEST_NONCE
        and stamp.isdecimal()
        and abs(time.time() - int(stamp)) <= DRIFT
    )


def _signature(request: Request, given: dict[str, str], token: AccessToken) -> str:
    parameters = {**request.query, **{name: value for name, value in given.items() if name != "oauth_signature"}}
    encoded = sorted((_quoted(name), _quoted(value)) for name, value in parameters.items())
    joined = "&".join(f"{name}={value}" for name, value in encoded)
    base = "&".join(map(_quoted, (request.method, f"https://{request.host}{request.path}", joined)))
    key = f"{_quoted(token.consumer_secret)}&{_quoted(token.token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")
