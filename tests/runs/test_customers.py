"""Customers are found or created once and then pinned; the judge is the emulated account."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from billing import bill as canonical
from billing import store
from billing.bill import Party
from integrations.contract import CustomerStep, Fault
from integrations.models import IntegrationConfig
from mappings import service
from mappings.models import ExternalMapping
from runs import customers, export, orders
from runs.build import Kit, lookups_for
from runs.customers import Found
from runs.models import IntegrationRun, Problem
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, an_integration, arrive, the_source
from tests.runs.test_flow import later, work

pytestmark = pytest.mark.django_db
ACME = Party(id="acc-7", code="ACME", name="Acme Leeds", email="ap@acme.test", address={"addressLine1": "1 High Street", "country": "GB"})


def by_email(credential: Any, **options: Any) -> IntegrationConfig:
    return an_integration(credential, **{"customerMatch": "EMAIL", "createMissingCustomers": True, "subsidiaryId": "1"} | options)


def enter(books: Books, number: str, **fields: Any) -> None:
    books.emulator.add_records(books.place.tenant, "customer", [{"id": number, "companyName": f"Customer {number}", **fields}])


def change(books: Books, number: str, **fields: Any) -> None:
    books.emulator.add_records(books.place.tenant, "customer", [{"id": number, **fields}])


def found(integration: IntegrationConfig, *bills: canonical.Bill) -> Sequence[Found]:
    kit = Kit.of(integration)
    source = the_source()
    pairs = [(source, bill) for bill in bills]
    assert kit.destination.customers is not None
    asked = customers.Books(integration, kit.destination.customers, kit.options, kit.wire, kit.tenant)
    return customers.find(asked, pairs, lookups_for(integration, kit.options, [(source.pk, bill) for bill in bills], None))


def refused(answer: Found) -> Fault:
    assert answer.fault is not None
    return answer.fault


def pins() -> list[tuple[str, str, str]]:
    return sorted(ExternalMapping.objects.exclude(integration=None).values_list("entity_id", "external_id", "origin"))


def test_one_active_match_is_pinned_once_however_many_bills_ask(credential: Any, books: Books) -> None:
    enter(books, "501", email="AP@acme.test")
    enter(books, "502", email="ap@acme.test", isInactive=True)
    integration = by_email(credential)
    first, other, third = found(
        integration, a_bill(account=ACME), a_bill(account=ACME), a_bill(account=replace(ACME, id="acc-8", email=""))
    )
    assert (first, other) == (Found(CustomerStep.CLAIM, pinned=True),) * 2
    assert third == Found(CustomerStep.CREATE)
    assert found(integration, a_bill(account=ACME)) == [Found(CustomerStep.CLAIM)]
    assert pins() == [("acc-7", "501", "matched")]


def test_our_own_external_id_comes_before_the_email(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test")
    enter(books, "502", externalId="acc-7")
    assert found(by_email(credential), a_bill(account=ACME)) == [Found(CustomerStep.CLAIM, pinned=True)]
    assert pins() == [("acc-7", "502", "matched")]


def test_by_external_id_an_email_finds_nothing(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test")
    integration = by_email(credential, customerMatch="EXTERNAL_ID", createMissingCustomers=False)
    assert found(integration, a_bill(account=ACME)) == [Found(CustomerStep.ABSENT)]
    enter(books, "502", externalId="acc-7")
    assert found(integration, a_bill(account=ACME))[0].pinned


def test_several_matches_are_named_and_none_is_taken(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test")
    enter(books, "502", email="ap@acme.test")
    fault = refused(found(by_email(credential), a_bill(account=ACME))[0])
    assert (fault.code, fault.field, fault.entity) == ("CUSTOMER_AMBIGUOUS", "Customer", "Account:acc-7")
    assert "Customer 501 (501), Customer 502 (502)" in fault.why and pins() == []


def test_an_inactive_customer_is_told_with_the_steps_and_no_second_is_created(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test", isInactive=True)
    fault = refused(found(by_email(credential), a_bill(account=ACME))[0])
    assert fault.code == "CUSTOMER_INACTIVE" and pins() == []
    assert fault.remedy.startswith("Search for Internal ID 501 under Lists > Relationships > Customers, untick Inactive")


def test_another_external_id_is_a_problem_until_a_person_maps_it(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test", externalId="crm-9")
    integration = by_email(credential)
    fault = refused(found(integration, a_bill(account=ACME))[0])
    assert fault.code == "EXTERNAL_ID_TAKEN" and "crm-9" in fault.title and pins() == []
    ExternalMapping.objects.create(
        entity_type="Account", entity_id="acc-7", external_system="Netsuite", external_table="Customer", external_id="501"
    )
    assert found(integration, a_bill(account=ACME)) == [Found()]


def test_a_pinned_customer_that_got_another_external_id_is_a_problem(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test")
    integration = by_email(credential)
    found(integration, a_bill(account=ACME))
    change(books, "501", externalId="crm-9")
    assert refused(found(integration, a_bill(account=ACME))[0]).code == "EXTERNAL_ID_TAKEN"


def test_two_accounts_never_share_a_matched_customer_by_themselves(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test")
    one, two = found(by_email(credential), a_bill(account=ACME), a_bill(account=replace(ACME, id="acc-8", email="AP@ACME.test")))
    assert one.pinned and "is that of the Account acc-7 already" in refused(two).title
    assert pins() == [("acc-7", "501", "matched")]


def test_a_mapped_customer_gets_no_external_id_that_another_one_holds(credential: Any, books: Books, customer: ExternalMapping) -> None:
    enter(books, "501", externalId="acc-1")
    assert found(by_email(credential), a_bill()) == [Found()]
    change(books, "501", externalId="else")
    assert found(by_email(credential, name="Second"), a_bill()) == [Found(CustomerStep.CLAIM)]


def test_where_accounts_are_only_mapped_nothing_is_asked(credential: Any, books: Books) -> None:
    before = books.hub.calls.report()["total"]
    assert found(an_integration(credential), a_bill(account=ACME)) == [Found()]
    assert books.hub.calls.report()["total"] - before <= 1


# --- end to end ----------------------------------------------------------------------------------------------------


def ours(books: Books, key: str = "acc-7") -> list[dict[str, Any]]:
    return [record for record in books.documents("customer") if record.get("externalId") == key]


def number_of_customers(books: Books) -> int:
    return len(books.documents("customer"))


def entities(books: Books) -> list[str]:
    return [invoice["entity"]["id"] for invoice in books.documents()]


def steps() -> list[tuple[str, str]]:
    found = IntegrationRun.objects.exclude(parent=None).order_by("bill__uid", "dt_created", "sequence")
    return list(found.values_list("delivery__slot", "status"))


def known_as(**changes: Any) -> None:
    """What the source says of the Account from now on."""
    store.receive_parties(the_source(), [replace(ACME, **changes)])


def test_a_missing_customer_is_created_once_and_named_by_every_bill(credential: Any, books: Books) -> None:
    integration = by_email(credential)
    before = number_of_customers(books)
    arrive(a_bill("b-1", account=ACME))

    work(integration)
    work(integration)
    arrive(a_bill("b-2", account=ACME))
    work(integration)

    [made] = ours(books)
    assert (made["companyName"], made["email"], made["subsidiary"]["id"]) == ("Acme Leeds", "ap@acme.test", "1")
    assert number_of_customers(books) == before + 1
    assert entities(books) == [made["id"]] * 2
    assert steps() == [("customer", "COMPLETE"), ("main", "COMPLETE"), ("main", "COMPLETE")]
    assert pins() == [("acc-7", made["id"], "created")]


def test_a_matched_customer_gets_our_external_id_and_keeps_its_name(credential: Any, books: Books) -> None:
    enter(books, "501", email="AP@acme.test")
    integration = by_email(credential)
    arrive(a_bill("b-1", account=ACME))

    work(integration)
    work(integration)

    [matched] = ours(books)
    assert (matched["id"], matched["companyName"], matched["email"]) == ("501", "Customer 501", "AP@acme.test")
    assert entities(books) == ["501"] and pins() == [("acc-7", "501", "matched")]


def test_a_changed_account_updates_the_pinned_customer_and_makes_no_second(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test")
    integration = by_email(credential)
    before = number_of_customers(books)
    arrive(a_bill("b-1", account=ACME))
    work(integration)
    known_as(name="Acme Holdings", email="new@acme.test", address={"addressLine1": "2 Low Street", "country": "GB"})
    arrive(a_bill("b-2", account=ACME))

    work(integration)
    work(integration)
    arrive(a_bill("b-3", account=ACME))
    work(integration)

    [pinned] = ours(books)
    assert (pinned["id"], pinned["companyName"], pinned["email"]) == ("501", "Acme Holdings", "new@acme.test")
    assert pinned["addressBook"]["items"][0]["addressBookAddress"]["addr1"] == "2 Low Street"
    assert number_of_customers(books) == before and entities(books) == ["501"] * 3
    assert [slot for slot, _ in steps()] == ["customer", "main", "customer", "main", "main"]


@pytest.mark.parametrize("known", [False, True])
def test_two_bills_at_once_share_one_customer(known: bool, credential: Any, books: Books) -> None:
    if known:
        enter(books, "501", email="ap@acme.test")
    integration = by_email(credential)
    arrive(*[a_bill(f"b-{number}", account=ACME) for number in range(5)])

    work(integration)
    work(integration)

    [customer] = ours(books)
    assert entities(books) == [customer["id"]] * 5
    assert {status for _, status in steps()} == {"COMPLETE"}
    assert len(pins()) == 1


@pytest.mark.parametrize("kind", ["commit_then_drop", "reset", "truncated"])
def test_a_lost_answer_leaves_exactly_one_customer(kind: str, credential: Any, books: Books) -> None:
    integration = by_email(credential)
    before = number_of_customers(books)
    arrive(a_bill("b-1", account=ACME), a_bill("b-2", account=ACME))
    books.fault(kind, match="/customer/")
    work(integration)
    with later(70):
        work(integration)

    [made] = ours(books)
    assert number_of_customers(books) == before + 1 and entities(books) == [made["id"]] * 2
    assert {status for _, status in steps()} == {"COMPLETE"}


def test_a_mapping_frees_a_bill_whose_customer_is_one_of_several(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test")
    enter(books, "502", email="ap@acme.test")
    integration = by_email(credential)
    arrive(a_bill("b-1", account=ACME))
    work(integration)
    [problem] = Problem.objects.filter(state="open")
    assert (problem.code, problem.fix_label) == ("CUSTOMER_AMBIGUOUS", "Map Acme Leeds") and books.documents() == []

    service.save(
        ExternalMapping(entity_type="Account", entity_id="acc-7", external_system="Netsuite", external_table="Customer", external_id="502")
    )
    for found in IntegrationRun.objects.filter(status="ERROR"):
        orders.retry(found)
    work(integration)
    assert entities(books) == ["502"] and [each["id"] for each in ours(books)] == ["502"]


def test_a_customer_that_cannot_be_billed_is_a_problem_with_its_remedy(credential: Any, books: Books) -> None:
    integration = by_email(credential)
    arrive(a_bill("b-1", account=ACME))
    work(integration)
    [made] = ours(books)
    change(books, made["id"], isInactive=True)
    arrive(a_bill("b-2", account=ACME))
    work(integration)
    [problem] = Problem.objects.filter(state="open")
    assert problem.code == "CUSTOMER_INACTIVE" and f"Search for Internal ID {made['id']} under Lists" in problem.remedy
    change(books, made["id"], isInactive=False)
    orders.retry(IntegrationRun.objects.get(bill__uid="b-2", parent=None))
    work(integration)
    assert entities(books) == [made["id"]] * 2


def test_a_deleted_customer_is_a_problem_and_a_mapping_to_another_the_remedy(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test")
    enter(books, "502", email="other@acme.test")
    integration = by_email(credential)
    arrive(a_bill("b-1", account=ACME))
    found(integration, a_bill(account=ACME))
    change(books, "501", deleted=True)
    work(integration)
    [problem] = Problem.objects.filter(state="open")
    assert problem.code == "CUSTOMER_INACTIVE" and "merged" in problem.why and ours(books) == []
    assert problem.remedy.endswith("or map the Account to the one that took its place. Then Retry.")

    pinned = ExternalMapping.objects.get(origin="matched")
    service.change(pinned, replace_id(pinned, "502"))
    for run in IntegrationRun.objects.filter(parent=None, status="ERROR"):
        orders.retry(run)
    work(integration)
    assert entities(books) == ["502"]


def replace_id(mapping: ExternalMapping, external_id: str) -> ExternalMapping:
    wanted = ExternalMapping.objects.get(pk=mapping.pk)
    wanted.external_id = external_id
    return wanted


def test_a_customer_of_another_subsidiary_is_a_problem_with_its_remedy(credential: Any, books: Books) -> None:
    enter(books, "501", email="ap@acme.test", subsidiary="2")
    arrive(a_bill("b-1", account=ACME))
    work(by_email(credential))
    [problem] = Problem.objects.filter(state="open")
    assert problem.code == "CUSTOMER_SUBSIDIARY" and "Multi-Subsidiary Customer under Setup > Company > Enable Features" in problem.remedy
    assert books.documents() == []


def test_without_a_subsidiary_the_options_are_the_remedy(credential: Any, books: Books) -> None:
    arrive(a_bill("b-1", account=ACME))
    work(by_email(credential, subsidiaryId=""))
    [problem] = Problem.objects.filter(state="open")
    assert (problem.code, ours(books)) == ("MISSING_FIELD", []) and "Choose the Subsidiary in the integration's options" in problem.remedy


def test_a_mapping_lost_by_a_death_is_found_again_by_our_external_id(credential: Any, books: Books) -> None:
    integration = by_email(credential)
    arrive(a_bill("b-1", account=ACME))
    work(integration)
    ExternalMapping.objects.all().delete()
    arrive(a_bill("b-2", account=replace(ACME, email="")))
    work(integration)

    [made] = ours(books)
    assert entities(books) == [made["id"]] * 2 and pins() == [("acc-7", made["id"], "matched")]
    assert [slot for slot, _ in steps()] == ["customer", "main", "main"]


def test_by_mapping_a_missing_customer_can_be_created_too(credential: Any, books: Books, customer: ExternalMapping) -> None:
    integration = by_email(credential, customerMatch="MAPPING")
    enter(books, "501", email="ap@acme.test")
    arrive(a_bill("b-1", account=ACME), a_bill("b-2"))
    work(integration)
    [made] = ours(books)
    assert made["id"] != "501" and sorted(entities(books)) == sorted([made["id"], "1001"])
    assert [each["id"] for each in ours(books, "acc-1")] == ["1001"]


def test_a_replayed_bill_writes_its_customer_no_more(credential: Any, books: Books) -> None:
    integration = by_email(credential)
    arrive(a_bill("b-1", account=ACME))
    work(integration)
    orders.replay(IntegrationRun.objects.get(parent=None))
    work(integration)
    assert len(ours(books)) == 1 and len(books.documents()) == 1
    assert {status for _, status in steps()} == {"COMPLETE"}


def test_a_file_names_only_customers_that_are_mapped(credential: Any, books: Books) -> None:
    integration = by_email(credential)
    arrive(a_bill("b-1", account=ACME), a_bill("b-2", account=replace(ACME, id="acc-1")))
    ExternalMapping.objects.create(
        entity_type="Account", entity_id="acc-1", external_system="Netsuite", external_table="Customer", external_id="1001"
    )
    lane = export.lane_of(integration)
    assert lane is not None
    told = {row.bill.uid: row for row in export.rows(integration, lane, export.Window())}
    assert told["b-1"].fault is not None and told["b-1"].fault.code == "MISSING_MAPPING"
    assert [line[2] for line in told["b-2"].lines] == ["1001"]


def test_a_bill_with_the_id_of_an_account_is_not_taken_for_its_customer(credential: Any, books: Books) -> None:
    integration = by_email(credential, bulkThreshold=0)
    arrive(a_bill("acc-8", account=ACME), a_bill("acc-7", account=replace(ACME, id="acc-8", email="x@acme.test")))
    work(integration)
    with later(70):
        work(integration)

    assert {status for _, status in steps()} == {"COMPLETE"} and not Problem.objects.filter(state="open").exists()
    assert [len(ours(books, key)) for key in ("acc-7", "acc-8")] == [1, 1]
    assert sorted(invoice["externalId"] for invoice in books.documents()) == ["acc-7", "acc-8"]
