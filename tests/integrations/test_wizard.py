import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.dispatch import Signal
from django.test import Client
from django.urls import reverse

from billing.models import Account, Bill, CatalogueItem, Source
from integrations import estimate, service
from integrations.estimate import Estimate
from integrations.models import IntegrationConfig
from mappings.models import CatalogueRecord
from tests.integrations.test_options import DEFAULTS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger")]

STEP = "create_integration-current_step"
ADD = "/admin/integrations/integrationconfig/add/"
CHECK = "/admin/integrations/integrationconfig/check/"
ENTITY = {STEP: "entity", "entity-entity_type": "Bill"}
DESTINATION = {STEP: "destination", "destination-system": "LedgerOne"}
CONFIGURE = {
    STEP: "configure",
    "configure-entity_type": "Bill",
    "configure-system": "LedgerOne",
    "configure-name": "Ledger US",
    "configure-triggerType": "EVENT",
    "configure-scheduleMinutes": "60",
    "configure-sendZeroTotalBills": "on",
    "configure-sortLineItemsBy": "NONE",
    "configure-voidPolicy": "NOTHING",
    "configure-customFieldMapping.Account": "ledger_customer",
    "configure-customFieldMapping.Product": "ledger_item",
    "configure-splitLines": "PRODUCT",
    "configure-batchLimit": "20",
}


@pytest.fixture
def desk(client: Client, priya: User) -> Client:
    client.force_login(priya)
    return client


@pytest.fixture
def third(desk: Client) -> Client:
    """A browser that stands at stage 3."""
    desk.get(ADD)
    desk.post(ADD, ENTITY)
    desk.post(ADD, DESTINATION)
    return desk


def accounts(*countries: str) -> None:
    source = Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")
    for number, country in enumerate(countries):
        account = Account.objects.create(source=source, uid=f"acc-{number}", name=f"Account {number}", custom_fields={"country": country})
        Bill.objects.create(
            source=source,
            uid=f"b-{number}",
            account=account,
            currency="USD",
            total=1,
            bill_date=f"2026-{10 + number % 2}-15",
            status="APPROVED",
        )


def test_the_three_stages_make_an_integration(desk: Client) -> None:
    first = desk.get(ADD).content.decode()
    for words in ("Select entity type", "Select destination", "Configure and create", "Entity Type Settings", "Entity Type", "Next"):
        assert words in first
    second = desk.post(ADD, ENTITY).content.decode()
    for words in ("Destination Settings", "Destination", ">LedgerOne<", ">LedgerSandbox<", "Back", "Next"):
        assert words in second
    third = desk.post(ADD, DESTINATION).content.decode()
    for words in ("Global configuration", "Entity configuration", "Destination configuration", 'value="Ledger One"', "Create integration"):
        assert words in third
    chosen = {
        "configure-onlySendBillOnApproval": "on",
        "configure-accountIds": ["acc-1", "unknown"],
        "configure-excludedLineItemTypes": ["AD_HOC"],
        "configure-syncStartDate": "2026-11-01",
        "configure-itemMapping.USAGE": "2001",
        "configure-lineFields.start": "custcol_start",
        "configure-batchLimit": "5",
    }
    answer = desk.post(ADD, CONFIGURE | chosen)
    integration = IntegrationConfig.objects.get()
    assert answer["Location"] == reverse("admin:integrations_integrationconfig_change", args=(integration.pk,))
    assert integration.options == DEFAULTS | {
        "onlySendBillOnApproval": True,
        "accountIds": ["acc-1", "unknown"],
        "excludedLineItemTypes": ["AD_HOC"],
        "syncStartDate": "2026-11-01",
        "itemMapping": {"USAGE": "2001"},
        "lineFields": {"start": "custcol_start"},
        "batchLimit": 5,
    }
    assert "Ledger US is created. Nothing is sent until a credential is connected." in desk.get(answer["Location"]).content.decode()


def test_the_untouched_third_stage_gives_the_defaults(third: Client) -> None:
    third.post(ADD, CONFIGURE)
    assert IntegrationConfig.objects.get().options == DEFAULTS


