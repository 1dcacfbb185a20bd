"""Before the run: what would go, what would not and why, the money, and the way to put it right."""

import csv
import io
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.bill import Ref
from billing.models import Bill
from credentials.models import Credential
from integrations import service as integrations
from integrations.models import IntegrationConfig
from mappings.models import CatalogueRecord, ExternalMapping
from runs import catalogue, causes, readiness
from runs.models import IntegrationRun
from runs.select import select
from tests.runs.conftest import ACCOUNT, Books
from tests.runs.factories import a_bill, a_line, an_integration, arrive
from tests.runs.pages import broken

pytestmark = pytest.mark.django_db
GPU = {"Product": Ref(id="gpu", code="GPU-H", name="GPU hours")}
SEARCH = {"Product": Ref(id="search", name="Vector search")}


@pytest.fixture
def into(credential: Credential) -> IntegrationConfig:
    return an_integration(credential, netsuiteDefaultItemId="", useExternalMappingAccountCode=True)


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("priya"))
    return client


def mapped(entity: str, uid: str, external_id: str, table: str = "Item") -> ExternalMapping:
    given = {"entity_type": entity, "entity_id": uid, "external_system": "Netsuite", "external_table": table, "external_id": external_id}
    return ExternalMapping.objects.create(**given)


def four_bills() -> list[Bill]:
    """One that would go, two that lack a mapping, one that lacks two."""
    mapped("Account", "acc-1", "1001", "Customer")
    mapped("Product", "prod-api", "2001")
    return arrive(
        a_bill("b-1"),
        a_bill("b-2", [a_line("l1", "50.00", refs=GPU)]),
        a_bill("b-3", [a_line("l1", "7.00", refs=GPU), a_line("l2", "3.00", refs=SEARCH)]),
        a_bill("b-4", [a_line("l1", "20.00", refs=GPU)], currency="EUR"),
    )


def told(into: IntegrationConfig) -> list[tuple[str, int, dict[str, Decimal]]]:
    found = readiness.readiness(into)
    return [(cause.title, cause.bills, dict(cause.money)) for cause in causes.causes(into, found.blocked, "/back/")]


def test_how_many_go_and_what_each_cause_holds_up(into: IntegrationConfig) -> None:
    four_bills()
    found = readiness.readiness(into)
    assert (found.goes, dict(found.goes_money), len(found.blocked)) == (1, {"USD": Decimal(100)}, 3)
    assert dict(found.blocked_money) == {"USD": Decimal(60), "EUR": Decimal(20)}
    assert told(into) == [
        ("Product “GPU hours” has no Item in NetSuite.", 3, {"USD": Decimal(57) + 3, "EUR": Decimal(20)}),
        ("Product “Vector search” has no Item in NetSuite.", 1, {"USD": Decimal(10)}),
    ]


def test_the_causes_lead_to_the_filled_in_form_and_back(into: IntegrationConfig) -> None:
    four_bills()
    [gpu, _] = causes.causes(into, readiness.readiness(into).blocked, "/back/?a=b")
    asked = "entity_type=Product&entity_id=gpu&system=Netsuite&table=Item&next=%2Fback%2F%3Fa%3Db"
    assert (gpu.label, gpu.url) == ("Map GPU hours", f"/admin/mappings/externalmapping/add/?{asked}")
    integrations.change_options(into, into.options | {"enforceExternalMappingsForConfig": True}, None)
    [first, *_] = causes.causes(into, readiness.readiness(into).blocked, "/back/")
    assert first.url.endswith(f"&integration={into.pk}")


def test_an_inactive_or_deleted_record_is_a_problem_before_it_fails_a_bill(into: IntegrationConfig, books: Books) -> None:
    four_bills()
    made = mapped("Product", "gpu", "2003")
    mapped("Product", "search", "2002")
    assert readiness.readiness(into).goes == 4
    catalogue.read(into.credential)
    assert readiness.readiness(into).goes == 4
    books.emulator.add_records(ACCOUNT, "serviceSaleItem", [{"id": "2003", "isInactive": True}])
    catalogue.read(into.credential)
    CatalogueRecord.objects.filter(table="Item", external_id="2002").update(active=False, listed=False)
    found = readiness.readiness(into)
    assert (found.goes, {each.fault.code for each in found.blocked}) == (1, {"RECORD_UNUSABLE"})
    assert [(title, bills) for title, bills, _ in told(into)] == [
        ("The Item Compute Usage (2003) is inactive in NetSuite.", 3),
        ("The Item Storage Usage (2002) is no longer in NetSuite.", 1),
    ]
    [cause, _] = causes.causes(into, found.blocked, "/back/")
    assert (cause.label, cause.url) == ("Change mapping", f"/admin/mappings/externalmapping/{made.pk}/change/?next=%2Fback%2F")
    made.external_id = "9999"
    made.save()
    assert told(into)[0][0] == "The Item 9999 was not found in NetSuite."


