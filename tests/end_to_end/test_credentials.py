"""create_credential and rotate_keys as a stranger calls them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.end_to_end.conftest import Done, Installation

PEM, PKCS8 = Encoding.PEM, PrivateFormat.PKCS8


def given(installation: Installation) -> dict[str, Any]:
    """What the emulators wrote for NetSuite, with the key as PEM text."""
    folder = installation.emulators.credentials
    data: dict[str, Any] = json.loads((folder / "NETSUITE_AUTH.json").read_text())
    key = data["privateKey"]
    if key.startswith("@"):
        data["privateKey"] = (folder / key[1:]).read_text()
    elif not key.startswith("-----"):
        data["privateKey"] = base64.b64decode(key).decode()
    return data


def create(installation: Installation, data: Any, name: str = "credential.json") -> Done:
    return installation.run("create_credential", "--file", installation.file(name, data))


def secret_lines(data: dict[str, Any]) -> list[str]:
    return [line for line in data["privateKey"].splitlines() if line and not line.startswith("-----")]


def test_the_emulators_file_is_taken_as_it_is(installation: Installation) -> None:
    file = installation.emulators.credentials / "NETSUITE_AUTH.json"
    first = installation.answer("create_credential", "--file", str(file))
    assert first.keys() == {"id", "status"} and first["status"] == "VERIFIED"
    assert installation.answer("create_credential", "--file", str(file)) == first
    assert oct(file.stat().st_mode)[-3:] == "600"


@pytest.mark.parametrize("form", ["pem", "base64", "path"])
def test_the_key_comes_as_pem_base64_or_from_a_file_beside(installation: Installation, tmp_path: Path, form: str) -> None:
    data = given(installation)
    pem = data["privateKey"]
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "netsuite.pem").write_text(pem)
    data["privateKey"] = {"pem": pem, "base64": base64.b64encode(pem.encode()).decode(), "path": "@keys/netsuite.pem"}[form]
    done = create(installation, data)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "VERIFIED"), done.stderr


def test_m3ters_own_shape_is_taken(installation: Installation) -> None:
    """As m3ter's API names them: `type` for the kind, the account as in the URL, the key in Base64."""
    data = given(installation)
    own = {name: data[name] for name in ("clientId", "certificateId")}
    key = base64.b64encode(data["privateKey"].encode()).decode()
    done = create(installation, own | {"type": "NETSUITE_AUTH", "accountId": "1234567-sb1", "privateKey": key, "name": "From m3ter"})
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "VERIFIED"), done.stderr


def key_text(kind: str) -> str:
    if kind == "encrypted":
        key = rsa.generate_private_key(65537, 3072)
        return key.private_bytes(PEM, PKCS8, BestAvailableEncryption(b"secret")).decode()
    if kind == "public":
        return rsa.generate_private_key(65537, 3072).public_key().public_bytes(PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    if kind == "short":
        return rsa.generate_private_key(65537, 2048).private_bytes(PEM, PKCS8, NoEncryption()).decode()
    if kind == "elliptic":
        return ec.generate_private_key(ec.SECP192R1()).private_bytes(PEM, PKCS8, NoEncryption()).decode()
    return {"other": rsa.generate_private_key(65537, 3072).private_bytes(PEM, PKCS8, NoEncryption()).decode(), "text": "no key at all"}[
        kind
    ]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("other", "NetSuite refused the login"), ("encrypted", "protected by a passphrase"), ("public", "public key"), ("short", "3072"),
        ("elliptic", "RSA"), ("text", "not a private key"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_refused_in_a_sentence_that_does_not_repeat_it(installation: Installation, kind: str, why: str) -> None:
    data = given(installation) | {"privateKey": key_text(kind)}
    done = create(installation, data)
    assert (done.returncode, done.stdout) == (1, "")
    assert why in done.stderr and "Traceback" not in done.stderr
    assert not [line for line in secret_lines(data) if line in done.stderr]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": "NETSUIT_AUTH", "kind": None}, "there is no credential kind NETSUIT_AUTH"),
        ({"type": None, "kind": None}, "the kind is missing"),
        ({"accountId": None}, "accountId"), ({"clientId": ""}, "clientId"), ({"privateKey": "@gone.pem"}, "gone.pem cannot be read"),
        ({"clientSecret": "x"}, "clientSecret"), ({"privateKey": 7}, "privateKey"), ({"name": ["a"]}, "name"),
        ({"accountId": "../etc"}, "accountId"), ({"clientId": "somebody-else"}, "NetSuite refused the login"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_named(installation: Installation, change: dict[str, Any], why: str) -> None:
    data = {name: value for name, value in (given(installation) | change).items() if value is not None}
    told = installation.refusal("create_credential", "--file", installation.file("credential.json", data))
    assert why in told and not [line for line in secret_lines(given(installation)) if line in told]


@pytest.mark.parametrize(
    ("content", "why"), [("{", "is not valid JSON: line 1, column 2"), ("[]", "holds no JSON object"), ("\x00", "is not valid JSON")]
)
def test_a_file_that_is_none_is_told(installation: Installation, content: str, why: str) -> None:
    assert why in installation.refusal("create_credential", "--file", installation.file("credential.json", content))


def test_a_file_that_is_not_there_is_told(installation: Installation) -> None:
    done = installation.run("create_credential", "--file", "/nowhere.json")
    assert done.returncode == 1 and "/nowhere.json cannot be read" in done.stderr


def test_keys_rotate_while_the_old_one_is_known_and_not_after(installation: Installation) -> None:
    installation.credential()
    both = installation.run("rotate_keys", FERNET_KEYS="a-new-key-of-our-own-32-characters!!,only-for-tests-" + "0" * 32)
    assert (both.returncode, json.loads(both.stdout)) == (0, {"credentials": 1})
    new_only = installation.run("rotate_keys", FERNET_KEYS="a-new-key-of-our-own-32-characters!!")
    assert (new_only.returncode, json.loads(new_only.stdout)) == (0, {"credentials": 1})
    lost = installation.run("rotate_keys", FERNET_KEYS="only-for-tests-" + "0" * 32)
    assert lost.returncode == 1 and "No key in FERNET_KEYS opens the secrets of" in lost.stderr
