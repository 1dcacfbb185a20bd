import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from credentials import service
from credentials.connection import FormErrors
from integrations import errors, registry
from integrations.contract import CredentialKind

OWN_KEYS = ("kind", "type", "name", "system", "certificate")


class Command(BaseCommand):
    help = "Creates a credential from a JSON file after connecting with it; the same name, kind and tenant again replaces its secrets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _shapes()
        parser.add_argument("--file", required=True, type=Path, help="a JSON object: kind (or type), name, system, the kind's own fields")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        given = _object(file)
        kind = _kind(given)
        data = {name: _value(kind, name, value, file.parent) for name, value in given.items() if name not in OWN_KEYS}
        own = {name: _text(name, given.get(name)) for name in ("name", "system")}
        certificate = _inside("certificate", _text("certificate", given.get("certificate")), file.parent)
        try:
            credential = service.put(kind, data=data, certificate=certificate, **own)
        except FormErrors as wrong:
            raise CommandError(" ".join(f"{name}: {why}" if name else why for name, why in wrong.sentences.items())) from None
        except errors.DeliveryError as failure:
            raise CommandError(f"Nothing was stored. {failure.sentence}") from None
        self.stdout.write(json.dumps({"id": str(credential.pk), "status": credential.status}))


def _shapes() -> str:
    """The JSON of each kind, and what comes back."""
    fields = {kind.kind: ", ".join(field.name for field in kind.fields) for kind in registry.credential_kinds()}
    kinds = [f'  {{"kind": "{kind}", name, {names}}}' for kind, names in fields.items()]
    told = [
        "The file holds one of:",
        *kinds,
        "`type` stands for `kind` as well; `system` chooses another than the kind's first, such as a sandbox. A private key is PEM text,",
        "Base64 of it, or @path of a file, relative to this one.",
        "",
        "Prints {id, status}, never a secret. Exit code 1, and nothing stored, when the login is refused.",
    ]
    return "\n".join(told)


def _object(file: Path) -> Mapping[str, Any]:
    try:
        given = json.loads(file.read_text())
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        raise CommandError(f"{file} is not valid JSON: line {error.lineno}, column {error.colno}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not text in UTF-8.") from None
    if not isinstance(given, Mapping):
        raise CommandError(f'{file} holds no JSON object. It is written like {{"kind": …, "name": …}}.')
    return given


def _kind(given: Mapping[str, Any]) -> CredentialKind:
    name = given.get("kind") or given.get("type")
    try:
        return registry.credential_kind(str(name))
    except KeyError:
        known = ", ".join(kind.kind for kind in registry.credential_kinds())
        problem = f"there is no credential kind {name}" if name else "the kind is missing"
        raise CommandError(f"kind: {problem}. Known kinds: {known}.") from None


def _value(kind: CredentialKind, name: str, value: Any, folder: Path) -> str:
    text = _text(name, value)
    holds_key = any(field.name == name and field.kind == "private_key" for field in kind.fields)
    return _inside(name, text, folder) if holds_key else text


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise CommandError(f"{name}: this is not text.")
    return str(value)


def _inside(name: str, text: str, folder: Path) -> str:
    """The text of the file that `@path` names, relative to the folder; any other text as it is."""
    if not text.startswith("@"):
        return text
    try:
        return (folder / text[1:]).read_text()
    except OSError as error:
        raise CommandError(f"{name}: the file {text[1:]} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise CommandError(f"{name}: the file {text[1:]} is not text.") from None
