"""What an integration with QuickBooks Online asks for beyond the common options. Labels and help are the customer's own."""

from typing import Any

from integrations.contract import Kind, Option
from integrations.lines import SPLIT_OPTION
from integrations.periods import FIRST_OPEN_DAY, HOLD

BATCH_SIZE = 30
LARGEST_BATCH = 50
MEMO_TYPES = ("CREDIT_MEMO", "DEBIT_MEMO")
_LINES, _PAYMENT, _MAIL, _SENDING = "Lines", "Payment", "E-mail", "Sending"


def _batch_size(value: Any) -> str:
    """Public clients send 30, a sample of Intuit's of 2025 allows 50; the limit itself is not documented (November 2026)."""
    return "" if 1 <= value <= LARGEST_BATCH else f"Batch size is from 1 to {LARGEST_BATCH}."


OPTIONS = (
    SPLIT_OPTION,
    Option(
        key="quickBooksItemMapping",
        label="Quick books item mapping",
        kind=Kind.EXTERNAL_BY_KEY,
        table="Item",
        help="The item of these line types when there is no external mapping. Empty: sent without being mapped to a product or service.",
        default={},
        choices=tuple((kind, kind) for kind in MEMO_TYPES),
        group=_LINES,
    ),
    Option(
        key="sendZeroQuantityLineItems",
        label="Send zero quantity line items",
        kind=Kind.BOOL,
        help="Off: lines of quantity zero stay here. One that carries money always goes.",
        default=False,
        group=_LINES,
    ),
    Option(
        key="allowBankTransferPayment",
        label="Allow bank transfer payment",
        kind=Kind.BOOL,
        help="Invoices can be paid with online bank transfers: the checkbox Bank transfer in QuickBooks. Off: they cannot.",
        default=False,
        group=_PAYMENT,
    ),
    Option(
        key="allowCreditCardPayment",
        label="Allow credit card payment",
        kind=Kind.BOOL,
        help="Invoices can be paid with credit cards: the checkbox Cards in QuickBooks. Off: they cannot.",
        default=False,
        group=_PAYMENT,
    ),
    Option(
        key="bccInvoiceEmailAddress",
        label="Bcc invoice email address",
        kind=Kind.EMAIL,
        help="The BCC address of the invoices. Empty: nobody.",
        default="",
        group=_MAIL,
    ),
    Option(
        key="accountManagerEmailCustomField",
        label="Account manager email custom field",
        kind=Kind.TEXT,
        help="The Account custom field with the account manager's address, which becomes the invoice's CC. Empty: nobody.",
        default="",
        group=_MAIL,
    ),
    Option(
        key="closedPeriodPolicy",
        label="When the accounting period is closed",
        kind=Kind.CHOICE,
        help="What happens to a Bill dated on or before the day that the books are closed to.",
        default=HOLD,
        choices=((HOLD, "Hold the Bill"), (FIRST_OPEN_DAY, "Post on the first open day")),
        effects={HOLD: "until a person decides", FIRST_OPEN_DAY: "the run shows the new date"},
        group=_SENDING,
    ),
    Option(
        key="batchSize",
        label="Batch size",
        kind=Kind.NUMBER,
        help="So many invoices go in one request.",
        default=BATCH_SIZE,
        group=_SENDING,
        validate=_batch_size,
    ),
)