def test_an_inactive_customer_and_an_item_of_the_options_too(credential: Credential, books: Books) -> None:
    into = an_integration(credential, netsuiteDefaultItemId="2020")
    mapped("Account", "acc-1", "1001", "Customer")
    arrive(a_bill("b-1"))
    catalogue.read(credential)
    CatalogueRecord.objects.filter(external_id__in=("1001", "2020"), table__in=("Customer", "Item")).update(active=False)
    found = causes.causes(into, readiness.readiness(into).blocked, "/")
    assert {(cause.title, cause.label) for cause in found} == {
        ("The Customer Acme Cloud (1001) is inactive in NetSuite.", "Change mapping"),
        ("The Item Other Usage (2020) is inactive in NetSuite.", "Change options"),
    }


def test_an_account_id_as_it_is_is_no_record_of_the_catalogue(credential: Credential, books: Books) -> None:
    into = an_integration(credential)
    arrive(a_bill("b-1"))
    catalogue.read(credential)
    assert readiness.readiness(into).goes == 1


def test_what_the_options_leave_out_and_what_is_posted_is_not_blocked(into: IntegrationConfig, books: Books) -> None:
    four_bills()
    arrive(a_bill("b-5", status="VOID"))
    found = readiness.readiness(into)
    assert [(bill.uid, reason) for bill, reason in found.left_out] == [("b-5", "The Bill is void.")]
    run = IntegrationRun.objects.get(pk__in=select(into), bill__uid="b-1")
    run.status = "COMPLETE"
    run.save()
    assert readiness.readiness(into).goes == 0


def test_lines_that_disagree_are_a_cause_of_their_own(into: IntegrationConfig) -> None:
    mapped("Account", "acc-1", "1001", "Customer")
    mapped("Product", "prod-api", "2001")
    [bill] = arrive(a_bill("b-1", total=Decimal("99.00")))
    [cause] = causes.causes(into, readiness.readiness(into).blocked, "/")
    assert (cause.code, cause.label, cause.url) == ("AMOUNT_MISMATCH", "Open Bill", f"/admin/billing/bill/{bill.pk}/change/")


