import datetime
import itertools
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.contrib.auth.models import User
from django.utils import timezone

from credentials import hand_out, key_pair
from credentials.key_pair import KeyPair
from credentials.models import Credential
from integrations import contract, errors, registry
from integrations.contract import CredentialField, CredentialKind, SetupStep, System, Token, Verified

CANARY = "canary-5f0c-do-not-show-this"
DATA = {"accountId": "t-1", "clientSecret": CANARY}


class Vault:
    """A vendor that we make up: what it was asked, and what it shall answer."""

    def __init__(self) -> None:
        self.accepted = CANARY
        self.obtained = self.refreshed = 0
        self.pause = 0.0
        self.tenant = "T-1"
        self.lifetime = datetime.timedelta(hours=1)
        self.failure: errors.DeliveryError | None = None
        self._numbers = itertools.count(1)

    def clean(self, settings: dict[str, str], secrets: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        account, wrong = settings["accountId"].strip().upper(), {}
        if account.startswith("X"):
            wrong["accountId"] = "An account id does not start with X."
        if secrets.get("privateKey") and "BEGIN PRIVATE KEY" not in secrets["privateKey"]:
            wrong["privateKey"] = "This is not a private key in PEM format."
        if wrong:
            raise ValueError(wrong)
        return settings | {"accountId": account}, secrets

    def obtain(self, settings: Mapping[str, str], secrets: Mapping[str, str]) -> Token:
        self.obtained += 1
        time.sleep(self.pause)
        if self.failure:
            raise self.failure
        if "privateKey" in secrets:
            load_pem_private_key(secrets["privateKey"].encode(), None)
        elif secrets["clientSecret"] != self.accepted:
            raise errors.Misconfigured("Vault does not know this client secret.")
        return self._token()

    def refresh(self, settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> Token:
        self.refreshed += 1
        return self._token(f"after {token.refresh}")

    def verify(self, settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> Verified:
        if self.failure:
            raise self.failure
        return Verified(tenant=self.tenant)

    def _token(self, refresh: str = "") -> Token:
        return Token(value=f"token-{next(self._numbers)}-{CANARY}", expires_at=timezone.now() + self.lifetime, refresh=refresh)


def authorise(settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


ACCOUNT = CredentialField(name="accountId", label="Account Id", help="Under Company, Company information.")
STEP = SetupStep(
    title="Make a key", where="Setup > Keys", actions=("Select New.", "Save."), copies="Key → Client secret", warning="Once only."
)


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Vault:
    """Vault's two kinds, found by the registry and by nobody else."""
    vault = Vault()
    monkeypatch.setattr(registry, "credential_kinds", lambda: (secret_kind(vault), key_kind(vault)))
    monkeypatch.setattr(
        registry, "systems", lambda: (System(name="Vault", label="The Vault"), System(name="VaultSandbox", label="Vault sandbox"))
    )
    monkeypatch.setattr(hand_out, "_kept", {})
    return vault


def secret_kind(vault: Vault) -> CredentialKind:
    secret = CredentialField(name="clientSecret", label="Client secret", secret=True)
    return CredentialKind(
        kind="VAULT_SECRET",
        label="Vault client secret",
        systems=("Vault", "VaultSandbox"),
        fields=(ACCOUNT, secret),
        clean=vault.clean,
        obtain=vault.obtain,
        verify=vault.verify,
        authorise=authorise,
        setup=(STEP,),
    )


def key_kind(vault: Vault) -> CredentialKind:
    number = CredentialField(name="certificateId", label="Certificate Id", help="Vault shows it after the upload.")
    key = CredentialField(name="privateKey", label="Private key", secret=True, kind="private_key")
    return CredentialKind(
        kind="VAULT_KEY",
        label="Vault key pair",
        systems=("Vault",),
        fields=(ACCOUNT, number, key),
        clean=vault.clean,
        obtain=vault.obtain,
        verify=vault.verify,
        authorise=authorise,
        makes_key_pair=True,
        certificate_field="certificateId",
        setup=(STEP,),
    )


@pytest.fixture
def kind(vault: Vault) -> CredentialKind:
    return registry.credential_kind("VAULT_SECRET")


@pytest.fixture
def key_pair_kind(vault: Vault) -> CredentialKind:
    return registry.credential_kind("VAULT_KEY")


@pytest.fixture(scope="session")
def pair() -> KeyPair:
    return key_pair.generate("Vault production")


@pytest.fixture
def quick_pair(pair: KeyPair, monkeypatch: pytest.MonkeyPatch) -> KeyPair:
    """Every key pair made in this test is this one; making a real one takes seconds."""
    monkeypatch.setattr(key_pair, "generate", lambda name: pair)
    return pair


@pytest.fixture
def priya(db: None) -> User:
    return User.objects.create_superuser("priya", "priya@example.com", "pw", first_name="Priya", last_name="Nair")


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any, Any, Any]]]:
    """What `contract.changed` announced: (verb, actor, before, after)."""
    events: list[tuple[str, Any, Any, Any]] = []

    def listen(actor: Any, verb: str, before: Any, after: Any, **rest: Any) -> None:
        events.append((verb, actor, before, after))

    contract.changed.connect(listen, sender=Credential)
    yield events
    contract.changed.disconnect(listen, sender=Credential)
