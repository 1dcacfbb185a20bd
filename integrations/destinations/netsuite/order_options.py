"""What an integration with NetSuite asks for orders, payments, customers and taxes. Labels are those of the customer's set-up pages."""

import re
from collections.abc import Mapping

from integrations.contract import Kind, Option

INVOICE, AUTO = "INVOICE", "AUTO"
TO_INVOICE, FULFILMENT = "SALES_ORDER_TO_INVOICE", "SALES_ORDER_FULFILMENT"
MAPPING, EMAIL, EXTERNAL_ID = "MAPPING", "EMAIL", "EXTERNAL_ID"
CHILD, PARENT = "CHILD", "PARENT"
START, END = "start", "end"
CUSTOMER_ID, CUSTOMER_SUBDOMAIN = "customerId", "customerSubdomain"
ORDER_SUBDOMAIN, ORDER_INVOICE_NUMBER = "orderSubdomain", "orderInvoiceNumber"

_PREFIXES = {CUSTOMER_ID: "custentity", CUSTOMER_SUBDOMAIN: "custentity", ORDER_SUBDOMAIN: "custbody", ORDER_INVOICE_NUMBER: "custbody"}
_RECORDS = {"custentity": "a customer field", "custbody": "a transaction body field", "custcol": "a line field"}
_FIELD = re.compile(r"(revRec(Start|End)Date|custcol[a-z0-9_]+)")

_DOCUMENTS, _TAXES, _DISCOUNTS, _REVENUE = "Documents", "Taxes", "Discounts", "Revenue recognition"
_CUSTOMERS, _PAYMENTS, _FORM, _SEGMENTS, _FIELDS = "Customer sync", "Payments and refunds", "Sales orders", "Segments", "Custom fields"


def _own(prefix: str, value: str) -> str:
    """Why the text is not the id of a custom field of that kind of record, "" when it is or is empty."""
    if not value or re.fullmatch(rf"{prefix}[a-z0-9_]+", value):
        return ""
    return f"“{value}” is not the id of {_RECORDS[prefix]}: that begins with {prefix}_ and has only small letters, digits and _."


def _line_field(value: str) -> str:
    return _own("custcol", value)


def _record_fields(value: Mapping[str, str]) -> str:
    return next((wrong for key, entry in value.items() if (wrong := _own(_PREFIXES[key], entry))), "")


def _date_fields(value: Mapping[str, str]) -> str:
    wrong = next((entry for entry in value.values() if entry and not _FIELD.fullmatch(entry)), "")
    return f"“{wrong}” is not a date of a line: choose a custcol_ field, or write revRecStartDate or revRecEndDate." if wrong else ""


