import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from credentials import service
from credentials.key_pair import KeyPair
from credentials.models import Credential
from integrations import errors
from integrations.contract import CredentialKind
from integrations.models import IntegrationConfig
from tests.credentials.conftest import CANARY, DATA, Vault

pytestmark = pytest.mark.django_db


def url(action: str, *args: Any) -> str:
    return reverse(f"admin:credentials_credential_{action}", args=args)


@pytest.fixture
def visitor(vault: Vault, priya: User) -> Client:
    client = Client()
    client.force_login(priya, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def credential(kind: CredentialKind) -> Credential:
    return service.create(kind, "Vault production", DATA)


def text(answer: Any) -> str:
    """A page as text, after making sure that nothing secret is on it."""
    page = answer.content.decode()
    assert CANARY not in page
    assert "-----BEGIN PRIVATE KEY-----\n" not in page
    return page


def used_by(credential: Credential, name: str = "Vault US", **facts: Any) -> IntegrationConfig:
    return IntegrationConfig.objects.create(name=name, entity_type="Bill", system="Vault", credential=credential, **facts)


# --- list and details ---------------------------------------------------------------------------------------------------------------------


def test_the_list_says_what_each_credential_is_and_who_uses_it(visitor: Client, credential: Credential) -> None:
    used_by(credential)
    used_by(credential, "Vault EU")
    used_by(credential, "Vault old", archived_at=timezone.now())
    page = text(visitor.get(url("changelist")))
    for shown in (
        "Vault production",
        "The Vault<small>T-1</small>",
        "Vault client secret",
        "VERIFIED",
        "2<small>Vault EU, Vault US</small>",
    ):
        assert shown in page
    assert url("choose_kind") in page


def test_the_list_costs_the_same_whatever_its_length(visitor: Client, kind: CredentialKind) -> None:
    def queries(name: str) -> int:
        used_by(service.create(kind, name, DATA), name)
        with CaptureQueriesContext(connection) as counted:
            visitor.get(url("changelist"))
        return len(counted)

    queries("to warm up")
    assert queries("second") == queries("third")


def test_the_details_show_everything_but_the_secrets(visitor: Client, credential: Credential) -> None:
    used_by(credential)
    page = text(visitor.get(url("change", credential.pk)))
    for shown in (
        "Vault production",
        "VERIFIED",
        "T-1",
        "stored, never shown",
        "Vault US",
        "CONNECTED",
        str(credential.pk),
        "Test connection",
    ):
        assert shown in page


@pytest.mark.parametrize(
    ("facts", "state", "sentence"),
    [
        ({"status": "AUTH_FAILED", "status_reason": "The role is gone."}, "AUTH FAILED", "The role is gone. Its integrations wait"),
        ({"status": "DISCONNECTED"}, "DISCONNECTED", "This credential is disconnected."),
        ({"status": "DRAFT"}, "NOT CONNECTED", "This credential is not connected yet."),
        ({"expires_at": 12}, "EXPIRES SOON", "The certificate expires in 12 days."),
        ({"expires_at": 1}, "EXPIRES SOON", "The certificate expires tomorrow."),
        ({"expires_at": -3}, "EXPIRED", "The certificate has expired."),
    ],
)
def test_the_details_say_what_is_wrong_and_what_to_do(
    visitor: Client, credential: Credential, facts: dict[str, Any], state: str, sentence: str
) -> None:
    if "expires_at" in facts:
        facts = {"expires_at": timezone.now() + datetime.timedelta(days=facts["expires_at"])}
    Credential.objects.filter(pk=credential.pk).update(**facts)
    page = text(visitor.get(url("change", credential.pk)))
    assert state in page
    assert sentence in page
    assert state in text(visitor.get(url("changelist")))


def test_the_names_that_it_opens_are_read_again_by_a_button(visitor: Client, credential: Credential) -> None:
    address = reverse("admin:runs_refresh_catalogue", args=(credential.pk,))
    assert f'action="{address}"' in text(visitor.get(url("change", credential.pk)))
    service.disconnect(credential)
    assert address not in text(visitor.get(url("change", credential.pk)))


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ("M3TER_ACCESS_KEY", "Bills are read from m3ter with it."),
        ("METRONOME_WEBHOOK", "Metronome signs its events with it: they are checked with this secret."),
    ],
)
def test_a_sources_credential_says_what_the_source_does_with_it(
    visitor: Client, credential: Credential, declared: str, sentence: str
) -> None:
    Credential.objects.update(kind=declared)
    page = text(visitor.get(url("change", credential.pk)))
    assert (sentence in page, "No integration uses it" in page) == (True, False)
    assert sentence in text(visitor.get(url("disconnect", credential.pk)))
    assert "a source" in text(visitor.get(url("changelist")))


