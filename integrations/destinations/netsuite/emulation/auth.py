"""Who may call: certificates, the token endpoint (OAuth 2.0 client credentials) and bearer tokens.

Ways to log in are in `Doorkeeper.verifiers`, by the scheme of the Authorization header.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from integrations.destinations.netsuite.emulation.errors import invalid_login
from integrations.destinations.netsuite.emulation.settings import Settings
from integrations.destinations.netsuite.emulation.signatures import Signatures
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path
RSA_ALGORITHMS = ["PS256", "PS384", "PS512"]
EC_ALGORITHMS = ["ES256", "ES384", "ES512"]
SCOPES = {"rest_webservices", "restlets", "suite_analytics"}
LONGEST_ASSERTION = 3600
_FORM = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}


@dataclass(frozen=True)
class Certificate:
    """An uploaded certificate and the integration that may use it."""

    certificate_id: str
    client_id: str
    public_key: RSAPublicKey | EllipticCurvePublicKey
    expires: float

    @classmethod
    def from_pem(cls, certificate_id: str, client_id: str, pem: str) -> "Certificate":
        """Raises ValueError with a sentence if the text is no certificate with an RSA or elliptic curve key."""
        try:
            parsed = x509.load_pem_x509_certificate(pem.strip().encode())
        except ValueError as error:
            raise ValueError("The certificate is not a PEM text that starts with -----BEGIN CERTIFICATE-----.") from error
        key = parsed.public_key()
        if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
            raise ValueError("The certificate's key must be RSA or elliptic curve.")
        return cls(certificate_id, client_id, key, parsed.not_valid_after_utc.timestamp())


class Doorkeeper:
    """The certificates and tokens of all accounts; they outlive a reset."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._certificates: dict[tuple[str, str], Certificate] = {}
        self._tokens: dict[str, tuple[str, float]] = {}
        self.signatures = Signatures()
        self.audit: list[tuple[float, str, str]] = []
        self.verifiers: dict[str, Callable[[Request, str], bool]] = {"bearer": self._bearer, "oauth": self.signatures.check}

    def register(self, account: str, certificate: Certificate) -> str:
        with self._lock:
            self._certificates[account, certificate.certificate_id] = certificate
        return certificate.certificate_id

    def check(self, request: Request, account: str) -> None:
        """Raises NetSuiteError unless the request is allowed into the account."""
        scheme = request.header("Authorization").partition(" ")[0].lower()
        if scheme not in self.verifiers or not self.verifiers[scheme](request, account):
            self._note(account, "TokenRejected")
            raise invalid_login()

    def issue(self, request: Request, account: str) -> Response:
        """The token endpoint. What was wrong is only in the audit trail, as in the real system."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
        try:
            self._verify(form, request.host, account)
        except jwt.PyJWTError as error:
            self._note(account, str(error))
            return jsons.answer({"error": "invalid_request"}, 400)
        token = secrets.token_urlsafe(48)
        with self._lock:
            self._tokens[token] = (account, time.time())
        return jsons.answer({"access_token": token, "expires_in": "3600", "token_type": "bearer"})

    def _verify(self, form: dict[str, str], host: str, account: str) -> None:
        """Raises PyJWTError unless the form carries a good assertion of a known certificate."""
        if not form.items() >= _FORM.items() or "client_assertion" not in form:
            raise jwt.InvalidTokenError("InvalidRequest: the form's fields are not those of client credentials")
        assertion = form["client_assertion"]
        certificate = self._certificates.get((account, str(jwt.get_unverified_header(assertion).get("kid"))))
        if certificate is None:
            raise jwt.InvalidTokenError("InvalidCertificate: the key id names no certificate of this account")
        if certificate.expires < time.time():
            raise jwt.InvalidTokenError("InvalidCertificate: the certificate has expired")
        claims = jwt.decode(
            assertion,
            certificate.public_key,
            algorithms=RSA_ALGORITHMS if isinstance(certificate.public_key, RSAPublicKey) else EC_ALGORITHMS,
            audience=f"https://{host}{TOKEN_PATH}",
            issuer=certificate.client_id,
            options={"require": ["iss", "aud", "iat", "exp", "scope"]},
        )
        _check_claims(claims)

    def _bearer(self, request: Request, account: str) -> bool:
        token = request.header("Authorization").partition(" ")[2].strip()
        owner, issued = self._tokens.get(token, ("", 0.0))
        return owner == account and time.time() < issued + self._settings.token_seconds

    def _note(self, account: str, detail: str) -> None:
        """Adds to the login audit trail, which keeps the last hundred entries."""
        with self._lock:
            self.audit = [*self.audit[-99:], (time.time(), account, detail)]


def _check_claims(claims: dict[str, Any]) -> None:
    scope = claims["scope"]
    granted = {str(word) for word in scope} if isinstance(scope, list) else set(str(scope).replace(",", " ").split())
    if "rest_webservices" not in granted or granted - SCOPES:
        raise jwt.InvalidTokenError("ScopeMismatched: the scope must contain rest_webservices and only known scopes")
    if not 0 < int(claims["exp"]) - int(claims["iat"]) < LONGEST_ASSERTION:
        raise jwt.InvalidTokenError("InvalidTimestamp: exp must be less than 60 minutes after iat")
