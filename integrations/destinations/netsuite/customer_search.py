"""Customers as NetSuite holds them now, in SuiteQL."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from integrations.contract import CustomerRow, Customers, CustomersBy, Held, Sought, Transport
from integrations.destinations.netsuite.account import Account
from integrations.destinations.netsuite.customer import KIND, found_by
from integrations.destinations.netsuite.identity import document_key
from integrations.destinations.netsuite.suiteql import KEYS_PER_QUERY, rows

_QUERY = "SELECT id, entityid, companyname, email, externalid, isinactive FROM customer WHERE {condition} ORDER BY id"
_COLUMNS = {"id": "id", "external_id": "externalid", "email": "LOWER(email)"}


def ask(transport: Transport, tenant: str, by: CustomersBy, values: Sequence[str]) -> dict[str, list[CustomerRow]]:
    """By value as given: one query for up to 500 of them, none when there are none. Raises errors.DeliveryError."""
    found: dict[str, list[CustomerRow]] = defaultdict(list)
    for row in _rows(transport, Account(tenant), _COLUMNS[by], list({_compared(by, value) for value in values})):
        found[_compared(by, getattr(row, by))].append(row)
    return {value: found[_compared(by, value)] for value in values if _compared(by, value) in found}


def held(transport: Transport, account: Account, documents: Sequence[Sought]) -> dict[str, Held]:
    """The customers under our external ids. A customer has neither total nor memo: its key is its tag."""
    found = _rows(transport, account, _COLUMNS["external_id"], [document.key for document in documents])
    return {row.external_id: _held(account, row) for row in found}


def by_number(transport: Transport, account: Account, number: str) -> list[Held]:
    """The customer that people know by this name or number; when none is, the one with this internal id."""
    found = list(_rows(transport, account, "entityid", [number]))
    if not found and number.isdecimal():
        found = list(_rows(transport, account, "id", [number]))
    return [_held(account, row) for row in found]


def _rows(transport: Transport, account: Account, column: str, values: Sequence[str]) -> Iterator[CustomerRow]:
    for start in range(0, len(values), KEYS_PER_QUERY):
        chunk = values[start : start + KEYS_PER_QUERY]
        for row in rows(transport, account, _QUERY.format(condition=f"{column} IN ({', '.join('?' * len(chunk))})"), chunk):
            yield CustomerRow(
                id=row["id"],
                name=row.get("companyname") or row.get("entityid", ""),
                email=row.get("email", ""),
                external_id=row.get("externalid", ""),
                active=row.get("isinactive") != "T",
            )


def _compared(by: CustomersBy, value: str) -> str:
    return value.lower() if by == "email" else value


def _held(account: Account, row: CustomerRow) -> Held:
    return Held(
        key=row.external_id,
        external_id=row.id,
        url=account.page_url(KIND, row.id),
        number=row.name,
        tag=row.external_id,
        total=Decimal(0),
        currency="",
        status="Active" if row.active else "Inactive",
        customer=row.name,
    )


CUSTOMERS = Customers(
    ask=ask,
    by=found_by,
    creates=lambda options: bool(options.get("createMissingCustomers")),
    key=document_key,
    reactivate="Search for Internal ID {id} under Lists > Relationships > Customers, untick Inactive under System Information and save",
)
