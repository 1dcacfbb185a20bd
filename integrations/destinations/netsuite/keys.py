"""Reads what people paste as their private key and says what is wrong with it.

NetSuite takes RSA keys of 3072 or 4096 bits and keys on the curves P-256, P-384 and P-521 (Oracle, section_162755359851, November 2026).
"""

import base64
import binascii
import re
import textwrap

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SMALLEST_RSA = 3072
_BLOCK = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
_OTHERS = {
    "BEGIN CERTIFICATE REQUEST": "This is a request for a certificate, not the private key.",
    "BEGIN CERTIFICATE": "This is the certificate. It goes into NetSuite; the private key, m3ter-key.pem, goes here.",
    "PUBLIC KEY": "This is a public key. The private key begins with -----BEGIN PRIVATE KEY-----.",
    "ssh-": "This is an SSH key. NetSuite needs the private key that openssl made together with the certificate.",
}


def private_key(text: str) -> str:
    """The key as clean PEM, from PEM or Base64 of PEM. ValueError with a sentence when it is not a key that NetSuite takes."""
    pem = _pem(text)
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("The private key is damaged or incomplete. Copy the whole file, both ----- lines included.") from None
    if isinstance(key, RSAPrivateKey):
        if key.key_size < SMALLEST_RSA:
            raise ValueError(f"NetSuite takes RSA keys of {SMALLEST_RSA} bits or more; this one has {key.key_size}. Make a new pair.")
    elif not (isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1 | SECP384R1 | SECP521R1)):
        raise ValueError("NetSuite takes RSA keys and keys on the curves P-256, P-384 and P-521; this is another kind. Make a new pair.")
    return pem


def stored_key(pem: str) -> RSAPrivateKey | EllipticCurvePrivateKey:
    """The key of what `private_key` gave, which has checked its numbers: that takes a tenth of a second, every time."""
    key = load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise TypeError("The stored private key is of a kind that NetSuite does not take.")
    return key


def _pem(text: str) -> str:
    """The private key's block with lines of 64 characters, however it was pasted."""
    plain = _decoded(text.strip().replace("\\n", "\n"))
    if "ENCRYPTED" in plain:
        raise ValueError(
            "This private key is protected by a passphrase. Make the pair with -nodes, or remove it: openssl pkey -in old -out new."
        )
    block = _BLOCK.search(plain)
    if block:
        inner = "\n".join(textwrap.wrap("".join(block[2].split()), 64))
        return f"-----BEGIN {block[1]}-----\n{inner}\n-----END {block[1]}-----\n"
    raise ValueError(
        next((said for mark, said in _OTHERS.items() if mark in plain), "This is not a private key in PEM form, nor Base64 of one.")
    )


def _decoded(text: str) -> str:
    """The text, or what its Base64 holds."""
    if "-----BEGIN" in text:
        return text
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return text
