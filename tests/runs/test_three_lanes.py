"""One Bill and three destinations: posted in the first, in the second only after it, and in the third not meant to be."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing import store
from billing.bill import Party
from integrations.emulation.hub import Hub
from integrations.models import IntegrationConfig
from runs.deliver import deliver
from runs.models import IntegrationRun
from runs.select import select
from tests.places import NETSUITE, QUICKBOOKS, SALESFORCE, Place
from tests.runs.factories import a_bill, arrive, the_source
from tests.wire import emulated

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub() -> Iterator[Hub]:
    with emulated() as hub:
        yield hub


def connected(hub: Hub, place: Place, folder: Path, name: str, **options: object) -> IntegrationConfig:
    place.map("acc-1", "1001")
    file = hub.emulators[place.slug].credential_files(folder)[place.kind]
    return place.integration(place.credential(file), name, **options)


def work(*integrations: IntegrationConfig) -> dict[str, str]:
    for integration in integrations:
        fresh = IntegrationConfig.objects.get(pk=integration.pk)
        select(fresh)
        while deliver(fresh):
            pass
    return {run.integration.name: run.status for run in IntegrationRun.objects.select_related("integration")}


def test_posted_posted_after_it_and_left_out_because(hub: Hub, client: Client, tmp_path: Path) -> None:
    store.receive_parties(the_source(), [Party(id="acc-1", code="ACME", name="Acme Cloud", custom_fields={"country": "US"})])
    netsuite = connected(hub, NETSUITE, tmp_path, "NetSuite US")
    salesforce = connected(hub, SALESFORCE, tmp_path, "CRM", runAfterIntegrationId=str(netsuite.pk))
    quickbooks = connected(hub, QUICKBOOKS, tmp_path, "QuickBooks UK", accountFilter="customFields.country == UK")
    [bill] = arrive(a_bill("b-1"))
    assert work(quickbooks, salesforce) == {}
    assert work(netsuite, quickbooks, salesforce) == {"NetSuite US": "COMPLETE", "CRM": "COMPLETE"}
    client.force_login(User.objects.create_superuser("priya"))
    page = client.get(f"/admin/billing/bill/{bill.pk}/change/").content.decode()
    rows = [
        re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row)) for row in page.split("Where this Bill is")[1].split("</table>")[0].split("</tr>")
    ]
    lanes = {name: next(row for row in rows if name in row) for name in ("NetSuite US", "CRM", "QuickBooks UK")}
    assert "COMPLETE" in lanes["NetSuite US"] and "COMPLETE" in lanes["CRM"]
    assert "Left out The Account filter is false: customFields.country == UK is false: this Account has US" in lanes["QuickBooks UK"]