ORDER_OPTIONS = (
    Option(
        key="documentFlow",
        label="Document flow",
        kind=Kind.CHOICE,
        help="What a Bill becomes. By item type needs the types of the items: an item of any other type stops its Bill and is named.",
        default=INVOICE,
        choices=(
            (INVOICE, "Invoice"),
            (TO_INVOICE, "Sales order and invoice"),
            (FULFILMENT, "Sales order, invoiced when fulfilled"),
            (AUTO, "By item type"),
        ),
        effects={
            INVOICE: "one document for each Bill",
            TO_INVOICE: "the sales order creates its invoice at once",
            FULFILMENT: "a deposit holds what is paid before",
            AUTO: "inventory, assembly and kit items wait for fulfilment, all others are invoiced at once",
        },
        group=_DOCUMENTS,
    ),
    Option(
        key="billConsolidation",
        label="Consolidated or segment invoices",
        kind=Kind.CHOICE,
        help="Which invoices of a subscription group are sent; the other ones stay here, so that nothing is billed twice.",
        default=CHILD,
        choices=((CHILD, "Segment invoices"), (PARENT, "Consolidated invoice")),
        effects={CHILD: "", PARENT: "the parent, for all of its children"},
        group=_DOCUMENTS,
    ),
    Option(
        key="taxItemId",
        label="Item for taxes",
        kind=Kind.EXTERNAL,
        table="Item",
        help="The non-inventory item of tax lines, as NetSuite’s own tax fields are not used. Empty: the line type’s or default item.",
        default="",
        group=_TAXES,
    ),
    Option(
        key="lineTaxCustomField",
        label="Line item tax",
        kind=Kind.EXTERNAL,
        table="CustomField",
        help="The custom line field that shows each line’s tax. Empty: only the tax line shows it.",
        default="",
        group=_TAXES,
        validate=_line_field,
    ),
    Option(
        key="discountItemId",
        label="Discount item",
        kind=Kind.EXTERNAL,
        table="Item",
        help="The non-posting item below each discounted line; the checklist can make one. Empty: the line type’s or default item.",
        default="",
        group=_DISCOUNTS,
    ),
    Option(
        key="revenueRecognitionFields",
        label="Revenue recognition fields",
        kind=Kind.EXTERNAL_BY_KEY,
        table="CustomField",
        help="The line fields that take the first and the last day of a line’s service period. Empty: no dates are sent for it.",
        default={},
        choices=((START, "Start date field"), (END, "End date field")),
        group=_REVENUE,
        validate=_date_fields,
    ),
    Option(
        key="customerMatch",
        label="Match customers by",
        kind=Kind.CHOICE,
        help="How a customer is found the first time. The link is then kept as a mapping, so a changed e-mail address makes no double.",
        default=MAPPING,
        choices=((MAPPING, "External mapping"), (EMAIL, "Email address"), (EXTERNAL_ID, "Customer external ID")),
        effects={MAPPING: "", EMAIL: "then they are mapped", EXTERNAL_ID: "then they are mapped"},
        group=_CUSTOMERS,
    ),
    Option(
        key="createMissingCustomers",
        label="Create missing customers",
        kind=Kind.BOOL,
        help="A customer that is not found is created from the Account. Off: its Bills wait until somebody maps the Account.",
        default=False,
        group=_CUSTOMERS,
    ),
    Option(
        key="customFields",
        label="Custom fields",
        kind=Kind.EXTERNAL_BY_KEY,
        table="CustomField",
        help="Fields that hold where a record comes from; the checklist says how to make them. Empty: the value is not sent.",
        default={},
        choices=(
            (CUSTOMER_ID, "Customer: Advanced Billing Customer ID"),
            (CUSTOMER_SUBDOMAIN, "Customer: Advanced Billing Subdomain"),
            (ORDER_SUBDOMAIN, "Sales order: Advanced Billing Subdomain"),
            (ORDER_INVOICE_NUMBER, "Sales order: Advanced Billing Invoice Number"),
        ),
        group=_FIELDS,
        validate=_record_fields,
    ),
    Option(
        key="paymentInstruments",
        label="Payment Instruments",
        kind=Kind.BOOL,
        help="On if that feature is enabled in NetSuite: payments, deposits and refunds go without a payment method. Off: with it.",
        default=False,
        group=_PAYMENTS,
    ),
    Option(
        key="paymentMethodId",
        label="Payment method",
        kind=Kind.EXTERNAL,
        table="PaymentMethod",
        help="The method of payments, deposits and refunds; the checklist can make one. Empty: NetSuite’s own default is used.",
        default="",
        group=_PAYMENTS,
    ),
    Option(
        key="refundAccountId",
        label="Refund account",
        kind=Kind.EXTERNAL,
        table="Account",
        help="The bank account that customer refunds are paid from. Empty: a Bill with a refund stops at the refund.",
        default="",
        group=_PAYMENTS,
    ),
    Option(
        key="refundReceivableAccountId",
        label="Refund accounts receivable account",
        kind=Kind.EXTERNAL,
        table="Account",
        help="The receivable account of customer refunds. Empty: NetSuite’s own default is used.",
        default="",
        group=_PAYMENTS,
    ),
    Option(
        key="salesOrderCustomForm",
        label="Sales order custom form",
        kind=Kind.TEXT,
        help="Internal id of the form, from Customization > Forms > Transaction Forms. Empty: the role’s preferred form.",
        default="",
        group=_FORM,
    ),
    Option(
        key="departmentId",
        label="Department",
        kind=Kind.EXTERNAL,
        table="Department",
        help="Stands on every sales order and invoice. Empty: none is sent.",
        default="",
        group=_SEGMENTS,
    ),
    Option(
        key="subsidiaryId",
        label="Subsidiary",
        kind=Kind.EXTERNAL,
        table="Subsidiary",
        help="Stands on every sales order and invoice, and on customers that are created. Empty: the customer’s own.",
        default="",
        group=_SEGMENTS,
    ),
    Option(
        key="locationId",
        label="Location",
        kind=Kind.EXTERNAL,
        table="Location",
        help="Stands on every sales order and invoice; inventory items ship from it. Empty: none is sent.",
        default="",
        group=_SEGMENTS,
    ),
    Option(
        key="classId",
        label="Class",
        kind=Kind.EXTERNAL,
        table="Class",
        help="Stands on every sales order and invoice. Empty: none is sent.",
        default="",
        group=_SEGMENTS,
    ),
)
