"""Where the pages for people are."""

from integrations.destinations.netsuite.emulation.books import Books
from integrations.destinations.netsuite.emulation.schema import ITEM_TYPES

HOME = "/app/center/card.nl"
PATHS = {
    "/app/accounting/transactions/salesord.nl": ("salesOrder",),
    "/app/accounting/transactions/itemship.nl": ("itemFulfillment",),
    "/app/accounting/transactions/custinvc.nl": ("invoice",),
    "/app/accounting/transactions/cashsale.nl": ("cashSale",),
    "/app/accounting/transactions/custcred.nl": ("creditMemo",),
    "/app/accounting/transactions/custpymt.nl": ("customerPayment",),
    "/app/accounting/transactions/custdep.nl": ("customerDeposit",),
    "/app/accounting/transactions/depappl.nl": ("depositApplication",),
    "/app/accounting/transactions/custrfnd.nl": ("customerRefund",),
    "/app/common/entity/custjob.nl": ("customer",),
    "/app/common/item/item.nl": ITEM_TYPES,
}


def page_url(books: Books, name: str, number: str) -> str:
    """Where a record's page is, empty for a type without pages."""
    path = next((path for path, names in PATHS.items() if name in names), "")
    return f"{path}?id={number}&c={books.account}" if path else ""
