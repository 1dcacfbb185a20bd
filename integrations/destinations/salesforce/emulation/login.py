"""Who may call: apps with their keys, users and secrets, the token endpoint, and sessions."""

import base64
import binascii
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from integrations.destinations.salesforce.emulation.settings import Settings
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
LATEST = 300
"""Seconds: an assertion may end at most five minutes from now (Salesforce Help, remoteaccess_oauth_jwt_flow, November 2026)."""


@dataclass(frozen=True)
class App:
    """An External Client App of one org: what it knows decides which flows it serves."""

    org: str
    key: str
    username: str = ""
    public_key: RSAPublicKey | None = None
    secret: str = ""


class Refused(Exception):
    """`error` and its description, as the token endpoint tells them."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


class Doorkeeper:
    """The apps and sessions of all orgs; apps outlive a reset."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._apps: dict[str, App] = {}
        self._sessions: dict[str, tuple[str, float]] = {}

    def register(self, app: App) -> None:
        with self._lock:
            self._apps[app.key] = app

    def org_of(self, request: Request) -> str:
        """Whose session the request carries, "" when it is none, over, or another org's host."""
        token = request.header("Authorization").partition(" ")[2].strip()
        org, issued = self._sessions.get(token, ("", 0.0))
        good = bool(org) and time.time() < issued + self._settings.token_seconds
        return org if good and request.host in (_host(org), "127.0.0.1", "localhost") else ""

    def end_sessions(self) -> None:
        with self._lock:
            self._sessions.clear()

    def issue(self, request: Request) -> Response:
        """The token endpoint."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
        try:
            app = self._app(form, request)
        except Refused as refused:
            return jsons.answer({"error": refused.error, "error_description": refused.description}, 400)
        token, now = f"00Ddm0000000001!{secrets.token_urlsafe(48)}", time.time()
        with self._lock:
            self._sessions[token] = (app.org, now)
        return jsons.answer(_granted(app, token, now))

    def _app(self, form: dict[str, str], request: Request) -> App:
        grants = {JWT_GRANT: self._by_assertion, "client_credentials": self._by_secret}
        if form.get("grant_type") not in grants:
            raise Refused("unsupported_grant_type", "grant type not supported")
        return grants[form["grant_type"]](form, request)

    def _by_assertion(self, form: dict[str, str], request: Request) -> App:
        try:
            unverified: dict[str, Any] = jwt.decode(form.get("assertion", ""), options={"verify_signature": False})
        except jwt.PyJWTError:
            raise Refused("invalid_grant", "invalid assertion") from None
        app = self._apps.get(str(unverified.get("iss")))
        if app is None or app.public_key is None:
            raise Refused("invalid_client_id", "client identifier invalid")
        if request.host not in (*LOGIN_HOSTS, _host(app.org)):
            raise Refused("invalid_grant", "authentication failure")
        claims = _verified(form["assertion"], app.public_key)
        if claims.get("sub") != app.username:
            raise Refused("invalid_grant", "user hasn't approved this consumer")
        return app

    def _by_secret(self, form: dict[str, str], request: Request) -> App:
        if request.host in LOGIN_HOSTS:
            raise Refused("invalid_grant", "request not supported on this domain")
        key, secret = _basic(request.header("Authorization")) or (form.get("client_id", ""), form.get("client_secret", ""))
        app = self._apps.get(key)
        if app is None or not app.secret:
            raise Refused("invalid_client_id", "client identifier invalid")
        if request.host != _host(app.org) or not secrets.compare_digest(secret.encode(), app.secret.encode()):
            raise Refused("invalid_client", "invalid client credentials")
        return app


def _host(org: str) -> str:
    return f"{org}.my.salesforce.com"


def _verified(assertion: str, key: RSAPublicKey) -> dict[str, Any]:
    """The claims. `exp` may be a text: simple-salesforce sends one."""
    try:
        claims: dict[str, Any] = jwt.decode(
            assertion,
            key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_aud": False, "require": ["iss", "sub", "aud", "exp"]},
        )
        left = int(claims["exp"]) - time.time()
    except (jwt.PyJWTError, ValueError, TypeError):
        raise Refused("invalid_grant", "invalid assertion") from None
    if not 0 < left <= LATEST:
        raise Refused("invalid_grant", "expired authorization code")
    if claims["aud"] not in [f"https://{host}" for host in LOGIN_HOSTS]:
        raise Refused("invalid_grant", "audience is invalid")
    return claims


def _basic(header: str) -> tuple[str, str] | None:
    if not header.lower().startswith("basic "):
        return None
    try:
        key, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refused("invalid_client", "invalid client credentials") from None
    return key, secret


def _granted(app: App, token: str, now: float) -> dict[str, str]:
    """No answer says when the session ends."""
    return {
        "access_token": token,
        "signature": "c2lnbmF0dXJlIG9mIGFuIGVtdWxhdG9y",
        "scope": "api",
        "instance_url": f"https://{_host(app.org)}",
        "id": "https://login.salesforce.com/id/00Ddm0000000001EAA/005dm0000000001AAA",
        "token_type": "Bearer",
        "issued_at": str(int(now * 1000)),
    }
