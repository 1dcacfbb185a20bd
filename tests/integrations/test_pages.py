import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from billing.models import Account, Bill, BillRevision, Source
from credentials.models import Credential
from integrations import service
from integrations.models import IntegrationConfig, Status
from mappings.models import ExternalMapping
from runs.models import Delivery, IntegrationRun
from tests.integrations.conftest import credential
from tests.integrations.test_wizard import CONFIGURE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger")]


@pytest.fixture
def desk(client: Client, priya: User) -> Client:
    client.force_login(priya)
    return client


@pytest.fixture
def integration(db: None) -> IntegrationConfig:
    return service.create("Bill", "LedgerOne", "Ledger US", {})


def address(integration: IntegrationConfig, name: str = "change") -> str:
    return f"/admin/integrations/integrationconfig/{integration.pk}/{name}/"


def page(desk: Client, integration: IntegrationConfig, name: str = "change") -> str:
    answer = desk.get(address(integration, name))
    assert answer.status_code == 200
    return answer.content.decode()


def someone(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user(f"user-{uuid4()}", is_staff=True)
    for name in permissions:
        app, code = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))
    client.force_login(user)
    return client


def bill(number: int, currency: str = "USD", total: str = "10.00") -> Bill:
    source, _ = Source.objects.get_or_create(slug="m3ter", defaults={"platform": "m3ter", "name": "m3ter"})
    account, _ = Account.objects.get_or_create(source=source, uid="acc-1", defaults={"name": "Borealis AI"})
    made = Bill.objects.create(
        source=source,
        uid=f"b-{number}",
        number=f"INV-{number}",
        account=account,
        currency=currency,
        total=Decimal(total),
        bill_date="2026-11-01",
    )
    made.current_revision = BillRevision.objects.create(bill=made, number=1, digest="d", document={"lines": []}, raw="{}")
    made.save()
    return made


def run(
    integration: IntegrationConfig, made: Bill, status: str, age: float = 1, delivery: Delivery | None = None, **facts: Any
) -> IntegrationRun:
    delivery = delivery or Delivery.objects.create(
        system=integration.system, tenant="T-1", bill=made, integration=integration, kind="invoice", number=f"88-{made.pk}"
    )
    now = timezone.now()
    stored = IntegrationRun.objects.create(
        integration=integration, bill=made, revision=made.current_revision, delivery=delivery, trigger="created", status=status,
        amount=made.total, currency=made.currency, next_attempt_at=now, dt_completed=now, **facts
    )  # fmt: skip
    IntegrationRun.objects.filter(pk=stored.pk).update(dt_created=now - dt.timedelta(hours=age))
    return stored


def test_not_connected(desk: Client, integration: IntegrationConfig) -> None:
    bill(1)
    shown = page(desk, integration)
    for words in (
        "NOT CONNECTED",
        "This integration is not yet connected to your Ledger One system.",
        "1 Bill waits for it",
        "Connect credential",
        "Select credential",
        "There is no credential for Ledger One yet.",
        str(integration.pk),
        "No Bill has gone through this integration yet.",
    ):
        assert words in shown
    assert "Disconnect credential" not in shown
    assert "Sync now" not in shown


def test_connecting_and_disconnecting(desk: Client, integration: IntegrationConfig) -> None:
    credential("Of the sandbox", "LedgerSandbox")
    refused = credential("Refused", status=Credential.Status.AUTH_FAILED)
    login = credential()
    choices = page(desk, integration, "connect")
    assert "Of the sandbox" not in choices
    assert choices.index("Ledger production") < choices.index("Refused")
    assert f'value="{login.pk}" id="credential-{login.pk}" required checked' in choices
    desk.post(address(integration, "connect"), {"credential": str(login.pk)})
    shown = page(desk, integration)
    for words in ("CONNECTED", "Ledger US is connected with Ledger production.", "Change credential", "Disconnect credential"):
        assert words in shown
    assert "not yet connected" not in shown
    desk.post(address(integration, "connect"), {"credential": str(refused.pk)})
    assert "Ledger One refuses the login of Refused." in page(desk, integration)
    assert "Disconnect the credential of Ledger US?" in page(desk, integration, "disconnect")
    desk.post(address(integration, "disconnect"))
    assert "not yet connected" in page(desk, integration)


def test_currencies_that_the_books_do_not_take_are_told(desk: Client, integration: IntegrationConfig) -> None:
    books = credential("LedgerOne", currencies=["USD"], note="Multicurrency is off. Switch it on under Settings.")
    service.connect(integration, books, None)
    for number, currency in enumerate(("USD", "EUR", "EUR", "GBP"), 1):
        bill(number, currency)
    shown = page(desk, integration)
    assert "cannot bill in EUR, GBP, and Bills came in them." in shown and "Multicurrency is off." in shown
    books.currencies = []
    books.save()
    assert "cannot bill in" not in page(desk, integration)


