"""One problem: what it says, where its fix leads, and what a person may order."""

import datetime as dt
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from billing.bill import Ref
from integrations import service as integrations
from integrations.models import IntegrationConfig
from mappings import service as mappings
from mappings.models import ExternalMapping
from runs import orders, problem_orders, tasks
from runs.deliver import deliver
from runs.models import Event, IntegrationRun, Problem, Status
from runs.orders import NotPossibleError
from tests.runs.conftest import ACCOUNT, Books
from tests.runs.factories import a_bill, a_line, an_integration, arrive
from tests.runs.pages import a_client, a_run, work
from tests.runs.test_pages_orders import told
from tests.runs.test_problems_list import LIST, SEES, a_problem, text_of

pytestmark = pytest.mark.django_db

OPERATES = (*SEES, "runs.operate")
ORDERS = ("retry", "ask", "snooze", "reopen", "comment", "assign")


@pytest.fixture
def admin() -> Client:
    return a_client(superuser=True)


def page_of(problem: Problem) -> str:
    return f"{LIST}{problem.pk}/change/"


def order(client: Client, problem: Problem, what: str, **data: Any) -> Any:
    return client.post(f"{LIST}{problem.pk}/{what}/", data)


def refused(integration: IntegrationConfig, books: Books, count: int = 2) -> Problem:
    """A form of NetSuite insists on a field: one cause, several Bills."""
    books.configure(required_fields=["department"])
    arrive(*[a_bill() for _ in range(count)])
    work(integration)
    return Problem.objects.get()


# --- what it says -----------------------------------------------------------------------------------------------------------------------


def test_the_page_says_what_why_what_to_do_and_who(admin: Client, integration: IntegrationConfig, books: Books) -> None:
    problem = refused(integration, books)

    page = text_of(admin, page_of(problem)).replace("\N{NO-BREAK SPACE}", " ")

    for sentence in (problem.title, problem.why, problem.remedy, "An administrator of NetSuite can fix it."):
        assert sentence and escape(sentence) in page
    assert "Retry all 2</button>" in page and "it cannot post twice" in page and "200.00 USD" in page
    for run in problem.runs.all():
        assert str(run.bill) in page and f"{LIST}run/{run.pk}/mark-as-synced/" in page


