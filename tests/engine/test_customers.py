"""A process that dies anywhere while two Bills of one Account need their customer leaves exactly one customer and both invoices."""

from typing import Any

import pytest

from billing.bill import Party
from mappings.models import ExternalMapping
from runs.models import IntegrationRun
from tests.engine.points import POINTS
from tests.engine.workers import Workers
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, an_integration, arrive

pytestmark = pytest.mark.django_db
ACME = Party(id="acc-7", name="Acme Leeds", email="ap@acme.test")
USUAL = ("unfolded", "intent stored", "sent", "recorded")
PLACES = [pytest.param(name, marks=() if name in USUAL else pytest.mark.slow) for name in sorted(POINTS)]


@pytest.mark.parametrize("known", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("point", PLACES)
def test_one_customer_whoever_dies_where(point: str, known: bool, credential: Any, books: Books, workers: Workers) -> None:
    if known:
        books.emulator.add_records(books.place.tenant, "customer", [{"id": "501", "companyName": "Acme", "email": "ap@acme.test"}])
    integration = an_integration(credential, customerMatch="EMAIL", createMissingCustomers=True, subsidiaryId="1")
    before = len(books.documents("customer"))
    arrive(a_bill("b-1", account=ACME), a_bill("b-2", account=ACME))
    with workers.killed_at(point):
        workers.work(integration)
    workers.work_for(integration, 300)

    [customer] = [each for each in books.documents("customer") if each.get("externalId") == "acc-7"]
    assert len(books.documents("customer")) == before + (not known)
    assert [invoice["entity"]["id"] for invoice in books.documents()] == [customer["id"]] * 2
    assert set(IntegrationRun.objects.values_list("status", flat=True)) == {"COMPLETE"}
    assert ExternalMapping.objects.filter(entity_id="acc-7").count() == 1


@pytest.mark.parametrize(
    "point", ["before send", *[pytest.param(name, marks=pytest.mark.slow) for name in ("unfolding", "before intent", "sent")]]
)
def test_two_workers_at_once_make_one_customer(point: str, credential: Any, books: Books, workers: Workers) -> None:
    integration = an_integration(credential, customerMatch="EMAIL", createMissingCustomers=True, subsidiaryId="1")
    arrive(a_bill("b-1", account=ACME), a_bill("b-2", account=ACME))
    with workers.stalled_at(point, lambda: workers.work(integration)) as stalled:
        workers.work(integration)
    workers.work_for(integration, 300)

    [customer] = [each for each in books.documents("customer") if each.get("externalId") == "acc-7"]
    assert stalled and [invoice["entity"]["id"] for invoice in books.documents()] == [customer["id"]] * 2
    assert set(IntegrationRun.objects.values_list("status", flat=True)) == {"COMPLETE"}
    assert ExternalMapping.objects.filter(entity_id="acc-7").count() == 1
