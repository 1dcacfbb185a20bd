"""Which documents follow from which, as SuiteQL's link tables have it: an order's invoice, an invoice's payment.

One table holds the lines; the other three are views of it. Link types as exporters use them (OrdBill, ShipRcpt, Payment; read in November
2026); those of deposits are not confirmed.
"""

from collections.abc import Iterable
from typing import Any

from integrations.destinations.netsuite.emulation import applying
from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.schema import RECORD_TYPES, RecordType

TABLE = "previoustransactionlinelink"
COLUMNS = (
    "previousdoc INTEGER, previousline INTEGER, previoustype, previousdate DAY, nextdoc INTEGER, nextline INTEGER, nexttype, nextdate DAY, "
    "linktype, foreignamount NUMERIC"
)
_DOCUMENTS = (
    "SELECT previousdoc, previoustype, previousdate, nextdoc, nexttype, nextdate, linktype, SUM(foreignamount) AS foreignamount "
    "FROM previoustransactionlinelink GROUP BY previousdoc, nextdoc, linktype"
)
VIEWS = {
    "nexttransactionlinelink": "SELECT * FROM previoustransactionlinelink",
    "previoustransactionlink": _DOCUMENTS,
    "nexttransactionlink": _DOCUMENTS,
}
_MADE = {"invoice": "OrdBill", "cashSale": "OrdBill", "itemFulfillment": "ShipRcpt", "creditMemo": "SaleRet"}


def rows(books: Books, kind: RecordType, stored: Record) -> Iterable[dict[str, Any]]:
    """The links from earlier documents to this one."""
    for line in stored.get("item", []):
        if kind.name in _MADE and "createdFrom" in stored:
            source = stored["createdFrom"]["id"]
            yield from _row(books, kind, stored, source, _MADE[kind.name], line.get("orderLine", 0), line["line"], line.get("amount"))
    if "salesOrder" in stored:
        yield from _row(books, kind, stored, stored["salesOrder"]["id"], "OrdDep", 0, 0, stored["total"])
    for source, amount in applying.taken(kind, stored).items() if "apply" in kind.sublists else ():
        yield from _row(books, kind, stored, source, "DepAppl" if books.kind_of(source) == "customerDeposit" else "Payment", 0, 0, amount)


def _row(
    books: Books, kind: RecordType, stored: Record, source: str, link: str, before: int, after: int, amount: Any
) -> Iterable[dict[str, Any]]:
    """One link, none from a document that is gone."""
    name = books.kind_of(source)
    if name:
        yield {
            **{"previousdoc": source, "previousline": before, "previoustype": RECORD_TYPES[name].code},
            **{"previousdate": books.records[name][source]["tranDate"], "nextdoc": stored["id"], "nextline": after, "nexttype": kind.code},
            **{"nextdate": stored["tranDate"], "linktype": link, "foreignamount": None if amount is None else f"{amount:f}"},
        }
