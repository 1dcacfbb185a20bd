"""The emulator's credential files, one per kind, and apps that a test registers."""

import json
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.x509 import load_pem_x509_certificate

from integrations.destinations.salesforce.emulation.login import App, Doorkeeper

JWT, CLIENT_CREDENTIALS = "SALESFORCE_JWT", "SALESFORCE_CLIENT_CREDENTIALS"
KEY_BITS = 2048
USERNAME = "billpost@demo.example"


def credentials(doorkeeper: Doorkeeper, org: str, directory: Path | None) -> dict[str, dict[str, Any]]:
    """What `create_credential --file` takes, by kind; those in `directory` are kept. They are known from now on.

    Raises ValueError with a sentence for a file that holds no such credential.
    """
    host = f"{org}.my.salesforce.com"
    made: Mapping[str, Callable[[], dict[str, str]]] = {
        JWT: lambda: {"name": "Salesforce demo (JWT)", "loginUrl": host, **_app_key(), "username": USERNAME, "privateKey": _new_key()},
        CLIENT_CREDENTIALS: lambda: {
            "name": "Salesforce demo (client credentials)",
            "loginUrl": host,
            **_app_key(),
            "consumerSecret": secrets.token_hex(32).upper(),
        },
    }
    contents = {kind: {"kind": kind, **(_kept(directory, kind, make()) or make())} for kind, make in made.items()}
    key = _private_key(contents[JWT]["privateKey"]).public_key()
    doorkeeper.register(App(org, contents[JWT]["consumerKey"], contents[JWT]["username"], key))
    secret = contents[CLIENT_CREDENTIALS]
    doorkeeper.register(App(org, secret["consumerKey"], secret=secret["consumerSecret"]))
    return contents


def app(org: str, entry: Mapping[str, Any]) -> App:
    """From {consumerKey, username and certificate (PEM), or consumerSecret}. Raises ValueError with a sentence."""
    key, secret, pem = (str(entry.get(name) or "") for name in ("consumerKey", "consumerSecret", "certificate"))
    if not key or not (secret or pem):
        raise ValueError("An app needs consumerKey, and consumerSecret or certificate with username.")
    return App(org, key, str(entry.get("username") or ""), _public_key(pem) if pem else None, secret)


def _public_key(pem: str) -> RSAPublicKey:
    try:
        key = load_pem_x509_certificate(pem.strip().encode()).public_key()
    except ValueError as error:
        raise ValueError("The certificate is not a PEM text that starts with -----BEGIN CERTIFICATE-----.") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("The certificate's key must be RSA.")
    return key


def _app_key() -> dict[str, str]:
    return {"consumerKey": f"3MVG9{secrets.token_urlsafe(60)}"}


def _kept(directory: Path | None, kind: str, like: Mapping[str, str]) -> dict[str, Any] | None:
    """The content of a credential file of an earlier start."""
    file = directory / f"{kind}.json" if directory else None
    if file is None or not file.exists():
        return None
    try:
        content = json.loads(file.read_text())
    except ValueError as error:
        raise ValueError(f"{file} is not JSON; delete it to get a new one.") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(name), str) for name in like):
        raise ValueError(f"{file} lacks {', '.join(like)}; delete it to get a new one.")
    return content


@cache
def _new_key() -> str:
    """A PEM key, one per process, because making it takes a while."""
    key = generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def _private_key(text: str) -> RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError) as error:
        raise ValueError("The credential file's privateKey is not a PEM key.") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("The credential file's key must be an RSA key.")
    return key
