"""A destination is one package: dropped into the folder it is in the wizard, the credentials and the contract suite, with no migration."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from credentials.models import Credential
from integrations import destinations, registry
from integrations.contract import Destination
from integrations.emulation import credential_files
from integrations.emulation.discovery import find_emulators
from integrations.models import IntegrationConfig
from tests.contract import destination_checks
from tests.wire import emulated

BILL = {
    "id": "0b6a8f2e-9a40-4f0a-8a51-3d1f6f0c7e11",
    "version": 1,
    "accountId": "f1b2c3d4-0000-4000-8000-000000000001",
    "accountCode": "coop",
    "accountName": "Dovecote Cooperative",
    "currency": "EUR",
    "status": "APPROVED",
    "billDate": "2026-10-31",
    "dueDate": "2026-11-30",
    "startDate": "2026-10-01",
    "endDate": "2026-11-01",
    "billTotal": 12.35,
    "lineItems": [
        {"id": "l-1", "lineItemType": "STANDING_CHARGE", "description": "Loft", "subtotal": 10, "convertedSubtotal": 10, "currency": "EUR"},
        {"id": "l-2", "lineItemType": "AD_HOC", "description": "Seed", "subtotal": 2.345, "convertedSubtotal": 2.345, "currency": "EUR"},
    ],
}
PACKAGE = Path(__file__).parent / "contract" / "planted" / "pigeon"


@pytest.fixture
def pigeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Destination]:
    """The package copied to a folder beside the real ones, and everything forgotten that was read before or after."""
    shutil.copytree(PACKAGE, tmp_path / "pigeon", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(destinations, "__path__", [*destinations.__path__, str(tmp_path)])
    registry.destinations.cache_clear()
    yield registry.destination("Pigeon")
    registry.destinations.cache_clear()
    for name in [name for name in sys.modules if name.startswith("integrations.destinations.pigeon")]:
        del sys.modules[name]


@pytest.mark.parametrize("check", destination_checks.ALL, ids=lambda check: check.__name__.removeprefix("check_"))
def test_it_passes_the_contract_suite(pigeon: Destination, check: Callable[[Destination], None]) -> None:
    check(pigeon)


def test_its_names_are_choices_wherever_systems_are_chosen(pigeon: Destination) -> None:
    assert ("Pigeon", "Pigeon Books") in IntegrationConfig._meta.get_field("system").flatchoices
    assert ("PIGEON_KEY", "Pigeon Books API key") in Credential._meta.get_field("kind").flatchoices
    assert "pigeon" in find_emulators()


@pytest.mark.django_db
def test_it_needs_no_migration(pigeon: Destination) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_wizard_leads_to_an_integration_with_it(pigeon: Destination, admin_client: Client) -> None:
    stage = walk(admin_client, "entity", {"entity-entity_type": "Bill"})
    assert 'value="Pigeon"' in stage
    stage = walk(admin_client, "destination", {"destination-system": "Pigeon"})
    assert "Default item id" in stage
    assert "Off: invoices carry no number of the Bill." in stage
    typed = {"name": "Pigeon post", "system": "Pigeon", "defaultItemId": "7"}
    details = walk(admin_client, "configure", {f"configure-{field}": value for field, value in typed.items()})
    assert "Pigeon Books" in details
    made = IntegrationConfig.objects.get(name="Pigeon post")
    assert (made.system, made.options["defaultItemId"]) == ("Pigeon", "7")


def walk(client: Client, stage: str, answers: dict[str, str]) -> str:
    """Answers one stage of the wizard and returns the page that follows."""
    address = reverse("admin:integrations_integrationconfig_add")
    answer = client.post(address, {"create_integration-current_step": stage, **answers}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_its_credential_is_among_the_kinds(pigeon: Destination, admin_client: Client, tmp_path: Path) -> None:
    assert "Pigeon Books API key" in admin_client.get(reverse("admin:credentials_credential_choose_kind")).content.decode()
    form = admin_client.get(reverse("admin:credentials_credential_create", args=["PIGEON_KEY"])).content.decode()
    assert "The name in the address of your Pigeon Books." in form


@pytest.mark.django_db(transaction=True)
def test_its_invoices_are_posted(pigeon: Destination, tmp_path: Path) -> None:
    """From nothing to an invoice at the emulator by the commands that people use, and the second sync sends nothing."""
    with emulated() as hub:
        (credential_file,) = credential_files.write([hub.emulators["pigeon"]], tmp_path)
        credential = run("create_credential", file=credential_file)
        wanted = {"entityType": "Bill", "destination": "Pigeon", "name": "Pigeon post", "configData": {"defaultItemId": "7"}}
        (tmp_path / "integration.json").write_text(json.dumps(wanted | {"integrationCredentialsId": credential["id"]}))
        (tmp_path / "bills.json").write_text(json.dumps([BILL]))
        run("create_integration", file=str(tmp_path / "integration.json"))
        run("import_bills", str(tmp_path / "bills.json"), source="m3ter")
        assert run("sync", wait=True, timeout=30) == {"COMPLETE": 1}
        assert run("sync", wait=True, timeout=30) == {}
        (invoice,) = hub.emulators["pigeon"].state()["loft"]["invoices"]
    assert (invoice["reference"], invoice["total"], len(invoice["lines"])) == (BILL["id"], Decimal("12.35"), 2)


def run(command: str, *arguments: str, **options: Any) -> Any:
    printed = StringIO()
    with redirect_stdout(printed):
        call_command(command, *arguments, stdout=printed, **options)
    return json.loads(printed.getvalue())


def test_it_is_gone_afterwards() -> None:
    with pytest.raises(KeyError):
        registry.destination("Pigeon")
