"""What is said about each code, and where its button leads, when neither the run nor its problem says it. Names no vendor."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from runs.models import Status


class Fix(StrEnum):
    """What the first button of a headline does about the cause."""

    NONE = "none"
    RETRY = "retry"
    ASK = "ask"
    MAP = "map"
    MAP_ITEM = "map item"
    MAP_CUSTOMER = "map customer"
    LOGIN = "login"
    ROLE = "role"
    BILL = "bill"
    DOCUMENT = "document"
    OPTIONS = "options"
    INTEGRATION = "integration"
    OTHER = "other integration"


@dataclass(frozen=True)
class Words:
    """`label` is the button's; empty means that the fix names itself."""

    fix: Fix
    why: str = ""
    remedy: str = ""
    label: str = ""


_BOOKS_CLOSED = Words(
    Fix.OPTIONS,
    "The books of that period are closed.",
    "Ask a controller to reopen the period, then Retry; or choose how such Bills post.",
    "Choose how to post",
)
_PAID = Words(
    Fix.DOCUMENT,
    "Writing over a paid document would change what the customer has already settled.",
    "Credit or charge the difference, or keep the document as it is.",
)
_LOGIN = Words(
    Fix.LOGIN,
    "The login was changed, has expired or was revoked.",
    "Connect the credential again; the Bills go by themselves.",
)

CODES: Mapping[str, Words] = {
    "OPTIONS_MISFIT": Words(
        Fix.OPTIONS,
        "What the options name was compared with the destination before the first sending.",
        "Correct it at the destination or in the options, then Retry.",
        "Open the options",
    ),
    "MISSING_MAPPING": Words(
        Fix.MAP,
        "Neither an External mapping nor an option of the integration names the record.",
        "Choose the record; every Bill that waits for it goes by itself.",
    ),
    "ITEM_INACTIVE": Words(Fix.MAP_ITEM, "", "Map the product to an active item, or reactivate the item, then Retry."),
    "ITEM_UNKNOWN": Words(Fix.MAP_ITEM, "", "Correct the item in the mapping, then Retry."),
    "CUSTOMER_INACTIVE": Words(Fix.MAP_CUSTOMER, "", "Map the Account to an active customer, or reactivate it, then Retry."),
    "CUSTOMER_UNKNOWN": Words(Fix.MAP_CUSTOMER, "", "Map the Account to its customer; its Bills go by themselves."),
    "CUSTOMER_MISSING": Words(Fix.MAP_CUSTOMER, "", "Map the Account to its customer, or create the customer, then Retry."),
    "CUSTOMER_CURRENCY": Words(
        Fix.MAP_CUSTOMER,
        "A customer is billed in its own currency only.",
        "Map the Account to a customer in the Bill's currency; its Bills go by themselves.",
    ),
    "CUSTOMER_SUBSIDIARY": Words(Fix.MAP_CUSTOMER, "", "Map the Account to the customer of that subsidiary, then Retry."),
    "CUSTOMER_AMBIGUOUS": Words(Fix.MAP_CUSTOMER, "", "Map the Account to the right customer; its Bills go by themselves."),
    "CUSTOMER_EXISTS": Words(Fix.MAP_CUSTOMER, "", "Map the Account to the customer that exists, then Retry."),
    "CUSTOMER_EMAIL": Words(Fix.BILL, "", "Correct the Account's e-mail address at its source, then Retry."),
    "EXTERNAL_ID_TAKEN": Words(Fix.MAP_CUSTOMER, "", "Map the Account to its customer, which keeps its external id."),
    "PARENT_NOT_VISIBLE": Words(Fix.MAP_CUSTOMER, "", "Map the Account to a record that is there, then Retry."),
    "DUPLICATE_NAME": Words(Fix.MAP_CUSTOMER, "", "Map the Account to the one that exists, then Retry."),
    "INACTIVE": Words(Fix.MAP_ITEM, "", "Make it active again, or correct the mapping, then Retry."),
    "REFERENCE_UNKNOWN": Words(Fix.MAP_ITEM, "", "Correct the mapping or the option that names it, then Retry."),
    "INVALID_VALUE": Words(Fix.MAP_ITEM, "", "Correct the mapping or the option that gives the value, then Retry."),
    "REQUIRED_FIELD_MISSING": Words(Fix.OPTIONS, "", "Choose what goes into the field, then Retry."),
    "NOT_FOUND": Words(Fix.OPTIONS, "", "Compare the options with the records of the destination, then Retry."),
    "NO_LINES": Words(Fix.OPTIONS, "", "See what the options leave out."),
    "BATCH_TOO_LARGE": Words(Fix.OPTIONS, "", "Send fewer documents in one request, then Retry."),
    "WRONG_ADDRESS": Words(Fix.LOGIN, "", "Correct the address in the credential, then Retry."),
    "AMOUNT_MISMATCH": Words(
        Fix.BILL,
        "A document whose lines do not give the Bill's total would put a wrong amount into the books.",
        "Recalculate the Bill at its source; the new revision is sent by itself.",
    ),
    "INVALID_BILL": Words(Fix.BILL, "", "Correct the Bill at its source; the new revision is sent by itself."),
    "MISSING_SETTING": Words(Fix.OPTIONS, "", "Choose it in the options, then Retry.", "Open the options"),
    "NO_SYNC_FLOW": Words(Fix.BILL, "", "Give the lines items of a known type, then Retry."),
    "REVISION_BEHIND": Words(Fix.BILL, "An older revision would undo a newer one.", "Replay the newest run of this Bill instead."),
    "OVERLAP": Words(
        Fix.OTHER,
        "Two integrations may not write the same Bill into the same books.",
        "Leave the Account out of one of the two.",
        "Compare integrations",
    ),
    "PERMISSION": Words(
        Fix.ROLE, "", "An administrator of the destination adds the permission to the role, then Retry.", "Show the role's checklist"
    ),
    "MISSING_FIELD": Words(Fix.OPTIONS, "", "Fill the field by an option, or make it optional at the destination, then Retry."),
    "SET_ASIDE": Words(
        Fix.BILL,
        "The worker stopped each time that this Bill was built, so it was taken out for the others to go on.",
        "Tell an administrator; Retry tries it once more.",
    ),
    "ADOPTED": Words(Fix.DOCUMENT, "Writing the Bill would make a second document.", "Correct it there, and mark it as synced again."),
    "DELETED_AT_DESTINATION": Words(Fix.RETRY, "Somebody deleted the document after we posted it."),
    "CHANGED_AT_DESTINATION": Words(Fix.DOCUMENT, "Somebody changed the document after we posted it.", "Retry writes the Bill over it."),
    "VERIFY_DIFFERENCE": Words(Fix.DOCUMENT, "What the destination holds is not what we sent.", "Compare the two; Retry writes it again."),
}