def test_a_credential_of_another_system_is_no_choice(desk: Client, integration: IntegrationConfig) -> None:
    other = credential("Of the sandbox", "LedgerSandbox")
    answer = desk.post(address(integration, "connect"), {"credential": str(other.pk)}, follow=True)
    assert "Nothing was changed: choose one of the credentials." in answer.content.decode()
    integration.refresh_from_db()
    assert integration.credential is None


def test_disabling_and_enabling(desk: Client, integration: IntegrationConfig) -> None:
    service.connect(integration, credential(), None)
    run(integration, bill(1), "WAITING")
    assert "1 waiting Bill stays here; answers still open are settled first." in page(desk, integration, "disable")
    desk.post(address(integration, "disable"))
    shown = page(desk, integration)
    for words in ("DISABLED", "This integration is disabled since", "Bills wait here and nothing is lost.", "Enable"):
        assert words in shown
    assert desk.get(address(integration, "enable")).status_code == 405
    desk.post(address(integration, "enable"))
    integration.refresh_from_db()
    assert integration.status == Status.CONNECTED


def test_a_self_made_stop_says_why(desk: Client, integration: IntegrationConfig) -> None:
    service.connect(integration, credential(), None)
    service.disable(integration, "10 exchanges in a row were refused.", None)
    assert "10 exchanges in a row were refused. Bills wait here" in page(desk, integration)


def test_archiving_takes_it_out_of_the_list(desk: Client, integration: IntegrationConfig) -> None:
    assert "This cannot be undone." in page(desk, integration, "archive")
    desk.post(address(integration, "archive"))
    shown = page(desk, integration)
    assert "This integration is archived." in shown
    assert "Edit options" not in shown
    assert "Ledger US" not in desk.get("/admin/integrations/integrationconfig/").content.decode().partition('id="result_list"')[2]


def test_figures_count_each_document_once_per_currency(desk: Client, integration: IntegrationConfig) -> None:
    service.connect(integration, credential(), None)
    first = bill(1, total="100.10")
    failed = run(integration, first, "ERROR", age=50, error="Item 2014 is inactive.")
    run(integration, first, "COMPLETE", age=40, delivery=failed.delivery, external_id="77", url="https://books.example/77")
    run(integration, bill(2, total="0.05"), "COMPLETE")
    run(integration, bill(3, "EUR", "5.00"), "COMPLETE")
    run(integration, bill(4, "JPY", "1200"), "WAITING")
    run(integration, bill(5, total="7.00"), "ACCOUNTING_PERIOD_CLOSED", age=28, error="October 2026 is closed.")
    run(integration, bill(6, total="8.00"), "SUPERSEDED", age=99)
    context = desk.get(address(integration)).context
    tiles = {name: (tile.count, dict(tile.money)) for name, tile in context["tiles"].items()}
    assert tiles == {
        "posted": (3, {"USD": Decimal("100.15"), "EUR": Decimal("5.00")}),
        "waiting": (1, {"JPY": Decimal("1200")}),
        "failed": (1, {"USD": Decimal("7.00")}),
    }
    assert (context["oldest"].run.bill.number, context["oldest"].result) == ("INV-5", "October 2026 is closed.")
    results = {row.run.bill.number: (row.result, row.url) for row in context["rows"] if row.run.status != "ERROR"}
    assert results["INV-1"] == (f"Invoice 88-{first.pk}", "https://books.example/77")
    assert results["INV-4"] == ("Not sent yet", "")
    assert len(context["rows"]) == 7