def test_a_bill_that_cannot_be_built_stops_nothing(into: IntegrationConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    four_bills()
    broken(monkeypatch, "b-1", ValueError("The rate is no number."))
    found = readiness.readiness(into)
    assert (found.goes, len(found.blocked)) == (0, 4)
    assert (found.blocked[0].fault.code, found.blocked[0].fault.why) == ("INVALID_BILL", "The rate is no number.")


def test_the_command_prints_the_same(into: IntegrationConfig) -> None:
    four_bills()
    told = readiness.readiness(into).as_json()
    assert list(told) == ["goes", "goes_money", "blocked", "blocked_money", "left_out", "not_able"]
    assert (told["goes"], told["goes_money"], told["blocked_money"]) == (1, {"USD": "100"}, {"EUR": "20", "USD": "60"})
    assert {(each["bill"], each["code"]) for each in told["blocked"]} == {(uid, "MISSING_MAPPING") for uid in ("b-2", "b-3", "b-4")}


def test_more_bills_cost_no_more_queries(into: IntegrationConfig) -> None:
    catalogue.read(into.credential)
    four_bills()
    counts = []
    for start in (10, 100):
        arrive(*[a_bill(f"c-{number}") for number in range(start, start * 3)])
        with CaptureQueriesContext(connection) as queries:
            readiness.readiness(into)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def address(into: IntegrationConfig, suffix: str = "/") -> str:
    return f"/admin/runs/integrationrun/readiness/{into.pk}{suffix}"


def test_the_page(desk: Client, into: IntegrationConfig) -> None:
    four_bills()
    arrive(a_bill("b-5", status="VOID"))
    page = desk.get(address(into)).content.decode()
    for words in (
        "Readiness of NetSuite US", "<b>1 of 4 Bills would go to NetSuite</b>: 100.00\N{NO-BREAK SPACE}USD.",
        "3 would not and hold up 60.00\N{NO-BREAK SPACE}USD and 20.00\N{NO-BREAK SPACE}EUR.", "What stands in the way", "Map GPU hours",
        "Bills that would not go", "The product &quot;GPU hours&quot; has no item in NetSuite.", "The Bill is void.", "Download CSV",
        "Map many",
        f"next=%2Fadmin%2Fruns%2Fintegrationrun%2Freadiness%2F{into.pk}%2F",
    ):  # fmt: skip
        assert words in page
    assert "Nothing was sent" not in page


def test_the_page_says_what_stops_everything_and_when_nothing_does(desk: Client, into: IntegrationConfig) -> None:
    assert "No Bill waits for this integration." in desk.get(address(into)).content.decode()
    mapped("Account", "acc-1", "1001", "Customer")
    mapped("Product", "prod-api", "2001")
    arrive(a_bill("b-1"))
    assert "Nothing stands in the way." in desk.get(address(into)).content.decode()
    integrations.disable(into, "", None)
    assert "The integration is disabled." in desk.get(address(into)).content.decode()


def test_the_page_looks_at_so_many_and_says_so(desk: Client, into: IntegrationConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.views.readiness.MOST_BILLS", 2)
    monkeypatch.setattr("runs.select.CHUNK", 2)
    monkeypatch.setattr(readiness, "CHUNK", 2)
    four_bills()
    assert "The first 2 Bills were looked at; there are more." in desk.get(address(into)).content.decode()


def test_the_file_has_every_bill_and_no_formula(desk: Client, into: IntegrationConfig) -> None:
    four_bills()
    arrive(a_bill("b-5", status="VOID", number="=1+1"))
    answer = desk.get(address(into, ".csv"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8" and "attachment" in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    assert {row["bill"]: (row["outcome"], row["code"], row["amount"], row["currency"]) for row in rows} == {
        "b-1": ("goes", "", "100", "USD"), "b-2": ("blocked", "MISSING_MAPPING", "50", "USD"),
        "b-3": ("blocked", "MISSING_MAPPING", "10", "USD"), "b-4": ("blocked", "MISSING_MAPPING", "20", "EUR"),
        "b-5": ("left out", "", "100", "USD"),
    }  # fmt: skip
    assert next(row["number"] for row in rows if row["bill"] == "b-5") == "'=1+1"


def test_it_needs_the_permission_to_see_runs(client: Client, into: IntegrationConfig) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    client.force_login(user)
    assert client.get(address(into)).status_code == 403 and client.get(address(into, ".csv")).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_integrationrun"))
    client.force_login(User.objects.get(pk=user.pk))
    assert client.get(address(into)).status_code == 200
    assert client.post(address(into)).status_code == 405


def test_refreshing_names_is_a_task_and_returns(
    desk: Client, into: IntegrationConfig, credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/admin/runs/integrationrun/catalogue/{credential.pk}/"
    woken: list[Credential] = []
    monkeypatch.setattr("runs.catalogue_tasks.wake", lambda found: woken.append(found) or True)
    assert desk.get(url).status_code == 405
    assert desk.post(f"{url}?next=/admin/mappings/")["Location"] == "/admin/mappings/"
    assert desk.post(f"{url}?next=https://evil.example/")["Location"] == f"/admin/credentials/credential/{credential.pk}/change/"
    assert woken == [credential, credential]
    assert "are being read; that takes a minute." in desk.get("/admin/mappings/externalmapping/").content.decode()
    monkeypatch.undo()
    Credential.objects.update(status="AUTH_FAILED")
    desk.post(url)
    assert "Nothing was read" in desk.get("/admin/mappings/externalmapping/").content.decode()
    reader = User.objects.create_user("reader", is_staff=True)
    desk.force_login(reader)
    assert desk.post(url).status_code == 403
