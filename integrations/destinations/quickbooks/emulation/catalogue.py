"""What every company's books hold from the start. Its customers have no currency of their own and can be billed in any."""

from typing import Any

from integrations.emulation.customers import CUSTOMERS

ITEMS = (
    "API Usage",
    "Storage Usage",
    "Compute Usage",
    "Platform Fee",
    "Commitment Fee",
    "Minimum Spend",
    "Overage",
    "Support Plan",
    "Seats",
    "Messages",
    "Service Credit",
    "Adjustment",
    "Sales Tax",
    "Billing Discount",
    "Edge Gateway",
    "Sensor Kit",
    "Starter Bundle",
    "Data Transfer",
    "Onboarding",
    "Other Usage",
)
CURRENCIES = ("USD", "GBP", "EUR", "JPY", "KWD", "AUD", "CAD", "CHF", "INR", "CLF", "ISK", "BHD")

Seed = dict[str, list[dict[str, Any]]]


def seed() -> Seed:
    """{record type: records with their ids}."""
    return {
        "Account": [
            {"Id": "79", "Name": "Sales of Product Income", "AccountType": "Income", "Active": True},
            {"Id": "84", "Name": "Accounts Receivable (A/R)", "AccountType": "Accounts Receivable", "Active": True},
        ],
        "Customer": [_customer(str(number), name) for number, name in enumerate(CUSTOMERS, 1001)],
        "Item": [_item(str(number), name) for number, name in enumerate(ITEMS, 2001)],
        "TaxCode": [{"Id": code, "Name": code, "Active": True} for code in ("TAX", "NON")],
        "Class": [{"Id": "5001", "Name": "Usage", "FullyQualifiedName": "Usage", "Active": True}],
    }


def _customer(number: str, name: str) -> dict[str, Any]:
    return {
        "Id": number,
        "DisplayName": name,
        "FullyQualifiedName": name,
        "CompanyName": name,
        "PrimaryEmailAddr": {"Address": f"ap-{number}@example.test"},
        "Active": True,
    }


def _item(number: str, name: str) -> dict[str, Any]:
    return {
        "Id": number,
        "Name": name,
        "FullyQualifiedName": name,
        "Type": "Service",
        "IncomeAccountRef": {"value": "79", "name": "Sales of Product Income"},
        "Active": True,
    }
