"""Certificates, keys and custom fields that come in from outside: control API, pages and credential files."""

import base64
import binascii
import json
import re
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from integrations.destinations.netsuite.emulation.auth import Certificate, Doorkeeper
from integrations.destinations.netsuite.emulation.books import Books
from integrations.destinations.netsuite.emulation.signatures import AccessToken

KIND = "NETSUITE_AUTH"
TOKEN_KIND = "NETSUITE_TOKEN"  # noqa: S105 - a kind of credential
KEY_BITS = 3072
VALID = timedelta(days=730)
_FIELDS = ("accountId", "clientId", "certificateId", "privateKey")
_TOKEN_FIELDS = ("accountId", "consumerKey", "consumerSecret", "tokenId", "tokenSecret")


def certificate(entry: dict[str, Any]) -> Certificate:
    """From {certificateId (made if absent), clientId, certificate: PEM}. Raises ValueError with a sentence."""
    certificate_id = entry.get("certificateId") or f"cert-{uuid.uuid4().hex[:12]}"
    if not all(isinstance(entry.get(name), str) and entry[name] for name in ("clientId", "certificate")):
        raise ValueError("A certificate needs clientId and certificate, the PEM text.")
    return Certificate.from_pem(str(certificate_id), entry["clientId"], entry["certificate"])


def custom_field(books: Books, entry: dict[str, Any]) -> str:
    """Registers {scriptId: custcol_…, type: text or date (default text)} and returns its id. Raises ValueError."""
    name = entry.get("scriptId", entry.get("id"))
    kind = entry.get("type", "text")
    if not isinstance(name, str) or not re.fullmatch(r"cust(body|col|entity|item|record)_[a-z0-9_]+", name):
        raise ValueError("A custom field needs a scriptId such as custcol_service_start, in lower case.")
    if kind not in ("text", "date", "number", "boolean"):
        raise ValueError("A custom field's type is text, date, number or boolean.")
    books.custom_fields[name] = kind
    return name


def credential(doorkeeper: Doorkeeper, account: str, directory: Path | None) -> dict[str, Any]:
    """What `create_credential --file` takes; the one in `directory` is kept if there is one. Its key is known from now on.

    Raises ValueError with a sentence for a file that holds no such credential.
    """
    file = directory / f"{KIND}.json" if directory else None
    content = _kept(file, _FIELDS) if file and file.exists() else _new(account)
    key = _private_key(content["privateKey"])
    expires = (datetime.now(UTC) + VALID).timestamp()
    known = Certificate(content["certificateId"], content["clientId"], key.public_key(), expires)
    doorkeeper.register(content["accountId"].upper().replace("-", "_"), known)
    return content


def access_token(doorkeeper: Doorkeeper, account: str, directory: Path | None) -> dict[str, Any]:
    """As `credential`, for token-based authentication."""
    file = directory / f"{TOKEN_KIND}.json" if directory else None
    content = _kept(file, _TOKEN_FIELDS) if file and file.exists() else _new_token(account)
    keys = AccessToken(content["consumerKey"], content["consumerSecret"], content["tokenId"], content["tokenSecret"])
    doorkeeper.signatures.register(content["accountId"].upper().replace("-", "_"), keys)
    return content


def _kept(file: Path, needed: tuple[str, ...]) -> dict[str, Any]:
    """The content of a credential file of an earlier start."""
    try:
        content = json.loads(file.read_text())
    except ValueError as error:
        raise ValueError(f"{file} is not JSON; delete it to get a new one.") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(name), str) for name in needed):
        raise ValueError(f"{file} lacks {', '.join(needed)}; delete it to get a new one.")
    return content


def _new_token(account: str) -> dict[str, Any]:
    made = {name: secrets.token_hex(32) for name in ("consumerKey", "consumerSecret", "tokenId", "tokenSecret")}
    return {"kind": TOKEN_KIND, "name": "NetSuite sandbox by tokens", "accountId": account, **made}


def _new(account: str) -> dict[str, Any]:
    return {
        "kind": KIND,
        "name": "NetSuite sandbox",
        "accountId": account,
        "clientId": uuid.uuid4().hex,
        "certificateId": f"cert-{uuid.uuid4().hex[:12]}",
        "privateKey": base64.b64encode(_new_key()).decode(),
    }


@cache
def _new_key() -> bytes:
    """A PEM key, one per process, because making it takes a second."""
    key = generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@cache
def _private_key(text: str) -> RSAPrivateKey:
    """Kept, because checking a key's numbers takes a tenth of a second. Raises ValueError with a sentence."""
    try:
        key = serialization.load_pem_private_key(base64.b64decode(text, validate=True), None)
    except (ValueError, binascii.Error) as error:
        raise ValueError("The credential file's privateKey is not the Base64 of a PEM key.") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("The credential file's key must be an RSA key.")
    return key
