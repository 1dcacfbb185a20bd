"""Reads what people paste as a private key, however it was copied."""

import base64
import binascii
import re
import textwrap

_BLOCK = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
_OTHERS = {
    "BEGIN CERTIFICATE REQUEST": "This is a request for a certificate, not the private key.",
    "BEGIN CERTIFICATE": "This is the certificate. It goes into {system}; the private key, m3ter-key.pem, goes here.",
    "PUBLIC KEY": "This is a public key. The private key begins with -----BEGIN PRIVATE KEY-----.",
    "ssh-": "This is an SSH key. {system} needs the private key that openssl made together with the certificate.",
}


def private_key_block(text: str, system: str) -> str:
    """The private key's block with lines of 64 characters, from PEM or Base64 of PEM. ValueError with a sentence otherwise."""
    plain = _decoded(text.strip().replace("\\n", "\n"))
    if "ENCRYPTED" in plain:
        raise ValueError(
            "This private key is protected by a passphrase. Make the pair with -nodes, or remove it: openssl pkey -in old -out new."
        )
    block = _BLOCK.search(plain)
    if block:
        inner = "\n".join(textwrap.wrap("".join(block[2].split()), 64))
        return f"-----BEGIN {block[1]}-----\n{inner}\n-----END {block[1]}-----\n"
    said = next((said for mark, said in _OTHERS.items() if mark in plain), "This is not a private key in PEM form, nor Base64 of one.")
    raise ValueError(said.format(system=system))


def _decoded(text: str) -> str:
    """The text, or what its Base64 holds."""
    if "-----BEGIN" in text:
        return text
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return text
