import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import ProtectedError
from django.utils import timezone

from credentials import key_pair, service
from credentials.connection import FormErrors
from credentials.key_pair import KeyPair
from credentials.models import Credential, State
from integrations import errors
from integrations.contract import CredentialKind
from integrations.models import IntegrationConfig
from tests.credentials.conftest import CANARY, DATA, Vault

pytestmark = pytest.mark.django_db

KEY_DATA = {"accountId": "t-1", "certificateId": "c-1"}


def stored(credential: Credential) -> Credential:
    return Credential.objects.get(pk=credential.pk)


def sentences(action: Any) -> dict[str, str]:
    with pytest.raises(FormErrors) as wrong:
        action()
    return wrong.value.sentences


# --- create -----------------------------------------------------------------------------------------------------------------------------


def test_a_new_credential_is_verified_before_it_is_stored(kind: CredentialKind, vault: Vault, priya: User, heard: list[Any]) -> None:
    credential = stored(service.create(kind, " Vault production ", DATA, user=priya))
    assert (credential.name, credential.system, credential.kind, credential.tenant) == ("Vault production", "Vault", "VAULT_SECRET", "T-1")
    assert (credential.status, credential.state, credential.created_by) == ("VERIFIED", State.VERIFIED, priya)
    assert (credential.settings, credential.secrets) == ({"accountId": "T-1"}, {"clientSecret": CANARY})
    assert (vault.obtained, credential.token.value) == (1, f"token-1-{CANARY}")
    facts = {
        "name": "Vault production",
        "system": "Vault",
        "kind": "VAULT_SECRET",
        "tenant": "T-1",
        "status": "VERIFIED",
        "expires_at": None,
    }
    assert heard == [("created", priya, {}, facts)]


def test_a_sandbox_is_chosen_by_system(kind: CredentialKind) -> None:
    assert service.create(kind, "Sandbox", DATA, system="VaultSandbox").system == "VaultSandbox"
    assert sentences(lambda: service.create(kind, "Other", DATA, system="Elsewhere")) == {
        "system": "VAULT_SECRET logs in to Vault or VaultSandbox, not to Elsewhere."
    }


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({}, {"accountId": "Account Id is missing.", "clientSecret": "Client secret is missing."}),
        ({"accountId": "x1"}, {"accountId": "An account id does not start with X.", "clientSecret": "Client secret is missing."}),
        (DATA | {"clientsecret": CANARY}, {"clientsecret": "VAULT_SECRET has no field clientsecret; it has accountId, clientSecret."}),
    ],
)
def test_every_wrong_field_has_its_sentence_and_nothing_is_asked_or_stored(
    kind: CredentialKind, vault: Vault, data: dict[str, str], found: dict[str, str]
) -> None:
    assert sentences(lambda: service.create(kind, "Vault", data)) == found
    assert (vault.obtained, Credential.objects.count()) == (0, 0)


def test_a_name_is_required_and_unique(kind: CredentialKind) -> None:
    assert sentences(lambda: service.create(kind, " ", DATA)) == {"name": "The name is missing. People choose credentials by their name."}
    service.create(kind, "Vault", DATA)
    taken = 'Another credential is called "Vault". Choose another name, or replace the secrets of that one.'
    assert sentences(lambda: service.create(kind, "Vault", DATA)) == {"name": taken}


