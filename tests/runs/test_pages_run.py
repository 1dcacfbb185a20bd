"""The page of one run: what is said in every status, what it shows of lines and exchanges, and what never shows."""

import datetime as dt
import zlib
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from billing.bill import Ref
from integrations import service as integrations
from integrations.contract import Missing
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs.models import Delivery, Exchange, IntegrationRun, Member, Problem, Status
from runs.present import links
from runs.present.facts import RunFacts
from runs.present.headline import headline
from runs.present.words import CODES, STATUSES, words_of
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, arrive
from tests.runs.pages import a_client, a_run, run_page, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    return a_client(superuser=True)


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("status", [status.value for status in Status])
def test_every_status_has_its_page(status: str, admin: Client, integration: IntegrationConfig) -> None:
    run = a_run(integration, status, error_code="" if status == Status.WAITING else status, dt_started=timezone.now())

    page = text_of(admin.get(run_page(run)))

    assert f'data-status="{status}"' in page
    assert ('<h2 id="headline">' in page) is (status not in (Status.SUPERSEDED, Status.CANCELLED))


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_its_headline(code: str, admin: Client, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR, error_code=code, error="It was refused.", dt_started=timezone.now())

    page = text_of(admin.get(run_page(run)))

    assert "It was refused." in page and f"<code>{code}</code>" in page and ">Retry</button>" in page


def test_a_code_nobody_foresaw_is_explained_by_its_status() -> None:
    assert words_of(Status.ACCOUNTING_PERIOD_CLOSED, "NEVER_SEEN") == STATUSES[Status.ACCOUNTING_PERIOD_CLOSED]
    assert words_of("COMPLETE", "NEVER_SEEN") == STATUSES[Status.ERROR]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"enabled": False}, "This Bill is held back while NetSuite US is disabled."),
        ({"credential": None}, "This Bill is held back because NetSuite US is not connected to NetSuite."),
        ({}, "This Bill is next in line for NetSuite."),
    ],
)
def test_a_waiting_run_says_what_it_waits_for(
    changes: dict[str, Any], sentence: str, admin: Client, integration: IntegrationConfig
) -> None:
    run = a_run(integration, next_attempt_at=timezone.now())
    IntegrationConfig.objects.filter(pk=integration.pk).update(**changes)

    assert sentence in text_of(admin.get(run_page(run)))


def test_a_run_under_way_again_tells_when(admin: Client, integration: IntegrationConfig) -> None:
    when = timezone.now() + dt.timedelta(hours=2)
    run = a_run(integration, Status.RATE_LIMIT_RETRY, error="NetSuite asked us to slow down.", next_attempt_at=when)

    page = text_of(admin.get(run_page(run)))

    assert "NetSuite asked us to slow down." in page and f"{when:%H:%M}</time>" in page


def refused_for_an_inactive_item(integration: IntegrationConfig, books: Books) -> IntegrationRun:
    """Revision 1 is posted, revision 2 refused after a rate limit, because the item of its third line is inactive."""
    ExternalMapping.objects.create(
        entity_type="Product", entity_id="prod-api", external_system="Netsuite", external_table="Item", external_id="2005"
    )
    number = arrive(a_bill("b-1", [a_line("l1", "10.00")]))[0].number
    work(integration)
    books.emulator.add_records("1234567_SB1", "serviceSaleItem", [{"id": "2005", "itemId": "Vector Search", "isInactive": True}])
    books.fault("status", status=429)
    arrive(a_bill("b-1", [a_line("l1", "12.00"), a_line("l2", "3.00", refs={})], number=number))
    work(integration)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=5), tick=True):
        work(integration)
    return IntegrationRun.objects.get(status=Status.ERROR)