def test_the_page_costs_the_same_for_many_runs(desk: Client, integration: IntegrationConfig, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        run(integration, bill(number), "COMPLETE")
        ExternalMapping.objects.create(
            entity_type="Product",
            entity_id=f"p-{number}",
            external_system="LedgerOne",
            external_table="Item",
            external_id="1",
            integration=integration,
        )
    with django_assert_max_num_queries(45):
        page(desk, integration)


def test_what_it_does_its_mappings_and_its_history(desk: Client, priya: User, integration: IntegrationConfig) -> None:
    bill(1)
    options = {
        "onlySendBillOnApproval": True,
        "syncStartDate": "2026-11-01",
        "accountFilter": "currency == USD",
        "restrictedAccountIds": ["acc-1"],
    }
    service.change_options(integration, options | {"excludedLineItemTypes": ["AD_HOC"], "itemMapping": {"USAGE": "2001"}}, priya)
    ExternalMapping.objects.create(
        entity_type="Account",
        entity_id="acc-1",
        external_system="LedgerOne",
        external_table="Customer",
        external_id="1001",
        integration=integration,
    )
    shown = page(desk, integration)
    for words in (
        "Sends <b>approved Bills</b> dated <b>1 Nov 2026</b> or later, as soon as they change.",
        "For <b>0 of 1 Accounts</b>: those where <code>currency == USD</code>, except Borealis AI.",
        "Split lines: <b>Item per product</b>, one line per Bill line.",
        "Item mapping: <b>USAGE → 2001</b>.",
        "Leaves out <b>AD_HOC</b> lines.",
        "If a sent Bill is voided: <b>nothing is changed</b> and a problem is opened.",
        "Borealis AI<small>Account</small>",
        "Customer 1001",
        "1 of 1 mappings is linked",
        "Priya Nair changed options: ",
        "version 2",
    ):
        assert words in shown


def test_editing_makes_a_version_and_says_what_changed(desk: Client, integration: IntegrationConfig) -> None:
    form = page(desk, integration, "options")
    assert 'value="Ledger US"' in form
    typed = CONFIGURE | {"configure-integration": str(integration.pk), "configure-version": "1"}
    assert "its options are as they were" in desk.post(address(integration, "options"), typed, follow=True).content.decode()
    changed = typed | {
        "configure-name": "Ledger UK",
        "configure-sendZeroTotalBills": "",
        "configure-excludedLineItemTypes": ["AD_HOC", "USAGE"],
    }
    shown = desk.post(address(integration, "options"), changed, follow=True).content.decode()
    assert "Version 2 of the options of Ledger UK is saved: Send zero total bills from on to off, " in shown
    assert "Excluded line item types from none to AD_HOC and USAGE." in shown
    compared = page(desk, integration, "versions")
    for words in ("Version 2, now in use", "<del", "AD_HOC and USAGE</ins>", "The options that the integration was created with."):
        assert words in compared


def test_two_people_do_not_overwrite_each_other(desk: Client, priya: User, integration: IntegrationConfig) -> None:
    service.change_options(integration, {"voidPolicy": "VOID"}, priya)
    typed = CONFIGURE | {"configure-version": "1", "configure-accountFilter": "currency == USD"}
    shown = desk.post(address(integration, "options"), typed).content.decode()
    assert "Priya Nair has saved version 2 meanwhile. What you typed is kept; saving now replaces it." in shown
    assert "currency == USD</textarea>" in shown
    assert 'name="configure-version" value="2"' in shown
    integration.refresh_from_db()
    assert integration.options["voidPolicy"] == "VOID"


def test_waiting_for_itself_is_told_at_the_field(desk: Client, integration: IntegrationConfig) -> None:
    second = service.create("Bill", "LedgerOne", "Second", {"runAfterIntegrationId": str(integration.pk)})
    typed = CONFIGURE | {"configure-version": "1", "configure-runAfterIntegrationId": str(second.pk)}
    shown = desk.post(address(integration, "options"), typed).content.decode()
    assert "This integration would wait for itself" in shown
    assert 'value="Ledger US"' in shown


def test_the_list(desk: Client, integration: IntegrationConfig) -> None:
    run(integration, bill(1), "COMPLETE")
    shown = desk.get("/admin/integrations/integrationconfig/").content.decode()
    for words in ("Configurations", "Create integration", "Ledger US", ">Bill</a>", "Ledger One", "NOT CONNECTED", "1 h ago"):
        assert words in shown


@pytest.mark.parametrize(
    ("name", "permission"),
    [
        ("connect", "credentials.connect"),
        ("disconnect", "credentials.connect"),
        ("enable", "integrations.operate"),
        ("disable", "integrations.operate"),
        ("archive", "integrations.configure"),
        ("options", "integrations.configure"),
    ],
)
def test_every_change_needs_its_permission(client: Client, integration: IntegrationConfig, name: str, permission: str) -> None:
    others = {"credentials.connect", "integrations.operate", "integrations.configure", "integrations.view_integrationconfig"} - {permission}
    assert someone(client, *others).post(address(integration, name)).status_code == 403
    assert someone(client, permission).post(address(integration, name)).status_code in (200, 302)


def test_a_viewer_sees_and_changes_nothing(client: Client, integration: IntegrationConfig) -> None:
    shown = page(someone(client, "integrations.view_integrationconfig"), integration)
    for words in ("Edit options", "Disable", "Connect credential", "Archive"):
        assert words not in shown
    assert someone(client).get(address(integration)).status_code == 403


def test_an_address_without_an_integration(desk: Client) -> None:
    assert desk.get("/admin/integrations/integrationconfig/nothing/change/").status_code == 404
    assert desk.get(f"/admin/integrations/integrationconfig/{uuid4()}/change/").status_code == 404