def test_every_option_is_a_labelled_field(third: Client) -> None:
    page = third.post(ADD, DESTINATION).content.decode()
    for key in DEFAULTS:
        assert f'name="configure-{key}' in page, key


def test_going_back_keeps_what_was_typed_even_when_it_is_wrong(third: Client) -> None:
    typed = {"configure-name": "Half typed", "configure-accountFilter": "currency ==", "configure-scheduleMinutes": "many"}
    back = third.post(ADD, CONFIGURE | typed | {"wizard_goto_step": "destination"}).content.decode()
    assert "Destination Settings" in back
    assert '<option value="LedgerOne" selected>' in back
    page = third.post(ADD, DESTINATION).content.decode()
    for words in ('value="Half typed"', "currency ==</textarea>", 'value="many"', "Position 12: expected a value after"):
        assert words in page
    assert not IntegrationConfig.objects.exists()


def test_another_destination_keeps_what_both_ask(third: Client) -> None:
    typed = {"configure-accountFilter": "currency == USD", "configure-splitLines": "BAND", "configure-onlySendBillOnApproval": "on"}
    third.post(ADD, CONFIGURE | typed | {"wizard_goto_step": "destination"})
    page = third.post(ADD, DESTINATION | {"destination-system": "LedgerSandbox"}).content.decode()
    assert "currency == USD</textarea>" in page
    assert 'value="Ledger sandbox"' in page
    assert 'value="PRODUCT" id="id_configure-splitLines_1" checked' in page
    third.post(ADD, CONFIGURE | {"configure-system": "LedgerSandbox", "configure-onlySendBillOnApproval": "on"})
    integration = IntegrationConfig.objects.get()
    assert (integration.system, integration.options) == ("LedgerSandbox", DEFAULTS | {"onlySendBillOnApproval": True})


def test_invalid_input_stays_and_is_told_on_top_and_at_the_field(third: Client) -> None:
    service.create("Bill", "LedgerOne", "Ledger US", {})
    wrong = {"configure-accountFilter": "currency USD", "configure-bccEmail": "nobody", "configure-batchLimit": "x"}
    page = third.post(ADD, CONFIGURE | wrong).content.decode()
    for words in (
        '<a href="#id_configure-name">Name</a>: Another Bill integration with Ledger One is called Ledger US; choose a different name.',
        '<a href="#id_configure-accountFilter">Account filter</a>: Position 10: expected == or IN after “currency”',
        "currency USD</textarea>",
        'value="nobody"',
        'aria-invalid="true"',
        "Bcc email: &quot;nobody&quot; is not an e-mail address.",
        "Batch limit: expected a whole number, not &quot;x&quot;.",
    ):
        assert words in page
    assert IntegrationConfig.objects.count() == 1


def test_the_proposed_name_is_free(third: Client) -> None:
    service.create("Bill", "LedgerOne", "Ledger One", {})
    assert 'value="Ledger One 2"' in third.post(ADD, DESTINATION).content.decode()


@pytest.mark.parametrize("step", [DESTINATION, CONFIGURE])
def test_a_forgotten_session_starts_anew(desk: Client, step: dict[str, str]) -> None:
    assert desk.post(ADD, step)["Location"] == ADD


def test_only_who_may_configure_creates(client: Client) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_integrationconfig"))
    client.force_login(viewer)
    assert [client.get(ADD).status_code, client.post(CHECK, CONFIGURE).status_code] == [403, 403]
    assert "Create integration" not in client.get("/admin/integrations/integrationconfig/").content.decode()
    viewer.user_permissions.add(Permission.objects.get(codename="configure"))
    assert client.get(ADD).status_code == 200


@time_machine.travel("2026-11-21")
def test_the_live_check_says_who_matches_and_how_many_bills_go(desk: Client) -> None:
    accounts("US", "UK", "US")
    typed = {"configure-accountFilter": "customFields.country == US", "configure-syncStartDate": "2026-11-01"}
    page = desk.post(CHECK, CONFIGURE | typed).content.decode()
    assert "Matches 2 of 3 Accounts" in page
    assert "Account 0, Account 2" in page
    assert '0 Bills go. Empty: all 2. From <time datetime="2026-11-01">1 Nov 2026</time> on: 0.' in page
    assert "<dt>Accounts</dt><dd>2 of 3</dd>" in page


