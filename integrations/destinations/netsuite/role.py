"""What the integration's role has to be allowed, as the customer's set-up lists it, and a safe question for what can be asked.

NetSuite tells no role's permissions. A list of records or a table of SuiteQL that answers is readable; one that is refused with 403 or
"Record … was not found" is hidden from the role (observed in 2026).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from integrations.contract import Check, Request, Transport
from integrations.destinations.netsuite.account import Account
from integrations.destinations.netsuite.answers import parsed
from integrations.destinations.netsuite.suiteql import question

TRANSACTIONS, LISTS, SETUP = "Transactions", "Lists", "Setup"
ROLES = "Setup > Users/Roles > Manage Roles"
_ASKED = "It can be read; that it may be written too shows with the first one that is sent."
_FEATURES = ("subsidiary", "department", "location", "salestaxitem")
_SILENT = "NetSuite answers no question that would tell; compare it with the role."


@dataclass(frozen=True)
class Permission:
    """`record` is a type of the record API, `table` one of SuiteQL; with neither nothing can be asked. `proved`: else we had no answer."""

    group: str
    name: str
    level: str
    record: str = ""
    table: str = ""
    proved: bool = False


PERMISSIONS = (
    Permission(TRANSACTIONS, "Access Payment Audit Log", "View"),
    Permission(TRANSACTIONS, "Item Fulfillment", "View", record="itemFulfillment"),
    Permission(TRANSACTIONS, "Credit Memo", "Full", record="creditMemo"),
    Permission(TRANSACTIONS, "Customer Deposit", "Full", record="customerDeposit"),
    Permission(TRANSACTIONS, "Customer Payment", "Full", record="customerPayment"),
    Permission(TRANSACTIONS, "Customer Refund", "Full", record="customerRefund"),
    Permission(TRANSACTIONS, "Find Transaction", "Full", table="transaction"),
    Permission(TRANSACTIONS, "Fulfill Orders", "Full"),
    Permission(TRANSACTIONS, "Invoice", "Full", record="invoice"),
    Permission(TRANSACTIONS, "Invoice Approval", "Full"),
    Permission(TRANSACTIONS, "Invoice Sales Order", "Full"),
    Permission(TRANSACTIONS, "Sales Order", "Full", record="salesOrder"),
    Permission(TRANSACTIONS, "Sales Order Approval", "Full"),
    Permission(LISTS, "Accounts", "View", table="account"),
    Permission(LISTS, "Companies", "View"),
    Permission(LISTS, "Income Registers", "View"),
    Permission(LISTS, "Mass Updates", "View"),
    Permission(LISTS, "Tasks", "View"),
    Permission(LISTS, "Tax Records", "View", table="salestaxitem"),
    Permission(LISTS, "Tax Schedules", "View"),
    Permission(LISTS, "Units", "View"),
    Permission(LISTS, "Currency", "View", table="currency"),
    Permission(LISTS, "Subsidiaries", "View", table="subsidiary"),
    Permission(LISTS, "Departments", "View", table="department"),
    Permission(LISTS, "Customers", "Full", table="customer"),
    Permission(LISTS, "Items", "Full", table="item"),
    Permission(LISTS, "Locations", "Full", table="location"),
    Permission(SETUP, "Other Lists", "View"),
    Permission(SETUP, "Set Up Company", "View"),
    Permission(SETUP, "Access Token Management", "Full"),
    Permission(SETUP, "Accounting Lists", "Full", table="paymentmethod"),
    Permission(SETUP, "Accounting Management", "Full"),
    Permission(SETUP, "Company Information", "Full"),
    Permission(SETUP, "Custom Body Fields", "Full", table="customfield"),
    Permission(SETUP, "Custom Column Fields", "Full", table="customfield"),
    Permission(SETUP, "Custom Entity Fields", "Full", table="customfield"),
    Permission(SETUP, "Custom Transaction Fields", "Full", table="customfield"),
    Permission(SETUP, "Log in using Access Tokens", "Full", proved=True),
    Permission(SETUP, "User Access Token", "Full"),
    Permission(SETUP, "Web Services", "Full", proved=True),
)


WITH_ORDERS = tuple(
    f"With orders, payments, refunds or new customers, {group} also: {', '.join(f'{each.name} {each.level}' for each in own)}."
    for group, own in groupby(PERMISSIONS, key=lambda permission: permission.group)
)


def checks(transport: Transport, account: Account) -> Iterator[Check]:
    """One for each permission; what several rest on is asked once."""
    seen: dict[str, Literal["ok", "missing", "unknown"]] = {}
    for permission in PERMISSIONS:
        asked = permission.record or permission.table
        if asked and asked not in seen:
            seen[asked] = _readable(transport, account, permission)
        yield _check(permission, "ok" if permission.proved else seen.get(asked, "unknown"))


def _check(permission: Permission, state: Literal["ok", "missing", "unknown"]) -> Check:
    silent = not (permission.record or permission.table)
    why = {
        "ok": "This connection shows it." if permission.proved else _ASKED if permission.level == "Full" else "It can be read.",
        "missing": f"NetSuite hides it from the integration's role{', or its feature is off' if permission.table in _FEATURES else ''}.",
        "unknown": _SILENT if silent else "NetSuite's answer does not tell whether the role or the feature is missing.",
    }
    remedy = f"An administrator adds {permission.name}, level {permission.level}, under {ROLES}, {permission.group}."
    shown = {"group": permission.group, "label": permission.name, "level": permission.level}
    return Check(**shown, state=state, why=why[state], remedy="" if state == "ok" else remedy)


def _readable(transport: Transport, account: Account, permission: Permission) -> Literal["ok", "missing", "unknown"]:
    answer = transport.send(
        Request(method="GET", url=account.list_url(permission.record), safe=True)
        if permission.record
        else question(account, f"SELECT id FROM {permission.table}", limit=1)  # noqa: S608 - our own names
        if permission.table != "customfield"
        else question(account, "SELECT scriptid FROM customfield", limit=1)
    )
    if answer.status == 200:
        return "ok"
    said = str(parsed(answer.body).get("o:errorDetails", ""))
    return "missing" if answer.status == 403 or "INSUFFICIENT_PERMISSION" in said or "was not found" in said else "unknown"
