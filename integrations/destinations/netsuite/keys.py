"""Reads what people paste as their private key and says what is wrong with it.

NetSuite takes RSA keys of 3072 or 4096 bits and keys on the curves P-256, P-384 and P-521 (Oracle, section_162755359851, November 2026).
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from integrations.pem import private_key_block

SMALLEST_RSA = 3072


def private_key(text: str) -> str:
    """The key as clean PEM, from PEM or Base64 of PEM. ValueError with a sentence when it is not a key that NetSuite takes."""
    pem = private_key_block(text, "NetSuite")
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
