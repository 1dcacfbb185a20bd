"""What a person may order: permissions, methods, and the sentence that says what happens next."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from integrations import service as integrations
from integrations.models import IntegrationConfig
from runs.models import Event, IntegrationRun, Status
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, arrive
from tests.runs.pages import RUNS, a_client, a_run, preview_page, run_page, work

pytestmark = pytest.mark.django_db

SEES = ("runs.view_integrationrun", "billing.view_bill", "runs.view_problem", "billing.view_account", "runs.view_event")


def order(run: IntegrationRun, what: str) -> str:
    return f"{RUNS}{run.pk}/{what}/"


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.mark.parametrize("what", ["retry", "replay", "cancel", "ask"])
def test_orders_need_a_post_and_the_permission(what: str, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR)

    assert a_client(*SEES).post(order(run, what)).status_code == 403
    assert a_client(*SEES, "runs.operate").get(order(run, what)).status_code == 405
    assert Client().post(order(run, what)).status_code == 302
    assert (IntegrationRun.objects.get().status, Event.objects.filter(subject_id=str(run.pk)).exists()) == (Status.ERROR, False)


def test_a_retry_says_what_happens_next_and_is_kept(integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR, error="It was refused.", attempts=3)

    response = a_client(*SEES, "runs.operate").post(order(run, "retry"))

    run.refresh_from_db()
    assert (response["Location"], run.status, run.attempts) == (run_page(run), Status.WAITING, 0)
    assert "is on its way" in told(response)[0]
    assert Event.objects.filter(subject_id=str(run.pk), verb="retried").count() == 1


def test_a_retry_through_an_integration_that_is_off_says_so(integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR)
    integrations.disable(integration, "", None)

    response = a_client(*SEES, "runs.operate").post(order(run, "retry"))

    run.refresh_from_db()
    assert run.status == Status.DISABLED and "NetSuite US is disabled" in told(response)[0]


def test_a_replay_leads_to_the_new_run(integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.COMPLETE)

    response = a_client(*SEES, "runs.operate").post(order(run, "replay"))

    new = IntegrationRun.objects.get(replayed_from=run)
    assert response["Location"] == run_page(new)


def test_what_cannot_be_done_is_a_sentence(integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.COMPLETE)

    response = a_client(*SEES, "runs.operate").post(order(run, "cancel"))

    assert told(response) == ["Only a run that has not been sent can be cancelled."]
    assert IntegrationRun.objects.get().status == Status.COMPLETE


def test_asking_about_a_lost_answer_finds_the_document(integration: IntegrationConfig, books: Books) -> None:
    books.fault("commit_then_drop", times=9)
    arrive(a_bill("b-1", [a_line("l1", "10.00")]))
    work(integration)
    books.configure(faults=[])
    run = IntegrationRun.objects.get()
    assert run.status == Status.UNKNOWN
    writes = books.writes()

    response = a_client(*SEES, "runs.operate").post(order(run, "ask"))

    run.refresh_from_db()
    assert (run.status, books.writes()) == (Status.COMPLETE, writes) and "the run is complete" in told(response)[0]
    assert len(books.documents()) == 1


def test_who_may_only_look_sees_why_not(integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR, error="It was refused.")

    page = a_client(*SEES).get(run_page(run)).content.decode()

    assert "You may look at runs, not retry them" in page
    assert "/retry/" not in page and "/replay/" not in page and "/cancel/" not in page


@pytest.mark.parametrize(
    "page", ["/admin/runs/integrationrun/", "/admin/billing/bill/", "/admin/runs/problem/", "/admin/billing/account/", "/admin/runs/event/"]
)
def test_lists_need_their_own_permission(page: str, integration: IntegrationConfig) -> None:
    assert a_client().get(page).status_code == 403
    assert a_client(*SEES).get(page).status_code == 200


def test_pages_need_their_own_permission(integration: IntegrationConfig) -> None:
    run = a_run(integration)
    nobody = a_client()

    assert [nobody.get(page).status_code for page in (run_page(run), preview_page(run.bill, integration))] == [403, 403]
    assert nobody.get(f"/admin/billing/bill/{run.bill_id}/revisions/1.json").status_code == 403


# --- the bulk bar ---------------------------------------------------------------------------------------------------------------------


def bulk(client: Client, action: str, runs: list[IntegrationRun], **more: str) -> Any:
    data = {"action": action, "index": "0", "select_across": "0", "_selected_action": [str(run.pk) for run in runs]}
    return client.post(RUNS, data | more)


def test_ticked_runs_are_retried_together(integration: IntegrationConfig) -> None:
    failed = [a_run(integration, Status.ERROR) for _ in range(3)]
    posted = a_run(integration, Status.COMPLETE)

    response = bulk(a_client(*SEES, "runs.operate"), "retry", [*failed, posted])

    assert sorted(IntegrationRun.objects.values_list("status", flat=True)) == ["COMPLETE", "WAITING", "WAITING", "WAITING"]
    assert told(response) == ["3 runs are on the way again.", "1 run is posted or under way already, so left alone."]


def test_the_bulk_bar_is_not_for_who_may_only_look(integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR)
    viewer = a_client(*SEES)

    bulk(viewer, "retry", [run])

    run.refresh_from_db()
    assert run.status == Status.ERROR and "Retry selected" not in viewer.get(RUNS).content.decode()


def test_more_than_the_page_showed_asks_first(integration: IntegrationConfig) -> None:
    runs = [a_run(integration, Status.ERROR) for _ in range(2)]
    operator = a_client(*SEES, "runs.operate")

    asked = bulk(operator, "retry", runs[:1], select_across="1")
    assert "2 runs match" in asked.content.decode() and IntegrationRun.objects.filter(status=Status.ERROR).count() == 2

    bulk(operator, "retry", runs[:1], select_across="1", confirmed="1")
    assert IntegrationRun.objects.filter(status=Status.WAITING).count() == 2


def test_cancelling_many_leaves_what_is_sent(integration: IntegrationConfig) -> None:
    waiting, posted = a_run(integration), a_run(integration, Status.COMPLETE)

    response = bulk(a_client(*SEES, "runs.operate"), "cancel", [waiting, posted])

    waiting.refresh_from_db()
    assert waiting.status == Status.CANCELLED
    assert told(response) == ["1 run is stopped before sending.", "1 run is sent or ended already, so left alone."]


# --- sync now -------------------------------------------------------------------------------------------------------------------------


def sync(client: Client, integration: IntegrationConfig) -> Any:
    return client.post(f"{RUNS}sync/{integration.pk}/")


def test_sync_says_how_many_bills_go(integration: IntegrationConfig) -> None:
    arrive(a_bill("b-1"), a_bill("b-2"))
    operator = a_client("integrations.operate", "integrations.view_integrationconfig")

    assert told(sync(operator, integration)) == ["2 Bills are on the way to NetSuite. Each is written once, whatever happens."]
    assert told(sync(operator, integration))[-1] == "Nothing new qualifies; 2 Bills are on the way already."


def test_sync_says_why_nothing_goes(integration: IntegrationConfig) -> None:
    operator = a_client("integrations.operate", "integrations.view_integrationconfig")
    assert "Nothing new qualifies" in told(sync(operator, integration))[0]

    integrations.disable(integration, "", None)
    assert told(sync(operator, integration))[-1] == "Nothing was sent. The integration is disabled."


def test_sync_needs_its_permission(integration: IntegrationConfig) -> None:
    assert sync(a_client("runs.operate"), integration).status_code == 403


def test_an_order_of_a_run_that_is_not_there_is_a_404() -> None:
    client = a_client(*SEES, "runs.operate")
    assert client.post(f"{RUNS}00000000-0000-4000-8000-000000000000/retry/").status_code == 404


def test_a_run_that_waits_can_be_tried_now(integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.AWAITING_RETRY, next_attempt_at=timezone.now() + dt.timedelta(hours=1))
    operator = a_client(*SEES, "runs.operate")

    assert "Try now" in operator.get(run_page(run)).content.decode()
    operator.post(order(run, "retry"))

    run.refresh_from_db()
    assert run.status == Status.WAITING and run.next_attempt_at <= timezone.now()
