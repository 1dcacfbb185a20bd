"""Which external id an entity has: precedence, dates, custom fields, and that a big Bill costs no more queries than a small one."""

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from billing.bill import Band, Bill, Party, Ref
from billing.models import Source
from integrations.contract import Rule
from integrations.models import IntegrationConfig
from mappings import lookup
from mappings.lookup import MappingLookup, Scope
from mappings.models import CatalogueRecord, ExternalMapping
from tests.mappings.conftest import TENANT, day, mapping, product, read, stored
from tests.runs.factories import a_bill, a_line

pytestmark = pytest.mark.django_db
TODAY = day("2026-11-21")
FIELDS = {"Account": "netsuite_internal_customer_id", "Product": "netsuite_internal_item_id", "Contract": "netsuite_sales_order_id"}
REFS = {"Product": Ref(id="gpu", name="GPU hours")}


def scope(source: Source, integration: IntegrationConfig | None = None, **facts: Any) -> Scope:
    given = {"system": "Netsuite", "tenant": TENANT, "integration": integration.pk if integration else None, "source": source.pk}
    return Scope(**(given | facts))


def loaded(scope: Scope, *bills: Bill) -> MappingLookup:
    return lookup.load(scope, bills or [a_bill(lines=[a_line(refs=REFS)])], None)


def found(scope: Scope, on: dt.date = TODAY, entities: tuple[str, ...] = ("Product",)) -> tuple[str, str] | None:
    match = loaded(scope).find("Item", entities, REFS, on)
    return (match.rule.value, match.id) if match else None


def test_linked_wins_over_unlinked_and_one_source_over_every_source(source: Source, integration: IntegrationConfig) -> None:
    ours = scope(source, integration)
    assert found(ours) is None
    stored(external_id="1")
    assert found(ours) == ("External mapping", "1")
    stored(external_id="2", source=source)
    assert found(ours) == ("External mapping", "2")
    stored(external_id="3", integration=integration)
    assert found(ours) == ("Linked mapping", "3")
    assert found(scope(source)) == ("External mapping", "2")


def test_another_integrations_or_sources_mapping_is_never_used(source: Source, integration: IntegrationConfig) -> None:
    other = Source.objects.create(slug="eu", platform="m3ter", name="EU")
    stored(integration=integration)
    stored(source=other)
    assert found(scope(source)) is None


def test_enforced_only_linked_ones_count(source: Source, integration: IntegrationConfig) -> None:
    stored()
    assert found(scope(source, integration, linked_only=True)) is None
    stored(external_id="2", integration=integration)
    assert found(scope(source, integration, linked_only=True)) == ("Linked mapping", "2")


def test_the_bills_date_decides_and_old_previews_stay_true(source: Source) -> None:
    stored(external_id="old")
    stored(external_id="spring", valid_from=day("2026-03-01"), valid_to=day("2026-05-31"))
    stored(external_id="new", valid_from=day("2026-11-01"))
    ours = scope(source)
    days = ("2026-02-28", "2026-03-01", "2026-05-31", "2026-06-01", "2026-10-31", "2026-11-01")
    answers = [found(ours, day(text)) for text in days]
    assert [answer and answer[1] for answer in answers] == ["old", "spring", "spring", "old", "old", "new"]


def test_a_mapping_that_has_ended_leaves_the_next_in_line(source: Source, integration: IntegrationConfig) -> None:
    stored(external_id="1")
    stored(external_id="2", integration=integration, valid_to=day("2026-10-31"))
    assert found(scope(source, integration), day("2026-10-31")) == ("Linked mapping", "2")
    assert found(scope(source, integration), day("2026-11-01")) == ("External mapping", "1")


def test_a_custom_field_comes_after_both_mappings(source: Source, integration: IntegrationConfig) -> None:
    product(source, "gpu", custom_fields={"netsuite_internal_item_id": 2003})
    read("Item", {"2003": "GPU Compute"})
    ours = scope(source, integration, custom_fields=FIELDS)
    match = loaded(ours).find("Item", ("Product",), REFS, TODAY)
    assert match and (match.rule, match.id, match.name) == (Rule.CUSTOM_FIELD, "2003", "GPU Compute")
    assert match.detail == "netsuite_internal_item_id of Product GPU hours"
    assert found(scope(source, integration)) is None
    stored(external_id="1")
    assert found(ours) == ("External mapping", "1")


def test_an_accounting_product_has_the_products_custom_field_and_an_account_and_a_contract_their_own(source: Source) -> None:
    product(source, "gpu", custom_fields={"netsuite_internal_item_id": "2003"})
    product(source, "con-1", kind="Contract", custom_fields={"netsuite_sales_order_id": "88"})
    refs = {"AccountingProduct": Ref(id="gpu"), "Contract": Ref(id="con-1")}
    party = Party(id="acc-1", name="Borealis AI", custom_fields={"netsuite_internal_customer_id": "1002"})
    ours = loaded(scope(source, custom_fields=FIELDS), a_bill(lines=[a_line(refs=refs)], account=party))
    ids = [
        match.id
        for table, entity, known in (("Item", "AccountingProduct", refs), ("SalesOrder", "Contract", refs))
        if (match := ours.find(table, (entity,), known, TODAY))
    ]
    assert ids == ["2003", "88"]
    match = ours.find("Customer", ("Account",), {"Account": Ref(id="acc-1", name="Borealis AI")}, TODAY)
    assert match and (match.rule, match.id) == (Rule.CUSTOM_FIELD, "1002")


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_custom_field_is_none(source: Source, value: str | None) -> None:
    product(source, "gpu", custom_fields={"netsuite_internal_item_id": value})
    assert found(scope(source, custom_fields=FIELDS)) is None


