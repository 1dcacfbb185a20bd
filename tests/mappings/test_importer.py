import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Source
from integrations.models import IntegrationConfig
from mappings import importer
from mappings.models import ExternalMapping
from tests.mappings.conftest import day, stored

pytestmark = pytest.mark.django_db
Row = dict[str, str]


def row(uid: str = "gpu", external_id: str = "2003", **more: str) -> Row:
    given = {"m3terEntity": "Product", "m3terId": uid, "externalSystem": "Netsuite", "externalTable": "Item", "externalId": external_id}
    return given | more


def numbered(*rows: Row) -> list[tuple[str, Row]]:
    return [(f"line {number}", each) for number, each in enumerate(rows, 2)]


def outcomes(*rows: Row) -> list[tuple[str, str | None, str]]:
    return [(each.where, each.outcome, each.before or each.why) for each in importer.plan(numbered(*rows))]


def test_rows_are_created_updated_and_left_alone(integration: IntegrationConfig, source: Source) -> None:
    rows = numbered(
        row(), row("storage", "2002", integrationConfigId=str(integration.pk), source="m3ter", validFrom="2026-01-01", validTo="2026-12-31")
    )
    assert importer.import_rows(rows) == importer.Result(created=2)
    assert importer.import_rows(rows) == importer.Result(unchanged=2)
    assert importer.import_rows(numbered(row(external_id="2021"))) == importer.Result(updated=1)
    linked = ExternalMapping.objects.get(entity_id="storage")
    assert (linked.integration, linked.source, linked.valid_from, linked.valid_to, linked.origin, linked.version) == (
        integration,
        source,
        day("2026-01-01"),
        day("2026-12-31"),
        "file",
        1,
    )


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (row(external_id=" "), "externalId is empty."),
        (row("", ""), "m3terId, externalId are empty."),
        (row(externalSystem="Xero"), "externalSystem “Xero” is not known; it is one of"),
        (row(externalTable="Customers"), "externalTable “Customers” is not one of Netsuite's"),
        (row(m3terEntity="Account"), "m3terEntity “Account” cannot be mapped to Item; these can: Product"),
        (row(externalTable="Subsidiary"), "these can: none."),
        (row(integrationConfigId="no-such"), "names no integration"),
        (row(source="maxio"), "source “maxio” is not known here"),
        (row(validFrom="1 Nov"), "validFrom “1 Nov” is not a date like 2026-11-01."),
        (row(validFrom="2026-11-02", validTo="2026-11-01"), "It would end on 2026-11-01 before it begins"),
        (row(external_id="x" * 201), "cannot be an id"),
        (row() | {None: ["more"]}, "more values than the header has columns"),
    ],
)
def test_a_bad_row_is_rejected_with_its_place_and_the_rest_is_kept(bad: Any, why: str) -> None:
    result = importer.import_rows(numbered(row("a"), bad, row("b")))
    assert (result.created, [each.where for each in result.rejected]) == (2, ["line 3"])
    assert why in result.rejected[0].why


def test_an_integration_of_another_system_is_rejected(integration: IntegrationConfig) -> None:
    IntegrationConfig.objects.update(system="Elsewhere")
    [rejected] = importer.import_rows(numbered(row(integrationConfigId=str(integration.pk)))).rejected
    assert rejected.why == "The integration “NetSuite US” is of Elsewhere, not of Netsuite."


def test_a_later_row_for_the_same_key_wins_and_the_plan_says_so() -> None:
    stored(external_id="1")
    assert outcomes(row(external_id="2"), row(external_id="2"), row(external_id="3"), row("new"), row("new")) == [
        ("line 2", "updated", "1"), ("line 3", "unchanged", "2"), ("line 4", "updated", "2"),
        ("line 5", "created", ""), ("line 6", "unchanged", "2003"),
    ]  # fmt: skip
    assert ExternalMapping.objects.get().external_id == "1"
    importer.import_rows(numbered(row(external_id="2"), row(external_id="3")))
    assert ExternalMapping.objects.get().external_id == "3"


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ([], "The header lacks m3terEntity"),
        ([*importer.REQUIRED, "external"], "columns that are not known: external"),
        ([*importer.REQUIRED, "source", "source"], "a column twice"),
        ([*importer.REQUIRED, ""], "a column without a name"),
    ],
)
def test_a_header_that_is_none(names: list[str], why: str) -> None:
    with pytest.raises(importer.BadFileError, match=why):
        importer.check_header(names)


def test_a_thousand_unchanged_rows_are_quick_to_tell() -> None:
    rows = numbered(*[row(f"p-{number}") for number in range(1000)])
    importer.import_rows(rows)
    with CaptureQueriesContext(connection) as queries:
        assert importer.import_rows(rows).unchanged == 1000
    assert len(queries) <= 4


def command(capsys: pytest.CaptureFixture[str], file: Path) -> tuple[int, Any]:
    code = 0
    try:
        call_command("import_mappings", str(file))
    except SystemExit as left:
        code = int(left.code or 0)
    return code, json.loads(capsys.readouterr().out)


def test_the_command_prints_one_json_and_fails_only_for_rejected_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "mappings.csv"
    header = "m3terEntity,m3terId,externalSystem,externalTable,externalId,integrationConfigId\n"
    file.write_text(header + "Product,gpu,Netsuite,Item,2003,\nAccount,acc-1,Netsuite,Customer,1001,\n", encoding="utf-8-sig")
    assert command(capsys, file) == (0, {"created": 2, "updated": 0, "unchanged": 0, "rejected": []})
    file.write_text(header + "Product,gpu,Netsuite,Item,2001,\nProduct,,Netsuite,Item,2003,\n")
    rejected = [{"where": "line 3", "why": "m3terId is empty."}]
    assert command(capsys, file) == (1, {"created": 0, "updated": 1, "unchanged": 0, "rejected": rejected})
    file.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="The header lacks"):
        call_command("import_mappings", str(file))
