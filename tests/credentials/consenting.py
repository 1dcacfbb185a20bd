"""The Vault's third kind: a person consents there. Its authorise page is only an address; `come_back` is what its redirect does."""

import datetime
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from credentials import service
from credentials.models import Credential
from integrations import errors
from integrations.contract import Consent, CredentialField, CredentialKind, Redeemed, Token, Verified
from tests.credentials.conftest import CANARY, DATA, Vault, authorise, secret_kind

PAGE = "https://vault.example/authorise"
CODE = f"code-{CANARY}"


class ConsentVault(Vault):
    """Knows which refresh tokens are good, what was redeemed and what was given back."""

    def __init__(self) -> None:
        super().__init__()
        self.redeemed: list[Redeemed] = []
        self.revoked: list[str] = []
        self.systems: list[str] = []
        self.note = ""
        self.tried: list[str] = []
        self.good: set[str] = {"r0"}
        self.rolling = datetime.timedelta(days=100)

    def consent(self, settings: Mapping[str, str], secrets: Mapping[str, str], asked: Consent) -> str:
        return f"{PAGE}?client={settings['accountId']}&state={asked.state}&to={asked.redirect_uri}&challenge={asked.challenge}"

    def redeem(self, settings: Mapping[str, str], secrets: Mapping[str, str], back: Redeemed) -> tuple[dict[str, str], Token]:
        if secrets["clientSecret"] != self.accepted or back.code != CODE:
            raise errors.Misconfigured("Vault does not know this code.")
        self.redeemed.append(back)
        self.tenant = back.answer["books"]
        return {"books": back.answer["books"]}, self._next()

    def obtain(self, settings: Mapping[str, str], secrets: Mapping[str, str]) -> Token:
        return self.refresh(settings, secrets, Token(value="", expires_at=timezone.now(), refresh=secrets["refreshToken"]))

    def refresh(self, settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> Token:
        self.refreshed += 1
        self.tried.append(token.refresh)
        time.sleep(self.pause)
        if token.refresh not in self.good:
            raise errors.Misconfigured(f"Vault does not accept {token.refresh}.")
        return self._next()

    def verify(self, settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> Verified:
        self.systems.append(settings["system"])
        return replace(super().verify(settings, secrets, token), note=self.note)

    def revoke(self, settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> None:
        if self.failure:
            raise self.failure
        self.revoked.append(token.refresh)

    def _next(self) -> Token:
        number = next(self._numbers)
        self.good = {f"r{number}"}
        now = timezone.now()
        ends = {"expires_at": now + self.lifetime, "refresh_expires_at": now + self.rolling}
        return Token(value=f"token-{number}-{CANARY}", refresh=f"r{number}", **ends)


def consent_kind(vault: ConsentVault) -> CredentialKind:
    plain = secret_kind(vault)
    books = CredentialField(name="books", label="Books", from_consent=True)
    refresh = CredentialField(name="refreshToken", label="Refresh token", secret=True, from_consent=True)
    return CredentialKind(
        kind="VAULT_CONSENT",
        label="Vault consent",
        systems=("Vault",),
        fields=(*plain.fields, books, refresh),
        clean=vault.clean,
        obtain=vault.obtain,
        verify=vault.verify,
        authorise=authorise,
        refresh=vault.refresh,
        consent=vault.consent,
        redeem=vault.redeem,
        revoke=vault.revoke,
        pkce=True,
        setup=plain.setup,
    )


def url(action: str, *args: Any) -> str:
    return reverse(f"admin:credentials_credential_{action}", args=args)


def asked(visitor: Client, credential: Credential, **query: str) -> dict[str, str]:
    """What the link to the vendor says."""
    answer = visitor.get(url("consent", credential.pk), query)
    assert answer.status_code == 200
    parts = urlsplit(answer.context["there"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == PAGE
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def come_back(visitor: Client, state: str, **said: str) -> Any:
    """The person is sent back by the vendor, with a code for the books T-1 unless something else is said."""
    return visitor.get(url("callback"), {"state": state, **(said or {"code": CODE, "books": "T-1"})}, follow=True)


def from_file(kind: CredentialKind, name: str = "Vault by file") -> Credential:
    return service.create(kind, name, {**DATA, "books": "T-1", "refreshToken": "r0"})
