"""What an org's objects are: their fields for people to choose from, and whether they fit what an integration writes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.contract import CatalogueRow, Options, Request, Transport
from integrations.destinations.salesforce.answers import fault_of, parsed
from integrations.destinations.salesforce.fields import BILL_FIELDS, CURRENCY, LINE_FIELDS, Names
from integrations.destinations.salesforce.org import Org
from integrations.faults import failure

Field = Mapping[str, Any]

_PICKED = 5


def catalogue(transport: Transport, org: Org, names: Names) -> Iterator[CatalogueRow]:
    """The writable fields of both objects, with what a person chooses them by."""
    for kind in dict.fromkeys((names.bill, names.line)):
        for name, field in sorted((fields(transport, org, kind) or {}).items()):
            if field.get("createable"):
                label = str(field.get("label") or name)
                yield CatalogueRow(id=f"{kind}.{name}", name=label, code=name, within=kind, facts=_facts(field))


def fields(transport: Transport, org: Org, kind: str) -> dict[str, Field] | None:
    """An object's fields by API name, as far as the integration user sees them; None when it does not see the object."""
    answer = transport.send(Request(method="GET", url=f"{org.data}/sobjects/{kind}/describe", safe=True))
    if answer.status == 404:
        return None
    found = parsed(answer.body).get("fields")
    if answer.status != 200 or not isinstance(found, list):
        raise failure(fault_of(answer))
    return {str(field["name"]): field for field in found if isinstance(field, dict) and field.get("name")}


def misfits(transport: Transport, tenant: str, options: Options) -> list[str]:
    """Every reason why an integration's Bills cannot be stored as its options say, as sentences; none when all fits."""
    org, names = Org(tenant), Names.of(options)
    bill, line = fields(transport, org, names.bill), fields(transport, org, names.line)
    found = [_unseen(kind) for kind, seen in ((names.bill, bill), (names.line, line)) if seen is None]
    if bill is not None:
        found += [
            *_key(names.bill, names.bill_id, bill),
            *_mapped(names.bill, names, BILL_FIELDS, bill),
            *_money(names.bill, names, "total", "currency", bill),
        ]
    if line is not None:
        found += [
            *_key(names.line, names.line_id, line),
            *_mapped(names.line, names, LINE_FIELDS, line),
            *_money(names.line, names, "lineAmount", "lineCurrency", line),
        ]
    if names.account_id and "account" in names.fields:
        account = fields(transport, org, "Account")
        found += [_unseen("Account")] if account is None else _key("Account", names.account_id, account, optional=True)
    return found


def _unseen(kind: str) -> str:
    return f"The integration user sees no object {kind}: deploy the package, or assign the permission set Billpost Integration."


def _key(kind: str, name: str, seen: Mapping[str, Field], optional: bool = False) -> list[str]:
    """An external id must be findable and stand for one record only; an optional one that is not there is never asked for."""
    field = seen.get(name)
    if field is None:
        return [] if optional else [f"{kind} has no field {name} that the integration user sees: it carries the external id."]
    found = [] if field.get("externalId") else [f"{kind}.{name} is not flagged External ID, so no record is found by it."]
    return found if field.get("unique") or optional else [*found, f"{kind}.{name} is not flagged Unique, so a Bill could be stored twice."]


def _mapped(kind: str, names: Names, rows: Mapping[str, tuple[str, str, Sequence[str]]], seen: Mapping[str, Field]) -> Iterator[str]:
    for key, (label, _, types) in rows.items():
        name = names.fields.get(key, "")
        field = seen.get(name)
        what = label.partition(": ")[2]
        if name and field is None:
            yield f"{kind} has no field {name} that the integration user sees; the {what} goes there."
        elif field is not None and not (field.get("createable") and (field.get("updateable") or field.get("type") == "reference")):
            yield f"The integration user may not write {kind}.{name}; the {what} goes there."
        elif field is not None and field.get("type") not in types:
            yield f"{kind}.{name} is of type {field.get('type')} and cannot hold the {what}: it takes {' or '.join(types[:2])}."
        elif field is not None and (wrong := _elsewhere(field, names.targets().get(key, ""))):
            yield f"{kind}.{name} points to {wrong}, not to {names.targets()[key]}; the {what} goes there."
    written = {names.bill_id, names.line_id, *names.fields.values()}
    for name, field in seen.items():
        if name not in written and _required(field):
            yield f"{kind}.{name} is required, and nothing is mapped to it: map a value, or give it a default in Salesforce."


def _elsewhere(field: Field, wanted: str) -> str:
    """What a reference points to, when that is not what it should; "" when it does, or when nobody says."""
    targets = [str(target) for target in field.get("referenceTo") or []]
    return " or ".join(targets) if wanted and targets and wanted not in targets else ""


def _money(kind: str, names: Names, amount: str, currency: str, seen: Mapping[str, Field]) -> Iterator[str]:
    """An amount in a currency field is in its record's currency, which is the integration user's own unless it is sent."""
    name = names.fields[amount]
    if CURRENCY in seen and seen.get(name, {}).get("type") == "currency" and names.fields.get(currency) != CURRENCY:
        yield f"{kind}.{name} is a currency field and the org has several currencies: map the currency of {kind} to {CURRENCY}."


def _required(field: Field) -> bool:
    missing = field.get("nillable") is False and not field.get("defaultedOnCreate")
    return bool(field.get("createable") and missing and field.get("type") != "boolean")


def _facts(field: Field) -> tuple[tuple[str, str], ...]:
    """Type: currency (16, 2), string (80); Required; Picklist: Pending, Approved and 3 more."""
    values = [str(value.get("value")) for value in field.get("picklistValues") or [] if isinstance(value, dict)]
    more = f" and {len(values) - _PICKED} more" if len(values) > _PICKED else ""
    size = f"{field['precision']}, {field.get('scale', 0)}" if field.get("precision") else str(field.get("length") or "")
    return (
        ("Type", f"{field.get('type', '')} ({size})" if size else str(field.get("type", ""))),
        ("Required", "required" if _required(field) else ""),
        ("Picklist", f"{', '.join(values[:_PICKED])}{more}"),
    )
