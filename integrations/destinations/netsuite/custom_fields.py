"""The custom fields in which a set-up with orders keeps where a record comes from. The record API makes no field: a person does."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from integrations import errors
from integrations.contract import Check, Options, Transport
from integrations.destinations.netsuite import order_options as orders
from integrations.destinations.netsuite import suiteql
from integrations.destinations.netsuite.account import Account

GROUP = "Custom fields"
_CUSTOMIZATION = "Customization > Lists, Records, & Fields"
_RECORDS = {"custentity": "Customer", "custbody": "Sales order", "custcol": "Line item"}


@dataclass(frozen=True)
class Field:
    """A custom field of the set-up: the option that names it, its label and id, where it is made and what it applies to."""

    option: str
    key: str
    label: str
    id: str
    menu: str
    applies: str

    @property
    def name(self) -> str:
        return self.key or self.option

    def value(self, options: Options) -> str:
        given = options.get(self.option) or ""
        return str(given.get(self.key) or "") if isinstance(given, dict) else str(given)

    def chosen(self, options: Options) -> dict[str, Any]:
        return {self.option: {**(options.get(self.option) or {}), self.key: self.id} if self.key else self.id}

    @property
    def title(self) -> str:
        return f"{_RECORDS[self.id.partition('_')[0]]}: {self.label}"

    @property
    def made(self) -> str:
        own = self.id.partition("_")[2]
        where = f"{_CUSTOMIZATION} > {self.menu} > New"
        return f"Create it under {where}: label {self.label}, ID _{own}, type Free-Form Text, applied to {self.applies}; then check again."


FIELDS = (
    Field("customFields", orders.CUSTOMER_ID, "Advanced Billing Customer ID", "custentity_ab_customer_id", "Entity Fields", "Customer"),
    Field("customFields", orders.CUSTOMER_SUBDOMAIN, "Advanced Billing Subdomain", "custentity_ab_subdomain", "Entity Fields", "Customer"),
    Field("customFields", orders.ORDER_SUBDOMAIN, "Advanced Billing Subdomain", "custbody_ab_subdomain", "Transaction Body Fields", "Sale"),
    Field(
        *("customFields", orders.ORDER_INVOICE_NUMBER, "Advanced Billing Invoice Number", "custbody_ab_invoice_number"),
        *("Transaction Body Fields", "Sale"),
    ),
    Field(
        *("lineTaxCustomField", "", "Advanced Billing Line Item Tax", "custcol_ab_line_item_tax"),
        *("Transaction Line Fields", "Sale Item"),
    ),
)


def checks(transport: Transport, account: Account, options: Options) -> Iterable[Check]:
    try:
        known = {row["scriptid"].lower() for row in suiteql.rows(transport, account, "SELECT scriptid FROM customfield", [])}
    except (errors.Refused, errors.Misconfigured) as refused:
        return [Check(group=GROUP, label=field.title, state="unknown", why=refused.sentence, remedy=field.made) for field in FIELDS]
    return [_field(field, field.value(options), known) for field in FIELDS]


def _field(field: Field, value: str, known: set[str]) -> Check:
    shown = {"group": GROUP, "label": field.title}
    if value and value.lower() in known:
        return Check(**shown, state="ok", why=f"{value} is there.")
    if field.id in known:
        why = f"{field.id} is there, and the options name {value or 'none'}."
        return Check(**shown, state="missing", why=why, remedy="Use it.", makes=field.name, button=f"Use {field.id}")
    return Check(**shown, state="missing", why=f"NetSuite has no field {value or field.id}.", remedy=field.made)