# --- create -----------------------------------------------------------------------------------------------------------------------------


def test_the_way_to_log_in_is_chosen_first(visitor: Client) -> None:
    page = text(visitor.get(url("choose_kind"), {"next": "/admin/"}))
    assert f"{url('create', 'VAULT_SECRET')}?system=VaultSandbox&amp;next=%2Fadmin%2F" in page
    assert "Vault key pair" in page
    for address in (url("choose_kind"), url("add")):
        answer = visitor.get(address, {"system": "VaultSandbox"})
        assert answer.url == f"{url('create', 'VAULT_SECRET')}?system=VaultSandbox"


def test_a_credential_is_created_by_its_form(visitor: Client, vault: Vault, priya: User) -> None:
    answer = visitor.post(url("create", "VAULT_SECRET"), {"name": "Vault", "system": "VaultSandbox", **DATA}, follow=True)
    credential = Credential.objects.get()
    assert answer.redirect_chain == [(url("change", credential.pk), 302)]
    assert "Vault is connected to Vault sandbox T-1." in text(answer)
    assert (credential.system, credential.created_by, credential.status) == ("VaultSandbox", priya, "VERIFIED")


def test_afterwards_one_is_back_where_one_came_from_but_never_elsewhere(visitor: Client) -> None:
    there = visitor.post(url("create", "VAULT_SECRET") + "?next=/admin/login/", {"name": "A", "system": "Vault", **DATA})
    assert there.url == "/admin/login/"
    foreign = visitor.post(url("create", "VAULT_SECRET") + "?next=//example.com/", {"name": "B", "system": "Vault", **DATA})
    assert foreign.url == url("change", Credential.objects.get(name="B").pk)


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (errors.Misconfigured("Vault does not know this client secret."), "Vault does not know this client secret."),
        (errors.Retry("The Vault could not be reached."), "The Vault could not be reached."),
    ],
)
def test_after_a_failed_login_all_but_the_secret_is_as_typed(
    visitor: Client, vault: Vault, failure: errors.DeliveryError, sentence: str
) -> None:
    vault.failure = failure
    page = text(visitor.post(url("create", "VAULT_SECRET"), {"name": "My vault", "system": "VaultSandbox", **DATA}))
    assert sentence in page
    assert "Give the secrets again" in page
    assert 'value="My vault"' in page
    assert 'value="t-1"' in page
    assert '<option value="VaultSandbox" selected>' in page
    assert not Credential.objects.exists()


def test_every_wrong_field_is_told_at_once(visitor: Client, vault: Vault) -> None:
    page = text(visitor.post(url("create", "VAULT_KEY"), {"accountId": "x-1", "key_source": "upload", "privateKey": f"{CANARY} no key"}))
    for sentence in (
        "Name is missing.",
        "An account id does not start with X.",
        "Certificate Id is missing.",
        "This is not a private key in PEM format.",
    ):
        assert sentence in page
    assert vault.obtained == 0


def test_a_taken_name_is_told_at_its_field(visitor: Client, credential: Credential) -> None:
    page = text(visitor.post(url("create", "VAULT_SECRET"), {"name": "Vault production", "system": "Vault", **DATA}))
    assert "Another credential is called &quot;Vault production&quot;." in page


KEY_FORM = {"name": "Vault", "key_source": "upload", "accountId": "t-1", "certificateId": "c-1"}


def test_a_key_comes_as_a_file_with_its_certificate(visitor: Client, pair: KeyPair) -> None:
    files = {
        "privateKey_file": SimpleUploadedFile("key.pem", pair.private_key.encode()),
        "certificate": SimpleUploadedFile("cert.pem", pair.certificate.encode()),
    }
    answer = visitor.post(url("create", "VAULT_KEY"), KEY_FORM | files, follow=True)
    assert "is connected to The Vault" in text(answer)
    credential = Credential.objects.get()
    assert (credential.secrets, credential.certificate) == ({"privateKey": pair.private_key}, pair.certificate)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("key.p12", b"\x30\x82\xff", "key.p12 is not a text file. Choose the .pem file."),
        ("key.pem", b"-" * 70_000, "key.pem is too large for a key or certificate. Choose the .pem file."),
        ("cert.pem", b"-----BEGIN CERTIFICATE-----", "This is not a private key in PEM format."),
    ],
)
def test_a_wrong_file_is_a_sentence(visitor: Client, name: str, content: bytes, sentence: str) -> None:
    page = text(visitor.post(url("create", "VAULT_KEY"), KEY_FORM | {"privateKey_file": SimpleUploadedFile(name, content)}))
    assert sentence in page


