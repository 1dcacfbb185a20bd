"""create_integration as a stranger calls it."""

import json
from typing import Any
from uuid import UUID

import pytest

from tests.end_to_end.conftest import Done, Installation
from tests.end_to_end.raw import a_bill

PLAIN = {"entityType": "Bill", "destination": "Netsuite", "name": "NetSuite US"}


def order(installation: Installation, **changes: Any) -> tuple[str, str, str]:
    given = {name: value for name, value in (PLAIN | changes).items() if value is not None}
    return "create_integration", "--file", installation.file("integration.json", given)


def create(installation: Installation, **changes: Any) -> Done:
    return installation.run(*order(installation, **changes))


def errors(installation: Installation, **changes: Any) -> dict[str, str]:
    """What stands against it, by key."""
    return dict(json.loads(installation.refusal(*order(installation, **changes)))["errors"])


def test_defaults_are_filled_in_and_without_a_credential_it_is_not_connected(installation: Installation) -> None:
    done = create(installation)
    identity = json.loads(done.stdout)
    assert done.returncode == 0 and identity.keys() == {"id"} and UUID(identity["id"])
    installation.bills(a_bill("b-1"))
    assert installation.sync() == {}
    told = installation.answer("readiness", "--integration", identity["id"])
    assert told["not_able"] == "The integration is not yet connected to NetSuite."
    assert (told["goes"], [entry["code"] for entry in told["blocked"]]) == (0, ["MISSING_MAPPING"])


def test_with_a_credential_it_is_connected_and_enabled(installation: Installation) -> None:
    done = create(installation, integrationCredentialsId=installation.credential(), configData={"netsuiteDefaultItemId": 2020})
    installation.customers(acc_1="1001")
    installation.bills(a_bill("b-1"))
    assert done.returncode == 0, done.stderr
    assert installation.sync() == {"COMPLETE": 1}


def test_standard_input_is_a_file_too(installation: Installation) -> None:
    assert installation.answer("create_integration", "--file", "-", stdin=json.dumps(PLAIN)).keys() == {"id"}


@pytest.mark.parametrize(
    ("change", "key", "why"),
    [
        ({"destination": "NetSuit"}, "destination", "There is no destination NetSuit; did you mean Netsuite?"),
        ({"entityType": "Invoice"}, "entityType", "NetSuite takes Bill, not Invoice."),
        ({"name": None}, "name", "name is missing."),
        ({"name": 5}, "name", "name is a text, not 5."),
        ({"configdata": {}}, "configdata", "There is no configdata here; did you mean configData?"),
        ({"configData": [1]}, "configData", "configData is an object of options, not [1]."),
        ({"configData": {"acountFilter": "x"}}, "acountFilter", "There is no option acountFilter; did you mean accountFilter?"),
        ({"configData": {"accountFilter": "address.country == "}}, "accountFilter", "Position 19: expected a value after “==”"),
        ({"configData": {"accountFilter": "__import__('os')"}}, "accountFilter", "Position 1"),
        ({"configData": {"onlySendBillOnApproval": "yes"}}, "onlySendBillOnApproval", "expected on or off"),
        ({"configData": {"splitUsageLineItems": "ITEM_PER_DAY"}}, "splitUsageLineItems", "ITEM_PER_USAGE_BAND"),
        ({"configData": {"excludedLineItemTypes": ["USAG"]}}, "excludedLineItemTypes", "did you mean USAGE?"),
        ({"configData": {"syncStartDate": "01.11.2026"}}, "syncStartDate", "expected a day written as 2026-11-01"),
        ({"configData": {"netsuiteItemMapping": {"USAG": "1"}}}, "netsuiteItemMapping", "did you mean USAGE?"),
        ({"configData": {"netsuiteExternalLineItemField": "custbody_x"}}, "netsuiteExternalLineItemField", "begins with custcol_"),
        ({"configData": {"scheduleMinutes": 0}}, "scheduleMinutes", "from 1 to"),
        ({"configData": {"integrationDisabledNotificationUsers": ["nobody"]}}, "integrationDisabledNotificationUsers", "not an e-mail"),
        ({"configData": {"accountIds": "acc-1"}}, "accountIds", "expected a list"),
        ({"configData": {"runAfterIntegrationId": "7"}}, "runAfterIntegrationId", "there is no integration"),
        ({"integrationCredentialsId": "7"}, "integrationCredentialsId", "There is no credential 7"),
        ({"integrationCredentialsId": "00000000-0000-4000-8000-000000000000"}, "integrationCredentialsId", "There is no credential 0000"),
        ({"sources": ["m3te"]}, "sources", "There is no source m3te"),
        ({"sources": "m3ter"}, "sources", "sources is a list"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_accepted_is_named_with_what_was_meant(installation: Installation, change: dict[str, Any], key: str, why: str) -> None:
    assert why in errors(installation, **change)[key]


def test_everything_wrong_is_told_at_once(installation: Installation) -> None:
    config = {"sortLineItemsBy": "SIZE", "accountFilter": "("}
    done = create(installation, name=" ", configData=config, integrationCredentialsId="x", sources=["y"])
    assert (done.returncode, done.stdout) == (1, "") and "Traceback" not in done.stderr
    told = json.loads(done.stderr.removeprefix("CommandError: "))["errors"]
    assert told.keys() == {"name", "sortLineItemsBy", "accountFilter", "integrationCredentialsId", "sources"}


def test_a_name_is_taken_once(installation: Installation) -> None:
    installation.call(*order(installation))
    assert "choose a different name" in errors(installation)["name"]


@pytest.mark.parametrize(("content", "why"), [("{", "is not JSON"), ("[]", "holds [] where an object is expected")])
def test_a_file_that_is_none_is_told(installation: Installation, content: str, why: str) -> None:
    assert why in installation.refusal("create_integration", "--file", installation.file("broken.json", content))


def test_the_chosen_sources_are_the_only_ones(installation: Installation) -> None:
    installation.call("import_bills", "--source", "m3ter-eu", "--platform", "m3ter", installation.file("eu.json", [a_bill("eu-1")]))
    installation.bills(a_bill("us-1"))
    installation.customers(acc_1="1001")
    config = {"netsuiteDefaultItemId": "2020"}
    done = create(installation, sources=["m3ter-eu"], integrationCredentialsId=installation.credential(), configData=config)
    assert done.returncode == 0, done.stderr
    assert installation.sync() == {"COMPLETE": 1}
    assert [run["bill"] for run in installation.runs()] == ["eu-1"]
