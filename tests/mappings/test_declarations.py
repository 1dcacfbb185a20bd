"""What every destination must declare so that its mappings can be made: for each entity that a Bill may lack, a table that takes it."""

import pytest
from hypothesis import HealthCheck, given, settings

from billing.bill import Bill
from integrations import options, registry
from integrations.contract import Destination
from integrations.missing import LINE_TYPE
from mappings import choices
from mappings.grid import tabs_of
from tests import strategies
from tests.contract.destination_checks import STAMP, Nothing

every_destination = pytest.mark.parametrize("destination", registry.destinations(), ids=lambda destination: destination.slug)


@every_destination
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(bill=strategies.bills())
def test_whatever_is_missing_can_be_mapped(destination: Destination, bill: Bill) -> None:
    """The table of each missing entity is declared by every system that the destination serves, and takes that entity."""
    strict = options.defaults(destination, "Bill") | {"useExternalMappingAccountCode": True}
    plan = destination.build(bill, strict, Nothing(), STAMP)
    for missing in plan.missing:
        if missing.entity != LINE_TYPE:
            assert all(choices.fits(missing.entity, system.name, missing.table) for system in destination.systems), missing


@every_destination
def test_an_account_and_a_product_have_one_table_each(destination: Destination) -> None:
    """So that a link from a problem, an Account or a product needs no question which table is meant."""
    for system in destination.systems:
        assert len(choices.tables("Account", system.name)) == 1 and len(choices.tables("Product", system.name)) == 1


@every_destination
def test_every_declared_entity_is_on_a_page(destination: Destination) -> None:
    for system in destination.systems:
        shown = {(tab.table, kind) for tab in tabs_of(system.name) for kind in tab.types}
        assert shown == {(table.name, kind) for table in destination.tables for kind in table.entities}


@every_destination
def test_custom_fields_name_entities_that_can_be_mapped_or_are_contracts(destination: Destination) -> None:
    known = {kind for table in destination.tables for kind in table.entities} | {"Contract"}
    assert set(destination.custom_fields) <= known and all(destination.custom_fields.values())
