"""What a set-up with orders needs in NetSuite, whether it is there, and what of it can be made from here."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from integrations import errors
from integrations.contract import Check, Options, Preflight, Request, SetupStep, Transport
from integrations.destinations.netsuite import custom_fields, role, suiteql
from integrations.destinations.netsuite import order_options as orders
from integrations.destinations.netsuite.account import Account
from integrations.destinations.netsuite.answers import fault_of
from integrations.destinations.netsuite.steps import DISCOUNT, ITEM_TYPES, PAYMENT
from integrations.faults import failure

RECORDS = "Records that the settings name"
OFFLINE = "9"
"""The type of a payment method whose payments happen outside of NetSuite (Oracle, section_N1292421, November 2026)."""

_NAMED = (
    ("departmentId", "Department", "department"),
    ("subsidiaryId", "Subsidiary", "subsidiary"),
    ("locationId", "Location", "location"),
    ("classId", "Class", "classification"),
    ("refundAccountId", "Refund account", "account"),
    ("refundReceivableAccountId", "Refund accounts receivable account", "account"),
)


def check(transport: Transport, tenant: str, options: Options) -> Iterator[Check]:
    account = Account(tenant)
    yield from _records(transport, account, options)
    if options.get("documentFlow", orders.INVOICE) != orders.INVOICE:
        yield from custom_fields.checks(transport, account, options)
    yield from role.checks(transport, account)


def create(transport: Transport, tenant: str, options: Options, name: str) -> Mapping[str, Any]:
    """The option that names what was found or made. errors.Refused for a name that is nobody's."""
    account = Account(tenant)
    if field := next((field for field in custom_fields.FIELDS if field.name == name), None):
        return field.chosen(options)
    if name == "discountItem":
        body: dict[str, Any] = {"itemId": DISCOUNT, "displayName": DISCOUNT, "nonPosting": True}
        if subsidiary := options.get("subsidiaryId"):
            body["subsidiary"] = {"items": [{"id": subsidiary}]}
        found = _found(transport, account, "SELECT id FROM item WHERE itemid = ?", DISCOUNT)
        return {"discountItemId": found or _made(transport, account, "discountItem", "billpost-discount", body)}
    if name == "paymentMethod":
        found = _found(transport, account, "SELECT id FROM paymentmethod WHERE name = ?", PAYMENT)
        body = {"name": PAYMENT, "methodType": {"id": OFFLINE}}
        return {"paymentMethodId": found or _made(transport, account, "paymentMethod", "billpost-payment", body)}
    raise errors.Refused(f"Nothing was made: there is no {name} to make.")


def _found(transport: Transport, account: Account, query: str, value: str) -> str:
    return next((row["id"] for row in suiteql.rows(transport, account, query, [value])), "")


def _made(transport: Transport, account: Account, kind: str, key: str, body: Mapping[str, Any]) -> str:
    """An upsert by external id, so that an answer that was lost makes no second one."""
    url = f"{account.rest}/record/v1/{kind}/eid:{key}"
    headers = {"Content-Type": "application/json", "X-NetSuite-PropertyNameValidation": "Error"}
    request = Request(method="PUT", url=url, headers=headers, body=json.dumps({**body, "externalId": key}).encode(), key=key)
    answer = transport.send(request)
    number = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
    if answer.status not in (200, 201, 204):
        raise failure(fault_of(request, answer))
    if not number.isdecimal():
        raise errors.Refused("It was made, but NetSuite did not tell its id. Check again, then choose it in the options.")
    return number


def _records(transport: Transport, account: Account, options: Options) -> Iterator[Check]:
    wants_orders = options.get("documentFlow", orders.INVOICE) != orders.INVOICE
    if wants_orders or options.get("taxItemId"):
        yield _told("Item for taxes", lambda: _tax(transport, account, options))
    if wants_orders or options.get("discountItemId"):
        yield _told("Discount item", lambda: _discount(transport, account, options))
    if wants_orders or options.get("paymentMethodId"):
        yield _told("Payment method", lambda: _payment(transport, account, options))
    for key, label, table in _NAMED:
        if options.get(key):
            yield _told(label, partial(_there, transport, account, label, table, str(options[key])))
    if wants_orders and not options.get("refundAccountId"):
        remedy = "Choose the bank account of refunds in the options; until then a Bill with a refund stops at the refund."
        yield Check(group=RECORDS, label="Refund account", state="missing", why="None is chosen.", remedy=remedy)
    if form := options.get("salesOrderCustomForm"):
        why = f"NetSuite lists no forms; compare {form} with Customization > Forms > Transaction Forms."
        yield Check(group=RECORDS, label="Sales order custom form", state="unknown", why=why)


