"""Source against destination: every Bill of a period beside its document, and what nobody accounts for."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Bill
from integrations import service as integrations
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES
from integrations.models import IntegrationConfig
from runs.reconcile import Comparison, Verdict, reconcile
from tests.places import PLACES, Place
from tests.runs.conftest import ACCOUNT, Books
from tests.runs.factories import a_bill, a_line, an_integration, arrive
from tests.runs.pages import work
from tests.wire import emulated

pytestmark = pytest.mark.django_db
FIRST, LAST = dt.date(2026, 10, 1), dt.date(2026, 10, 31)


def october(integration: IntegrationConfig) -> Comparison:
    return reconcile(IntegrationConfig.objects.get(pk=integration.pk), FIRST, LAST)


def told(found: Comparison) -> list[tuple[str, str, str]]:
    rows = [(row.verdict.value, row.bill.uid if row.bill else row.held.external_id if row.held else "", row.why) for row in found.rows]
    return sorted(rows)


def test_what_was_posted_matches_to_the_cent(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1", [a_line("l1", "100.004"), a_line("l2", "0.336")]), a_bill("b-2", [a_line("l1", "-40.10")]))
    arrive(a_bill("september", bill_date=dt.date(2026, 9, 30)))
    work(integration)
    found = october(integration)
    assert (found.matched, found.rows) == (2, [])
    assert found.owed == found.there == {"USD": Decimal("60.24")}
    assert found.as_json() == {"matched": 2, "missing": [], "extra": [], "differs": []}


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_destination_lists_a_period(place: Place) -> None:
    with emulated() as hub:
        credential = place.credential(hub.emulators[place.slug].credential_files(None)[place.kind])
        place.map("acc-1", "1001")
        integration = place.integration(credential, "Usage bills")
        arrive(a_bill("b-1"), a_bill("b-2", [a_line("l1", "-40.10")]), a_bill("september", bill_date=dt.date(2026, 9, 30)))
        work(integration)
        found = october(integration)
        assert (found.matched, found.rows) == (2, []) and found.there == {"USD": Decimal("59.90")}
        arrive(a_bill("b-1", [a_line("l1", "90.00")]))
        assert told(october(integration)) == [("differs", "b-1", f"{integration.system_label} holds revision 1 of 2.")]


def test_missing_tells_why(integration: IntegrationConfig, books: Books) -> None:
    integrations.change_options(integration, {**integration.options, "netsuiteDefaultItemId": ""}, None)
    arrive(a_bill("b-1"))
    work(integration)
    arrive(a_bill("b-2"))
    refused, waiting = told(october(integration))
    assert refused[:2] == ("missing", "b-1") and "API calls" in refused[2]
    assert waiting == ("missing", "b-2", "It has not been sent yet.")


def test_what_people_changed_or_deleted_is_seen(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("edited"), a_bill("moved"), a_bill("deleted"), a_bill("kept"))
    work(integration)
    ids = {document["externalId"]: document["id"] for document in books.documents()}
    line = {"item": "2001", "amount": Decimal("60.01")}
    books.emulator.add_records(ACCOUNT, "invoice", [{"id": ids["edited"], "item": {"items": [line]}}])
    books.emulator.add_records(ACCOUNT, "invoice", [{"id": ids["moved"], "tranDate": "2026-12-01"}])
    remove(books, ids["deleted"])
    found = october(integration)
    assert found.matched == 1
    assert told(found) == [
        ("differs", "edited", "It was changed in NetSuite after we posted it."),
        ("differs", "moved", "It is dated 1 Dec 2026 there, outside the period."),
        ("missing", "deleted", f"It was posted as {number_of('deleted')} and is not there any more."),
    ]
    assert found.owed == {"USD": Decimal("400.00")} and found.there == {"USD": Decimal("160.01")}


def test_extra_is_what_no_bill_accounts_for(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"), a_bill("late", bill_date=dt.date(2026, 11, 2)), a_bill("voided"))
    work(integration)
    by_hand = {"entity": "1003", "tranDate": "2026-10-12", "currency": "1", "item": {"items": [{"item": "2001", "amount": Decimal(310)}]}}
    [number] = books.emulator.add_records(ACCOUNT, "invoice", [by_hand])
    late = next(document for document in books.documents() if document["externalId"] == "late")
    books.emulator.add_records(ACCOUNT, "invoice", [{"id": late["id"], "tranDate": "2026-10-20"}])
    Bill.objects.filter(uid="voided").update(status=Bill.Status.VOID)
    rows = {row.why: row.held.external_id for row in october(integration).of(Verdict.EXTRA) if row.held}
    assert rows["Made in NetSuite by somebody else, not by this integration."] == number
    assert {why.partition(" ")[0] for why in rows} == {"Made", "Its"} and len(rows) == 3


def test_a_newer_revision_that_did_not_go_differs(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    work(integration)
    arrive(a_bill("b-1", [a_line("l1", "90.00")]))
    found = october(integration)
    assert told(found) == [("differs", "b-1", "NetSuite holds revision 1 of 2.")]
    assert found.rows[0].owed == Decimal("90") and found.rows[0].held is not None and found.rows[0].held.total == 100


def test_another_integrations_documents_are_its_own(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    work(integration)
    other = an_integration(integration.credential, name="Second", accountIds=["somebody-else"])
    assert october(other).rows == [] and october(other).matched == 0


def test_queries_do_not_grow_with_the_bills(integration: IntegrationConfig, books: Books) -> None:
    def asked() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            before = books.hub.calls.report()["total"]
            october(integration)
        return len(queries), books.hub.calls.report()["total"] - before

    arrive(a_bill("b-0"))
    work(integration)
    october(integration)
    few = asked()
    arrive(*(a_bill(f"b-{number}") for number in range(1, 30)))
    work(integration)
    assert asked() == few


def test_the_command_exits_with_one_on_any_difference(
    integration: IntegrationConfig, books: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    arrive(a_bill("b-1"))
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", "--integration", str(integration.pk), "--from", "2026-10-01", "--to", "2026-10-31")
    found = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1 and found["matched"] == 0 and [row["bill"] for row in found["missing"]] == ["b-1"]
    work(integration)
    call_command("reconcile", "--integration", str(integration.pk), "--from", "2026-10-01", "--to", "2026-10-31")
    found = json.loads(capsys.readouterr().out)
    assert (found["matched"], found["missing"], found["extra"], found["differs"]) == (1, [], [], [])
    with pytest.raises(CommandError, match="is not connected"):
        alone = integrations.create("Bill", "Netsuite", "Alone", {})
        call_command("reconcile", "--integration", str(alone.pk), "--from", "2026-10-01", "--to", "2026-10-31")


def remove(books: Books, number: str) -> None:
    """As a person deletes an invoice in NetSuite."""
    kept = books.emulator.account(ACCOUNT).books
    kept.remove(RECORD_TYPES["invoice"], kept.find(("invoice",), number))


def number_of(uid: str) -> str:
    delivery = Bill.objects.get(uid=uid).deliveries.get()
    return delivery.number or delivery.external_id
