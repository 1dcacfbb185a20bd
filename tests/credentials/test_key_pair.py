import datetime
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.utils import timezone

from credentials import key_pair
from credentials.key_pair import KeyPair


def test_a_pair_is_what_the_vendor_asks_for(pair: KeyPair) -> None:
    certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
    key = load_pem_private_key(pair.private_key.encode(), None)
    assert (key.key_size, certificate.signature_hash_algorithm.name) == (4096, "sha256")
    assert certificate.subject == certificate.issuer
    assert certificate.subject.rfc4514_string() == "CN=Vault production"
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == datetime.timedelta(days=730)
    assert abs(certificate.not_valid_before_utc - timezone.now()) < datetime.timedelta(minutes=10)
    signature = key.sign(b"text", padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
    certificate.public_key().verify(signature, b"text", padding.PSS(padding.MGF1(SHA256()), 32), SHA256())


def test_a_pair_never_shows_its_key(pair: KeyPair) -> None:
    assert repr(pair) == str(pair) == f"{pair}" == "KeyPair(…)"


def test_the_fingerprint_is_the_one_that_openssl_prints(pair: KeyPair, tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text(pair.certificate)
    shown = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "cert.pem", "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip().partition("=")[2] == key_pair.fingerprint(pair.certificate)


def test_a_pair_of_the_openssl_command_is_taken(tmp_path: Path) -> None:
    subprocess.run([*key_pair.OPENSSL.split(), "-subj", "/CN=us"], cwd=tmp_path, capture_output=True, check=True)
    key, certificate = (tmp_path / "m3ter-key.pem").read_text(), (tmp_path / "m3ter-cert.pem").read_text()
    key_pair.check_pair(certificate, key)
    assert key_pair.expires_at(certificate) - timezone.now() > datetime.timedelta(days=729)


@pytest.mark.parametrize("name", ["N" * 200, "Étoile, O=x/CN=y 🧾"])
def test_any_name_makes_a_common_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_pair, "BITS", 2048)
    certificate = x509.load_pem_x509_certificate(key_pair.generate(name).certificate.encode())
    assert [part.value for part in certificate.subject] == [name[:64]]
