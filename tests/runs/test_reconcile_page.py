"""Reconciliation as people see it: who may do what, what each row offers, the file, the sign-off, the calendar."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from integrations import service as integrations
from integrations.models import IntegrationConfig
from runs import reconcile_kept, reconcile_tasks
from runs.models import Difference, Event, IntegrationRun, Reconciliation
from tests.runs.conftest import ACCOUNT, Books
from tests.runs.factories import a_bill, a_line, an_integration, arrive
from tests.runs.pages import a_client, work
from tests.runs.test_reconcile_kept import BY_HAND, FIRST, LAST, made

pytestmark = pytest.mark.django_db
PAGE = "/admin/runs/reconciliation/"
SEES = "runs.view_integrationrun"


def october(integration: IntegrationConfig, **more: Any) -> dict[str, Any]:
    return {"integration": str(integration.pk), "month": "2026-10"} | more


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def client() -> Client:
    return a_client(SEES, "runs.operate", "billing.view_bill")


def test_every_page_and_order_needs_its_permission(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    record = made(integration)
    row = record.rows.get()
    gets = ["", f"{record.pk}.csv", f"calendar/{integration.pk}/"]
    operates = [
        "compare/",
        f"row/{row.pk}/send/",
        f"row/{row.pk}/take-back/",
        f"row/{row.pk}/explain/",
        f"calendar/{integration.pk}/refresh/",
    ]
    approves = [f"{record.pk}/sign-off/", f"{record.pk}/withdraw/"]
    nobody, sees, everybody = a_client(), a_client(SEES), a_client(SEES, "runs.operate", "runs.approve")
    assert {nobody.get(f"{PAGE}{path}").status_code for path in gets} == {403}
    assert {sees.get(f"{PAGE}{path}").status_code for path in gets} == {200}
    assert {sees.post(f"{PAGE}{path}").status_code for path in operates + approves} == {403}
    assert {a_client(SEES, "runs.operate").post(f"{PAGE}{path}").status_code for path in approves} == {403}
    assert {everybody.get(f"{PAGE}{path}").status_code for path in operates + approves if "explain" not in path} == {405}
    assert not IntegrationRun.objects.exists() and not Event.objects.filter(subject_type="runs.reconciliation").exists()


def test_a_month_is_asked_for_made_and_shown(integration: IntegrationConfig, books: Books, client: Client) -> None:
    arrive(a_bill("b-1"), a_bill("b-2", [a_line("l1", "1.50")], currency="EUR"))
    assert "has not been compared yet" in text(client.get(PAGE, october(integration)))
    assert client.post(f"{PAGE}compare/", october(integration)).status_code == 302
    record = Reconciliation.objects.get()
    assert (record.state, record.start, record.end) == ("WAITING", FIRST, LAST)
    waits = text(client.get(PAGE, october(integration)))
    assert "waits for a worker" in waits and 'id="comparison" data-refresh-url' in waits and "has not been compared" not in waits
    reconcile_tasks.compare(record.pk)
    page = client.get(PAGE, october(integration))
    assert "data-refresh-url" not in text(page) and page.context["counts"]["missing"] == 2
    assert [each.currency for each in page.context["sums"]] == ["EUR", "USD"]
    assert "2 rows need a fix or an explanation" in text(page) and "Possible at 0 open rows" not in text(page)


def test_each_row_offers_its_fix(integration: IntegrationConfig, books: Books, client: Client) -> None:
    arrive(a_bill("changed"), a_bill("kept"))
    work(integration)
    integrations.change_options(integration, {**integration.options, "netsuiteDefaultItemId": ""}, None)
    arrive(a_bill("refused"))
    work(integration)
    arrive(a_bill("unsent", [a_line("l1", "310.00")]))
    changed = next(document for document in books.documents() if document["externalId"] == "changed")
    books.emulator.add_records(
        ACCOUNT, "invoice", [{"id": changed["id"], "item": {"items": [{"item": "2001", "amount": Decimal("60.01")}]}}, BY_HAND]
    )
    made(integration)
    lines = client.get(PAGE, october(integration)).context["lines"]
    offered = {line.row.bill.uid if line.row.bill else "by hand": [fix.label for fix in line.fixes] for line in lines}
    assert offered == {"changed": ["Send again"], "refused": ["Open problem"], "unsent": ["Send"], "by hand": []}
    [by_hand] = [line for line in lines if line.row.bill is None]
    assert by_hand.hint == "It may be " + str(Difference.objects.get(bill__uid="unsent").bill) + ", which is missing with the same amount."


def test_a_bill_is_sent_from_its_row(integration: IntegrationConfig, books: Books, client: Client) -> None:
    arrive(a_bill("b-1"))
    row = made(integration).rows.get()
    answer = client.post(f"{PAGE}row/{row.pk}/send/")
    assert "is on its way" in told(answer)[0] and IntegrationRun.objects.get().bill == row.bill
    work(integration)
    assert made(integration).matched == 1
    assert "Everything matches to the cent" in text(client.get(PAGE, october(integration)))


def test_a_row_of_an_older_comparison_does_nothing(integration: IntegrationConfig, books: Books, client: Client) -> None:
    arrive(a_bill("b-1"))
    row = made(integration).rows.get()
    made(integration)
    for act in ("send", "explain", "take-back"):
        assert "made again meanwhile" in told(client.post(f"{PAGE}row/{row.pk}/{act}/", {"text": "x"}))[0]
    assert not IntegrationRun.objects.exists()
    unknown = {"integration": "00000000-0000-0000-0000-000000000000", "month": "2026-10"}
    assert client.post(f"{PAGE}compare/", unknown).status_code == 404


def test_a_row_is_explained_and_the_month_signed_off(integration: IntegrationConfig, books: Books) -> None:
    client = a_client(SEES, "runs.operate", "runs.approve")
    books.emulator.add_records(ACCOUNT, "invoice", [BY_HAND])
    record = made(integration)
    row = record.rows.get()
    assert "Say why this row" in text(client.post(f"{PAGE}row/{row.pk}/explain/", {"text": " "}))
    client.post(f"{PAGE}row/{row.pk}/explain/", {"text": "None of <ours>."})
    shown = text(client.get(PAGE, october(integration, show="explained")))
    assert "None of &lt;ours&gt;." in shown and "Every difference is explained." in shown
    client.post(f"{PAGE}{record.pk}/sign-off/", {"note": "Seen."})
    signed = text(client.get(PAGE, october(integration)))
    assert "Signed off" in signed and "“Seen.”" in signed
    assert "Take the sign-off back first" in told(client.post(f"{PAGE}row/{row.pk}/take-back/"))[0]
    books.emulator.add_records(ACCOUNT, "invoice", [BY_HAND])
    made(integration)
    assert "The sign-off no longer holds." in text(client.get(PAGE, october(integration)))


def test_the_file_has_every_row_that_differs(integration: IntegrationConfig, books: Books, client: Client) -> None:
    arrive(a_bill("b-1", number="=1+1"), a_bill("b-2", [a_line("l1", "1.505")], currency="EUR"))
    record = made(integration)
    reconcile_kept.explain(record.rows.get(bill__uid="b-1"), "Later.", None)
    content = client.get(f"{PAGE}{record.pk}.csv").getvalue().decode()
    rows = {row["bill"]: row for row in csv.DictReader(io.StringIO(content))}
    assert {uid: (row["kind"], row["owed"], row["currency"], row["difference"]) for uid, row in rows.items()} == {
        "b-1": ("missing", "100", "USD", "100"),
        "b-2": ("missing", "1.505", "EUR", "1.505"),
    }
    assert (rows["b-1"]["number"], rows["b-1"]["explanation"]) == ("'=1+1", "Later.")


def test_a_page_asks_a_fixed_number_of_questions(
    integration: IntegrationConfig, books: Books, client: Client, django_assert_max_num_queries: Any
) -> None:
    arrive(*(a_bill(f"b-{number}") for number in range(60)))
    made(integration)
    with django_assert_max_num_queries(40):
        page = client.get(PAGE, october(integration, p="1"))
    assert len(page.context["lines"]) == 50 and "Next rows" in text(page)


def test_all_integrations_of_a_month(integration: IntegrationConfig, books: Books, client: Client) -> None:
    other = an_integration(integration.credential, name="Second", accountIds=["somebody-else"])
    alone = integrations.create("Bill", "Netsuite", "Alone", {})
    arrive(a_bill("b-1"))
    made(integration)
    page = client.get(PAGE, {"month": "2026-10"})
    found = {place.integration.pk: (place.open, place.differences) for place in page.context["places"]}
    assert found == {integration.pk: (1, {"USD": Decimal(100)}), other.pk: (0, {}), alone.pk: (0, {})}
    client.post(f"{PAGE}compare/", {"month": "2026-10"})
    assert set(Reconciliation.objects.filter(state="WAITING").values_list("integration", flat=True)) == {integration.pk, other.pk}
    assert client.get(PAGE, {"month": "nonsense", "integration": "nonsense"}).status_code == 200


def test_the_calendar_says_what_is_open_and_what_it_stops(integration: IntegrationConfig, books: Books, client: Client) -> None:
    address = f"{PAGE}calendar/{integration.pk}/"
    assert "has not been read yet" in text(client.get(address))
    assert "are being read" in told(client.post(f"{address}refresh/"))[0]
    books.configure(closed_before="2026-11-01")
    reconcile_tasks.read_calendar(str(integration.pk))
    arrive(a_bill("b-1"))
    work(integration)
    page = client.get(address)
    lines = {line.name: line for line in page.context["lines"]}
    assert (lines["Oct 2026"].state[0], lines["Nov 2026"].state[0]) == ("Closed", "Open")
    assert (lines["Oct 2026"].held_up.closed, lines["Oct 2026"].held_up.closed_money) == (1, {"USD": Decimal(100)})
    assert "is held until a person decides" in text(page) and "Change what happens" not in text(page)
