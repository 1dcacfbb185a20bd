"""The list of problems: ranked by money, filtered, counted once, and its notice on every other page."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import service as integrations
from integrations.models import IntegrationConfig
from runs.models import Problem, Status
from tests.runs.factories import an_integration
from tests.runs.pages import RUNS, a_client, a_run

pytestmark = pytest.mark.django_db

LIST = "/admin/runs/problem/"
SEES = ("runs.view_problem", "runs.view_integrationrun", "integrations.view_integrationconfig")


@pytest.fixture
def admin() -> Client:
    return a_client(superuser=True)


def a_problem(integration: IntegrationConfig, title: str, *amounts: tuple[str, str], **facts: Any) -> Problem:
    problem = Problem.objects.create(integration=integration, fingerprint=title, title=title, **({"code": "X"} | facts))
    for amount, currency in amounts:
        problem.runs.add(a_run(integration, Status.ERROR, amount=Decimal(amount), currency=currency, error="It was refused."))
    return problem


def titles(client: Client, query: str = "") -> list[str]:
    return [cause.problem.title for cause in client.get(LIST + query).context["causes"]]


def text_of(client: Client, page: str = LIST) -> str:
    return " ".join(client.get(page).content.decode().split())


def queries(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(page).status_code == 200
    return len(caught)


def test_the_currency_of_most_bills_ranks_first_then_the_amount(admin: Client, integration: IntegrationConfig) -> None:
    a_problem(integration, "one small", ("10", "USD"))
    a_problem(integration, "yen", ("9000000", "JPY"))
    a_problem(integration, "few yen", ("5", "JPY"))
    a_problem(integration, "large", ("600", "USD"), ("400", "USD"), ("5", "EUR"))
    a_problem(integration, "only euro", ("7000", "EUR"))
    a_problem(integration, "nothing held")

    assert titles(admin) == ["large", "one small", "only euro", "yen", "few yen", "nothing held"]
    large = admin.get(LIST).context["causes"][0]
    assert (large.held.bills, large.money, large.held.retriable) == (3, {"USD": Decimal(1000), "EUR": Decimal(5)}, 3)


def test_a_sentence_first_and_a_bill_that_two_problems_hold_counts_once(admin: Client, integration: IntegrationConfig) -> None:
    first = a_problem(integration, "a product without item", ("60000", "USD"), ("1706.56", "USD"), ("4900", "EUR"))
    a_problem(integration, "a customer without id").runs.set(first.runs.all())

    page = text_of(admin)

    assert "2 open problems hold up <b>61,706.56 USD and 4,900.00 EUR</b> in 3 Bills." in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "first the currency of most Bills, by amount, then the others" in page


def test_a_row_says_why_who_and_how_old(admin: Client, integration: IntegrationConfig) -> None:
    a_problem(integration, "first", ("100", "USD"))
    problem = a_problem(integration, "October is closed.", ("10", "USD"), why="The books are shut.", who="A controller", code="CLOSED")
    old = problem.runs.get()
    old.dt_created = timezone.now() - dt.timedelta(days=2, hours=4)
    old.save()

    page = text_of(admin)
    row = page[page.index(f'id="problem-{problem.pk}"') :].split("</tr>")[0]

    assert f'href="{LIST}{problem.pk}/change/">October is closed.' in row and "The books are shut." in row and "<code>CLOSED</code>" in row
    assert "A controller" in row and "2 d 4 h" in row and "NetSuite US" in row and ">Retry 1</button>" in row
    assert f'<a class="button small" href="{RUNS}{old.pk}/change/">Open run</a>' in row


def test_states_and_filters(admin: Client, integration: IntegrationConfig) -> None:
    now, other = timezone.now(), an_integration(integration.credential, name="Other")
    a_problem(integration, "ours", ("10", "USD"), code="MISSING_MAPPING")
    a_problem(other, "theirs", ("5", "USD"))
    a_problem(integration, "later", ("5", "USD"), state="snoozed", snoozed_until=now + dt.timedelta(days=2))
    a_problem(integration, "done", state="closed", closed_at=now)

    assert titles(admin) == titles(admin, "?state=nonsense") == ["ours", "theirs"]
    assert titles(admin, "?state=snoozed") == ["later"] and titles(admin, "?state=closed") == ["done"]
    assert titles(admin, f"?integration={other.pk}") == ["theirs"] and titles(admin, "?integration=nonsense") == ["ours", "theirs"]
    assert titles(admin, "?code=MISSING_MAPPING") == ["ours"] and titles(admin, f"?code=MISSING_MAPPING&integration={other.pk}") == []
    assert "No problem matches these filters." in text_of(admin, f"{LIST}?code=NONE")
    assert [tab["count"] for tab in admin.get(LIST).context["tabs"]] == [2, None, 1, None]


def test_mine_are_those_that_i_look_after(admin: Client, integration: IntegrationConfig) -> None:
    me = admin.get(LIST).wsgi_request.user
    a_problem(integration, "mine", ("10", "USD"), owner=me)
    a_problem(integration, "nobodys", ("20", "USD"))

    assert titles(admin, "?state=mine") == ["mine"] and titles(admin) == ["nobodys", "mine"]


def test_without_problems_the_page_says_so(admin: Client) -> None:
    assert "Nothing waits for a person." in text_of(admin)
    assert "No open problem is yours." in text_of(admin, f"{LIST}?state=mine")


def test_only_the_two_hundred_largest_are_shown(admin: Client, integration: IntegrationConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.present.problems.MOST", 2)
    monkeypatch.setattr("runs.present.problem_list.MOST", 2)
    for amount in ("10", "30", "20"):
        a_problem(integration, f"of {amount}", (amount, "USD"))

    assert titles(admin) == ["of 30", "of 20"]
    assert "The first 2 of 3 are shown" in text_of(admin) and "3 open problems hold up" in text_of(admin)


@pytest.mark.parametrize("page", [LIST, f"{LIST}?state=mine", f"{LIST}?state=snoozed", f"{LIST}?state=closed"])
def test_queries_do_not_grow_with_problems_or_runs(page: str, admin: Client, integration: IntegrationConfig) -> None:
    amounts, now = [("1", "USD"), ("2", "EUR"), ("3", "USD"), ("4", "USD")], timezone.now()

    def fill(count: int) -> None:
        for number in range(count):
            for state in ("open", "snoozed", "closed"):
                a_problem(integration, f"{state} {count} {number}", *amounts, state=state, closed_at=now, retried_at=now)

    fill(2)
    few = queries(admin, page)
    fill(10)

    assert queries(admin, page) <= few <= 16


def test_who_may_only_look_has_no_retry(integration: IntegrationConfig) -> None:
    a_problem(integration, "first", ("10", "USD"))
    a_problem(integration, "second", ("5", "USD"))

    page = text_of(a_client(*SEES))

    assert "Retry" not in page and "Open run" in page and a_client().get(LIST).status_code == 403


# --- the notice on every page -----------------------------------------------------------------------------------------------------------


def test_every_page_counts_open_problems_per_integration(admin: Client, integration: IntegrationConfig) -> None:
    for number in range(2):
        a_problem(integration, f"ours {number}", ("10", "USD"))
    a_problem(integration, "put off", state="snoozed")
    a_problem(integration, "done", state="closed")

    details = f"/admin/integrations/integrationconfig/{integration.pk}/change/"
    for page in ("/admin/", RUNS, "/admin/billing/bill/", "/admin/password_change/", details):
        text = text_of(admin, page)
        assert "<b>2 open problems</b> in NetSuite US." in text, page
        assert f'href="{LIST}?integration={integration.pk}">View error log' in text, page
        assert f'action="{LIST}of/{integration.pk}/retry/"' in text, page


def test_the_pages_of_problems_do_not_repeat_it(admin: Client, integration: IntegrationConfig) -> None:
    problem = a_problem(integration, "ours", ("10", "USD"))

    for page in (LIST, f"{LIST}{problem.pk}/change/", f"{LIST}run/{problem.runs.get().pk}/mark-as-synced/"):
        assert "View error log" not in text_of(admin, page), page
    assert "View error log" not in text_of(Client(), "/admin/login/")


def test_three_integrations_have_a_line_the_others_a_number(admin: Client, integration: IntegrationConfig) -> None:
    for number in range(5):
        other = an_integration(integration.credential, name=f"Other {number}")
        for each in range(number + 1):
            a_problem(other, f"{number} {each}")

    page = text_of(admin, RUNS)

    assert [page.count(f"</b> in Other {number}.") for number in range(5)] == [0, 0, 1, 1, 1]
    assert "and 2 more integrations" in page


def test_the_notice_is_for_who_may_see_problems_and_its_retry_for_who_may_retry(integration: IntegrationConfig) -> None:
    a_problem(integration, "ours", ("10", "USD"))

    assert "open problem" not in text_of(a_client("runs.view_integrationrun"), RUNS)
    looks = text_of(a_client(*SEES), RUNS)
    assert "View error log" in looks and "/retry/" not in looks


def test_the_notice_takes_one_query(admin: Client, integration: IntegrationConfig) -> None:
    with CaptureQueriesContext(connection) as caught:
        admin.get("/admin/password_change/")
    assert len([query for query in caught if "problems_open" in query["sql"]]) == 1

    few = queries(admin, RUNS)
    for number in range(6):
        a_problem(an_integration(integration.credential, name=f"Other {number}"), "ours")
    assert queries(admin, RUNS) == few


def test_an_integration_that_switched_itself_off_is_told_on_every_page(admin: Client, integration: IntegrationConfig) -> None:
    integrations.disable(integration, "NetSuite refused 10 times in a row, the last time because: it was refused.", None)
    own = f"/admin/integrations/integrationconfig/{integration.pk}/change/"

    for page in ("/admin/", LIST, RUNS):
        text = text_of(admin, page)
        assert "NetSuite US was disabled by itself" in text and "refused 10 times in a row" in text, page
        assert f'<a class="button" href="{own}">See and enable</a>' in text, page
    assert "was disabled by itself" not in text_of(admin, own) and "This integration is disabled" in text_of(admin, own)

    integrations.enable(integration, None)
    assert "was disabled by itself" not in text_of(admin, RUNS)


def test_a_persons_own_decision_is_no_notice(admin: Client, integration: IntegrationConfig) -> None:
    integrations.disable(integration, "", None)

    assert "was disabled by itself" not in text_of(admin, RUNS)
