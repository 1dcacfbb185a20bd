"""Creates an integration from a JSON file, for scripts and set-ups without a browser."""

import json
import sys
import uuid
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.models import Source
from integrations import checks, service
from integrations.models import IntegrationConfig
from integrations.option_values import meant, shown
from integrations.options import OptionErrors

KEYS = ("entityType", "destination", "name", "configData", "integrationCredentialsId", "sources")
TEXTS = ("entityType", "destination", "name")


class Command(BaseCommand):
    help = (
        "Creates an integration from JSON {entityType, destination, name, configData, integrationCredentialsId, sources}: configData has "
        "the options by their keys, what is not given is its default; sources are slugs, none means all. Enabled, and connected when a "
        "credential is given. Prints {id}; exit code 1 with {errors: {key: sentence}} on stderr, and nothing stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", required=True, help="a JSON file, or - for standard input")

    def handle(self, *, file: str, **options: Any) -> None:
        try:
            integration = self._create(self._read(file))
        except OptionErrors as error:
            raise CommandError(json.dumps({"errors": error.errors}, ensure_ascii=False, indent=1)) from None
        self.stdout.write(json.dumps({"id": str(integration.pk)}))

    def _read(self, file: str) -> dict[str, Any]:
        try:
            given = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except ValueError as error:
            raise CommandError(f"{file} is not JSON: {error}.") from None
        if not isinstance(given, dict):
            raise CommandError(f"{file} holds {shown(given)} where an object is expected.")
        return given

    def _create(self, given: dict[str, Any]) -> IntegrationConfig:
        errors = {key: f"There is no {key} here{meant(key, KEYS) or '.'}" for key in given if key not in KEYS}
        texts = {key: _text(given, key, errors) for key in TEXTS}
        config_data = given.get("configData") or {}
        if not isinstance(config_data, dict):
            errors["configData"], config_data = f"configData is an object of options, not {shown(config_data)}.", {}
        credential = _credential(given.get("integrationCredentialsId"), errors)
        sources = _sources(given.get("sources") or [], errors)
        if errors:
            _, others = checks.check(texts["entityType"], texts["destination"], texts["name"], config_data)
            raise OptionErrors(others | errors)
        return service.create(texts["entityType"], texts["destination"], texts["name"], config_data, credential, sources)


def _text(given: dict[str, Any], key: str, errors: dict[str, str]) -> str:
    value = given.get(key)
    if isinstance(value, str) and value.strip():
        return value
    errors[key] = f"{key} is missing." if value in (None, "") else f"{key} is a text, not {shown(value)}."
    return ""


def _credential(given: Any, errors: dict[str, str]) -> Any:
    if not given:
        return None
    model = IntegrationConfig._meta.get_field("credential").related_model
    try:
        found = model._default_manager.filter(pk=uuid.UUID(str(given))).first()
    except ValueError:
        found = None
    if found is None:
        errors["integrationCredentialsId"] = f"There is no credential {given}; create_credential prints its id."
    return found


def _sources(given: Any, errors: dict[str, str]) -> list[Source]:
    if not isinstance(given, list):
        errors["sources"] = f"sources is a list of source names, not {shown(given)}."
        return []
    found = {source.slug: source for source in Source.objects.filter(slug__in=[slug for slug in given if isinstance(slug, str)])}
    missing = [slug for slug in given if not isinstance(slug, str) or slug not in found]
    if missing:
        known = list(Source.objects.values_list("slug", flat=True))
        errors["sources"] = f"There is no source {', '.join(map(str, missing))}{meant(str(missing[0]), known) or '.'}"
    return list(found.values())