def _told(label: str, ask: Callable[[], Check]) -> Check:
    """What cannot be asked is not known."""
    try:
        return ask()
    except (errors.Refused, errors.Misconfigured) as refused:
        return Check(group=RECORDS, label=label, state="unknown", why=refused.sentence)


def _item(transport: Transport, account: Account, number: str) -> Mapping[str, str] | None:
    return next(iter(suiteql.rows(transport, account, "SELECT id, itemid, itemtype, isinactive FROM item WHERE id = ?", [number])), None)


def _tax(transport: Transport, account: Account, options: Options) -> Check:
    number, shown = str(options.get("taxItemId") or ""), {"group": RECORDS, "label": "Item for taxes"}
    make = "Create a non-inventory item under Lists > Accounting > Items > New, then choose it in the options."
    if not number:
        return Check(**shown, state="missing", why="None is chosen, so tax lines take the default item.", remedy=make)
    row = _item(transport, account, number)
    if row is None or row.get("isinactive") == "T":
        return Check(**shown, state="missing", why=f"NetSuite has no active item {number}.", remedy=make)
    kind = row.get("itemtype", "")
    if kind not in ITEM_TYPES:
        why = f"{row.get('itemid', number)} is of the type {kind}, which takes part in no order."
        return Check(**shown, state="missing", why=why, remedy=make)
    return Check(**shown, state="ok", why=f"{row.get('itemid', number)}, {ITEM_TYPES[kind]}.")


def _discount(transport: Transport, account: Account, options: Options) -> Check:
    number, shown = str(options.get("discountItemId") or ""), {"group": RECORDS, "label": "Discount item"}
    offer = {"makes": "discountItem", "button": f"Create “{DISCOUNT}”"}
    remedy = "Billpost makes a non-posting discount item of that name, or takes the one that is there."
    if not number:
        return Check(**shown, **offer, state="missing", why="None is chosen.", remedy=remedy)
    row = _item(transport, account, number)
    if row is None or row.get("isinactive") == "T":
        return Check(**shown, **offer, state="missing", why=f"NetSuite has no active item {number}.", remedy=remedy)
    if row.get("itemtype") != "Discount":
        why = f"{row.get('itemid', number)} is no discount item but of the type {row.get('itemtype', '')}."
        return Check(**shown, **offer, state="missing", why=why, remedy=remedy)
    return Check(**shown, state="ok", why=f"{row.get('itemid', number)}.")


def _payment(transport: Transport, account: Account, options: Options) -> Check:
    number, shown = str(options.get("paymentMethodId") or ""), {"group": RECORDS, "label": "Payment method"}
    if options.get("paymentInstruments"):
        return Check(**shown, state="ok", why="Not sent, because Payment Instruments is on.")
    offer = {"makes": "paymentMethod", "button": f"Create “{PAYMENT}”"}
    if not number:
        remedy = "Billpost makes an offline payment method of that name, or takes the one that is there."
        return Check(**shown, **offer, state="missing", why="None is chosen.", remedy=remedy)
    return _there(transport, account, "Payment method", "paymentmethod", number)


def _there(transport: Transport, account: Account, label: str, table: str, number: str) -> Check:
    query = f"SELECT id, isinactive FROM {table} WHERE id = ?"  # noqa: S608 - our own names
    row = next(iter(suiteql.rows(transport, account, query, [number])), None)
    if row is not None and row.get("isinactive") != "T":
        return Check(group=RECORDS, label=label, state="ok", why=f"{number} is there.")
    why = f"NetSuite shows the integration's role no active record {number}."
    return Check(group=RECORDS, label=label, state="missing", why=why, remedy="Choose another in the options, or reactivate it.")


PREFLIGHT = Preflight(
    check=check,
    create=create,
    notice=(
        "Billpost is the source of truth: what it writes goes one way. Records that it created are not edited or deleted in NetSuite, "
        "with one exception: people mark sales orders as fulfilled there."
    ),
    steps=(
        SetupStep(
            title="Enable web services",
            where="Setup > Company > Enable Features > SuiteCloud",
            actions=("Select SuiteTalk (Web Services) and REST Web Services.", "Save."),
        ),
        SetupStep(
            title="Create an item for tax",
            where="Lists > Accounting > Items > New",
            actions=("Create a non-inventory item that stands for tax amounts on sales orders and invoices.",),
        ),
        SetupStep(
            title="Compare the role",
            where=role.ROLES,
            actions=("Add what the tables of permissions show as missing.", "With subsidiaries, select those that are billed."),
            warning="A sandbox has roles of its own: check each account.",
        ),
    ),
)
