"""Who may call: apps, people's consent, the token endpoint with its rotating refresh tokens, and revocation."""

import base64
import binascii
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from integrations.destinations.quickbooks.emulation.errors import GatewayError
from integrations.destinations.quickbooks.emulation.settings import Settings
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

TOKEN_PATH = "/oauth2/v1/tokens/bearer"  # noqa: S105 - a path
REVOKE_PATH = "/v2/oauth2/tokens/revoke"
REFRESH_LIFE = 8_726_400
CODE_LIFE = 600


@dataclass
class Connection:
    """What one consent opened: the newest refresh token, and the one before it, which works a while longer."""

    client_id: str
    realm: str
    newest: str
    made: float = field(default_factory=time.time)
    before: str = ""

    def holds(self, token: str) -> bool:
        return bool(token) and token in (self.newest, self.before)


class Doorkeeper:
    """The apps, connections and tokens of all companies; they outlive a reset."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._apps: dict[str, str] = {}
        self._codes: dict[str, tuple[str, str, str, float]] = {}
        self._connections: list[Connection] = []
        self._access: dict[str, tuple[Connection, float]] = {}

    def register(self, client_id: str, client_secret: str) -> None:
        with self._lock:
            self._apps[client_id] = client_secret

    def connect(self, client_id: str, realm: str, refresh_token: str) -> None:
        """Makes a consent known that was given before."""
        with self._lock:
            if not any(each.holds(refresh_token) for each in self._connections):
                self._connections.append(Connection(client_id, realm, refresh_token))

    def knows(self, client_id: str) -> bool:
        return client_id in self._apps

    def consented(self, client_id: str, redirect_uri: str, realm: str) -> str:
        """A code for the app, to be used once."""
        code = f"XAB{secrets.token_urlsafe(30)}"
        with self._lock:
            self._codes[code] = (client_id, redirect_uri, realm, time.time())
        return code

    def check(self, request: Request, realm: str) -> None:
        """Raises GatewayError unless the request is allowed into the company."""
        token = request.header("Authorization").removeprefix("Bearer ").strip()
        connection, made = self._access.get(token, (None, 0.0))
        if connection is None or connection not in self._connections or time.time() > made + self._settings.token_seconds:
            raise GatewayError(401)
        if connection.realm != realm:
            raise GatewayError(403)

    def issue(self, request: Request) -> Response:
        """The token endpoint."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
        client = self._client(request)
        if not client:
            return jsons.answer({"error": "invalid_client"}, 401)
        with self._lock:
            connection = self._redeemed(client, form) or self._refreshed(client, form)
            if connection is None:
                return jsons.answer({"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}, 400)
            return jsons.answer(self._tokens(connection))

    def revoke(self, request: Request) -> Response:
        """Ends the connection that a refresh or access token belongs to."""
        if not self._client(request):
            return jsons.answer({"error": "invalid_client"}, 401)
        token = _token_of(request)
        with self._lock:
            opened, _ = self._access.get(token, (None, 0.0))
            ended = [each for each in self._connections if each is opened or each.holds(token)]
            self._connections = [each for each in self._connections if each not in ended]
        return Response(200) if ended else jsons.answer({"error": "invalid_request"}, 400)

    def _client(self, request: Request) -> str:
        """The app that the Basic header names with its secret, "" for any other."""
        try:
            text = base64.b64decode(request.header("Authorization").removeprefix("Basic ")).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        client_id, _, secret = text.partition(":")
        return client_id if client_id in self._apps and secrets.compare_digest(self._apps[client_id], secret) else ""

    def _redeemed(self, client: str, form: dict[str, str]) -> Connection | None:
        if form.get("grant_type") != "authorization_code":
            return None
        owner, redirect_uri, realm, made = self._codes.pop(form.get("code", ""), ("", "", "", 0.0))
        if owner != client or redirect_uri != form.get("redirect_uri") or time.time() > made + CODE_LIFE:
            return None
        connection = Connection(client, realm, _refresh_token())
        self._connections.append(connection)
        return connection

    def _refreshed(self, client: str, form: dict[str, str]) -> Connection | None:
        """The connection of a refresh token; one that is old enough gets the next token."""
        if form.get("grant_type") != "refresh_token":
            return None
        token = form.get("refresh_token", "")
        connection = next((each for each in self._connections if each.client_id == client and each.holds(token)), None)
        if connection is not None and token == connection.newest and time.time() >= connection.made + self._settings.rotate_seconds:
            connection.before, connection.newest, connection.made = connection.newest, _refresh_token(), time.time()
        return connection

    def _tokens(self, connection: Connection) -> dict[str, Any]:
        token = secrets.token_urlsafe(48)
        self._access[token] = (connection, time.time())
        return {
            "token_type": "bearer",
            "access_token": token,
            "expires_in": self._settings.token_seconds,
            "refresh_token": connection.newest,
            "x_refresh_token_expires_in": REFRESH_LIFE,
        }


def discovery(request: Request) -> dict[str, Any]:
    """The addresses of the login service: Intuit's own, or the emulator's for whoever asks it directly."""
    host = request.header("Host") or request.host
    if request.host.endswith("intuit.com"):
        authorise, tokens, revocation = (
            "https://appcenter.intuit.com",
            "https://oauth.platform.intuit.com",
            "https://developer.api.intuit.com",
        )
    else:
        authorise = tokens = revocation = f"http://{host}"
    return {
        "issuer": "https://oauth.platform.intuit.com/op/v1",
        "authorization_endpoint": f"{authorise}/connect/oauth2",
        "token_endpoint": f"{tokens}{TOKEN_PATH}",
        "revocation_endpoint": f"{revocation}{REVOKE_PATH}",
        "userinfo_endpoint": "https://accounts.platform.intuit.com/v1/openid_connect/userinfo",
        "jwks_uri": "https://oauth.platform.intuit.com/op/v1/jwks",
        "response_types_supported": ["code"],
        "scopes_supported": ["com.intuit.quickbooks.accounting"],
    }


def _token_of(request: Request) -> str:
    """The token that is to be revoked, sent as JSON or as a form."""
    try:
        content = jsons.load(request.body)
    except ValueError:
        content = {name: values[-1] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
    return str(content.get("token", "")) if isinstance(content, dict) else ""


def _refresh_token() -> str:
    return f"RT1-{secrets.token_urlsafe(36)}"
