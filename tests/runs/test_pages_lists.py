"""Lists: the columns, the filters, the search, and a number of queries that does not grow with the rows."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.bill import Party
from billing.models import Account, Bill, CatalogueItem, Source
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs.models import Delivery, Event, IntegrationRun, Problem, Status
from tests.runs.factories import a_bill, an_integration, arrive
from tests.runs.pages import BILLS, RUNS, a_client, a_run

pytestmark = pytest.mark.django_db

LISTS = [RUNS, BILLS, "/admin/billing/account/", "/admin/billing/catalogueitem/", "/admin/billing/source/", "/admin/runs/event/"]


@pytest.fixture
def admin() -> Client:
    return a_client(superuser=True)


def rows(client: Client, page: str) -> list[Any]:
    response = client.get(page)
    assert response.status_code == 200, response
    return list(response.context["cl"].result_list)


def queries(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(page).status_code == 200
    return len(caught)


def fill(integration: IntegrationConfig, count: int) -> None:
    for number in range(count):
        party = Party(id=f"acc-{number}-{count}", name=f"Account {number}")
        run = a_run(integration, Status.ERROR, bill=arrive(a_bill(account=party))[0], error="It was refused.")
        problem = Problem.objects.create(integration=integration, fingerprint=run.pk.hex, code="X", title=f"Cause {run.pk}")
        problem.runs.add(run)
        Event.objects.create(subject_type="runs.integrationrun", subject_id=str(run.pk), subject=str(run), verb="retried")


@pytest.mark.parametrize("page", [*LISTS, "/admin/runs/problem/", f"{RUNS}?view=person", f"{RUNS}search/?q=INV"])
def test_queries_do_not_grow_with_the_rows(page: str, admin: Client, integration: IntegrationConfig) -> None:
    fill(integration, 2)
    few = queries(admin, page)
    fill(integration, 20)

    assert queries(admin, page) <= few <= 14


def test_a_bills_runs_in_many_integrations_take_no_more_queries(admin: Client, integration: IntegrationConfig) -> None:
    bill = arrive(a_bill())[0]
    a_run(integration, bill=bill)
    few = queries(admin, f"{BILLS}{bill.pk}/change/")
    for number in range(6):
        other = an_integration(integration.credential, name=f"Other {number}")
        Delivery.objects.create(system="Netsuite", tenant=f"T{number}", bill=bill, integration=other)
        a_run(other, bill=bill, delivery=Delivery.objects.get(integration=other))

    assert queries(admin, f"{BILLS}{bill.pk}/change/") <= few <= 20


# --- runs ---------------------------------------------------------------------------------------------------------------------------


def test_runs_come_newest_first_with_their_result(admin: Client, integration: IntegrationConfig) -> None:
    refused = a_run(integration, Status.ERROR, error="Nothing was sent: the product has no item.")
    posted = a_run(integration, Status.COMPLETE, external_id="88213", url="https://host.example/app/88213")
    waits = a_run(integration, Status.AWAITING_RETRY)

    assert rows(admin, RUNS) == [waits, posted, refused]
    page = admin.get(RUNS).content.decode()
    assert "The product has no item" in page and "Next try" in page
    assert 'href="https://host.example/app/88213" target="_blank" rel="noopener">Invoice 88213' in page


def test_a_refusal_is_told_by_its_cause(admin: Client, integration: IntegrationConfig) -> None:
    a_run(integration, Status.ERROR, error="NetSuite refused the invoice because item 2014 is inactive.")

    page = admin.get(RUNS).content.decode()

    assert '<span title="NetSuite refused the invoice because item 2014 is inactive.">Item 2014 is inactive</span>' in page


def test_the_views_are_named_filters(admin: Client, integration: IntegrationConfig) -> None:
    by_status = {status: a_run(integration, status) for status in Status}

    def shown(view: str) -> set[str]:
        return {run.status for run in rows(admin, f"{RUNS}?view={view}")}

    assert shown("posted") == {"COMPLETE"} and shown("unknown") == {"UNKNOWN"}
    assert shown("waiting") == {"WAITING", "STARTED", "AWAITING_RETRY", "RATE_LIMIT_RETRY", "AUTH_FAILED"}
    assert "UNKNOWN" not in shown("person") and {"ERROR", "DISABLED"} <= shown("person")
    assert shown("nonsense") == set(by_status)


def test_a_failure_that_a_later_run_made_good_needs_nobody(admin: Client, integration: IntegrationConfig) -> None:
    old = a_run(integration, Status.ERROR)
    a_run(integration, Status.COMPLETE, bill=old.bill, automatic=False)
    failed_twice = a_run(integration, Status.ERROR)
    again = a_run(integration, Status.ERROR, bill=failed_twice.bill, automatic=False)
    a_run(integration, Status.CANCELLED, bill=failed_twice.bill, automatic=False)

    assert rows(admin, f"{RUNS}?view=person") == [again]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=ERROR", 1),
        ("status=COMPLETE", 1),
        ("account=borealis", 1),
        ("account=ACME", 1),
        ("account=acc-2", 1),
        ("least=100", 1),
        ("most=99.99", 1),
        ("least=1&currency=eur", 1),
        ("least=nonsense", 2),
        ("least=1,000,000", 0),
        ("since=2020-01-01", 2),
        ("until=2020-01-01", 0),
        ("since=nonsense", 2),
        ("q=INV-ONE", 1),
        ("q=88213", 1),
        ("q=src-1", 1),
        ("q=Borealis", 1),
        ("q=00000000-0000-4000-8000-000000000001", 1),
        ("q=00000000-0000-4000-8000-00000000000f", 0),
    ],
)
def test_runs_are_found(query: str, found: int, admin: Client, integration: IntegrationConfig) -> None:
    one = arrive(a_bill("src-1", number="INV-ONE"))[0]
    two = arrive(a_bill("src-2", number="INV-TWO", currency="EUR", account=Party(id="acc-2", code="BOR-07", name="Borealis AI")))[0]
    a_run(integration, Status.COMPLETE, bill=one, amount=Decimal(500), external_id="88213", id="00000000-0000-4000-8000-000000000001")
    a_run(integration, Status.ERROR, bill=two, amount=Decimal("12.5"))

    assert len(rows(admin, f"{RUNS}?{query}")) == found


def test_runs_are_filtered_by_integration_problem_and_day(admin: Client, integration: IntegrationConfig) -> None:
    run, other = a_run(integration), a_run(an_integration(integration.credential, name="Other"))
    problem = Problem.objects.create(integration=integration, fingerprint="f", code="X", title="One cause")
    problem.runs.add(run)
    IntegrationRun.objects.filter(pk=other.pk).update(dt_created=timezone.now() - dt.timedelta(days=40))
    today = f"{timezone.now():%Y-%m-%d}"

    assert rows(admin, f"{RUNS}?integration__id__exact={integration.pk}") == [run]
    assert rows(admin, f"{RUNS}?problem={problem.pk}") == [run]
    assert rows(admin, f"{RUNS}?since={today}&until={today}") == [run]
    assert "One cause" in admin.get(f"{RUNS}?problem={problem.pk}").content.decode()


def test_filters_keep_each_other_and_say_what_is_chosen(admin: Client, integration: IntegrationConfig) -> None:
    page = admin.get(f"{RUNS}?status=ERROR&since=2026-11-01&least=100&currency=usd&view=person").content.decode()

    assert "since 1 Nov 2026" in page and "from 100 USD" in page
    assert page.count('<input type="hidden" name="status" value="ERROR">') >= 3
    assert page.count('<input type="hidden" name="view" value="person">') >= 3


def test_counting_stops(admin: Client, integration: IntegrationConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.admin.base.MOST_COUNTED", 1)
    monkeypatch.setattr("runs.admin.base.ReadOnlyAdmin.most_counted", 1)
    a_run(integration)
    a_run(integration)

    response = admin.get(RUNS)
    assert response.context["cl"].result_count == 1 and "Counted no further than 1" in response.content.decode()


# --- Bills and what the sources know --------------------------------------------------------------------------------------------------


def test_bills_say_where_they_are(admin: Client, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR)
    a_run(integration, Status.COMPLETE, bill=run.bill, automatic=False)
    arrive(a_bill())

    page = admin.get(BILLS).content.decode()

    assert page.count('data-status="COMPLETE"') == 1 and 'data-status="ERROR"' not in page
    assert "not sent yet" in page and "1 to 31 Oct 2026" in page
    assert len(rows(admin, f"{BILLS}?view=nowhere")) == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status__exact=PENDING", 1),
        ("account=acme", 2),
        ("source=m3ter", 2),
        ("source=other", 0),
        ("since=2026-10-31&until=2026-10-31", 1),
        ("q=INV-ONE", 1),
        ("q=src-2", 1),
        ("q=Acme", 2),
    ],
)
def test_bills_are_found(query: str, found: int, admin: Client) -> None:
    arrive(a_bill("src-1", number="INV-ONE", status="PENDING"), a_bill("src-2", number="INV-TWO", bill_date=dt.date(2026, 9, 30)))

    assert len(rows(admin, f"{BILLS}?{query}")) == found


def test_an_account_shows_its_bills_and_mappings(admin: Client, integration: IntegrationConfig) -> None:
    bill = arrive(a_bill(number="INV-ONE"))[0]

    page = admin.get(f"/admin/billing/account/{bill.account_id}/change/").content.decode()

    assert "INV-ONE" in page and "Netsuite<small>Customer" in page and "1001" in page


def test_products_tell_which_are_not_mapped(admin: Client) -> None:
    arrive(a_bill())
    item = CatalogueItem.objects.get(uid="prod-api")
    other = Source.objects.create(slug="other", platform="m3ter", name="Other")
    listed = "/admin/billing/catalogueitem/?view=unmapped"
    assert rows(admin, listed) == [item]

    mapping = {"entity_type": "Product", "entity_id": "prod-api", "external_system": "Netsuite", "external_table": "Item"}
    mapping["external_id"] = "2001"
    ExternalMapping.objects.create(**mapping, source=other)
    assert rows(admin, listed) == [item]

    ExternalMapping.objects.create(**mapping)
    assert rows(admin, listed) == []
    assert "Netsuite<small>Item" in admin.get(f"/admin/billing/catalogueitem/{item.pk}/change/").content.decode()


def test_a_source_counts_its_bills(admin: Client) -> None:
    arrive(a_bill(), a_bill())

    page = admin.get(f"/admin/billing/source/{Source.objects.get().pk}/change/").content.decode()

    assert "2 Bills from m3ter" in page


@pytest.mark.parametrize("page", LISTS)
def test_nothing_is_added_changed_or_deleted_here(page: str, admin: Client) -> None:
    arrive(a_bill())

    assert admin.get(f"{page}add/").status_code in (403, 404)
    first = {RUNS: None, BILLS: Bill, "/admin/billing/account/": Account}.get(page)
    if first is not None:
        assert admin.post(f"{page}{first.objects.get().pk}/delete/", {"post": "yes"}).status_code == 403
        assert first.objects.count() == 1


# --- history --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["/admin/runs/event/{}/change/", "/admin/runs/event/x/change/", "/admin/runs/problem/x/change/"])
def test_what_has_no_page_is_a_404(page: str, admin: Client) -> None:
    event = Event.objects.create(subject_type="t", subject_id="1", subject="NetSuite US", verb="created")

    assert admin.get(page.format(event.pk)).status_code == 404


def test_history_shows_what_changed(admin: Client) -> None:
    Event.objects.create(
        subject_type="t", subject_id="1", subject="NetSuite US", verb="changed options", before={"a": "1", "b": 2}, after={"a": "3", "b": 2}
    )

    page = admin.get("/admin/runs/event/").content.decode()

    assert "<del>1</del>" in page and "<ins>3</ins>" in page and "b:" not in page and "1 change<" in page
    assert len(rows(admin, "/admin/runs/event/?verb=created")) == 0 and len(rows(admin, "/admin/runs/event/?subject_id=1")) == 1


# --- the header's search --------------------------------------------------------------------------------------------------------------


def search(client: Client, asked: str) -> Any:
    return client.get(f"{RUNS}search/", {"q": asked})


def test_the_only_hit_is_opened(admin: Client, integration: IntegrationConfig) -> None:
    bill = arrive(a_bill("src-1", number="INV-ONE"), a_bill(number="INV-ONE-B"))[0]
    run = a_run(integration, bill=bill, external_id="88213")

    assert search(admin, "inv-one")["Location"] == search(admin, "src-1")["Location"] == f"{BILLS}{bill.pk}/change/"
    assert search(admin, str(run.pk))["Location"] == search(admin, "88213")["Location"] == f"{RUNS}{run.pk}/change/"


def test_several_hits_are_listed_by_kind(admin: Client) -> None:
    arrive(a_bill(number="INV-ONE"), a_bill(number="INV-TWO"))

    page = search(admin, "INV-").content.decode()

    assert "INV-ONE" in page and "INV-TWO" in page and "2 found" in page
    assert search(admin, "").status_code == search(admin, "no such thing").status_code == 200


def test_the_search_finds_only_what_one_may_see(integration: IntegrationConfig) -> None:
    run = a_run(integration)

    assert search(a_client(), str(run.pk)).status_code == search(a_client(), str(run.bill)).status_code == 200
    assert search(a_client("billing.view_bill"), str(run.bill)).status_code == 302
