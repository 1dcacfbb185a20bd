from collections.abc import Iterable

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.contract import CatalogueRow
from integrations.errors import Refused
from mappings import catalogue
from mappings.catalogue import Standing
from mappings.models import CatalogueReading, CatalogueRecord
from tests.mappings.conftest import TENANT, read

pytestmark = pytest.mark.django_db
GPU = CatalogueRow(id="2003", name="GPU Compute", code="GPU")
API = CatalogueRow(id="2001", name="API Usage")


def keep(*rows: CatalogueRow, tenant: str = TENANT) -> int:
    return catalogue.store("Netsuite", tenant, "Item", rows)


def standing(external_id: str, tenant: str = "") -> tuple[str, Standing]:
    key = ("Netsuite", "Item", external_id)
    seen = catalogue.seen([key], tenant)[key]
    return str(seen), seen.standing


def test_names_and_standing_follow_the_destination() -> None:
    assert standing("2003") == ("2003", Standing.UNREAD)
    assert keep(GPU, API) == 2
    assert standing("2003") == ("GPU Compute (2003)", Standing.ACTIVE)
    assert standing("9999") == ("9999", Standing.ABSENT)
    keep(CatalogueRow(id="2003", name="GPU (old)", active=False), API)
    assert standing("2003") == ("GPU (old) (2003)", Standing.INACTIVE)
    keep(API)
    assert standing("2003") == ("GPU (old) (2003)", Standing.DELETED)
    keep(GPU, API)
    assert standing("2003") == ("GPU Compute (2003)", Standing.ACTIVE)
    assert CatalogueRecord.objects.get(external_id="2003").inactive_since is None


def test_since_when_it_is_inactive_is_kept() -> None:
    with time_machine.travel("2026-11-20T10:00:00Z", tick=False):
        keep(CatalogueRow(id="2003", name="GPU", active=False), API)
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False):
        keep(API)
        keep(API)
    gone = CatalogueRecord.objects.get(external_id="2003")
    assert (f"{gone.inactive_since:%F}", gone.active, gone.listed) == ("2026-11-20", False, False)


def test_only_what_changed_is_written() -> None:
    rows = [CatalogueRow(id=str(number), name=f"Item {number}") for number in range(1000)]
    with time_machine.travel("2026-11-20T10:00:00Z", tick=False):
        keep(*rows)
    rows[7] = CatalogueRow(id="7", name="Another name")
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False), CaptureQueriesContext(connection) as queries:
        keep(*rows)
    assert len(queries) <= 8
    assert [record.external_id for record in CatalogueRecord.objects.filter(read_at__date="2026-11-21")] == ["7"]
    assert CatalogueReading.objects.get().records == 1000


def test_an_empty_answer_never_deletes_a_table() -> None:
    assert keep() == 0
    keep(GPU)
    with pytest.raises(Refused, match="NetSuite listed no Item at all, though it had 1"):
        keep()
    assert standing("2003")[1] is Standing.ACTIVE


def test_what_failed_is_told_until_it_is_read_again() -> None:
    keep(GPU)
    catalogue.note_failure("Netsuite", TENANT, "Item", "The role may not see items.")
    reading = CatalogueReading.objects.get()
    assert (reading.error, reading.read_at is not None, reading.records) == ("The role may not see items.", True, 1)
    keep(GPU)
    assert CatalogueReading.objects.get().error == ""
    catalogue.note_failure("Netsuite", TENANT, "Customer", "Refused.")
    assert not catalogue.is_known("Netsuite", "Customer")
    assert catalogue.is_known("Netsuite", "Item") and not catalogue.is_known("Netsuite", "Item", "another")


def test_tenants_are_kept_apart_and_the_worst_speaks_for_all() -> None:
    keep(GPU)
    keep(CatalogueRow(id="2003", name="GPU in EU", active=False), tenant="EU")
    assert standing("2003") == ("GPU in EU (2003)", Standing.INACTIVE)
    assert standing("2003", TENANT) == ("GPU Compute (2003)", Standing.ACTIVE)
    assert [str(each) for each in catalogue.unusable("Netsuite", "EU").values()] == ["GPU in EU (2003)"]
    assert catalogue.unusable("Netsuite", TENANT) == {}


def test_search_finds_active_records_by_name_code_and_id() -> None:
    read("Item", {"2003": "GPU Compute", "2004": "Storage"})
    read("Item", {"2005": "GPU, retired"}, active=False)
    CatalogueRecord.objects.filter(external_id="2004").update(code="GPU-STO")

    def names(text: str) -> Iterable[str]:
        return [record.name for record in catalogue.search("Netsuite", TENANT, "Item", text)]

    assert names("gpu") == ["GPU Compute", "Storage"]
    assert names("2004") == ["Storage"]
    assert names("") == ["GPU Compute", "Storage"]


def test_any_number_of_ids_is_two_queries() -> None:
    read("Item", {str(number): f"Item {number}" for number in range(50)})
    with CaptureQueriesContext(connection) as queries:
        assert len(catalogue.seen(("Netsuite", "Item", str(number)) for number in range(100))) == 100
    assert len(queries) == 2