def test_a_refused_run_shows_the_line_the_exchanges_and_what_still_stands(
    admin: Client, integration: IntegrationConfig, books: Books
) -> None:
    run = refused_for_an_inactive_item(integration, books)

    page = text_of(admin.get(run_page(run)))

    assert "NetSuite refused the invoice because item 2005 is inactive." in page
    assert "NetSuite still shows revision 1" in page
    assert page.count('<tr class="failed">') == 1 and "refused as a whole for line 1" in page
    assert page.count('<details class="exchange"') == 2 and page.count('<details class="exchange" open>') == 1
    assert "<mark>2005</mark>" in page and "<mark>&quot;2005&quot;</mark>" in page
    assert "A retry updates the same invoice, it never makes a second one." in page
    assert "Rate limited, HTTP 429" in page and "Refused, HTTP 400" in page


def test_a_refused_items_button_leads_to_its_mapping(integration: IntegrationConfig, books: Books) -> None:
    facts = RunFacts(refused_for_an_inactive_item(integration, books))

    assert facts.refused_items == ["2005"]
    assert [line.item.mapping for line in facts.document.lines if line.item and line.item.id == "2005"] == [  # type: ignore[union-attr]
        ExternalMapping.objects.get(entity_type="Product").pk
    ]


def test_what_is_missing_is_listed_all_together(admin: Client, integration: IntegrationConfig) -> None:
    integrations.change_options(integration, {**integration.options, "netsuiteDefaultItemId": ""}, None)
    other = a_line("l2", "3.00", refs={"Product": Ref(id="prod-gpu", name="GPU hours")})
    arrive(a_bill("b-1", [a_line("l1", "10.00"), other]))
    work(integration)

    page = text_of(admin.get(run_page(IntegrationRun.objects.get())))

    assert "What is missing" in page and "API calls<small>Product</small>" in page and "GPU hours<small>Product</small>" in page
    assert "Lines built" in page and "none of them sent" in page


def test_what_no_mapping_names_is_chosen_in_the_options(integration: IntegrationConfig) -> None:
    by_type = Missing(entity="LineItemType", ref=Ref(id="AD_HOC"), table="Item", lines=("l1",))

    assert links.to_missing(by_type, integration, "/back/") == f"/admin/integrations/integrationconfig/{integration.pk}/options/"


def test_the_cause_names_how_many_bills_it_blocks_and_their_money(admin: Client, integration: IntegrationConfig) -> None:
    runs = [a_run(integration, Status.ERROR, error="It was refused.", amount=Decimal(amount)) for amount in ("10.00", "20.50")]
    problem = Problem.objects.create(integration=integration, fingerprint="f", code="X", title="One cause", why="Because.", remedy="Do it.")
    problem.runs.set(runs)

    page = text_of(admin.get(run_page(runs[0])))

    assert "2 Bills, 30.50 USD" in page and "Because." in page and "Do it." in page


def test_a_posted_run_with_a_difference_is_no_success(admin: Client, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.COMPLETE, external_id="9")
    problem = Problem.objects.create(integration=integration, fingerprint="f", code="VERIFY_DIFFERENCE", title="NetSuite shows 1 USD.")
    problem.runs.add(run)
    told = headline(RunFacts(run), admin_user(admin))

    assert told is not None and (told.sentence, told.tone) == ("NetSuite shows 1 USD.", "")


def admin_user(client: Client) -> Any:
    return client.get("/admin/").wsgi_request.user


def an_exchange(run: IntegrationRun, body: str, **changes: Any) -> Exchange:
    facts: dict[str, Any] = {
        "system": run.integration.system,
        "tenant": "T",
        "integration": run.integration,
        "method": "PUT",
        "url": "https://host.example/a/b/c/invoice/1",
        "key": "k",
        "body": zlib.compress(body.encode()),
        "state": "SETTLED",
        "status_code": 400,
        "answer": "{}",
        "first_sent_at": timezone.now(),
        "sent_at": timezone.now(),
        "answered_at": timezone.now(),
        "headers": {"Content-Type": "application/json"},
    }
    exchange = Exchange.objects.create(**(facts | changes))
    Member.objects.create(exchange=exchange, run=run, delivery=run.delivery, position=0, key="d", fence=1, accepted=False, code="X")
    return exchange


