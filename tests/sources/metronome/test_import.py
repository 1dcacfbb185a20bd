"""Invoices from a file into the store: their custom fields become those of products, contracts and Accounts, as mappings need them."""

import json

import pytest
from django.core.management import call_command
from pytest import CaptureFixture

from billing.models import Account, Bill, CatalogueItem
from integrations.sources import metronome
from tests.sources.metronome.invoices import REFERENCE

pytestmark = pytest.mark.django_db


def test_custom_fields_of_an_invoice_reach_what_they_belong_to(tmp_path: object, capsys: CaptureFixture[str]) -> None:
    file = f"{tmp_path}/invoices.json"
    with open(file, "w") as stream:
        stream.write(f"[{REFERENCE}]")
    call_command("import_bills", "--source", metronome.SOURCE.platform, file)
    assert json.loads(capsys.readouterr().out)["created"] == 1
    assert Account.objects.get(uid="cus-1").custom_fields == {"netsuite_internal_customer_id": "4410"}
    assert {(item.kind, item.uid): item.custom_fields for item in CatalogueItem.objects.all()} == {
        ("Product", "prd-9"): {"netsuite_internal_item_id": "88"},
        ("Contract", "con-1"): {"netsuite_sales_order_id": "77"},
    }
    assert Bill.objects.get().total == 1000