STATUSES: Mapping[str, Words] = {
    Status.ERROR: Words(Fix.RETRY, "", "Correct the cause, then Retry."),
    Status.AUTH_FAILED: _LOGIN,
    Status.ACCOUNTING_PERIOD_CLOSED: _BOOKS_CLOSED,
    Status.INVOICE_ALREADY_PAID: _PAID,
    Status.TIMEOUT_LIMIT_EXCEEDED: Words(
        Fix.RETRY,
        "The automatic tries are used up, and every answer was a temporary one.",
        "See whether the destination is up, then Retry.",
    ),
    Status.DISABLED: Words(Fix.INTEGRATION, "Nothing is sent through an integration that is off.", "Enable the integration, then Retry."),
    Status.UNKNOWN: Words(
        Fix.ASK,
        "Whether it arrived is not known, so it is never simply sent a second time.",
        "Nothing to do: we go on asking by ourselves.",
        "Ask the destination now",
    ),
    Status.AWAITING_RETRY: Words(Fix.NONE, "The destination could not take it just then.", "Nothing to do."),
    Status.RATE_LIMIT_RETRY: Words(Fix.NONE, "The destination takes only so many requests at a time.", "Nothing to do."),
}


def words_of(status: str, code: str) -> Words:
    """By code, else by status, else to retry."""
    return CODES.get(code) or STATUSES.get(status) or STATUSES[Status.ERROR]


WHO: Mapping[Fix, str] = {
    Fix.RETRY: "Someone who may retry",
    Fix.MAP: "Someone with the permission to map",
    Fix.MAP_ITEM: "Someone with the permission to map",
    Fix.MAP_CUSTOMER: "Someone with the permission to map",
    Fix.LOGIN: "Someone who connects credentials",
    Fix.ROLE: "An administrator of {label}",
    Fix.BILL: "Billing, at the source",
    Fix.DOCUMENT: "Accounting",
    Fix.OPTIONS: "Someone who configures integrations",
    Fix.INTEGRATION: "Someone who configures integrations",
    Fix.OTHER: "Someone who configures integrations",
}
"""Who can fix it, when the destination does not say so itself."""

RESULTS: Mapping[str, str] = {
    Status.WAITING: "Not sent yet",
    Status.STARTED: "Being sent",
    Status.AWAITING_RETRY: "Next try within a minute",
    Status.RATE_LIMIT_RETRY: "Next try within a minute",
    Status.UNKNOWN: "Answer lost, asking",
    Status.CANCELLED: "Stopped before it was sent",
}
"""The result of a run in a list, where there is neither a document nor a next try."""

SHORT: Mapping[str, str] = {
    "MISSING_MAPPING": "A mapping is missing",
    "CUSTOMER_CURRENCY": "Customer in another currency",
    "OPTIONS_MISFIT": "The options do not fit the destination",
    "AMOUNT_MISMATCH": "Lines do not give the total",
    "OVERLAP": "Posted by another integration",
    "REVISION_BEHIND": "A newer revision is there",
    Status.AUTH_FAILED: "Login refused",
    Status.DISABLED: "The integration is disabled",
    Status.INVOICE_ALREADY_PAID: "Paid, not written over",
    Status.TIMEOUT_LIMIT_EXCEEDED: "Not taken, tries used up",
    Status.SUPERSEDED: "A newer run took over",
}
"""A refusal in a column's width, by code or status; the whole sentence is its title."""
