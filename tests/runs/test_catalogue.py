"""A destination's records come here by a task per credential: at connect, hourly, and when a person asks."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from credentials.models import Credential
from integrations import registry
from integrations import service as integrations
from integrations.contract import CatalogueRow
from integrations.errors import Misconfigured, Refused, Retry
from integrations.models import IntegrationConfig
from mappings.models import CatalogueReading, CatalogueRecord
from runs import catalogue, catalogue_tasks
from tests.runs.conftest import ACCOUNT, Books

pytestmark = pytest.mark.django_db


def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What workers are asked to do from now on."""
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr("runs.catalogue_tasks.async_task", lambda *args: calls.append(args))
    return calls


class Shelf:
    """A client whose tables can be made to fail."""

    def __init__(self, failing: dict[str, Exception]) -> None:
        self.failing, self.tables = failing, list[str]()

    def catalogue(self, table: str, since: dt.datetime | None = None) -> list[CatalogueRow]:
        self.tables.append(table)
        if table in self.failing:
            raise self.failing[table]
        return [CatalogueRow(id="1", name=f"First of {table}")]


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf({})
    monkeypatch.setattr(catalogue, "_client", lambda credential, destination: shelf)
    return shelf


def test_every_table_of_the_books_is_read(credential: Credential, books: Books) -> None:
    done = catalogue.read(credential)
    assert done.failed == {}
    assert done.records["Customer"] == 20 and done.records["Item"] == 20 and done.records["Currency"] > 5
    record = CatalogueRecord.objects.get(table="Item", external_id="2003")
    assert (record.system, record.tenant, record.name, record.active) == ("Netsuite", ACCOUNT, "Compute Usage", True)
    assert CatalogueRecord.objects.get(table="Customer", external_id="1001").name == "Acme Cloud"
    assert set(done.records) == {table.name for table in catalogue.registry.destination("Netsuite").tables}


def test_a_record_made_inactive_there_is_inactive_here_after_the_next_reading(credential: Credential, books: Books) -> None:
    catalogue.read(credential)
    item = next(each for each in books.documents("serviceSaleItem") if each["id"] == "2003")
    books.emulator.add_records(ACCOUNT, "serviceSaleItem", [{"id": item["id"], "isInactive": True}])
    catalogue.read(credential)
    record = CatalogueRecord.objects.get(table="Item", external_id="2003")
    assert not record.active and record.listed and record.inactive_since


def test_only_what_changed_is_read_until_a_day_has_passed(credential: Credential, books: Books) -> None:
    first = catalogue.read(credential).records
    assert first["Item"] == 20 and first["CustomField"] > 10
    CatalogueReading.objects.update(read_at=timezone.now() + dt.timedelta(days=3))
    changed = catalogue.read(credential).records
    assert changed["Item"] == changed["Customer"] == 0 and changed["Currency"] == first["Currency"]
    assert CatalogueReading.objects.get(table="Item").records == 20
    CatalogueReading.objects.update(whole_at=timezone.now() - dt.timedelta(hours=25))
    assert catalogue.read(credential).records == first


def test_what_changed_is_kept_and_the_rest_stays(credential: Credential, books: Books) -> None:
    catalogue.read(credential)
    books.emulator.add_records(ACCOUNT, "serviceSaleItem", [{"id": "2003", "isInactive": True}])
    catalogue.read(credential)
    assert not CatalogueRecord.objects.get(table="Item", external_id="2003").active
    assert CatalogueRecord.objects.filter(table="Item", active=True).count() == 19


def test_one_refused_table_does_not_hide_the_others(credential: Credential, shelf: Shelf) -> None:
    shelf.failing = {"Customer": Refused("The role may not see customers."), "Class": Misconfigured("No permission.")}
    done = catalogue.read(credential)
    assert done.failed == {"Customer": "The role may not see customers.", "Class": "No permission."}
    assert CatalogueReading.objects.get(table="Customer").error == "The role may not see customers."
    assert CatalogueRecord.objects.filter(table="Item").exists()
    assert len(shelf.tables) == len(registry.destination(credential.system).tables)


def test_after_a_lost_connection_no_further_table_is_tried(credential: Credential, shelf: Shelf) -> None:
    shelf.failing = {"Item": Retry("NetSuite cannot be reached.")}
    assert catalogue.read(credential).failed == {"Item": "NetSuite cannot be reached."}
    assert shelf.tables[-1] == "Item"


def test_what_there_was_no_time_for_is_read_first_next_time(
    credential: Credential, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    calls = asked(monkeypatch)
    ticks = iter([0.0, 0.0, 0.0, 100.0])
    monkeypatch.setattr("runs.catalogue.time.monotonic", lambda: next(ticks, 100.0))
    with django_capture_on_commit_callbacks(execute=True):
        catalogue_tasks.read(str(credential.pk))
    assert shelf.tables == ["Customer", "Item"] and calls == [(catalogue_tasks.FUNCTION, str(credential.pk))]
    monkeypatch.undo()
    tables = catalogue._tables(credential, catalogue.registry.destination("Netsuite"))
    assert [table.name for table in tables[-2:]] == ["Customer", "Item"]


def test_connecting_reads_at_once(credential: Credential, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> None:
    calls = asked(monkeypatch)
    integration: IntegrationConfig = integrations.create("Bill", "Netsuite", "NetSuite US", {})
    with django_capture_on_commit_callbacks(execute=True):
        integrations.disable(integration, "", None)
        assert calls == []
        integrations.connect(integration, credential, None)
    assert calls == [(catalogue_tasks.FUNCTION, str(credential.pk))]


def test_a_new_credential_is_read_at_once(books: Books, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch,
                                          django_capture_on_commit_callbacks: Any) -> None:  # fmt: skip
    calls = asked(monkeypatch)
    with django_capture_on_commit_callbacks(execute=True):
        credential = request.getfixturevalue("credential")
    assert calls == [(catalogue_tasks.FUNCTION, str(credential.pk))]


def test_what_does_not_log_in_or_is_no_destination_is_not_read(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    calls = asked(monkeypatch)
    made = [
        Credential.objects.create(name=name, system=system, kind="K", tenant="T", status=status)
        for name, system, status in (("a", "Netsuite", "AUTH_FAILED"), ("b", "Netsuite", "DRAFT"), ("c", "m3ter", "VERIFIED"))
    ]
    with django_capture_on_commit_callbacks(execute=True):
        assert catalogue_tasks.read_all() == 0
        assert [catalogue_tasks.read(each.pk) for each in made] == [0, 0, 0]
        assert catalogue_tasks.read("00000000-0000-0000-0000-000000000000") == 0
    assert calls == []


def test_two_credentials_of_one_tenant_are_one_reading(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> None:
    calls = asked(monkeypatch)
    for name, tenant in (("a", "1"), ("b", "1"), ("c", "2")):
        Credential.objects.create(name=name, system="Netsuite", kind="K", tenant=tenant, status="VERIFIED")
    with django_capture_on_commit_callbacks(execute=True):
        assert catalogue_tasks.read_all() == 2
    assert len(calls) == 2


def test_the_schedule_is_there_from_the_first_migration_on() -> None:
    schedule = Schedule.objects.get(name="catalogues")
    assert (schedule.func, schedule.schedule_type, schedule.minutes) == ("runs.catalogue_tasks.read_all", "I", 60)
    assert OrmQ.objects.count() == 0
