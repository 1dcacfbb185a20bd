"""Salesforce under measurement: invoice records with their lines, many Bills in one composite graph."""

from pathlib import Path
from typing import Any

from benchmarks import bills
from benchmarks.targets import Bare, Peer, Target

DATA = "/services/data/v62.0"
PRODUCTS = 10


def account(number: int) -> str:
    return f"001dm{1001 + number:010d}AAA"


def product(number: int) -> str:
    return f"01tdm{2001 + number % PRODUCTS:010d}AAA"


def request(number: int, prefix: str) -> tuple[str, str, dict[str, Any]]:
    """One invoice with its lines in one composite call, as a script would write it down, all by external id."""
    raw = bills.raw_bill(number, prefix)
    invoice = {"Account__c": account(0), "Total__c": raw["billTotal"], "Currency__c": raw["currency"], "Invoice_Date__c": raw["billDate"]}
    header = _upsert("Invoice__c/Source_Bill_Id__c", raw["id"], "invoice", invoice)
    lines = [
        _upsert("Invoice_Line__c/Source_Line_Id__c", f"{raw['id']}-{place}", f"line{place}", _line(line, place))
        for place, line in enumerate(raw["lineItems"])
    ]
    return "POST", f"{DATA}/composite", {"allOrNone": True, "compositeRequest": [header, *lines]}


def _line(line: dict[str, Any], place: int) -> dict[str, Any]:
    amounts = {"Amount__c": line["convertedSubtotal"], "Quantity__c": line["quantity"], "Unit_Price__c": line["averageUnitPrice"]}
    return amounts | {"Invoice__c": "@{invoice.id}", "Product__c": product(place), "Description__c": line["description"]}


def _upsert(path: str, key: str, reference: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"method": "PATCH", "url": f"{DATA}/sobjects/{path}/{key}", "referenceId": reference, "body": body}


TARGET = Target(
    slug="salesforce",
    system="Salesforce",
    kind="SALESFORCE_JWT",
    tables={"Account": ("Account", account), "Product": ("Product2", product)},
    single=None,
    bulk={},
    documents=("Invoice__c",),
    writes=lambda row: bool(row["method"] != "GET" and "/services/data/" in row["path"]),
    bare=Bare(host="demo.my.salesforce.com", request=request),
    goals={"bulk": 0.03},
    batches=(),
    peers=(Peer(name="simple-salesforce 1.12", script=Path(__file__).with_name("peer.py")),),
)
