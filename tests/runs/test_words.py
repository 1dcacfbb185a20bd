"""Who can fix a refusal, as each destination says, and the page that its button leads to go together."""

from importlib import import_module

import pytest

from integrations import registry
from integrations.faults import Row
from runs.present.words import WHO, Fix, words_of

MAPS, CONFIGURES, CONNECTS = WHO[Fix.MAP], WHO[Fix.OPTIONS], WHO[Fix.LOGIN]
PAGES = {MAPS: {Fix.MAP, Fix.MAP_ITEM, Fix.MAP_CUSTOMER, Fix.OPTIONS}, CONFIGURES: {Fix.OPTIONS, Fix.INTEGRATION}, CONNECTS: {Fix.LOGIN}}


def rows() -> list[tuple[str, Row]]:
    tables = [(each.slug, import_module(f"integrations.destinations.{each.slug}.faults").TABLE) for each in registry.destinations()]
    return [(slug, row) for slug, table in tables for row in table if row.next in ("person", "auth") and row.who in PAGES]


@pytest.mark.parametrize(("slug", "row"), [pytest.param(slug, row, id=f"{slug}-{row.id}") for slug, row in rows()])
def test_the_button_leads_where_that_person_works(slug: str, row: Row) -> None:
    assert words_of(row.status, row.code).fix in PAGES[row.who]