def test_queries_do_not_grow_with_the_runs(admin: Client, integration: IntegrationConfig) -> None:
    problem = a_problem(integration, "ours", ("1", "USD"), ("2", "EUR"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert admin.get(page_of(problem)).status_code == 200
        return len(caught)

    few = queries()
    for _ in range(60):
        problem.runs.add(a_run(integration, Status.ERROR))
    assert queries() <= few <= 16
    assert "50 are shown" in text_of(admin, page_of(problem))


def test_a_problem_that_is_not_there_is_a_404(admin: Client) -> None:
    assert admin.get(f"{LIST}7/change/").status_code == admin.post(f"{LIST}7/retry/").status_code == 404


# --- where the fix leads ----------------------------------------------------------------------------------------------------------------


def fix(client: Client, problem: Problem) -> tuple[str, str]:
    button = client.get(page_of(problem)).context["buttons"][0]
    return button["label"], button.get("url", "")


def test_a_missing_mapping_leads_to_its_form_filled_in(admin: Client, credential: object, customer: object, books: Books) -> None:
    integration = an_integration(credential, netsuiteDefaultItemId="")
    arrive(a_bill(lines=[a_line(refs={"Product": Ref(id="p / 1?", name="GPU & more")})]))
    work(integration)
    problem = Problem.objects.get()
    label, url = fix(admin, problem)

    assert problem.fix_url.startswith("mappings_externalmapping_add?") and "/admin/" not in problem.fix_url
    assert label == "Map GPU & more"
    form = admin.get(url).context["form"]
    assert form.initial["entity_id"] == "p / 1?" and url.endswith(f"&{urlencode({'next': page_of(problem)})}")
    assert a_client(*SEES).get(page_of(problem)).context["buttons"][0]["disabled"].startswith("Someone with the permission to map")
    assert problem.who == "Someone with the permission to map"


def test_a_line_type_without_item_leads_to_the_options(admin: Client, credential: object, customer: object, books: Books) -> None:
    integration = an_integration(credential, netsuiteDefaultItemId="")
    arrive(a_bill(lines=[a_line(type="AD_HOC", refs={})]))
    work(integration)

    assert fix(admin, Problem.objects.get())[1] == f"/admin/integrations/integrationconfig/{integration.pk}/options/"


def test_an_inactive_item_leads_to_the_mapping_that_chose_it(admin: Client, integration: IntegrationConfig, books: Books) -> None:
    mapping = ExternalMapping.objects.create(
        entity_type="Product", entity_id="prod-api", external_system="Netsuite", external_table="Item", external_id="2005"
    )
    books.emulator.add_records(ACCOUNT, "serviceSaleItem", [{"id": "2005", "itemId": "Vector Search", "isInactive": True}])
    arrive(a_bill())
    work(integration)
    problem = Problem.objects.get()

    assert (problem.fix_url, problem.fix_label) == (f"mappings_externalmapping_change/{mapping.pk}", "Change mapping of API calls l1")
    assert fix(admin, problem)[1].startswith(f"/admin/mappings/externalmapping/{mapping.pk}/change/?next=")


def test_a_refused_login_leads_to_the_credential(admin: Client, integration: IntegrationConfig, books: Books) -> None:
    books.fault("status", status=401, times=9)
    arrive(a_bill())
    work(integration)
    problem = Problem.objects.get()

    assert fix(admin, problem) == ("Reconnect", f"/admin/credentials/credential/{integration.credential_id}/change/")
    assert problem.who == "Someone who connects credentials"


def test_a_wrong_sum_leads_to_the_bill(admin: Client, integration: IntegrationConfig, books: Books) -> None:
    [bill] = arrive(a_bill(total=Decimal("250.00")))
    work(integration)

    assert fix(admin, Problem.objects.get()) == ("Open Bill", f"/admin/billing/bill/{bill.pk}/change/")


# --- retry ------------------------------------------------------------------------------------------------------------------------------


def test_orders_need_a_post_and_the_permission(integration: IntegrationConfig) -> None:
    problem = a_problem(integration, "ours", ("10", "USD"))

    for what in ORDERS:
        assert order(a_client(*SEES), problem, what).status_code == 403, what
        assert a_client(*OPERATES).get(f"{LIST}{problem.pk}/{what}/").status_code == 405, what
        assert order(Client(), problem, what)["Location"].startswith("/admin/login/"), what
    assert a_client(*SEES).post(f"{LIST}of/{integration.pk}/retry/").status_code == 403
    assert a_client("runs.operate").get(f"{LIST}{problem.pk}/progress/").status_code == 403
    assert not Event.objects.filter(subject_type="runs.problem").exists() and IntegrationRun.objects.get().status == Status.ERROR


def test_after_the_fix_a_retry_posts_all_and_the_problem_closes_itself(integration: IntegrationConfig, books: Books) -> None:
    problem, operator = refused(integration, books, 3), a_client(*OPERATES)
    books.configure(required_fields=[])

    response = order(operator, problem, "retry")

    assert told(response) == ["3 runs are on the way again. Each document is written once, it cannot post twice."]
    assert "Retrying: 0 of 3 posted" in text_of(operator, page_of(problem))
    work(integration)
    problem.refresh_from_db()
    assert (problem.state, len(books.documents())) == ("closed", 3)
    page = text_of(operator, page_of(problem))
    assert "Closed itself" in page and "Last retry: 3 of 3 posted" in page and "Retried 3 runs" in page and "Retry all" not in page
    assert [cause.problem for cause in operator.get(f"{LIST}?state=closed").context["causes"]] == [problem]


def test_a_snoozed_problem_closes_itself_too(integration: IntegrationConfig, books: Books) -> None:
    problem, operator = refused(integration, books), a_client(*OPERATES)
    order(operator, problem, "snooze", until=f"{timezone.now() + dt.timedelta(days=7):%Y-%m-%d}")
    books.configure(required_fields=[])

    order(operator, problem, "retry")
    work(integration)

    problem.refresh_from_db()
    assert problem.state == "closed" and "Closed itself" in text_of(operator, page_of(problem))


def test_what_fails_again_stays_in_the_same_problem(integration: IntegrationConfig, books: Books) -> None:
    problem, operator = refused(integration, books), a_client(*OPERATES)

    order(operator, problem, "retry")
    work(integration)

    assert Problem.objects.get() == problem and problem.runs.count() == 2
    assert "Last retry: 0 of 2 posted, 2 failed" in text_of(operator, page_of(problem))
    assert "Retry all 2</button>" in text_of(operator, page_of(problem))


def test_the_progress_is_a_fragment_that_stops_when_all_have_an_end(integration: IntegrationConfig) -> None:
    problem, looks = a_problem(integration, "ours", *[("1", "USD")] * 24), a_client(*SEES)
    problem_orders.retry(problem)
    runs = list(problem.retried.all())
    IntegrationRun.objects.filter(pk__in=[run.pk for run in runs[:17]]).update(status=Status.COMPLETE)
    IntegrationRun.objects.filter(pk=runs[17].pk).update(status=Status.ERROR)

    def fragment() -> str:
        return looks.get(f"{LIST}{problem.pk}/progress/", headers={"X-Fragment": "1"}).content.decode()

    assert "Retrying: 17 of 24 posted, 1 failed" in fragment() and f'data-refresh-url="{LIST}{problem.pk}/progress/"' in fragment()
    assert 'max="24" value="18"' in fragment() and "<html" not in fragment()
    assert looks.get(f"{LIST}{problem.pk}/progress/")["Location"] == page_of(problem)
    IntegrationRun.objects.filter(status=Status.WAITING).update(status=Status.COMPLETE)
    assert "Last retry: 23 of 24 posted, 1 failed" in fragment() and "data-refresh-url" not in fragment()


def test_the_list_shows_a_retry_that_is_under_way(integration: IntegrationConfig) -> None:
    problem = a_problem(integration, "ours", ("1", "USD"), ("2", "USD"))
    problem_orders.retry(problem)
    IntegrationRun.objects.filter(pk=problem.retried.first().pk).update(status=Status.COMPLETE)  # type: ignore[union-attr]

    page = text_of(a_client(*OPERATES))

    assert "Retrying: 1 of 2 posted" in page and ">Retry 1</button>" in page


def test_a_retry_wakes_each_integration_once(
    integration: IntegrationConfig, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    other = an_integration(integration.credential, name="Other")
    runs = [a_run(each, Status.ERROR) for each in (integration, other) for _ in range(4)]
    woken: list[str] = []
    monkeypatch.setattr("runs.tasks.async_task", lambda task, name: woken.append(name))

    with django_capture_on_commit_callbacks(execute=True):
        assert len(orders.retry_all(runs)) == 8

    assert sorted(woken) == sorted([str(integration.pk), str(other.pk)])
    assert Event.objects.filter(verb="retried").count() == 8


def test_what_is_under_way_does_not_stop_a_retry_of_the_others(integration: IntegrationConfig) -> None:
    runs = [a_run(integration, status) for status in (Status.ERROR, Status.STARTED, Status.UNKNOWN, Status.ERROR)]
    runs[3].delivery.state = "SENDING"
    runs[3].delivery.save()

    assert orders.retry_all(runs) == [runs[0]]
    assert [IntegrationRun.objects.get(pk=run.pk).status for run in runs] == ["WAITING", "STARTED", "UNKNOWN", "ERROR"]


def test_an_older_revisions_run_is_replayed_in_its_place(integration: IntegrationConfig, books: Books) -> None:
    problem = refused(integration, books, 1)
    old = problem.runs.get()
    arrive(a_bill(old.bill.uid, [a_line("l1", "7.00")], number=old.bill.number))

    [new] = problem_orders.retry(problem)

    assert new.replayed_from == old and problem.retried.get() == new


@pytest.mark.parametrize(
    ("what", "data", "verb"),
    [("retry", {}, "retried"), ("snooze", {"until": "tomorrow"}, "snoozed"), ("comment", {"comment": "Called them."}, "commented"),
     ("assign", {"owner": "me"}, "assigned"), ("reopen", {}, "reopened")],
)  # fmt: skip
def test_a_button_that_is_pressed_twice_does_it_once(what: str, data: dict[str, str], verb: str, integration: IntegrationConfig) -> None:
    problem, operator = a_problem(integration, "ours", ("10", "USD"), ("20", "USD")), a_client(*OPERATES)
    me = operator.get(LIST).wsgi_request.user
    if what == "reopen":
        problem_orders.snooze(problem, timezone.now() + dt.timedelta(days=2), None)
    real = {"tomorrow": f"{timezone.now() + dt.timedelta(days=1):%Y-%m-%d}", "me": str(me.pk)}
    values = {name: real.get(value, value) for name, value in data.items()}

    first, second = (order(operator, problem, what, **values) for _ in range(2))

    assert first["Location"] == second["Location"] == page_of(problem)
    assert Event.objects.filter(subject_type="runs.problem", verb=verb).count() == 1
    assert IntegrationRun.objects.count() == 2


def test_the_same_comment_of_another_person_is_another_comment(integration: IntegrationConfig) -> None:
    problem = a_problem(integration, "ours", ("10", "USD"))

    for _ in range(2):
        order(a_client(*OPERATES), problem, "comment", comment="Called them.")

    assert Event.objects.filter(verb="commented").count() == 2


def test_an_integrations_failed_runs_go_together(integration: IntegrationConfig) -> None:
    other, operator = an_integration(integration.credential, name="Other"), a_client(*OPERATES)
    mine, theirs = a_run(integration, Status.ERROR), a_run(other, Status.ERROR)

    response = operator.post(f"{LIST}of/{integration.pk}/retry/")

    assert response["Location"] == f"{LIST}?integration={integration.pk}" and "1 run is on the way again." in told(response)[0]
    assert [IntegrationRun.objects.get(pk=run.pk).status for run in (mine, theirs)] == ["WAITING", "ERROR"]
    assert told(operator.post(f"{LIST}of/{integration.pk}/retry/"))[-1].startswith("No run of it needs a retry")


def test_a_saved_mapping_retries_its_problem_and_its_page_tells(
    admin: Client, credential: object, customer: object, books: Books, django_capture_on_commit_callbacks: Any
) -> None:
    integration = an_integration(credential, netsuiteDefaultItemId="")
    arrive(a_bill(), a_bill())
    work(integration)
    problem, who = Problem.objects.get(), admin.get("/admin/").wsgi_request.user

    with django_capture_on_commit_callbacks(execute=True):
        mappings.create(
            ExternalMapping(
                entity_type="Product", entity_id="prod-api", external_system="Netsuite", external_table="Item", external_id="2001"
            ),
            who,
        )

    assert "Retrying: 0 of 2 posted" in text_of(admin, page_of(problem))
    work(integration)
    problem.refresh_from_db()
    assert (problem.state, len(books.documents())) == ("closed", 2)


def test_a_cancelled_run_leaves_no_empty_problem(integration: IntegrationConfig) -> None:
    problem = a_problem(integration, "ours", ("10", "USD"))

    orders.cancel(problem.runs.get())

    problem.refresh_from_db()
    assert problem.state == "closed" and problem.closed_at


# --- lost answers -------------------------------------------------------------------------------------------------------------------------


def lost_again(integration: IntegrationConfig, books: Books) -> Problem:
    """Two Bills that were refused; after the fix they arrive, but both answers are lost."""
    problem = refused(integration, books)
    books.configure(required_fields=[], faults=[{"match": "/invoice/", "kind": "commit_then_drop", "times": 2}])
    problem_orders.retry(problem)
    deliver(IntegrationConfig.objects.get(pk=integration.pk))
    assert set(problem.runs.values_list("status", flat=True)) == {"UNKNOWN"}
    return problem


def test_lost_answers_are_asked_for_from_the_problem(integration: IntegrationConfig, books: Books) -> None:
    problem, operator = lost_again(integration, books), a_client(*OPERATES)
    page, writes = text_of(operator, page_of(problem)), books.writes()
    assert f'action="{LIST}{problem.pk}/ask/"' in page and "Asking only reads; it sends nothing." in page
    for run in problem.runs.all():
        assert f'action="/admin/runs/integrationrun/{run.pk}/ask/"' in page and "UNKNOWN" in page

    assert told(order(operator, problem, "ask")) == ["2 lost answers settled; nothing was sent."]

    problem.refresh_from_db()
    assert (problem.state, books.writes(), len(books.documents())) == ("closed", writes, 2)
    assert told(order(operator, problem, "ask"))[-1] == "No answer of it is lost any more."


def test_one_lost_answer_is_asked_for_from_its_row(integration: IntegrationConfig, books: Books) -> None:
    problem, operator = lost_again(integration, books), a_client(*OPERATES)
    run = problem.runs.first()
    assert run is not None

    operator.post(f"/admin/runs/integrationrun/{run.pk}/ask/")

    assert sorted(IntegrationRun.objects.values_list("status", flat=True)) == ["COMPLETE", "UNKNOWN"]


def test_who_may_only_look_does_not_ask(integration: IntegrationConfig, books: Books) -> None:
    page = text_of(a_client(*SEES), page_of(lost_again(integration, books)))

    assert "Ask the destination now</button> <span" in page and "/ask/" not in page


def test_an_answer_that_stays_lost_becomes_a_problem_and_closes_itself(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill())
    books.configure(faults=[{"match": "/invoice/", "kind": "commit_then_drop", "times": 1000}])
    work(integration)
    assert not Problem.objects.exists()

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=11), tick=True):
        work(integration)
        problem = Problem.objects.get()
        assert (problem.code, problem.title) == ("UNKNOWN", "NetSuite does not tell us what became of Bills that we sent.")
        assert "Ask the destination now</button>" in text_of(a_client(*OPERATES), page_of(problem))
        assert IntegrationConfig.objects.get().consecutive_errors == 0
        books.configure(faults=[])
        problem_orders.ask(problem)
    problem.refresh_from_db()
    assert problem.state == "closed" and len(books.documents()) == 1


# --- snooze, comment, owner ---------------------------------------------------------------------------------------------------------------


def test_a_snooze_ends_by_itself(integration: IntegrationConfig) -> None:
    problem, operator = a_problem(integration, "ours", ("10", "USD")), a_client(*OPERATES)
    day = timezone.now().date() + dt.timedelta(days=7)

    response = order(operator, problem, "snooze", until=f"{day}")

    problem.refresh_from_db()
    assert (problem.state, problem.snoozed_until) == ("snoozed", dt.datetime.combine(day, dt.time(), dt.UTC))
    assert "opens again by itself" in told(response)[0] and "Nothing waits for a person." in text_of(operator)
    assert f"Put off until {day}" in text_of(operator, page_of(problem))
    tasks.sweep()
    problem.refresh_from_db()
    assert problem.state == "snoozed"

    with time_machine.travel(problem.snoozed_until, tick=True):
        tasks.sweep()
    problem.refresh_from_db()
    assert (problem.state, problem.snoozed_until) == ("open", None)
    assert "Open again: the day" in text_of(operator, page_of(problem))


@pytest.mark.parametrize("until", ["", "nonsense", "2026-13-45", "2020-01-01", "2126-01-01"])
def test_a_snooze_needs_a_day_to_come(until: str, integration: IntegrationConfig) -> None:
    problem = a_problem(integration, "ours", ("10", "USD"))

    [said] = told(order(a_client(*OPERATES), problem, "snooze", until=until))

    problem.refresh_from_db()
    assert problem.state == "open" and ("no date" in said or "from tomorrow on" in said)


def test_a_snooze_can_be_ended_and_a_closed_problem_stays_closed(integration: IntegrationConfig) -> None:
    problem, operator = a_problem(integration, "ours", ("10", "USD")), a_client(*OPERATES)
    order(operator, problem, "snooze", until=f"{timezone.now() + dt.timedelta(days=2):%Y-%m-%d}")

    order(operator, problem, "reopen")

    problem.refresh_from_db()
    assert (problem.state, problem.snoozed_until) == ("open", None)
    Problem.objects.filter(pk=problem.pk).update(state="closed")
    with pytest.raises(NotPossibleError):
        problem_orders.reopen(problem, None)


def test_comments_are_kept_and_cannot_run(integration: IntegrationConfig) -> None:
    problem, operator = a_problem(integration, "ours", ("10", "USD")), a_client(*OPERATES)

    order(operator, problem, "comment", comment="Asked the controller.\n<script>alert(1)</script>")

    page = text_of(operator, page_of(problem))
    assert "Asked the controller.<br>&lt;script&gt;" in page and "<script>alert" not in page
    assert Event.objects.get(verb="commented").after["comment"].startswith("Asked the controller.")
    assert told(order(operator, problem, "comment", comment="  "))[-1] == "The comment is empty."
    assert "at most 2,000" in told(order(operator, problem, "comment", comment="x" * 2001))[-1]
    assert Event.objects.filter(verb="commented").count() == 1


def test_somebody_takes_it_on(integration: IntegrationConfig) -> None:
    problem, operator = a_problem(integration, "ours", ("10", "USD")), a_client(*OPERATES)
    priya = User.objects.create_user("priya", first_name="Priya", last_name="Nair", is_staff=True)
    outsider = User.objects.create_user("outsider")

    assert told(order(operator, problem, "assign", owner=str(priya.pk))) == ["Priya Nair looks after it now."]
    assert "Priya Nair looks after it." in text_of(operator, page_of(problem))
    assert order(operator, problem, "assign", owner=str(outsider.pk)).status_code == 404
    problem.refresh_from_db()
    assert problem.owner == priya
    order(operator, problem, "assign", owner="")
    problem.refresh_from_db()
    assert problem.owner is None and Event.objects.filter(verb="assigned").count() == 2


def test_who_may_only_look_sees_why_not(integration: IntegrationConfig) -> None:
    problem = a_problem(integration, "ours", ("10", "USD"))

    page = text_of(a_client(*SEES), page_of(problem))

    assert "You may look at problems, not retry them" in page and "/snooze/" not in page and "mark-as-synced" not in page


def test_an_integration_that_is_off_keeps_its_retried_runs(integration: IntegrationConfig) -> None:
    problem = a_problem(integration, "ours", ("10", "USD"))
    integrations.disable(integration, "", None)

    order(a_client(*OPERATES), problem, "retry")

    assert IntegrationRun.objects.get().status == Status.DISABLED
