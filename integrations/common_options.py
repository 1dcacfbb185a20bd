"""The options that every integration asks, and those of every Bill integration. Wording and order are those of the source's console."""

from collections.abc import Mapping
from typing import Any

from billing.bill import LINE_TYPES
from integrations.contract import Kind, Option

CUSTOM_FIELD_MAPPING = "customFieldMapping"
_LONGEST_SCHEDULE = 7 * 24 * 60


def _schedule(minutes: Any) -> str:
    return "" if 1 <= minutes <= _LONGEST_SCHEDULE else f"Schedule minutes is from 1 to {_LONGEST_SCHEDULE}, a week."


GLOBAL: tuple[Option, ...] = (
    Option(
        key="triggerType",
        label="Trigger type",
        kind=Kind.CHOICE,
        choices=(("EVENT", "When a Bill changes"), ("SCHEDULE", "On a schedule")),
        default="EVENT",
        panel="global",
    ),
    Option(
        key="accountIds",
        label="Account ids",
        kind=Kind.ACCOUNTS,
        help="Only these Accounts are sent. Leave empty to include every Account.",
        panel="global",
    ),
    Option(
        key="restrictedAccountIds",
        label="Restricted account ids",
        kind=Kind.ACCOUNTS,
        help="These are never sent. Empty: nobody is left out.",
        panel="global",
    ),
    Option(
        key="integrationDisabledNotificationUsers",
        label="Integration disabled notification users",
        kind=Kind.USERS,
        help="E-mailed if the integration is switched off automatically. Empty: only the notice here.",
        panel="global",
    ),
    Option(
        key="syncStartDate",
        label="Sync start date",
        kind=Kind.DATE,
        help="Bills dated earlier stay here. Empty: every Bill goes.",
        panel="global",
    ),
    Option(
        key="scheduleMinutes",
        label="Schedule minutes",
        kind=Kind.NUMBER,
        help="How often a batch of Bills is sent. Only used on a schedule.",
        default=60,
        panel="global",
        validate=_schedule,
    ),
    Option(
        key="runAfterIntegrationId",
        label="Run after integration",
        kind=Kind.INTEGRATION,
        help="A Bill waits until this integration has posted it. Empty: it waits for none.",
        panel="global",
    ),
)

BILL: tuple[Option, ...] = (
    Option(
        key="accountFilter",
        label="Account filter",
        kind=Kind.EXPRESSION,
        help="An expression on the Account, in addition to the Account ids. Empty: every Account passes.",
        panel="entity",
    ),
    Option(
        key="onlySendBillOnApproval",
        label="Only send bill on approval",
        kind=Kind.BOOL,
        help="Off: a Bill is sent every time it is regenerated.",
        panel="entity",
    ),
    Option(
        key="useExternalMappingAccountCode",
        label="Use external mapping account code",
        kind=Kind.BOOL,
        help="Look the customer up in External mappings. Off: the source’s Account id.",
        panel="entity",
    ),
    Option(
        key="enforceExternalMappingsForConfig",
        label="Enforce external mappings for config",
        kind=Kind.BOOL,
        help="Use only mappings linked to this integration. Off: the others too.",
        panel="entity",
    ),
    Option(
        key="sendZeroTotalBills",
        label="Send zero total bills",
        kind=Kind.BOOL,
        help="Off: a Bill of 0.00 stays here. A fully discounted Bill goes in either case.",
        default=True,
        panel="entity",
    ),
    Option(
        key="excludedLineItemTypes",
        label="Excluded line item types",
        kind=Kind.CHOICES,
        help="Lines of these types are left out. Empty: every line goes.",
        choices=tuple((code, code) for code in LINE_TYPES),
        panel="entity",
    ),
    Option(
        key="excludedProducts",
        label="Excluded products",
        kind=Kind.PRODUCTS,
        help="Lines of these Products are left out; a line with an Accounting Product is compared by that only. Empty: none.",
        panel="entity",
    ),
    Option(
        key="excludedAggregations",
        label="Excluded aggregations",
        kind=Kind.AGGREGATIONS,
        help="Lines of these Aggregations, compound ones too, are left out. Empty: none.",
        panel="entity",
    ),
    Option(
        key="sortLineItemsBy",
        label="Sort line items by",
        kind=Kind.CHOICE,
        choices=(("NONE", "None (the Bill’s order)"), ("SUBTOTAL", "Subtotal"), ("AGGREGATION_ID", "Aggregation ID")),
        default="NONE",
        panel="entity",
    ),
    Option(
        key="voidPolicy",
        label="When a sent Bill is voided",
        kind=Kind.CHOICE,
        choices=(("NOTHING", "Do nothing and tell us"), ("VOID", "Void the document"), ("CREDIT_MEMO", "Credit it in full")),
        default="NOTHING",
        panel="entity",
    ),
    Option(
        key=CUSTOM_FIELD_MAPPING,
        label="Custom field mapping",
        kind=Kind.TEXT_BY_KEY,
        help="Names of the source’s custom fields that carry an external id, used when there is no External mapping. Empty: not looked at.",
        choices=(("Account", "Account"), ("Product", "Product"), ("Contract", "Contract")),
        panel="entity",
    ),
)

ENTITIES: Mapping[str, tuple[Option, ...]] = {"Bill": BILL}