def test_a_job_at_the_destination_is_no_lost_answer(admin: Client, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.STARTED, dt_started=timezone.now())
    Delivery.objects.filter(pk=run.delivery_id).update(state="ACCEPTED")
    exchange = an_exchange(run, "{}", state="ACCEPTED", status_code=202)
    exchange.members.update(accepted=None)

    page = text_of(admin.get(run_page(run)))

    assert "NetSuite took this Bill as a job and works on it" in page and "Taken as a job, HTTP 202" in page


SECRET = "s3cr3t-of-ours"


def test_no_secret_is_shown_or_downloaded(admin: Client, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR, error="It was refused.")
    exchange = an_exchange(
        run,
        f'{{"client_secret": "{SECRET}", "amount": 1.10}}',
        headers={"Authorization": f"Bearer {SECRET}", "Cookie": SECRET},
        answer=f'{{"access_token": "{SECRET}"}}',
    )

    page = text_of(admin.get(run_page(run)))
    files = [admin.get(f"/admin/runs/integrationrun/exchange/{exchange.pk}/{side}/").content.decode() for side in ("sent", "answer")]

    assert SECRET not in page and all(SECRET not in file for file in files)
    assert '"amount": 1.10' in files[0] and '<span class="redacted">redacted</span>' in page


def test_a_long_exchange_shows_its_first_part_and_a_file(admin: Client, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR, error="It was refused.")
    an_exchange(run, '{"memo": "' + "x" * 30_000 + '", "last": "the very end"}')

    page = text_of(admin.get(run_page(run)))

    assert "the very end" not in page and "Download all of it" in page


def test_what_the_destination_answered_cannot_run_as_html(admin: Client, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR, error="<script>alert(1)</script>", detail="<img src=x>")
    an_exchange(run, '{"memo": "<b>sent</b>"}', answer="<script>alert(2)</script>")

    page = text_of(admin.get(run_page(run)))

    assert "<script>alert" not in page and "<img src=x>" not in page and "<b>sent</b>" not in page


def test_a_later_run_of_the_same_bill_is_named(admin: Client, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR, error="It was refused.")
    newer = a_run(integration, Status.COMPLETE, bill=run.bill, automatic=False)

    page = text_of(admin.get(run_page(run)))

    assert "A newer run of this Bill took over." in page and f"{newer.pk}/change/" in page


def test_queries_do_not_grow_with_exchanges_and_problems(
    admin: Client, integration: IntegrationConfig, django_assert_max_num_queries: Any
) -> None:
    run = a_run(integration, Status.ERROR, error="It was refused.")
    for number in range(12):
        an_exchange(run, "{}", key=f"k{number}")
        problem = Problem.objects.create(integration=integration, fingerprint=f"f{number}", code="X", title=f"Cause {number}")
        problem.runs.add(run)

    with django_assert_max_num_queries(20):
        text_of(admin.get(run_page(run)))


def test_what_the_slot_holds_is_linked(admin: Client, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.COMPLETE, external_id="88190", url="https://host.example/app/88190")
    Delivery.objects.filter(pk=run.delivery_id).update(
        external_id="88190", number="INV-9", url=run.url, total=Decimal("100"), currency="USD", kind="invoice", origin="sent",
        revision=run.revision_id, settled_by=run.pk, verified_at=timezone.now(), held_status="Open",
    )  # fmt: skip

    page = text_of(admin.get(run_page(run)))

    assert "NetSuite holds this Bill as invoice INV-9." in page
    assert '<a href="https://host.example/app/88190" target="_blank" rel="noopener">Invoice INV-9' in page


@pytest.mark.parametrize("id_", ["00000000-0000-4000-8000-000000000000", "nonsense"])
def test_a_run_that_is_not_there_is_a_404(id_: str, admin: Client) -> None:
    assert admin.get(f"/admin/runs/integrationrun/{id_}/change/").status_code == 404
