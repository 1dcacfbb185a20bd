"""Finds planted secrets, however they are written, in everything that Billpost leaves behind."""

import base64
import html
import io
import re
import subprocess
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, urldefrag, urljoin, urlsplit

import redis
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django_q.models import OrmQ, Task
from django_q.signing import SignedPackage

ASSERTION = re.compile(rb"eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}")
LINK = re.compile(r'href="([^"]+)"')
MOST_QUERIES = 4
PIECE = 24


# --- what is looked for -------------------------------------------------------------------------------------------------------------------


def forms(secret: bytes) -> set[bytes]:
    """A secret as it is, URL-encoded, in hex, and in Base64 wherever it may begin in the encoded text."""
    written = {secret, quote_from_bytes(secret, safe="").encode(), secret.hex().encode(), secret.hex().upper().encode()}
    for before, unsure in ((0, 0), (1, 2), (2, 3)):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            written.add(encode(b"\0" * before + secret)[unsure:-4])
    return written


def pieces_of_key(pem: str) -> set[bytes]:
    """Some lines of a key's PEM text, and pieces of its private numbers; the modulus is in the certificate too and no secret."""
    body = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    numbers = key.private_numbers()
    private = [number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (numbers.d, numbers.p, numbers.q)]
    lines = body[len(body) // 2 : -1 : 5]
    return {line.encode() for line in lines} | {number[:PIECE] for number in private}


class Watch:
    """The planted secrets, by what they are called in a failed test."""

    def __init__(self) -> None:
        self._needles: dict[bytes, str] = {}

    def text(self, name: str, secret: str) -> None:
        self._add(name, {secret.encode(), secret[: len(secret) // 2].encode()})

    def key(self, name: str, pem: str) -> None:
        self._add(name, pieces_of_key(pem))

    def hits(self, content: bytes) -> set[str]:
        """The names of what is in there; a signed assertion is a secret, too."""
        found = {name for needle, name in self._needles.items() if needle in content}
        return found | {"a signed assertion" for _ in ASSERTION.findall(content)[:1]}

    def _add(self, name: str, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self._needles.update(dict.fromkeys(forms(piece), name))


# --- where -------------------------------------------------------------------------------------------------------------------------------


def as_bytes(value: Any) -> bytes:
    """A cell of the database; what is compressed is read, too."""
    if isinstance(value, bytes | memoryview | bytearray):
        raw = bytes(value)
        try:
            return raw + b"\n" + zlib.decompress(raw)
        except zlib.error:
            return raw
    return str(value).encode(errors="surrogatepass")


def rows() -> Iterator[tuple[str, bytes]]:
    """Every table, whole."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            yield f"table {table}", b"\n".join(as_bytes(value) for row in cursor.fetchall() for value in row)


def database_files() -> Iterator[tuple[str, bytes]]:
    """SQLite's file with its log and index, byte for byte; read by another process, as closing them in this one drops its locks."""
    if connection.vendor == "sqlite":
        path = Path(connection.settings_dict["NAME"])
        for file in path.parent.glob(f"{path.name}*"):
            yield f"file {file.name}", subprocess.run(["cat", str(file)], capture_output=True, check=True).stdout


def dump() -> tuple[str, bytes]:
    out = io.StringIO()
    call_command("dumpdata", stdout=out)
    return "dumpdata", out.getvalue().encode()


def queue(broker_url: str) -> Iterator[tuple[str, bytes]]:
    """What django-q stores, unpickled."""
    for package in OrmQ.objects.all():
        yield "queued", str(SignedPackage.loads(package.payload)).encode()
    for task in Task.objects.all():
        yield "task done", f"{task.name} {task.func} {task.args} {task.kwargs} {task.result}".encode()
    if broker_url:
        store = redis.Redis.from_url(broker_url)
        for key in store.scan_iter():
            for payload in store.lrange(key, 0, -1) if store.type(key) == b"list" else []:
                yield "queued", payload + str(SignedPackage.loads(payload)).encode()


def mails() -> Iterator[tuple[str, bytes]]:
    for message in mail.outbox:
        yield "mail", f"{message.subject} {message.body}".encode()


def admin_pages(client: Client) -> Iterator[tuple[str, bytes]]:
    """Every page of the admin that a link leads to, and those of every row, as the browser gets them."""
    waiting, seen = ["/admin/", *_addresses_of_rows(), *_addresses_without_arguments()], set[str]()
    variants: dict[str, int] = {}
    while waiting:
        address = urldefrag(waiting.pop()).url
        path = urlsplit(address).path
        if address in seen or not path.startswith("/admin/") or path.startswith(("/admin/logout", "/admin/jsi18n")):
            continue
        seen.add(address)
        variants[path] = variants.get(path, 0) + 1
        if variants[path] > MOST_QUERIES:
            continue
        answer = client.get(address)
        content = answer.getvalue()
        yield address, content + b"\n" + str(answer.headers).encode()
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            waiting += [urljoin(address, html.unescape(link)) for link in LINK.findall(content.decode())]
        elif "Location" in answer.headers:
            waiting.append(urljoin(address, answer.headers["Location"]))


def _addresses_of_rows() -> Iterator[str]:
    for model in apps.get_models():
        if admin.site.is_registered(model):
            for page in ("changelist", "add", "change", "history", "delete"):
                for row in model._default_manager.all()[:10] if page in ("change", "history", "delete") else [None]:
                    yield from _reversed(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", *([row.pk] if row else []))


def _addresses_without_arguments() -> Iterator[str]:
    for pattern in admin.site.urls[0]:
        for inner in getattr(pattern, "url_patterns", [pattern]):
            yield from _reversed(f"admin:{inner.name}")


def _reversed(name: str, *args: Any) -> Iterator[str]:
    try:
        yield reverse(name, args=args)
    except NoReverseMatch:
        return


def keys_of_this_installation() -> dict[str, str]:
    return {f"FERNET_KEYS {number}": key for number, key in enumerate(settings.FERNET_KEYS)} | {"SECRET_KEY": settings.SECRET_KEY}
