import base64
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from credentials.key_pair import KeyPair
from credentials.models import Credential
from integrations import errors
from tests.credentials.conftest import CANARY, DATA, Vault

pytestmark = pytest.mark.django_db


@pytest.fixture
def create(tmp_path: Path, capsys: pytest.CaptureFixture[str], vault: Vault) -> Any:
    """`create({...})` runs the command on that JSON and returns what it printed."""

    def run(given: Any) -> Any:
        (tmp_path / "credential.json").write_text(given if isinstance(given, str) else json.dumps(given))
        call_command("create_credential", file=tmp_path / "credential.json")
        printed = capsys.readouterr()
        assert (CANARY in printed.out + printed.err, "PRIVATE KEY" in printed.out + printed.err) == (False, False)
        return json.loads(printed.out)

    return run


def refusal(create: Any, given: Any) -> str:
    with pytest.raises(CommandError) as refused:
        create(given)
    assert CANARY not in str(refused.value)
    return str(refused.value)


GIVEN = {"kind": "VAULT_SECRET", "name": "Vault production", **DATA}


def test_it_connects_stores_and_prints_id_and_status(create: Any, vault: Vault) -> None:
    printed = create(GIVEN)
    credential = Credential.objects.get()
    assert printed == {"id": str(credential.pk), "status": "VERIFIED"}
    assert (credential.name, credential.system, credential.tenant, vault.obtained) == ("Vault production", "Vault", "T-1", 1)


def test_the_name_of_the_field_may_be_type_and_numbers_are_text(create: Any) -> None:
    create({"type": "VAULT_SECRET", "name": "Vault", "system": "VaultSandbox", "accountId": 17, "clientSecret": CANARY})
    assert (Credential.objects.get().system, Credential.objects.get().settings) == ("VaultSandbox", {"accountId": "17"})


def test_without_a_name_it_is_called_after_system_and_tenant(create: Any) -> None:
    given = {"kind": "VAULT_SECRET", **DATA}
    assert create(given) == create(given)
    assert Credential.objects.get().name == "The Vault T-1"


def test_running_it_again_replaces_the_secrets_of_the_same_credential(create: Any, vault: Vault) -> None:
    first = create(GIVEN)
    vault.accepted = "newer"
    assert create(GIVEN | {"clientSecret": "newer"}) == first
    assert Credential.objects.get().secrets == {"clientSecret": "newer"}


def test_the_same_name_with_other_books_or_another_kind_is_taken(create: Any, vault: Vault, pair: KeyPair) -> None:
    create(GIVEN)
    taken = 'name: Another credential is called "Vault production". Choose another name, or replace the secrets of that one.'
    vault.tenant = "T-2"
    assert refusal(create, GIVEN) == taken
    vault.tenant = "T-1"
    other = {"kind": "VAULT_KEY", "name": "Vault production", "accountId": "t", "certificateId": "c", "privateKey": pair.private_key}
    assert refusal(create, other) == taken


def test_a_private_key_may_be_a_path_beside_the_file(create: Any, tmp_path: Path, pair: KeyPair) -> None:
    (tmp_path / "key.pem").write_text(pair.private_key)
    (tmp_path / "cert.pem").write_text(pair.certificate)
    given = {"kind": "VAULT_KEY", "name": "V", "accountId": "t", "certificateId": "c", "privateKey": "@key.pem", "certificate": "@cert.pem"}
    create(given)
    credential = Credential.objects.get()
    assert (credential.secrets, credential.expires_at is None) == ({"privateKey": pair.private_key}, False)
    gone = given | {"privateKey": "@gone.pem"}
    assert refusal(create, gone) == "privateKey: the file gone.pem cannot be read: No such file or directory."


def test_an_encoded_private_key_reaches_the_kind_as_it_is(create: Any, pair: KeyPair) -> None:
    encoded = base64.b64encode(pair.private_key.encode()).decode()
    given = {"kind": "VAULT_KEY", "name": "V", "accountId": "t", "certificateId": "c", "privateKey": encoded}
    assert refusal(create, given) == "privateKey: This is not a private key in PEM format."


def test_only_a_private_key_may_be_a_path(create: Any, vault: Vault, tmp_path: Path) -> None:
    vault.accepted = "@secret"
    create(GIVEN | {"clientSecret": "@secret"})
    assert Credential.objects.get().secrets == {"clientSecret": "@secret"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("{", "is not valid JSON: line 1, column 2."),
        ([], "holds no JSON object."),
        ({"name": "V"}, "kind: the kind is missing. Known kinds: VAULT_SECRET, VAULT_KEY."),
        ({"kind": "NOPE"}, "kind: there is no credential kind NOPE. Known kinds: VAULT_SECRET, VAULT_KEY."),
        (GIVEN | {"accountId": ["x"]}, "accountId: this is not text."),
        (GIVEN | {"accountId": ""}, "accountId: Account Id is missing."),
        (GIVEN | {"system": "Elsewhere"}, "system: VAULT_SECRET logs in to Vault or VaultSandbox, not to Elsewhere."),
        (GIVEN | {"clientSecret": "wrong"}, "Nothing was stored. Vault does not know this client secret."),
    ],
)
def test_what_is_wrong_is_a_sentence_and_nothing_is_stored(create: Any, given: Any, sentence: str) -> None:
    assert sentence in refusal(create, given)
    assert not Credential.objects.exists()


def test_a_missing_file_is_a_sentence() -> None:
    with pytest.raises(CommandError, match=r"gone\.json cannot be read: No such file or directory\."):
        call_command("create_credential", file=Path("gone.json"))


def test_when_nobody_answers_nothing_is_stored(create: Any, vault: Vault) -> None:
    vault.failure = errors.Retry("The Vault could not be reached.")
    assert refusal(create, GIVEN) == "Nothing was stored. The Vault could not be reached."
    assert not Credential.objects.exists()
