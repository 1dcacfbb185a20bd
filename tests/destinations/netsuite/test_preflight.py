"""What is asked of NetSuite before the first order goes, and what is made there."""

from collections import Counter
from collections.abc import Callable

import pytest

from integrations import errors, options
from integrations.contract import Check, Options
from integrations.destinations.netsuite import DESTINATION
from integrations.destinations.netsuite.custom_fields import FIELDS
from integrations.destinations.netsuite.preflight import create
from integrations.destinations.netsuite.role import PERMISSIONS
from integrations.http import Wire
from tests.destinations.netsuite.books import Books

TENANT = "1234567_SB1"
SEEDED = {"Transactions": 13, "Lists": 14, "Setup": 13}
"""How many permissions the customer's three tables have."""

Ask = Callable[..., dict[str, Check]]


@pytest.fixture
def wire(books: Books) -> Wire:
    return Wire(books.login, "Netsuite")


@pytest.fixture
def ask(wire: Wire) -> Ask:
    def asked(**given: object) -> dict[str, Check]:
        preflight = DESTINATION.preflight
        assert preflight is not None
        return {f"{each.group}/{each.label}": each for each in preflight.check(wire, TENANT, _options(**given))}

    return asked


def _options(**given: object) -> Options:
    return options.clean({"documentFlow": "AUTO", **given}, DESTINATION, "Bill")


def test_the_three_tables_of_permissions_are_the_seeds(ask: Ask) -> None:
    found = ask()
    assert Counter(permission.group for permission in PERMISSIONS) == SEEDED
    assert found["Transactions/Sales Order"].state == "ok"
    assert found["Setup/Custom Body Fields"].state == "ok"
    assert found["Transactions/Fulfill Orders"].state == "unknown"
    assert "missing" not in {each.state for key, each in found.items() if key.partition("/")[0] in SEEDED}


def test_what_the_role_may_not_see_is_missing_with_the_menu(books: Books, ask: Ask) -> None:
    books.configure(netsuite={"permissions_missing": ["salesOrder", "department", "customfield"]})
    found = ask()
    missing = {key for key, each in found.items() if each.state == "missing" and each.level}
    fields = {f"Setup/Custom {kind} Fields" for kind in ("Body", "Column", "Entity", "Transaction")}
    assert missing == {"Transactions/Sales Order", "Lists/Departments", *fields}
    order = found["Transactions/Sales Order"]
    assert order.remedy == "An administrator adds Sales Order, level Full, under Setup > Users/Roles > Manage Roles, Transactions."
    assert found["Custom fields/Customer: Advanced Billing Customer ID"].state == "unknown"


def test_asking_changes_nothing(books: Books, ask: Ask) -> None:
    before = books.records("discountItem"), books.records("paymentMethod")
    ask()
    assert (books.records("discountItem"), books.records("paymentMethod")) == before


def test_records_that_the_options_name_are_looked_for(books: Books, ask: Ask) -> None:
    books.enter("department", {"id": "77", "name": "Old", "isInactive": True})
    found = ask(taxItemId="2013", discountItemId="2014", paymentMethodId="3", departmentId="77", subsidiaryId="1", refundAccountId="25")
    states = {key.partition("/")[2]: each.state for key, each in found.items() if key.startswith("Records")}
    assert states == {
        "Item for taxes": "ok",
        "Discount item": "ok",
        "Payment method": "ok",
        "Department": "missing",
        "Subsidiary": "ok",
        "Refund account": "ok",
    }


def test_items_of_another_type_are_named(ask: Ask) -> None:
    found = ask(taxItemId="2020", discountItemId="2001")
    assert "Other Usage is of the type OthCharge" in found["Records that the settings name/Item for taxes"].why
    assert "API Usage is no discount item" in found["Records that the settings name/Discount item"].why


def test_invoices_alone_need_none_of_it(ask: Ask) -> None:
    assert {key.partition("/")[0] for key in ask(documentFlow="INVOICE")} == set(SEEDED)


@pytest.mark.parametrize(
    ("name", "key", "kind", "label"),
    [
        ("discountItem", "discountItemId", "discountItem", "Advanced Billing Discount"),
        ("paymentMethod", "paymentMethodId", "paymentMethod", "Advanced Billing Payment"),
    ],
)
def test_what_is_missing_is_made_once(books: Books, wire: Wire, ask: Ask, name: str, key: str, kind: str, label: str) -> None:
    before = len(books.records(kind))
    made = create(wire, TENANT, _options(), name)
    assert create(wire, TENANT, _options(), name) == made
    records = books.records(kind)
    assert len(records) == before + 1
    assert label in (records[-1].get("itemId"), records[-1].get("name"))
    assert records[-1].get("nonPosting", True) is True
    assert {each.makes for each in ask().values()} >= {name} and name not in {each.makes for each in ask(**made).values()}
    assert list(made) == [key]


def test_an_answer_that_got_lost_makes_no_second_one(books: Books, wire: Wire) -> None:
    books.fault("commit_then_drop", match="discountItem")
    with pytest.raises(errors.Unknown):
        create(wire, TENANT, _options(), "discountItem")
    made = create(wire, TENANT, _options(), "discountItem")
    assert [record["id"] for record in books.records("discountItem") if record["itemId"] == "Advanced Billing Discount"] == [
        made["discountItemId"]
    ]


def test_a_custom_field_is_made_by_a_person_and_then_used(books: Books, wire: Wire, ask: Ask) -> None:
    title = "Custom fields/Customer: Advanced Billing Customer ID"
    before = ask()[title]
    assert before.state == "missing" and not before.makes
    assert "Customization > Lists, Records, & Fields > Entity Fields > New: label Advanced Billing Customer ID" in before.remedy
    books.enter("customField", {"id": "custentity_ab_customer_id"})
    assert ask()[title].button == "Use custentity_ab_customer_id"
    chosen = create(wire, TENANT, _options(customFields={"orderSubdomain": "custbody_x"}), "customerId")
    assert chosen == {"customFields": {"orderSubdomain": "custbody_x", "customerId": "custentity_ab_customer_id"}}
    assert ask(**chosen)[title].state == "ok"


def test_every_field_of_the_set_up_fits_its_option() -> None:
    given: dict[str, object] = {}
    for field in FIELDS:
        given |= field.chosen(given)
    cleaned = _options(**given)
    assert [field.value(cleaned) for field in FIELDS] == [field.id for field in FIELDS]


def test_nobodys_name_makes_nothing(wire: Wire) -> None:
    with pytest.raises(errors.Refused):
        create(wire, TENANT, _options(), "everything")
