"""The metadata package brings what the default options write, and the sample fits the emulator."""

import csv
import io
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations.destinations import salesforce
from integrations.destinations.salesforce.emulation import catalogue
from integrations.destinations.salesforce.emulation.schema import KINDS
from integrations.destinations.salesforce.fields import BILL_FIELDS, EXTERNAL_IDS, LINE_FIELDS

HERE = Path(salesforce.__file__).parent
MDAPI = HERE / "package" / "mdapi"
NS = {"m": "http://soap.sforce.com/2006/04/metadata"}


def fields(name: str) -> dict[str, dict[str, str]]:
    root = ET.parse(MDAPI / "objects" / f"{name}.object").getroot()
    found = [{part.tag.partition("}")[2]: part.text or "" for part in each} for each in root.findall("m:fields", NS)]
    return {each["fullName"]: each for each in found}


def test_the_package_brings_every_field_that_the_defaults_name() -> None:
    invoice, line = fields("Invoice__c"), fields("Invoice_Line__c")
    assert {row[1] for row in BILL_FIELDS.values()} - {"Name"} | {EXTERNAL_IDS["bill"][1]} == set(invoice)
    assert {row[1] for row in LINE_FIELDS.values()} - {""} | {EXTERNAL_IDS["line"][1]} == set(line)
    assert set(fields("Account")) == {EXTERNAL_IDS["account"][1]}
    for field in (invoice["Source_Bill_Id__c"], line["Source_Line_Id__c"], fields("Account")["Source_Account_Id__c"]):
        assert (field["externalId"], field["unique"], field["caseSensitive"]) == ("true", "true", "true")


def test_the_emulator_is_an_org_with_the_package() -> None:
    kinds = {
        "Text": "string",
        "LongTextArea": "textarea",
        "Number": "double",
        "Date": "date",
        "Checkbox": "boolean",
        "Picklist": "picklist",
    }
    for name in ("Invoice__c", "Invoice_Line__c"):
        for field in fields(name).values():
            there = KINDS[name].fields[field["fullName"]]
            assert there.type == kinds.get(field["type"], "reference"), there
            assert (there.precision, there.scale) == (int(field.get("precision", 0)), int(field.get("scale", 0)))
            assert there.type not in ("string", "textarea") or there.length == int(field["length"])
            assert there.target == field.get("referenceTo", "")


def test_the_permission_set_lets_the_user_write_every_field() -> None:
    root = ET.parse(MDAPI / "permissionsets" / "Billpost_Integration.permissionset").getroot()
    allowed = {each.findtext("m:field", "", NS) for each in root.findall("m:fieldPermissions", NS)}
    masters = {"Invoice_Line__c.Invoice__c"}
    assert allowed == {f"{name}.{field}" for name in ("Account", "Invoice__c", "Invoice_Line__c") for field in fields(name)} - masters
    assert {each.findtext("m:object", "", NS) for each in root.findall("m:objectPermissions", NS)} == {
        "Account",
        "Product2",
        "Invoice__c",
        "Invoice_Line__c",
    }


def test_the_manifest_names_what_is_there() -> None:
    root = ET.parse(MDAPI / "package.xml").getroot()
    named = {
        each.findtext("m:name", "", NS): [member.text for member in each.findall("m:members", NS)] for each in root.findall("m:types", NS)
    }
    assert named == {
        "CustomField": ["Account.Source_Account_Id__c"],
        "CustomObject": ["Invoice__c", "Invoice_Line__c"],
        "PermissionSet": ["Billpost_Integration"],
    }


def test_the_sample_maps_to_records_that_are_there() -> None:
    there = {record["Id"] for records in catalogue.records("demo").values() for record in records}
    rows = list(csv.DictReader((HERE / "sample" / "mappings.csv").open()))
    assert rows and {row["externalSystem"] for row in rows} == {"Salesforce"}
    assert {row["externalId"] for row in rows} <= there


@pytest.mark.django_db
def test_an_administrator_downloads_the_package_from_the_page_that_says_how(client: Client) -> None:
    page = "/admin/credentials/credential/set-up/SALESFORCE_JWT/"
    assert client.get(f"{page}0.zip").status_code == 302
    client.force_login(User.objects.create_superuser("priya"))
    assert f'href="{page}0.zip"' in client.get(page).content.decode()
    answer = client.get(f"{page}0.zip")
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert answer["Content-Disposition"] == 'attachment; filename="mdapi.zip"'
    assert {"package.xml", "objects/Invoice__c.object", "permissionsets/Billpost_Integration.permissionset"} <= set(packed.namelist())
    assert b"<version>" in packed.read("package.xml")
    assert [client.get(f"{page}{place}.zip").status_code for place in (1, 99)] == [404, 404]
