"""Key pairs and their certificates: made here, or read when uploaded. No storage, no HTTP."""

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID
from django.utils import timezone

BITS = 4096
LIFETIME = datetime.timedelta(days=730)
LONGEST_COMMON_NAME = 64
OPENSSL = "openssl req -x509 -newkey rsa:4096 -sha256 -keyout m3ter-key.pem -out m3ter-cert.pem -nodes -days 730"


class KeyPair(NamedTuple):
    """Both as PEM text. The certificate is public."""

    private_key: str
    certificate: str

    def __repr__(self) -> str:
        return "KeyPair(…)"


def generate(name: str) -> KeyPair:
    """An RSA key of 4096 bits and a certificate that it signed itself (SHA-256, 730 days), with `name` as its common name."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:LONGEST_COMMON_NAME])])
    start = timezone.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFETIME)
        .sign(key, SHA256())
    )
    private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(private_key.decode(), certificate.public_bytes(Encoding.PEM).decode())


def expires_at(certificate: str) -> datetime.datetime:
    """When a certificate (PEM) ends. ValueError with a sentence when it is none."""
    return _read(certificate).not_valid_after_utc


def fingerprint(certificate: str) -> str:
    """SHA-256 as vendors show it: "AB:12:…"."""
    return _read(certificate).fingerprint(SHA256()).hex(":").upper()


def check_pair(certificate: str, private_key: str) -> None:
    """ValueError with a sentence when the certificate was not made for the key."""
    try:
        key = load_pem_private_key(private_key.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("The certificate cannot be compared with the private key, because the key cannot be read.") from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != _read(certificate).public_key().public_bytes(*form):
        raise ValueError("This certificate belongs to another private key. Choose the one that was made together with the key.")


def _read(certificate: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate.encode())
    except ValueError:
        raise ValueError("This is not a certificate in PEM format. It starts with -----BEGIN CERTIFICATE-----.") from None
