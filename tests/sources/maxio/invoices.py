"""Invoices as Maxio's API gives them."""

from typing import Any

Raw = dict[str, Any]


def line(uid: str = "li_1", amount: Any = "100.00", **more: Any) -> Raw:
    given = {"uid": uid, "title": "Team plan", "quantity": "1.0", "unit_price": "100.0", "subtotal_amount": amount, "product_id": 5, **more}
    return {name: value for name, value in given.items() if value is not ...}


def invoice(*lines: Raw, **more: Any) -> Raw:
    given = {
        "uid": "inv_1",
        "number": "1042",
        "customer_id": 77,
        "status": "open",
        "role": "renewal",
        "consolidation_level": "none",
        "issue_date": "2026-07-01",
        "currency": "USD",
        "total_amount": "100.00",
        "line_items": list(lines),
        **more,
    }
    return {name: value for name, value in given.items() if value is not ...}


REFERENCE = """
{"uid":"inv_demo1","number":"1042","sequence_number":1042,"customer_id":77,"subscription_id":900,"status":"open","role":"renewal",
 "consolidation_level":"none","updated_at":"2026-07-03T10:00:00-04:00","product_name":"Team",
 "issue_date":"2026-07-01","due_date":"2026-07-31","net_terms":30,"currency":"USD",
 "subtotal_amount":"1200.00","discount_amount":"120.00","tax_amount":"86.40","total_amount":"1166.40","credit_amount":"10.00",
 "paid_amount":"500.00","refund_amount":"50.00","due_amount":"656.40",
 "customer":{"chargify_id":77,"reference":"acct-77","organization":"Northwind Demo","email":"ap@northwind.example","vat_number":null},
 "billing_address":{"street":"1 Main St","line2":null,"city":"Austin","state":"TX","zip":"78701","country":"US"},
 "line_items":[
  {"uid":"li_1","title":"Team plan","quantity":"1.0","unit_price":"1000.0","subtotal_amount":"1000.00","tax_included":false,"product_id":5,
   "component_id":null,"period_range_start":"2026-07-01","period_range_end":"2026-08-01","custom_item":false},
  {"uid":"li_2","title":"API calls","quantity":"40000.0","unit_price":"0.005","subtotal_amount":"200.00","tiered_unit_price":true,
   "product_id":5,"component_id":31,"kind":"metered_component","period_range_start":"2026-06-01","period_range_end":"2026-07-01",
   "custom_item":false},
  {"uid":"li_3","title":"Free seat","quantity":0,"unit_price":0,"subtotal_amount":0,"product_id":5,"component_id":0}],
 "discounts":[{"uid":"d_1","title":"Launch","code":"LAUNCH10","discount_type":"percentage","percentage":"10.0","discount_amount":"120.00",
   "line_item_breakouts":[{"uid":"li_1","discount_amount":"100.00"},{"uid":"li_2","discount_amount":"20.00"}]}],
 "taxes":[{"uid":"t_1","title":"State tax","percentage":"8.0","taxable_amount":"1080.00","tax_amount":"86.40",
   "line_item_breakouts":[{"uid":"li_1","tax_amount":"72.00"},{"uid":"li_2","tax_amount":"14.40"}]}],
 "credits":[{"uid":"cr_1","credit_note_uid":"cn_1","transaction_time":"2026-07-05T00:00:00Z","applied_amount":"10.00","memo":"Sorry"}],
 "debits":[{"uid":"db_1","debit_note_uid":"dn_1","transaction_time":"2026-07-06T00:00:00Z","applied_amount":"3.00"}],
 "payments":[{"uid":"pmt_1","transaction_id":501,"transaction_time":"2026-07-04T23:00:00-04:00","applied_amount":"500.00",
   "received_on":"2026-07-04","prepayment":false}],
 "refunds":[{"transaction_id":601,"payment_id":501,"transaction_time":"2026-07-09T08:00:00Z","applied_amount":"50.00","memo":"Half back"}],
 "custom_fields":[{"owner_id":77,"owner_type":"Customer","name":"netsuite_internal_customer_id","value":"1004"},
   {"owner_id":900,"owner_type":"Subscription","name":"netsuite_sales_order_id","value":"31"}],
 "public_url":"https://example.invalid/inv_demo1"}
"""
