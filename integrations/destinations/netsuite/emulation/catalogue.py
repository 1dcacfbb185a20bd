"""What every account's books hold from the start, as loosely written records."""

from calendar import monthrange
from datetime import date
from typing import Any

from integrations.emulation.customers import CUSTOMERS

Seed = dict[str, list[dict[str, Any]]]

_ITEMS = {
    "2001": ("serviceSaleItem", "API Usage"),
    "2002": ("serviceSaleItem", "Storage Usage"),
    "2003": ("serviceSaleItem", "Compute Usage"),
    "2004": ("serviceSaleItem", "Platform Fee"),
    "2005": ("serviceSaleItem", "Commitment Fee"),
    "2006": ("serviceSaleItem", "Minimum Spend"),
    "2007": ("serviceSaleItem", "Overage"),
    "2008": ("serviceSaleItem", "Support Plan"),
    "2009": ("nonInventorySaleItem", "Seats"),
    "2010": ("nonInventorySaleItem", "Messages"),
    "2011": ("otherChargeSaleItem", "Service Credit"),
    "2012": ("otherChargeSaleItem", "Adjustment"),
    "2013": ("nonInventorySaleItem", "Sales Tax"),
    "2014": ("discountItem", "Billing Discount"),
    "2015": ("inventoryItem", "Edge Gateway"),
    "2016": ("assemblyItem", "Sensor Kit"),
    "2017": ("kitItem", "Starter Bundle"),
    "2018": ("serviceSaleItem", "Data Transfer"),
    "2019": ("serviceSaleItem", "Onboarding"),
    "2020": ("otherChargeSaleItem", "Other Usage"),
}
_CURRENCIES = (
    ("USD", "US Dollar", 2),
    ("GBP", "British Pound", 2),
    ("EUR", "Euro", 2),
    ("JPY", "Japanese Yen", 0),
    ("KWD", "Kuwaiti Dinar", 3),
    ("AUD", "Australian Dollar", 2),
    ("CAD", "Canadian Dollar", 2),
    ("CHF", "Swiss Franc", 2),
    ("INR", "Indian Rupee", 2),
)
_ACCOUNTS = {
    "6": ("AcctRec", "Accounts Receivable"),
    "25": ("Bank", "Operating Bank"),
    "54": ("Income", "Usage Revenue"),
    "55": ("Income", "Discounts Given"),
    "122": ("OthCurrAsset", "Undeposited Funds"),
}
_YEARS = range(2015, 2036)

CUSTOM_FIELDS: dict[str, str] = {
    **dict.fromkeys(("custcol_m3ter_external_line_item", "custcol_external_line_item", "custcol_src_line"), "text"),
    "custcol_line_tax": "number",
    **{
        f"custcol_{stem}_{end}": "date"
        for stem in ("service", "service_period", "m3ter_service_period", "svc", "period", "rev_rec")
        for end in ("start", "end")
    },
    **dict.fromkeys(
        ("custbody_src_bill_id", "custbody_source_bill_id", "custbody_order_subdomain", "custbody_order_invoice_number"), "text"
    ),
    **dict.fromkeys(("custentity_customer_id", "custentity_customer_subdomain"), "text"),
}


def seed() -> Seed:
    """{record type: records}."""
    return {
        **_lists(),
        "currency": [
            {"id": str(at), "name": name, "symbol": symbol, "currencyPrecision": digits, "isBaseCurrency": at == 1}
            for at, (symbol, name, digits) in enumerate(_CURRENCIES, 1)
        ],
        "accountingPeriod": [_period(year, month) for year in _YEARS for month in range(1, 13)],
        "customer": [_customer(str(number), name) for number, name in enumerate(CUSTOMERS, 1001)],
        **_items(),
    }


def period_id(day: date) -> str:
    """The accounting period of a day: year and month."""
    return f"{day:%Y%m}"


def _lists() -> Seed:
    return {
        "subsidiary": [
            {"id": "1", "name": "Parent Company", "currency": "1", "country": "US"},
            {"id": "2", "name": "UK Branch", "currency": "2", "country": "GB"},
        ],
        "department": _named(("Sales", "Marketing", "Operations", "Usage Billing")),
        "location": _named(("New York", "London", "Remote")),
        "classification": _named(("Enterprise", "Mid-market", "Self-serve")),
        "account": [{"id": number, "acctName": name, "name": name, "acctType": kind} for number, (kind, name) in _ACCOUNTS.items()],
        "taxType": _named(("Sales tax",)),
        "salesTaxItem": [
            {"id": "6", "itemId": "Standard", "name": "Standard"},
            {"id": "-8", "itemId": "Not taxable", "name": "Not taxable"},
        ],
        "paymentMethod": _named(("Cash", "Check", "Credit card", "Bank transfer")),
    }


def _named(names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"id": str(number), "name": name} for number, name in enumerate(names, 1)]


def _customer(number: str, name: str) -> dict[str, Any]:
    return {
        "id": number,
        "entityId": name,
        "companyName": name,
        "isPerson": False,
        "isInactive": False,
        "email": f"ap-{number}@example.test",
        "subsidiary": "1",
        "currency": "1",
    }


def _items() -> Seed:
    items: Seed = {}
    for number, (kind, name) in _ITEMS.items():
        items.setdefault(kind, []).append({"id": number, "itemId": name, "displayName": name, "isInactive": False})
    return items


def _period(year: int, month: int) -> dict[str, Any]:
    first = date(year, month, 1)
    return {
        "id": period_id(first),
        "name": f"{first:%b %Y}",
        "periodName": f"{first:%b %Y}",
        "startDate": first.isoformat(),
        "endDate": date(year, month, monthrange(year, month)[1]).isoformat(),
        "closed": False,
        "isPosting": True,
    }
