"""The records of NetSuite's lists, for names and drop-downs: one query in SuiteQL for each."""

import datetime as dt
from collections.abc import Iterator, Mapping

from integrations.contract import CatalogueRow, Transport
from integrations.destinations.netsuite.account import Account
from integrations.destinations.netsuite.suiteql import rows

# table of ours: (table of SuiteQL, its columns for name, code and e-mail)
_TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Item": ("item", {"name": "displayname", "code": "itemid", "kind": "itemtype"}),
    "Customer": ("customer", {"name": "companyname", "code": "entityid", "email": "email"}),
    "Currency": ("currency", {"name": "symbol", "code": "symbol"}),
    "Subsidiary": ("subsidiary", {"name": "name"}),
    "Department": ("department", {"name": "name"}),
    "Location": ("location", {"name": "name"}),
    "Class": ("classification", {"name": "name"}),
    "TaxCode": ("salestaxitem", {"name": "itemid"}),
    "Account": ("account", {"name": "accountsearchdisplayname", "code": "acctnumber"}),
    "CustomField": ("customfield", {"id": "scriptid", "name": "name"}),
    "PaymentMethod": ("paymentmethod", {"name": "name"}),
}
_DATED = ("Item", "Customer")
_DAY = dt.timedelta(days=1)


def catalogue(transport: Transport, account: Account, table: str, since: dt.datetime | None = None) -> Iterator[CatalogueRow]:
    """The records of one of our tables; of Items and Customers only what changed since the day before. KeyError for another table.

    The day is there because SuiteQL reads a date as one of the user's time zone (observed in 2026). Ids are in small letters, as the
    REST API spells custom fields.
    """
    source, named = _TABLES[table]
    columns = {"id": "id", **named}
    condition, params = "", list[str]()
    if since is not None and table in _DATED:
        condition, params = " WHERE lastmodifieddate >= TO_DATE(?, 'YYYY-MM-DD')", [(since.date() - _DAY).isoformat()]
    query = f"SELECT {', '.join(dict.fromkeys(columns.values()))}, isinactive FROM {source}{condition} ORDER BY {columns['id']}"  # noqa: S608 - our own names
    for row in rows(transport, account, query, params):
        values = {field: row.get(column) or "" for field, column in columns.items()}
        number, code = values["id"].lower(), values.get("code", "")
        yield CatalogueRow(
            id=number,
            name=values["name"] or code or number,
            active=row.get("isinactive") != "T",
            code=code,
            email=values.get("email", ""),
            kind=values.get("kind", ""),
        )
