"""A planted secret appears nowhere but in the request to the vendor."""

import io
import json
import logging
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.core.signals import got_request_exception
from django.db import connection, transaction
from django.db.models import F, Value
from django.test import Client
from django.urls import reverse
from django.views.debug import SafeExceptionReporterFilter

from credentials import hand_out, service
from credentials.connection import connect
from credentials.fields import SecretUnreadableError
from credentials.login import KEYS_LOST
from credentials.models import Credential
from integrations import errors
from integrations.contract import CredentialKind
from integrations.models import IntegrationConfig, Status
from tests.credentials.conftest import CANARY, DATA, Vault

FIELDS = ("secrets", "tokens", "new_key")
OLD, NEW = "o" * 40, "n" * 40


@pytest.fixture
def use_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`use_keys(NEW, OLD)`: FERNET_KEYS as of now; the fields keep them, so they have to forget."""

    def use(*keys: str) -> None:
        monkeypatch.setattr(settings, "FERNET_KEYS", list(keys))
        forget()

    def forget() -> None:
        for name in FIELDS:
            for kept in ("keys", "fernet_keys", "fernet"):
                Credential._meta.get_field(name).__dict__.pop(kept, None)

    yield use
    monkeypatch.undo()
    forget()


@pytest.fixture
def credential(db: None, kind: CredentialKind) -> Credential:
    return service.create(kind, "Vault production", DATA)


# --- nowhere ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_database_holds_no_plain_secret(kind: CredentialKind, vault: Vault) -> None:
    credential = service.create(kind, "Vault production", DATA)
    hand_out.auth(credential.pk).headers()
    service.verify(credential)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM credentials_credential")
        [row] = cursor.fetchall()
    whole = b"".join(bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in row)
    assert b"T-1" in whole
    assert CANARY.encode() not in whole
    if connection.vendor == "sqlite":
        path = Path(connection.settings_dict["NAME"])
        files = [str(file) for file in path.parent.glob(f"{path.name}*") if file.is_file()]
        # SQLite's locks are the process's: closing one of its files here would drop them, and another writer would ruin the database.
        stored = subprocess.run(["cat", *files], capture_output=True, check=True).stdout
        assert b"Vault production" in stored
        assert CANARY.encode() not in stored
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_no_text_about_a_credential_holds_a_secret(credential: Credential, kind: CredentialKind) -> None:
    loaded = Credential.objects.get()
    texts = [repr(loaded), str(loaded), f"{loaded!r}", repr(Credential.objects.values().get()), repr(connect(kind, "Vault", DATA))]
    texts += [repr(hand_out.auth(credential.pk)), repr(vars(Credential.objects.get()))]
    assert not [text for text in texts if CANARY in text]


def test_a_dump_is_encrypted_and_can_be_loaded_again(credential: Credential, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("dumpdata", "credentials", stdout=out)
    assert CANARY not in out.getvalue()
    (tmp_path / "dump.json").write_text(out.getvalue())
    credential.delete()
    call_command("loaddata", tmp_path / "dump.json", verbosity=0)
    assert Credential.objects.get().secrets == {"clientSecret": CANARY}


def test_the_log_holds_no_secret(kind: CredentialKind, vault: Vault, db: None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    credential = service.create(kind, "Vault production", DATA)
    hand_out.auth(credential.pk).headers()
    hand_out.auth(credential.pk).renew()
    service.verify(credential)
    vault.failure = errors.Misconfigured("Refused.")
    with pytest.raises(errors.Misconfigured):
        service.verify(credential)
    assert "new token until" in caplog.text
    assert CANARY not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("credentials", "integrations"))
    )


def test_the_report_of_a_crash_holds_no_secret(vault: Vault, priya: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(priya, backend="django.contrib.auth.backends.ModelBackend")
    monkeypatch.setattr(service, "create", None)
    requests: list[Any] = []

    def crashed(request: Any, **rest: Any) -> None:
        requests.append(request)

    got_request_exception.connect(crashed)
    answer = client.post(reverse("admin:credentials_credential_create", args=["VAULT_SECRET"]), {"name": "N", "system": "Vault", **DATA})
    got_request_exception.disconnect(crashed)
    assert answer.status_code == 500
    reported = SafeExceptionReporterFilter().get_post_parameters(requests[0])
    assert (set(DATA) < set(reported), CANARY in str(reported)) == (True, False)


# --- expressions -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [F("name"), Value("x")])
def test_an_expression_is_refused_instead_of_being_stored_as_text(credential: Credential, value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be written by an expression"), transaction.atomic():
        Credential.objects.update(secrets=value)
    assert Credential.objects.get().secrets == {"clientSecret": CANARY}


def test_no_query_opens_a_secret_before_it_is_read(credential: Credential) -> None:
    assert CANARY not in repr(vars(Credential.objects.get()))
    IntegrationConfig.objects.create(name="Vault US", entity_type="Bill", system="Vault", credential=credential)
    joined = IntegrationConfig.objects.select_related("credential").get().credential
    assert joined is not None
    assert CANARY not in repr(vars(joined))
    assert joined.secrets == {"clientSecret": CANARY}


# --- rotation and lost keys --------------------------------------------------------------------------------------------------------------


def rotated(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    call_command("rotate_keys")
    printed = capsys.readouterr()
    assert CANARY not in printed.out + printed.err
    return json.loads(printed.out)


def test_after_a_rotation_the_old_key_is_not_needed(
    kind: CredentialKind, db: None, use_keys: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    use_keys(OLD)
    credential = service.create(kind, "Vault production", DATA)
    service.create(kind, "Vault sandbox", DATA, system="VaultSandbox")
    service.create(kind, "Gone", DATA)
    service.disconnect(Credential.objects.get(name="Gone"))
    use_keys(NEW, OLD)
    assert rotated(capsys) == {"credentials": 3}
    use_keys(NEW)
    read = Credential.objects.get(pk=credential.pk)
    assert (read.secrets, read.token.value) == ({"clientSecret": CANARY}, f"token-1-{CANARY}")
    use_keys(OLD)
    with pytest.raises(SecretUnreadableError):
        _ = Credential.objects.get(pk=credential.pk).secrets


def test_a_rotation_does_not_write_over_a_token_that_was_renewed_meanwhile(
    credential: Credential, vault: Vault, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read, renewals = Credential.token.fget, iter([True])
    field = Credential._meta.get_field("secrets")

    def renew_once(sealed: Any) -> Any:
        if next(renewals, False):
            hand_out.auth(credential.pk).renew()
        return type(field).opened(field, sealed)

    hand_out.auth(credential.pk).headers()
    monkeypatch.setattr(field, "opened", renew_once)
    service_token = read(Credential.objects.get()).value
    assert rotated(capsys) == {"credentials": 1}
    assert (service_token, Credential.objects.get().token.value) == (f"token-1-{CANARY}", f"token-2-{CANARY}")


def test_a_lost_key_is_told_and_the_others_are_rotated(
    kind: CredentialKind, db: None, use_keys: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    use_keys(OLD)
    service.create(kind, "Lost", DATA)
    use_keys(NEW)
    service.create(kind, "Kept", DATA)
    with pytest.raises(CommandError, match="No key in FERNET_KEYS opens the secrets of Lost"):
        call_command("rotate_keys")
    assert json.loads(capsys.readouterr().out) == {"credentials": 1}


def test_unreadable_secrets_break_no_page_and_can_be_replaced(
    kind: CredentialKind, db: None, use_keys: Callable[..., None], priya: User
) -> None:
    use_keys(OLD)
    credential = service.create(kind, "Vault production", DATA)
    integration = IntegrationConfig.objects.create(name="Vault US", entity_type="Bill", system="Vault", credential=credential)
    use_keys(NEW)
    hand_out._kept.clear()
    client = Client()
    client.force_login(priya, backend="django.contrib.auth.backends.ModelBackend")
    details = reverse("admin:credentials_credential_change", args=[credential.pk])
    page = client.get(details).content.decode()
    assert ("The secrets cannot be read." in page, KEYS_LOST in page, "AUTH FAILED" in page) == (True, True, True)
    for action in ("changelist", "connect", "disconnect", "remove"):
        args = [] if action == "changelist" else [credential.pk]
        assert client.get(reverse(f"admin:credentials_credential_{action}", args=args)).status_code == 200
    with pytest.raises(errors.Misconfigured, match="cannot be read"):
        hand_out.auth(credential.pk).headers()
    integration = IntegrationConfig.objects.select_related("credential").get(pk=integration.pk)
    assert (integration.status, integration.credential.status_reason) == (Status.AUTH_FAILED, KEYS_LOST)
    service.replace_secrets(Credential.objects.get(), DATA)
    assert Credential.objects.get().secrets == {"clientSecret": CANARY}


def test_an_unreadable_waiting_key_is_a_sentence_and_a_new_one_can_be_made(
    key_pair_kind: CredentialKind, db: None, use_keys: Callable[..., None], quick_pair: Any
) -> None:
    use_keys(OLD)
    draft = service.create_draft(key_pair_kind, "Vault", {})
    use_keys(NEW)
    values = {"accountId": "t-1", "certificateId": "c-1"}
    with pytest.raises(errors.Misconfigured, match="cannot be read"):
        service.replace_secrets(Credential.objects.get(pk=draft.pk), values)
    service.make_key_pair(Credential.objects.get(pk=draft.pk))
    service.replace_secrets(Credential.objects.get(pk=draft.pk), values)
    assert Credential.objects.get().status == "VERIFIED"
