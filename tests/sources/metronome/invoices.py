"""Invoices as Metronome's API gives them."""

from decimal import Decimal
from typing import Any

Raw = dict[str, Any]
USD = {"id": "2714e483-4ff1-48e4-9e25-ac732e8f24f2", "name": "USD (cents)"}
EUR = {"id": "unit-eur", "name": "EUR"}
CREDITS = {"id": "unit-credits", "name": "AI credits"}


def usage(total: Any = 150000, **more: Any) -> Raw:
    line = {
        "name": "Tokens",
        "type": "usage",
        "product_id": "prd-9",
        "quantity": 3000000,
        "unit_price": Decimal("0.05"),
        "total": total,
        "credit_type": USD,
        "starting_at": "2026-06-01T00:00:00+00:00",
        "ending_before": "2026-07-01T00:00:00+00:00",
        **more,
    }
    return {name: value for name, value in line.items() if value is not ...}


def applied(kind: str, total: Any = -50000, **more: Any) -> Raw:
    about = {"name": "Applied", "type": "applied_commit_or_credit", "total": total, "credit_type": USD}
    return {**about, "applied_commit_or_credit": {"id": "com-2", "type": kind}, **more}


def invoice(*lines: Raw, **more: Any) -> Raw:
    given = {
        "id": "inv-1",
        "customer_id": "cus-1",
        "type": "USAGE",
        "status": "FINALIZED",
        "credit_type": USD,
        "issued_at": "2026-07-02T00:00:00+00:00",
        "total": 150000,
        "line_items": list(lines),
        **more,
    }
    return {name: value for name, value in given.items() if value is not ...}


REFERENCE = """
{"id":"inv-1","customer_id":"cus-1","contract_id":"con-1","type":"USAGE","status":"FINALIZED",
 "credit_type":{"id":"2714e483-4ff1-48e4-9e25-ac732e8f24f2","name":"USD (cents)"},
 "start_timestamp":"2026-06-01T00:00:00+00:00","end_timestamp":"2026-07-01T00:00:00+00:00","issued_at":"2026-07-02T00:00:00+00:00",
 "net_payment_terms_days":30,"subtotal":150000,"total":100000,"customer_custom_fields":{"netsuite_internal_customer_id":"4410"},
 "contract_custom_fields":{"netsuite_sales_order_id":"77"},
 "line_items":[
  {"name":"Tokens","type":"usage","product_id":"prd-9","product_type":"UsageProductListItem","quantity":3000000,"unit_price":0.05,
   "total":150000,"credit_type":{"id":"2714e483-4ff1-48e4-9e25-ac732e8f24f2","name":"USD (cents)"},
   "starting_at":"2026-06-01T00:00:00+00:00","ending_before":"2026-07-01T00:00:00+00:00",
   "presentation_group_values":{"region":"eu","team":null},"product_custom_fields":{"netsuite_internal_item_id":"88"}},
  {"name":"Prepaid commit applied","type":"applied_commit_or_credit","total":-50000,"commit_id":"com-2",
   "credit_type":{"id":"2714e483-4ff1-48e4-9e25-ac732e8f24f2","name":"USD (cents)"},
   "applied_commit_or_credit":{"id":"com-2","type":"PREPAID"}},
  {"name":"Annual commit, in arrears","type":"applied_commit_or_credit","total":-9000,
   "credit_type":{"id":"2714e483-4ff1-48e4-9e25-ac732e8f24f2","name":"USD (cents)"},
   "applied_commit_or_credit":{"id":"com-3","type":"POSTPAID"}}]}
"""