def test_the_live_check_of_a_wrong_filter_says_where(desk: Client) -> None:
    page = desk.post(CHECK, CONFIGURE | {"configure-accountFilter": "currency USD"}).content.decode()
    assert "Position 10: expected == or IN after “currency”" in page
    assert "Matches" not in page


def test_the_aside_shows_what_the_runs_room_answers(third: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(sender: object, integration: IntegrationConfig, options: dict, sources: list, **rest: object) -> Estimate:
        assert (integration.system, options["voidPolicy"], list(sources)) == ("LedgerOne", "NOTHING", [])
        return Estimate(ready=35, held=3, money={"USD": 14820410, "EUR": 31410}, held_url="/why/")

    monkeypatch.setattr(estimate, "asked", Signal())
    estimate.asked.connect(answer)
    page = third.post(ADD, DESTINATION).content.decode()
    for words in ("<dd>35 of 38</dd>", '3, <a href="/why/">see why</a>', "14,820,410", "EUR"):
        assert words in page


def test_the_aside_warns_of_accounts_that_another_integration_sends(third: Client) -> None:
    accounts("US", "UK")
    service.create("Bill", "LedgerOne", "Ledger UK", {"accountFilter": "customFields.country == UK"})
    assert "<b>Ledger UK</b> (1 Account) sends Bills of some of these Accounts too" in third.post(ADD, DESTINATION).content.decode()


def test_pickers_search_at_most_twenty(desk: Client) -> None:
    accounts(*["US"] * 30)
    source = Source.objects.get()
    for kind, name in (("Product", "GPU"), ("AccountingProduct", "GPU"), ("Aggregation", "GPU seconds")):
        CatalogueItem.objects.create(source=source, kind=kind, uid=f"{kind}-1", name=name)
    search = "/admin/integrations/integrationconfig/search"
    assert len(desk.get(f"{search}/accounts/").json()["results"]) == 20
    assert desk.get(f"{search}/accounts/?q=acc-29").json() == {"results": [{"id": "acc-29", "text": "Account 29"}]}
    assert [entry["text"] for entry in desk.get(f"{search}/products/?q=gpu").json()["results"]] == [
        "GPU (AccountingProduct-1)",
        "GPU (Product-1)",
    ]
    assert desk.get(f"{search}/aggregations/").json() == {"results": [{"id": "Aggregation-1", "text": "GPU seconds"}]}
    assert desk.get(f"{search}/users/").status_code == 404


def test_external_records_are_chosen_by_name_and_typed_when_unknown(third: Client) -> None:
    assert '<input type="text" name="configure-defaultItemId" placeholder="Id"' in third.post(ADD, DESTINATION).content.decode()
    CatalogueRecord.objects.create(system="LedgerOne", tenant="T-1", table="Item", external_id="2001", name="Platform Fee")
    page = third.post(ADD, DESTINATION).content.decode()
    assert '<option value="2001">Platform Fee (2001)</option>' in page
    assert '<select name="configure-itemMapping.USAGE"' in page
    CatalogueRecord.objects.create(system="LedgerOne", tenant="T-2", table="Item", external_id="9", name="Other books")
    assert '<optgroup label="T-2">' in third.post(ADD, DESTINATION).content.decode()
    CatalogueRecord.objects.bulk_create(
        CatalogueRecord(system="LedgerOne", tenant="T-1", table="Item", external_id=f"m-{n}", name=f"Many {n}") for n in range(250)
    )
    page = third.post(ADD, DESTINATION).content.decode()
    assert 'name="configure-defaultItemId" placeholder="Id" list="records-Item"' in page
    assert page.count("<datalist") == 1


def test_one_hundred_thousand_accounts_are_not_in_the_page(third: Client) -> None:
    source = Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")
    Account.objects.bulk_create(Account(source=source, uid=f"a-{n}", name=f"Name {n}") for n in range(500))
    page = third.post(ADD, CONFIGURE | {"configure-name": "", "configure-accountIds": ["a-499"]}).content.decode()
    assert '<option value="a-499" selected>Name 499</option>' in page
    assert page.count('<option value="a-') <= 402