def test_a_key_given_twice_is_not_guessed(visitor: Client, pair: KeyPair) -> None:
    file = SimpleUploadedFile("key.pem", pair.private_key.encode())
    page = text(visitor.post(url("create", "VAULT_KEY"), KEY_FORM | {"privateKey": pair.private_key, "privateKey_file": file}))
    assert "This is given twice. Paste it or choose its file." in page


def test_a_pair_made_here_is_connected_in_three_steps(visitor: Client, quick_pair: KeyPair, priya: User) -> None:
    answer = visitor.post(url("create", "VAULT_KEY"), {"name": "Vault", "key_source": "generate", "accountId": "t-1"}, follow=True)
    draft = Credential.objects.get()
    assert answer.redirect_chain == [(url("connect", draft.pk), 302)]
    page = text(answer)
    assert "Download the certificate" in page
    assert 'value="t-1"' in page
    assert "privateKey" not in page
    assert "made here, not connected yet" in text(visitor.get(url("change", draft.pk)))
    certificate = visitor.get(url("certificate", draft.pk))
    assert (certificate.content.decode(), certificate.headers["Content-Disposition"]) == (
        quick_pair.certificate,
        'attachment; filename="vault-cert.pem"',
    )
    assert "Certificate Id is missing." in text(visitor.post(url("connect", draft.pk), {"accountId": "t-1"}))
    done = visitor.post(url("connect", draft.pk), {"accountId": "t-1", "certificateId": "c-1"}, follow=True)
    assert "Vault is connected to The Vault T-1." in text(done)
    assert Credential.objects.get().secrets == {"privateKey": quick_pair.private_key}


def test_a_waiting_pair_may_be_left_for_another_key(visitor: Client, quick_pair: KeyPair, key_pair_kind: CredentialKind) -> None:
    draft = service.create_draft(key_pair_kind, "Vault", {})
    page = text(visitor.get(url("connect", draft.pk) + "?key=other"))
    assert 'name="privateKey"' in page
    key = {"accountId": "t-1", "certificateId": "c-1", "key_source": "upload", "privateKey": quick_pair.private_key}
    visitor.post(url("connect", draft.pk) + "?key=other", key)
    credential = Credential.objects.get()
    assert (credential.status, credential.new_certificate, credential.certificate) == ("VERIFIED", "", "")


def test_the_certificate_about_to_expire_leads_to_a_new_pair(visitor: Client, pair: KeyPair, key_pair_kind: CredentialKind) -> None:
    data = {"accountId": "t-1", "certificateId": "c-1", "privateKey": pair.private_key}
    credential = service.create(key_pair_kind, "Vault", data, certificate=pair.certificate)
    Credential.objects.update(expires_at=timezone.now() + datetime.timedelta(days=5))
    assert f'href="{url("connect", credential.pk)}?key=generate"' in text(visitor.get(url("change", credential.pk)))
    page = text(visitor.get(url("connect", credential.pk) + "?key=generate"))
    assert 'value="generate"' in page
    assert 'id="id_key_source_0" checked' in page.replace(" required", "")


# --- replace, test, disconnect, delete ----------------------------------------------------------------------------------------------------


def test_secrets_are_replaced_without_showing_the_old_ones(visitor: Client, credential: Credential, vault: Vault) -> None:
    page = text(visitor.get(url("connect", credential.pk)))
    assert 'value="T-1"' in page
    assert 'name="name"' not in page
    vault.accepted = "newer"
    assert "Client secret is missing." in text(visitor.post(url("connect", credential.pk), {"accountId": "t-1"}))
    visitor.post(url("connect", credential.pk), {"accountId": "t-1", "clientSecret": "newer"})
    assert Credential.objects.get().secrets == {"clientSecret": "newer"}


