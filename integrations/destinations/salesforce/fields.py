"""Which field of which object holds what: the names that an org may choose itself, with the defaults of our package."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from integrations.contract import Options

BILL_OBJECT, LINE_OBJECT = "Invoice__c", "Invoice_Line__c"

# key: (label, default, types that can hold it)
Row = tuple[str, str, tuple[str, ...]]
_TEXT = ("string", "textarea", "picklist", "combobox", "email", "url", "phone")
_NUMBER = ("double", "currency", "percent", "int")
BILL_FIELDS: Mapping[str, Row] = {
    "account": ("Bill: Account", "Account__c", ("reference",)),
    "number": ("Bill: number", "Name", _TEXT),
    "total": ("Bill: total", "Total__c", ("double", "currency")),
    "currency": ("Bill: currency", "Currency__c", _TEXT),
    "date": ("Bill: date", "Invoice_Date__c", ("date",)),
    "dueDate": ("Bill: due date", "Due_Date__c", ("date",)),
    "periodStart": ("Bill: service period start", "Period_Start__c", ("date",)),
    "periodEnd": ("Bill: service period end", "Period_End__c", ("date",)),
    "status": ("Bill: status", "Status__c", _TEXT),
    "purchaseOrder": ("Bill: purchase order", "Purchase_Order__c", _TEXT),
    "complete": ("Bill: complete", "Complete__c", ("boolean",)),
    "tag": ("Bill: revision tag", "Revision_Tag__c", ("string",)),
}
LINE_FIELDS: Mapping[str, Row] = {
    "lineInvoice": ("Line: invoice", "Invoice__c", ("reference",)),
    "lineProduct": ("Line: product", "Product__c", ("reference",)),
    "linePosition": ("Line: position", "Position__c", _NUMBER),
    "lineType": ("Line: type", "Line_Type__c", _TEXT),
    "lineDescription": ("Line: description", "Description__c", _TEXT),
    "lineQuantity": ("Line: quantity", "Quantity__c", _NUMBER),
    "linePrice": ("Line: unit price", "Unit_Price__c", _NUMBER),
    "lineAmount": ("Line: amount", "Amount__c", ("double", "currency")),
    "lineCurrency": ("Line: currency", "", _TEXT),
    "linePeriodStart": ("Line: service period start", "Period_Start__c", ("date",)),
    "linePeriodEnd": ("Line: service period end", "Period_End__c", ("date",)),
}
FIELDS: Mapping[str, Row] = {**BILL_FIELDS, **LINE_FIELDS}
CURRENCY = "CurrencyIsoCode"
"""The field of every record in an org of several currencies: what its currency fields are in, the user's own unless it is given."""
ALWAYS = ("total", "tag", "lineInvoice", "lineAmount")
"""What cannot be left out: without these a Bill could be neither stored nor checked."""

EXTERNAL_IDS: Mapping[str, tuple[str, str]] = {
    "bill": ("Bill: external id", "Source_Bill_Id__c"),
    "line": ("Line: external id", "Source_Line_Id__c"),
    "account": ("Account: external id", "Source_Account_Id__c"),
}

_FIELD = re.compile(r"[A-Za-z0-9]\w*")


def defaults() -> dict[str, str]:
    return {key: row[1] for key, row in FIELDS.items()}


def wrong_name(text: str) -> str:
    """Why the text is not an API name of Salesforce, "" when it is or is empty."""
    if not text or _FIELD.fullmatch(text):
        return ""
    return f"“{text}” is not an API name: letters, digits and _, for example Total__c."


def wrong_names(values: Mapping[str, str]) -> str:
    return next((wrong for text in values.values() if (wrong := wrong_name(text))), "")


@dataclass(frozen=True)
class Names:
    """An integration's objects and fields. A field that is not wanted is not in `fields`."""

    bill: str
    line: str
    bill_id: str
    line_id: str
    account_id: str
    fields: Mapping[str, str]

    @classmethod
    def of(cls, options: Options) -> "Names":
        """What is not said, or cannot be left out, is the package's default."""
        ids = {key: row[1] for key, row in EXTERNAL_IDS.items()} | dict(options.get("externalIdFields") or {})
        named = defaults() | dict(options.get("fieldMapping") or {})
        always = {key: named[key] or defaults()[key] for key in ALWAYS}
        return cls(
            bill=options.get("billObject") or BILL_OBJECT,
            line=options.get("billLineObject") or LINE_OBJECT,
            bill_id=ids["bill"] or EXTERNAL_IDS["bill"][1],
            line_id=ids["line"] or EXTERNAL_IDS["line"][1],
            account_id=ids["account"],
            fields={key: name for key, name in (named | always).items() if name},
        )

    def objects(self) -> dict[str, str]:
        """Whose field each value goes into."""
        return dict.fromkeys(BILL_FIELDS, self.bill) | dict.fromkeys(LINE_FIELDS, self.line)

    def targets(self) -> dict[str, str]:
        """What the references have to point to."""
        return {"account": "Account", "lineProduct": "Product2", "lineInvoice": self.bill}

    def stored(self, values: Mapping[str, object]) -> dict[str, object]:
        """Values by key as a record: the fields that the org has for them."""
        return {self.fields[key]: value for key, value in values.items() if key in self.fields}


def relationship(field: str) -> str:
    """The name by which a lookup's record is set through its own external id: Account__r of Account__c, Account of AccountId."""
    return f"{field[:-3]}__r" if field.endswith("__c") else field.removesuffix("Id")
