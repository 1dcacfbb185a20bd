"""A Bill's page and its preview: lanes, what a revision changed, what would be sent, and sending it."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from billing.bill import Band, Line, Party, Ref
from billing.models import Bill
from integrations import service as integrations
from integrations.estimate import Estimate, asked
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs.models import IntegrationRun, Status
from runs.present.changes import difference
from runs.preview import preview
from runs.select import select
from runs.views import estimate
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, an_integration, arrive
from tests.runs.pages import BILLS, a_client, a_run, broken, preview_page, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    return a_client(superuser=True)


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def bill_page(client: Client, bill: Bill) -> str:
    return text_of(client.get(f"{BILLS}{bill.pk}/change/"))


# --- where a Bill is ------------------------------------------------------------------------------------------------------------------


def test_a_posted_bill_shows_what_the_destination_holds(admin: Client, integration: IntegrationConfig) -> None:
    bill = arrive(a_bill("b-1", number="INV-1"))[0]
    work(integration)

    page = bill_page(admin, bill)

    assert 'data-status="COMPLETE"' in page and "<b>Revision 1</b>, the current one" in page
    assert "Invoice INV-1" in page and "100.00 USD, open" in page and "Read back" in page


def test_a_revision_that_did_not_arrive_leaves_the_destination_behind(admin: Client, integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1", [a_line("l1", "10.00")], number="INV-1"))
    work(integration)
    books.fault("status", times=9, status=400)
    bill = arrive(a_bill("b-1", [a_line("l1", "12.00")], number="INV-1"))[0]
    work(integration)

    page = bill_page(admin, bill)

    assert "<b>Revision 1</b>, one behind" in page and "revision 2 would be 12.00 USD" in page
    assert page.index('data-status="COMPLETE"') < page.index('data-status="ERROR"')


def test_a_left_out_bill_says_why_with_the_accounts_value(admin: Client, integration: IntegrationConfig) -> None:
    integrations.change_options(integration, {**integration.options, "accountFilter": "customFields.country == UK"}, None)
    bill = arrive(a_bill(account=Party(id="acc-1", name="Acme Cloud", custom_fields={"country": "US"})))[0]

    page = bill_page(admin, bill)

    assert "Left out" in page and "The Account filter is false" in page and "US" in page and "Not meant to be there" in page


def test_an_integration_that_cannot_send_holds_back(admin: Client, integration: IntegrationConfig) -> None:
    integrations.disable(integration, "", None)

    assert "Held back</span> The integration is disabled." in bill_page(admin, arrive(a_bill())[0])


def test_a_schedule_says_when_it_looks_again(admin: Client, integration: IntegrationConfig) -> None:
    scheduled = {**integration.options, "triggerType": "SCHEDULE", "scheduleMinutes": 60}
    integrations.change_options(integration, scheduled, None)

    assert "every 60 min" in bill_page(admin, arrive(a_bill())[0])
    details = text_of(admin.get(reverse("admin:integrations_integrationconfig_change", args=[integration.pk])))
    assert "Next run" in details and "Sync now sends at once" in details


def test_only_the_latest_revisions_have_a_column_until_asked(admin: Client, integration: IntegrationConfig) -> None:
    for amount in ("1.00", "2.00", "3.00", "4.00"):
        bill = arrive(a_bill("b-1", [a_line("l1", amount)], number="INV-1"))[0]

    assert "1 older revision" in bill_page(admin, bill) and "Revision 1, " not in bill_page(admin, bill)
    assert "Revision 1, " in text_of(admin.get(f"{BILLS}{bill.pk}/change/?revisions=all"))


def test_without_an_integration_a_bill_goes_nowhere(admin: Client) -> None:
    assert "this Bill goes nowhere" in bill_page(admin, arrive(a_bill())[0])


def test_the_raw_document_is_the_sources_own_text(admin: Client) -> None:
    bill = arrive(a_bill())[0]

    response = admin.get(f"{BILLS}{bill.pk}/revisions/1.json")

    assert response.content == b"{}" and response["Content-Disposition"].startswith("attachment")
    assert admin.get(f"{BILLS}{bill.pk}/revisions/2.json").status_code == 404


# --- what a revision changed ----------------------------------------------------------------------------------------------------------


def test_a_difference_is_told_by_line_key() -> None:
    old = a_bill("b-1", [a_line("same", "1"), a_line("moved", "737.40"), a_line("gone", "5")], number="A")
    new = a_bill("b-1", [a_line("new", "120"), a_line("moved", "617.40"), a_line("same", "1")], number="B")

    found = difference(old, new)

    assert [(change.line.key, change.amount) for change in found.changes] == [
        ("new", Decimal(120)), ("moved", Decimal("-120.00")), ("gone", Decimal(-5)),
    ]  # fmt: skip
    assert (found.unchanged, found.total, found.facts) == (1, Decimal("-5.00"), [("Number", "A", "B")])


def test_a_bill_shows_old_and_new_side_by_side(admin: Client) -> None:
    arrive(a_bill("b-1", [a_line("l1", "737.40", quantity=Decimal(5267143)), a_line("l2", "1")], number="INV-1"))
    bill = arrive(a_bill("b-1", [a_line("l1", "617.40", quantity=Decimal(4410020)), a_line("l2", "1")], number="INV-1"))[0]

    page = bill_page(admin, bill)

    assert "<del>5,267,143</del> <ins>4,410,020</ins>" in page and "<del>737.40</del> <ins>617.40</ins>" in page
    assert "−120.00" in page and "1 line unchanged" in page


# --- the preview ----------------------------------------------------------------------------------------------------------------------


def a_mixed_bill() -> Bill:
    """Rounded, left out, not counted: 2002.45 + 617.41 of 2739.86."""
    lines = [
        a_line("l1", "2002.45232"),
        a_line("l2", "617.4028", refs={}, description="Vector search"),
        a_line("l3", "120.00", type="AD_HOC", description="Workshop"),
        a_line("l4", "2500", counted=False, description="Committed spend"),
    ]
    return arrive(a_bill("b-1", lines, total=Decimal("2739.86")))[0]


def test_a_preview_puts_both_sides_in_one_row(admin: Client, integration: IntegrationConfig) -> None:
    integrations.change_options(integration, {**integration.options, "excludedLineItemTypes": ["AD_HOC"]}, None)
    ExternalMapping.objects.create(
        entity_type="Product", entity_id="prod-api", external_system="Netsuite", external_table="Item", external_id="2001"
    )

    response = admin.get(preview_page(a_mixed_bill(), integration))
    page = text_of(response)

    pairs = response.context["pairs"]
    assert [(pair.line.key, pair.row.line.amount if pair.row else None, pair.chip.kind) for pair in pairs] == [
        ("l1", Decimal("2002.45"), "mapping"), ("l2", Decimal("617.41"), "default"), ("l3", None, "left-out"), ("l4", None, "left-out"),
    ]  # fmt: skip
    assert "Lines add up to the total exactly" in page and "+0.01" in page and "Rounding." in page
    assert "Less left out <b>120.00</b>" in page and "Vector search uses the default item." in page
    assert page.count("Not on the invoice") == 2


def test_a_preview_tells_which_rules_were_asked_for_a_lines_item(admin: Client, integration: IntegrationConfig) -> None:
    options = {"splitUsageLineItems": "ITEM_PER_AGGREGATION", "netsuiteDefaultItemId": "2020"}
    integrations.change_options(integration, {**integration.options, **options}, None)
    refs = {"Aggregation": Ref(id="tokens", name="Tokens"), "Product": Ref(id="api", name="API")}
    stored = {"external_system": "Netsuite", "external_table": "Item", "entity_type": "Product", "entity_id": "api"}
    ExternalMapping.objects.create(**stored, external_id="2001")
    bill = arrive(a_bill("b-1", [a_line("l1", refs=refs), a_line("l2", refs={})]))[0]

    first, second = (pair.trail for pair in admin.get(preview_page(bill, integration)).context["pairs"])
    assert first == [
        ("Linked mapping of Aggregation Tokens", "none"), ("External mapping of Aggregation Tokens", "none"),
        ("Linked mapping of Product API", "none"), ("External mapping of Product API", "2001"),
    ]  # fmt: skip
    assert second == [("Default item", "2020")]

    ExternalMapping.objects.create(**stored, external_id="2002", integration=integration)
    integrations.change_options(integration, {**integration.options, "enforceExternalMappingsForConfig": True}, None)
    trail = admin.get(preview_page(bill, integration)).context["pairs"][0].trail
    assert trail == [("Linked mapping of Aggregation Tokens", "none"), ("Linked mapping of Product API", "2002")]


def test_the_exact_request_is_the_one_that_is_sent(admin: Client, integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill())
    work(integration)
    bill = arrive(a_bill("b-1"))[0]
    [request] = admin.get(f"{preview_page(bill, integration)}request/").context["requests"]

    work(integration)

    exchange = IntegrationRun.objects.get(bill=bill).members.get().exchange
    assert (request.method, request.url) == (exchange.method, exchange.url)
    body = request.text.split("\n\n", 1)[1]
    assert json.loads(body, parse_float=Decimal) == json.loads(exchange.text, parse_float=Decimal)
    assert "added when it is sent" in request.text


def test_a_preview_works_without_a_credential_and_sends_nothing(admin: Client, integration: IntegrationConfig, books: Books) -> None:
    unconnected = an_integration(None, name="Later")
    calls = books.hub.calls.report()["total"]

    page = text_of(admin.get(preview_page(arrive(a_bill())[0], unconnected)))

    assert "not yet connected" in page and "Connect a credential first" in page and "Exact request" in page
    assert books.hub.calls.report()["total"] == calls


def test_a_preview_says_why_a_bill_is_left_out_and_offers_to_send_it(admin: Client, integration: IntegrationConfig) -> None:
    integrations.change_options(integration, {**integration.options, "onlySendBillOnApproval": True}, None)

    page = text_of(admin.get(preview_page(arrive(a_bill(status="PENDING"))[0], integration)))

    assert "The Bill is not approved yet." in page and "Send this Bill" in page


def test_a_preview_that_our_check_would_stop_has_nothing_to_press(admin: Client, integration: IntegrationConfig) -> None:
    bill = arrive(a_bill("b-1", [a_line("l1", "210.04")], total=Decimal("230.05")))[0]

    page = text_of(admin.get(preview_page(bill, integration)))

    assert "It would not be sent: the lines add up to 210.04 USD, the Bill says 230.05 USD." in page
    assert "Send this Bill" not in page and "The lines do not add up to the total" in page


def test_a_preview_lists_everything_that_is_missing(admin: Client, integration: IntegrationConfig) -> None:
    integrations.change_options(integration, {**integration.options, "netsuiteDefaultItemId": ""}, None)
    lines = [a_line("l1"), a_line("l2", refs={"Product": Ref(id="prod-gpu", name="GPU hours")})]

    page = text_of(admin.get(preview_page(arrive(a_bill("b-1", lines))[0], integration)))

    assert "API calls<small>Product</small>" in page and "GPU hours<small>Product</small>" in page
    assert "Send this Bill" not in page and "Exact request" not in page


def test_bands_stay_under_their_bill_line(admin: Client, integration: IntegrationConfig) -> None:
    integrations.change_options(integration, {**integration.options, "splitUsageLineItems": "ITEM_PER_USAGE_BAND"}, None)
    bands = tuple(Band(ref=Ref(id=f"band-{n}"), amount=Decimal(50), quantity=Decimal(500)) for n in (1, 2))
    bill = arrive(a_bill("b-1", [replace(a_line("l1"), bands=bands)]))[0]

    pairs = admin.get(preview_page(bill, integration)).context["pairs"]

    assert [(pair.line.key if pair.line else None, pair.row.line.band) for pair in pairs] == [("l1", "band-1"), (None, "band-2")]


def test_a_bill_that_cannot_be_built_is_no_error_page(
    admin: Client, integration: IntegrationConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, "b-1", ValueError("“XXX” is not a currency code of ISO 4217."))
    [bill] = arrive(a_bill("b-1"))

    fault = preview(bill, integration).fault
    page = text_of(admin.get(preview_page(bill, integration)))

    assert fault is not None and fault.code == "INVALID_BILL"
    assert "cannot be made into a document" in page and "“XXX” is not a currency code" in page
    assert "There is nothing to send." in text_of(admin.get(f"{preview_page(bill, integration)}request/"))


def test_the_drop_down_leads_to_another_integration(admin: Client, integration: IntegrationConfig) -> None:
    bill, other = arrive(a_bill())[0], an_integration(None, name="Another")

    assert admin.get(f"{BILLS}{bill.pk}/preview/?integration={other.pk}")["Location"] == preview_page(bill, other)
    assert admin.get(f"{BILLS}{bill.pk}/preview/?integration=nonsense")["Location"] == preview_page(bill, other)


def test_without_an_integration_there_is_nothing_to_preview(admin: Client) -> None:
    bill = arrive(a_bill())[0]

    assert admin.get(f"{BILLS}{bill.pk}/preview/")["Location"] == f"{BILLS}{bill.pk}/change/"


# --- sending one Bill -----------------------------------------------------------------------------------------------------------------


def test_sending_one_bill_makes_one_run_that_goes(integration: IntegrationConfig, books: Books) -> None:
    bill = arrive(a_bill("b-1", status="PENDING"))[0]
    operator = a_client("billing.view_bill", "runs.operate", "runs.view_integrationrun")

    response = operator.post(f"{preview_page(bill, integration)}send/")
    work(integration)

    run = IntegrationRun.objects.get()
    assert (response["Location"], run.status, len(books.documents())) == (f"/admin/runs/integrationrun/{run.pk}/change/", "COMPLETE", 1)


def test_sending_needs_a_post_the_permission_and_a_connection(integration: IntegrationConfig) -> None:
    bill, unconnected = arrive(a_bill())[0], an_integration(None, name="Later")
    operator = a_client("billing.view_bill", "runs.operate")

    assert a_client("billing.view_bill").post(f"{preview_page(bill, integration)}send/").status_code == 403
    assert operator.get(f"{preview_page(bill, integration)}send/").status_code == 405
    refused = operator.post(f"{preview_page(bill, unconnected)}send/")
    assert "connect a credential first" in str(*get_messages(refused.wsgi_request))
    assert not IntegrationRun.objects.exists()


def test_who_may_only_look_sees_why_the_button_is_off(integration: IntegrationConfig) -> None:
    page = text_of(a_client("billing.view_bill").get(preview_page(arrive(a_bill())[0], integration)))

    assert "disabled>Send this Bill</button>" in page and "/send/" not in page


# --- what the wizard's form would do ----------------------------------------------------------------------------------------------------


def ask(integration: IntegrationConfig, **options: Any) -> Estimate:
    [answer] = [
        answer for _, answer in asked.send(sender=None, integration=integration, options={**integration.options, **options}, sources=())
    ]
    assert isinstance(answer, Estimate)
    return answer


def test_an_estimate_counts_what_would_go_and_what_not(integration: IntegrationConfig) -> None:
    lines: list[Line] = [a_line("l1", "10.00")]
    arrive(a_bill("b-1", lines), a_bill("b-2", lines), a_bill("b-3", lines, currency="EUR"), a_bill("b-4", lines, status="VOID"))

    assert ask(integration) == Estimate(ready=3, held=1, money={"USD": Decimal(20), "EUR": Decimal(10)})
    assert ask(integration, restrictedAccountIds=["acc-1"]) == Estimate(ready=0, held=4, money={})


def test_an_estimate_leaves_out_what_has_a_run(integration: IntegrationConfig) -> None:
    arrive(a_bill())
    select(integration)
    a_run(integration, Status.COMPLETE)

    assert ask(integration) == Estimate(ready=0, held=0, money={})


def test_an_estimate_stops_counting(integration: IntegrationConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "MOST_BILLS", 1)
    arrive(a_bill(), a_bill())

    assert ask(integration).ready == 1