def test_a_test_tells_its_result(visitor: Client, credential: Credential, vault: Vault) -> None:
    assert "Vault production logs in to The Vault T-1." in text(visitor.post(url("test", credential.pk), follow=True))
    vault.failure = errors.Misconfigured("The role is gone.")
    page = text(visitor.post(url("test", credential.pk), follow=True))
    assert "The role is gone." in page
    assert "AUTH FAILED" in page


def test_disconnecting_names_the_integrations_first(visitor: Client, credential: Credential) -> None:
    used_by(credential)
    assert "<b>Vault US</b>" in text(visitor.get(url("disconnect", credential.pk)))
    assert Credential.objects.get().status == "VERIFIED"
    assert "its secrets are deleted" in text(visitor.post(url("disconnect", credential.pk), follow=True))
    assert (Credential.objects.get().status, Credential.objects.get().secrets) == ("DISCONNECTED", {})


def test_only_an_unused_credential_is_deleted(visitor: Client, credential: Credential) -> None:
    integration = used_by(credential)
    page = text(visitor.get(url("remove", credential.pk)))
    assert ("cannot be deleted" in page, "Delete credential</button>" in page) == (True, False)
    assert "Vault production stays" in text(visitor.post(url("remove", credential.pk), follow=True))
    integration.delete()
    assert "Delete credential</button>" in text(visitor.get(url("remove", credential.pk)))
    answer = visitor.post(url("remove", credential.pk), follow=True)
    assert "Vault production is deleted." in text(answer)
    assert not Credential.objects.exists()


def test_the_steps_at_the_vendor_have_a_page(visitor: Client) -> None:
    page = text(visitor.get(url("setup", "VAULT_SECRET")))
    for shown in ("1. Make a key", "Setup &gt; Keys", "Select New.", "Once only.", "Key → Client secret"):
        assert shown in page
    assert visitor.get(url("setup", "NOPE")).status_code == 404


# --- who may --------------------------------------------------------------------------------------------------------------------------


POSTS: list[Callable[[Credential], str]] = [
    lambda credential: url("create", "VAULT_SECRET"),
    lambda credential: url("connect", credential.pk),
    lambda credential: url("test", credential.pk),
    lambda credential: url("disconnect", credential.pk),
    lambda credential: url("remove", credential.pk),
]


@pytest.mark.parametrize("address", POSTS)
def test_changing_anything_needs_the_permission(credential: Credential, vault: Vault, address: Callable[[Credential], str]) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_credential"))
    client = Client()
    client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    before = Credential.objects.values().get()
    assert client.post(address(credential), {"name": "N", "system": "Vault", **DATA}).status_code == 403
    assert client.get(url("certificate", credential.pk)).status_code == 403
    assert Credential.objects.values().get() == before
    page = text(client.get(url("change", credential.pk)))
    assert ("Test connection" in page, url("connect", credential.pk) in page) == (False, False)


def test_a_get_changes_nothing(visitor: Client, credential: Credential) -> None:
    before = Credential.objects.values().get()
    assert visitor.get(url("test", credential.pk)).status_code == 405
    for action in ("connect", "disconnect", "remove", "change"):
        assert visitor.get(url(action, credential.pk)).status_code == 200
    assert Credential.objects.values().get() == before


def test_djangos_own_forms_are_off_and_a_post_to_the_details_saves_nothing(visitor: Client, credential: Credential) -> None:
    assert visitor.post(url("add"), {"name": "Other"}).status_code == 405
    assert visitor.post(url("delete", credential.pk)).status_code == 403
    visitor.post(url("change", credential.pk), {"name": "Other", "tenant": "Other"})
    assert (Credential.objects.get().name, Credential.objects.get().tenant) == ("Vault production", "T-1")


def test_nobody_without_a_permission_sees_a_credential(credential: Credential, vault: Vault) -> None:
    client = Client()
    client.force_login(User.objects.create_user("guest", is_staff=True), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(url("changelist")).status_code == 403
    assert client.get(url("change", credential.pk)).status_code == 403


def test_a_credential_whose_package_is_gone_still_has_a_page(
    visitor: Client, credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.registry.credential_kinds", lambda: ())
    assert "Nothing here knows this kind of credential." in text(visitor.get(url("change", credential.pk)))
    assert text(visitor.get(url("changelist")))
    assert visitor.get(url("connect", credential.pk)).status_code == 404
