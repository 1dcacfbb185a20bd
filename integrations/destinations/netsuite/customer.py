"""The customer of a Bill: which one it is, and what of the Account is written to it. Pure."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billing.bill import Bill, Party, Ref
from billing.document import party_digest
from integrations.contract import CustomersBy, CustomerStep, Document, Lookup, Match, Options, Rule, Stamp
from integrations.destinations.netsuite.identity import document_key
from integrations.destinations.netsuite.items import named
from integrations.destinations.netsuite.order_options import CUSTOMER_ID, CUSTOMER_SUBDOMAIN, EMAIL, MAPPING

SLOT = KIND = "customer"
TABLE = "Customer"
ADDRESS_BOOK = "addressBook"

_ADDRESS = {
    "addr1": "addressLine1",
    "addr2": "addressLine2",
    "addr3": "addressLine3",
    "city": "locality",
    "state": "region",
    "zip": "postCode",
}
_DONE = {
    CustomerStep.CREATE: "created from the Account",
    CustomerStep.CLAIM: "gets the Account's id as its external id",
    CustomerStep.UPDATE: "brought up to date from the Account",
}


def customer_key(bill: Bill, stamp: Stamp) -> str:
    """The external id of the Bill's customer: the Account's id."""
    return document_key(bill.account.id, "" if stamp.default_source else stamp.source)


def account_ref(bill: Bill) -> Ref:
    return Ref(id=bill.account.id, code=bill.account.code, name=bill.account.name)


def find_customer(bill: Bill, options: Options, lookup: Lookup, stamp: Stamp, on: dt.date) -> Match | None:
    """A mapping or custom field; else the customer that is matched or created, without an id until it stands; else the Account's own id.

    Where customers are matched the Account's own id is never taken for NetSuite's: both may be small numbers.
    """
    found = lookup.find(TABLE, ["Account"], {"Account": account_ref(bill)}, on)
    if found is None and found_by(options):
        return _matched(bill, options, stamp)
    if found is None and not options.get("useExternalMappingAccountCode"):
        found = Match(rule=Rule.SOURCE_ID, id=bill.account.id, detail="No mapping: the Account's own id")
    return named(found, TABLE, lookup)


def found_by(options: Options) -> tuple[CustomersBy, ...]:
    """Our own external id comes first, so that what we created is never created twice."""
    match = options.get("customerMatch") or MAPPING
    if match == MAPPING and not options.get("createMissingCustomers"):
        return ()
    return ("external_id", "email") if match == EMAIL else ("external_id",)


def _matched(bill: Bill, options: Options, stamp: Stamp) -> Match | None:
    if stamp.customer is CustomerStep.ABSENT:
        return None
    name = company(bill.account)
    if stamp.customer is CustomerStep.CREATE:
        return Match(rule=Rule.MATCH, id="", name=name, detail="created from the Account")
    by = "its e-mail address or external id" if options.get("customerMatch") == EMAIL else "its external id"
    last = "created when there is none" if options.get("createMissingCustomers") else "not created"
    return Match(rule=Rule.MATCH, id="", name=name, detail=f"looked for by {by} before sending, {last}")


def reference(customer: Match, bill: Bill, stamp: Stamp) -> dict[str, str]:
    """How a document names its customer: by internal id, and by external id as long as that is not known."""
    return {"id": customer.id} if customer.id else {"externalId": customer_key(bill, stamp)}


def titled(customer: Match | None) -> str:
    """For people."""
    if customer is None:
        return "not mapped yet"
    return f"{customer.name} ({customer.id or 'not known yet'})" if customer.name else customer.id


def customer_document(bill: Bill, options: Options, stamp: Stamp, customer: Match | None, currency: Match | None) -> Document | None:
    """What is written to the customer before anything else is, None when nothing is."""
    if customer is None or stamp.customer not in _DONE:
        return None
    key = customer_key(bill, stamp)
    return Document(
        slot=SLOT,
        kind=KIND,
        key=key,
        tag=key,
        body=_body(bill, options, stamp, key, currency),
        lines=(),
        total=Decimal(0),
        currency=bill.currency,
        customer=customer,
        facts=_facts(bill.account, key, stamp.customer),
        slice=party_digest(bill),
    )


def _body(bill: Bill, options: Options, stamp: Stamp, key: str, currency: Match | None) -> dict[str, Any]:
    """A customer that was there before us only gets its external id, which another one's is never replaced by."""
    if stamp.customer is CustomerStep.CLAIM:
        return {"externalId": key}
    known = _known(bill.account)
    if stamp.customer is CustomerStep.UPDATE:
        return known
    subsidiary = options.get("subsidiaryId")
    return {
        "externalId": key,
        "isPerson": False,
        **known,
        **({"subsidiary": {"id": str(subsidiary)}} if subsidiary else {}),
        **({"currency": {"id": currency.id}} if currency else {}),
        **_custom_fields(bill, options, stamp),
    }


def company(account: Party) -> str:
    return account.name or account.code or account.id


def _known(account: Party) -> dict[str, Any]:
    """What the Account says; what it does not say is left as it is at NetSuite."""
    address = {name: value for name, part in _ADDRESS.items() if (value := account.address.get(part))}
    country = account.address.get("country")
    whole = {**address, **({"country": {"id": country}} if country else {})}
    entry = {"label": "Billing", "defaultBilling": True, "addressBookAddress": {"addressee": company(account), **whole}}
    return {
        "companyName": company(account),
        **({"email": account.email} if account.email else {}),
        **({ADDRESS_BOOK: {"items": [entry]}} if whole else {}),
    }


def _custom_fields(bill: Bill, options: Options, stamp: Stamp) -> dict[str, str]:
    names: Mapping[str, str] = options.get("customFields") or {}
    values = {CUSTOMER_ID: bill.account.id, CUSTOMER_SUBDOMAIN: stamp.site or stamp.source}
    return {name: value for key, value in values.items() if (name := names.get(key))}


def _facts(account: Party, key: str, step: CustomerStep) -> tuple[tuple[str, str], ...]:
    said = (("Customer", company(account)), ("E-mail", account.email), ("External id", key), ("Done", _DONE[step]))
    return tuple((label, value) for label, value in said if value)