def test_of_two_people_who_take_the_same_name_one_is_told(kind: CredentialKind, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(*args: Any) -> Any:
        Credential.objects.create(name="Vault", system="Vault", kind="VAULT_SECRET")
        return Vault.obtain(vault, *args)

    object.__setattr__(kind, "obtain", meanwhile)
    assert list(sentences(lambda: service.create(kind, "Vault", DATA))) == ["name"]


@pytest.mark.parametrize("failure", [errors.Misconfigured("Refused."), errors.Retry("Nobody answered.")])
def test_a_failed_login_stores_nothing(kind: CredentialKind, vault: Vault, failure: errors.DeliveryError) -> None:
    vault.failure = failure
    with pytest.raises(type(failure)):
        service.create(kind, "Vault", DATA)
    assert not Credential.objects.exists()


# --- key pairs --------------------------------------------------------------------------------------------------------------------------


def test_a_key_pair_is_made_here_and_connected_once_the_vendor_has_its_certificate(
    key_pair_kind: CredentialKind, vault: Vault, quick_pair: KeyPair, priya: User, heard: list[Any]
) -> None:
    draft = service.create_draft(key_pair_kind, "Vault", {"accountId": "t-1"}, user=priya)
    assert (stored(draft).status, stored(draft).state, stored(draft).secrets) == ("DRAFT", State.NOT_CONNECTED, {})
    assert (stored(draft).settings, stored(draft).new_certificate) == ({"accountId": "t-1", "certificateId": ""}, quick_pair.certificate)
    service.replace_secrets(stored(draft), KEY_DATA, priya)
    credential = stored(draft)
    assert (credential.status, credential.tenant, credential.new_key, credential.new_certificate) == ("VERIFIED", "T-1", None, "")
    assert (credential.secrets, credential.certificate) == ({"privateKey": quick_pair.private_key}, quick_pair.certificate)
    assert credential.expires_at == key_pair.expires_at(quick_pair.certificate)
    assert [verb for verb, *_ in heard] == ["created", "made a key pair", "connected"]


def test_a_new_key_pair_leaves_the_login_alone_until_it_is_connected(
    key_pair_kind: CredentialKind, vault: Vault, pair: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = service.create(key_pair_kind, "Vault", KEY_DATA | {"privateKey": pair.private_key}, certificate=pair.certificate)
    newer = key_pair.generate("newer")
    monkeypatch.setattr(key_pair, "generate", lambda name: newer)
    service.make_key_pair(stored(credential))
    assert stored(credential).secrets == {"privateKey": pair.private_key}
    vault.failure = errors.Misconfigured("Vault does not know this certificate.")
    with pytest.raises(errors.Misconfigured):
        service.replace_secrets(stored(credential), KEY_DATA)
    assert (stored(credential).status, stored(credential).secrets) == ("VERIFIED", {"privateKey": pair.private_key})
    vault.failure = None
    service.replace_secrets(stored(credential), KEY_DATA)
    assert (stored(credential).secrets, stored(credential).certificate) == ({"privateKey": newer.private_key}, newer.certificate)


def test_a_certificate_must_be_one_and_belong_to_the_key(key_pair_kind: CredentialKind, pair: KeyPair) -> None:
    data = KEY_DATA | {"privateKey": pair.private_key}
    assert sentences(lambda: service.create(key_pair_kind, "Vault", data, certificate="nonsense")) == {
        "certificate": "This is not a certificate in PEM format. It starts with -----BEGIN CERTIFICATE-----."
    }
    other = key_pair.generate("other")
    assert sentences(lambda: service.create(key_pair_kind, "Vault", data, certificate=other.certificate)) == {
        "certificate": "This certificate belongs to another private key. Choose the one that was made together with the key."
    }


@pytest.mark.parametrize(
    ("days", "state"), [(31, State.VERIFIED), (30, State.EXPIRES_SOON), (1, State.EXPIRES_SOON), (0, State.EXPIRED), (-9, State.EXPIRED)]
)
def test_people_are_told_thirty_days_before_a_certificate_ends(days: int, state: State) -> None:
    end = timezone.now() + datetime.timedelta(days=days)
    assert Credential(status="VERIFIED", expires_at=end).state == state
    assert Credential(status="AUTH_FAILED", expires_at=end).state == State.AUTH_FAILED


# --- verify, replace, disconnect, delete --------------------------------------------------------------------------------------------------


def test_a_test_uses_a_new_token_and_tells_the_result(kind: CredentialKind, vault: Vault, priya: User, heard: list[Any]) -> None:
    credential = service.create(kind, "Vault", DATA)
    first = credential.last_verified_at
    again = service.verify(stored(credential), priya)
    assert (vault.obtained, again.token.value) == (2, f"token-2-{CANARY}")
    assert stored(credential).last_verified_at > first
    vault.failure = errors.Misconfigured("The role lost its permission.")
    with pytest.raises(errors.Misconfigured):
        service.verify(stored(credential), priya)
    assert (stored(credential).state, stored(credential).status_reason) == (State.AUTH_FAILED, "The role lost its permission.")
    vault.failure = None
    service.verify(stored(credential), priya)
    assert (stored(credential).state, stored(credential).status_reason) == (State.VERIFIED, "")
    assert [(verb, actor, after["status"]) for verb, actor, _, after in heard[1:]] == [
        ("verified", priya, "VERIFIED"),
        ("failed", None, "AUTH_FAILED"),
        ("verified", priya, "VERIFIED"),
    ]


def test_a_test_that_nobody_answers_changes_nothing(kind: CredentialKind, vault: Vault) -> None:
    credential = service.create(kind, "Vault", DATA)
    vault.failure = errors.Retry("The Vault did not answer.")
    with pytest.raises(errors.Retry):
        service.verify(stored(credential))
    assert (stored(credential).status, stored(credential).lease_until) == ("VERIFIED", None)


def test_a_credential_never_changes_its_books(kind: CredentialKind, vault: Vault) -> None:
    credential = service.create(kind, "Vault", DATA)
    vault.tenant = "T-2"
    sentence = "This login opens the books of T-2, but Vault stands for T-1. Create another credential for other books."
    with pytest.raises(errors.Misconfigured) as refused:
        service.replace_secrets(stored(credential), DATA)
    assert (refused.value.sentence, stored(credential).status) == (sentence, "VERIFIED")
    with pytest.raises(errors.Misconfigured):
        service.verify(stored(credential))
    assert (stored(credential).status, stored(credential).status_reason, stored(credential).tenant) == ("AUTH_FAILED", sentence, "T-1")


def test_disconnecting_forgets_every_secret(key_pair_kind: CredentialKind, pair: KeyPair, priya: User, heard: list[Any]) -> None:
    data = KEY_DATA | {"privateKey": pair.private_key}
    credential = service.create(key_pair_kind, "Vault", data, certificate=pair.certificate)
    service.disconnect(credential, priya)
    now = stored(credential)
    assert (now.status, now.state, now.tenant) == ("DISCONNECTED", State.DISCONNECTED, "T-1")
    assert (now.secrets, now.tokens, now.tokens_expire_at, now.certificate, now.expires_at) == ({}, None, None, "", None)
    with pytest.raises(errors.Misconfigured, match="Vault is not connected"):
        service.verify(now)
    service.replace_secrets(now, data, priya)
    assert stored(credential).status == "VERIFIED"
    assert [verb for verb, *_ in heard] == ["created", "disconnected", "connected"]


def test_a_used_credential_cannot_be_deleted(kind: CredentialKind, priya: User) -> None:
    credential = service.create(kind, "Vault", DATA)
    integration = IntegrationConfig.objects.create(name="Vault US", entity_type="Bill", system="Vault", credential=credential)
    with pytest.raises(ProtectedError):
        service.delete(credential, priya)
    integration.delete()
    service.delete(credential, priya)
    assert not Credential.objects.exists()