def test_each_entity_is_asked_in_turn_before_the_next(source: Source) -> None:
    stored("Aggregation", "agg", "2001")
    stored("Product", "gpu", "2003")
    refs = REFS | {"Aggregation": Ref(id="agg")}
    ours = loaded(scope(source), a_bill(lines=[a_line(refs=refs)]))
    orders = [("Aggregation", "Product"), ("Product", "Aggregation"), ("PricingBand", "Product")]
    assert [match.id for order in orders if (match := ours.find("Item", order, refs, TODAY))] == ["2001", "2003", "2003"]


def test_many_products_may_share_one_item_and_a_match_names_the_mapping(source: Source) -> None:
    stored("Product", "a", "2003")
    made = stored("Product", "gpu", "2003", external_name="GPU, as typed")
    match = loaded(scope(source)).find("Item", ("Product",), REFS, TODAY)
    assert match and (match.mapping, match.mapping_version, match.name, match.detail) == (made.pk, 1, "GPU, as typed", "Product GPU hours")


# --- precedence is total and deterministic ---------------------------------------------------------------------------------------------

DAYS = st.sampled_from([day("0001-01-01"), day("2026-01-01"), day("2026-10-01"), day("2026-11-21"), day("2027-01-01")])
CANDIDATES = st.lists(
    st.tuples(st.booleans(), st.booleans(), DAYS, st.none() | DAYS),
    unique_by=lambda each: each[:3],
    max_size=12,
)


@given(CANDIDATES, DAYS, st.randoms(use_true_random=False))
def test_precedence_is_total_and_deterministic(drawn: list[Any], on: dt.date, rng: random.Random) -> None:
    """Any mappings that the database's constraints let stand beside each other, in any order, give the same one answer: the best."""
    found = [
        mapping(
            external_id=str(number),
            integration_id="00000000-0000-0000-0000-000000000001" if linked else None,
            source_id=1 if sourced else None,
            valid_from=since,
            valid_to=max(since, until) if until else None,
        )
        for number, (linked, sourced, since, until) in enumerate(drawn)
    ]
    ranks = [lookup.precedence(each) for each in found]
    assert len(set(ranks)) == len(ranks)
    chosen = lookup.first_on(sorted(found, key=lookup.precedence), on)
    shuffled = rng.sample(found, len(found))
    assert lookup.first_on(sorted(shuffled, key=lookup.precedence), on) is chosen
    holding = [each for each in found if each.valid_from <= on and (each.valid_to is None or on <= each.valid_to)]
    assert (chosen is None) == (not holding)
    if chosen:
        assert any(each.integration_id for each in holding) == bool(chosen.integration_id)
        equals = [each for each in holding if bool(each.integration_id) == bool(chosen.integration_id)]
        assert any(each.source_id for each in equals) == bool(chosen.source_id)
        equals = [each for each in equals if bool(each.source_id) == bool(chosen.source_id)]
        assert max(each.valid_from for each in equals) == chosen.valid_from


# --- size ---------------------------------------------------------------------------------------------------------------------------------


def a_big_bill(lines: int, bands: int = 0) -> Bill:
    return a_bill(
        lines=[
            a_line(
                f"l{number}",
                refs={"Product": Ref(id=f"p-{number}"), "Aggregation": Ref(id=f"a-{number}")},
                bands=tuple(Band(ref=Ref(id=f"b-{number}-{band}"), amount=Decimal(1)) for band in range(bands)),
            )
            for number in range(lines)
        ]
    )


@pytest.mark.slow
def test_ten_thousand_lines_against_a_hundred_thousand_mappings_cost_no_more_queries_than_one(
    source: Source, integration: IntegrationConfig
) -> None:
    kinds = ("Product", "Aggregation")
    rows = (mapping(kind, f"{kind[0].lower()}-{number}", str(number % 500)) for kind in kinds for number in range(50_000))
    ExternalMapping.objects.bulk_create(rows, batch_size=5_000)
    books = {"system": "Netsuite", "tenant": TENANT, "table": "Item"}
    CatalogueRecord.objects.bulk_create(CatalogueRecord(**books, external_id=str(number), name=f"Item {number}") for number in range(500))
    ours = scope(source, integration, custom_fields=FIELDS)
    counts = []
    for bill in (a_big_bill(1), a_big_bill(10_000), a_big_bill(10_000, bands=4)):
        with CaptureQueriesContext(connection) as queries:
            answers = loaded(ours, bill)
            for line in bill.lines:
                match = answers.find("Item", ("Aggregation", "Product"), line.refs, TODAY)
                assert match and match.name == f"Item {match.id}"
        counts.append(len(queries))
    assert len(set(counts)) == 1 and counts[0] <= 4


def test_ids_that_nobody_knows_by_name_cost_no_query_each(source: Source) -> None:
    for number in range(20):
        product(source, f"p-{number}", custom_fields={"netsuite_internal_item_id": f"9{number}"})
    bill, ours = a_big_bill(20), scope(source, custom_fields=FIELDS)
    with CaptureQueriesContext(connection) as queries:
        answers = loaded(ours, bill)
        assert all(answers.find("Item", ("Product",), line.refs, TODAY) for line in bill.lines)
    assert len(queries) <= 4
