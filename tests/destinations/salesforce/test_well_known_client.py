"""simple-salesforce, unchanged but for where it connects to, works with the emulator as with the real system."""

from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceMoreThanOneRecord, SalesforceResourceNotFound

from tests.destinations.salesforce.org import Org


@pytest.fixture(params=["certificate", "secret"])
def client(request: pytest.FixtureRequest, org: Org, credential_files: dict[str, dict[str, Any]]) -> Salesforce:
    if request.param == "secret":
        file = credential_files["SALESFORCE_CLIENT_CREDENTIALS"]
        return Salesforce(consumer_key=file["consumerKey"], consumer_secret=file["consumerSecret"], domain="demo.my", version="62.0")
    file = credential_files["SALESFORCE_JWT"]
    return Salesforce(username=file["username"], consumer_key=file["consumerKey"], privatekey=file["privateKey"], version="62.0")


def test_it_logs_in_and_goes_to_the_instance(client: Salesforce) -> None:
    assert client.sf_instance == "demo.my.salesforce.com"
    assert client.limits()["DailyApiRequests"]["Max"] == 100_000
    assert client.api_usage["api-usage"].total == 100_000
    names = [each["name"] for each in client.describe()["sobjects"]]
    assert {"Account", "Invoice__c", "Invoice_Line__c"} <= set(names)


def test_upsert_by_external_id(client: Salesforce) -> None:
    invoices = client.Invoice__c
    assert invoices.upsert("Source_Bill_Id__c/b-1", {"Total__c": 16.5}) == 201
    assert invoices.upsert("Source_Bill_Id__c/b-1", {"Total__c": 17}) == 200
    stored = invoices.get_by_custom_id("Source_Bill_Id__c", "b-1")
    assert stored["Total__c"] == 17
    assert invoices.update(stored["Id"], {"Total__c": 18}) == 204
    assert invoices.delete(stored["Id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        invoices.get(stored["Id"])


def test_refusals_are_its_own_exceptions(client: Salesforce, org: Org) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        client.Invoice_Line__c.create({"Amount__c": 1})
    assert refused.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    org.enter("CustomField", {"object": "Invoice__c", "name": "Old_Id__c", "externalId": True})
    for _ in range(2):
        client.Invoice__c.create({"Old_Id__c": "same"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        client.Invoice__c.upsert("Old_Id__c/same", {"Total__c": 1})


def test_soql_and_its_pages(client: Salesforce) -> None:
    found = client.query_all("SELECT Id, Name FROM Account WHERE Name LIKE '%inc.' ORDER BY Name DESC LIMIT 3")
    assert [record["Name"] for record in found["records"]] == ["Tidewater Freight Inc.", "Riverbend Foods Inc.", "Pinecone Homes Inc."]
    paged = client.query_all("SELECT Id FROM Account", headers={"Sforce-Query-Options": "batchSize=7"})
    assert len(paged["records"]) == paged["totalSize"] == 20
    assert client.query("SELECT COUNT() FROM Product2 WHERE IsActive = true AND NOT ProductCode IN ('2001')")["totalSize"] == 9


def test_collections(client: Salesforce) -> None:
    rows = [{"attributes": {"type": "Invoice__c"}, "Source_Bill_Id__c": f"c-{n}", "Total__c": n} for n in range(3)]
    rows[1]["Total__c"] = "much"
    path = "composite/sobjects/Invoice__c/Source_Bill_Id__c"
    answered = client.restful(path, method="PATCH", json={"allOrNone": False, "records": rows})
    assert [row["success"] for row in answered] == [True, False, True]
    rolled = client.restful(path, method="PATCH", json={"allOrNone": True, "records": rows})
    assert [row["success"] for row in rolled] == [False, False, False]
    ids = ",".join(row["id"] for row in answered if row["success"])
    assert [row["success"] for row in client.restful(f"composite/sobjects?ids={ids}", method="DELETE")] == [True, True]


def test_composite_fills_in_references(client: Salesforce) -> None:
    parts = [
        {"method": "POST", "url": "/services/data/v62.0/sobjects/Account", "referenceId": "acct", "body": {"Name": "Acme"}},
        {
            "method": "POST",
            "url": "/services/data/v62.0/sobjects/Invoice__c",
            "referenceId": "inv",
            "body": {"Account__c": "@{acct.id}", "Total__c": 5},
        },
    ]
    done = client.restful("composite", method="POST", json={"allOrNone": True, "compositeRequest": parts})["compositeResponse"]
    assert [part["httpStatusCode"] for part in done] == [201, 201]
    assert client.Invoice__c.get(done[1]["body"]["id"])["Account__c"] == done[0]["body"]["id"]


def test_bulk_upsert(client: Salesforce) -> None:
    records = [{"Source_Bill_Id__c": f"k-{n}", "Total__c": str(n), "Status__c": "Approved"} for n in range(4)]
    records[2]["Total__c"] = "x"
    (result,) = client.bulk2.Invoice__c.upsert(records=records, external_id_field="Source_Bill_Id__c", wait=0)
    assert (result["numberRecordsTotal"], result["numberRecordsFailed"]) == (4, 1)
    assert "JSON_PARSER_ERROR" in client.bulk2.Invoice__c.get_failed_records(result["job_id"])
    assert '"k-3"' in client.bulk2.Invoice__c.get_successful_records(result["job_id"])
