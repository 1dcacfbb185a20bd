"""The objects of an org, as describe tells them: Account and Product2 as they come, and what the Billpost package brings."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Field:
    """One field. `length` counts characters; `precision` and `scale` digits; `target` is the object that a reference points to."""

    name: str
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    external_id: bool = False
    unique: bool = False
    required: bool = False
    writable: bool = True
    values: tuple[str, ...] = ()
    restricted: bool = False
    target: str = ""
    default: Any = None

    @property
    def relationship(self) -> str:
        """The name by which the record that a reference points to is reached."""
        if not self.target:
            return ""
        return f"{self.name[:-3]}__r" if self.name.endswith("__c") else self.name.removesuffix("Id")

    def described(self) -> dict[str, Any]:
        picked = [{"active": True, "defaultValue": False, "label": value, "value": value} for value in self.values]
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "length": self.length,
            "precision": self.precision,
            "scale": self.scale,
            "externalId": self.external_id,
            "idLookup": self.external_id or self.name == "Id",
            "unique": self.unique,
            "nillable": not self.required and self.type != "boolean",
            "defaultedOnCreate": self.default is not None or self.type == "boolean",
            "createable": self.writable,
            "updateable": self.writable,
            "custom": self.name.endswith("__c"),
            "picklistValues": picked,
            "restrictedPicklist": self.restricted,
            "referenceTo": [self.target] if self.target else [],
            "relationshipName": self.relationship or None,
        }


@dataclass(frozen=True)
class Kind:
    """One object. `prefix` begins its records' ids; records go with the one that their reference `master` points to."""

    name: str
    prefix: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    master: str = ""

    def with_field(self, added: Field) -> "Kind":
        return replace(self, fields={**self.fields, added.name: added})

    def without(self, hidden: set[str]) -> "Kind":
        return replace(self, fields={name: each for name, each in self.fields.items() if name not in hidden})

    def described(self) -> dict[str, Any]:
        return {**self.summary(), "fields": [each.described() for each in self.fields.values()], "recordTypeInfos": []}

    def summary(self) -> dict[str, Any]:
        flags = dict.fromkeys(("createable", "updateable", "deletable", "queryable", "retrieveable"), True)
        label = self.name.removesuffix("__c").replace("_", " ")
        return {"name": self.name, "label": label, "keyPrefix": self.prefix, "custom": self.name.endswith("__c"), **flags}


def _kind(name: str, prefix: str, *own: Field, master: str = "", named: bool = True) -> Kind:
    system = [
        Field("Id", "id", 18, writable=False),
        *([Field("Name", "string", 80)] if named else []),
        Field("CreatedDate", "datetime", writable=False),
        Field("LastModifiedDate", "datetime", writable=False),
        Field("SystemModstamp", "datetime", writable=False),
    ]
    return Kind(name, prefix, {each.name: each for each in (*system, *own)}, master)


def _text(name: str, length: int = 255) -> Field:
    return Field(name, "string", length)


def _key(name: str) -> Field:
    return Field(name, "string", 255, external_id=True, unique=True)


def _number(name: str, precision: int, scale: int, required: bool = False) -> Field:
    return Field(name, "double", precision=precision, scale=scale, required=required)


def _currency() -> Field:
    """Every record of an org of several currencies has one: the user's own unless it is given."""
    return Field("CurrencyIsoCode", "picklist", 3, values=CURRENCIES, restricted=True, default="USD")


CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "CAD", "AUD", "CHF")
STATUSES = ("Pending", "Approved", "Void")

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind("Account", "001", _text("AccountNumber", 40), _text("BillingCountry", 80), _key("Source_Account_Id__c")),
        _kind("Product2", "01t", _text("ProductCode"), Field("IsActive", "boolean", default=True)),
        _kind("Organization", "00D", Field("IsSandbox", "boolean", writable=False)),
        _kind(
            "Invoice__c",
            "a01",
            _key("Source_Bill_Id__c"),
            Field("Account__c", "reference", 18, target="Account"),
            _number("Total__c", 18, 3),
            _text("Currency__c", 3),
            _currency(),
            Field("Invoice_Date__c", "date"),
            Field("Due_Date__c", "date"),
            Field("Period_Start__c", "date"),
            Field("Period_End__c", "date"),
            Field("Status__c", "picklist", 255, values=STATUSES),
            _text("Purchase_Order__c"),
            Field("Complete__c", "boolean", default=False),
            _text("Revision_Tag__c"),
        ),
        _kind(
            "Invoice_Line__c",
            "a02",
            _key("Source_Line_Id__c"),
            Field("Invoice__c", "reference", 18, target="Invoice__c", required=True),
            Field("Product__c", "reference", 18, target="Product2"),
            _number("Position__c", 6, 0),
            _text("Line_Type__c"),
            Field("Description__c", "textarea", 4000),
            _number("Quantity__c", 18, 6),
            _number("Unit_Price__c", 18, 8),
            _number("Amount__c", 18, 3),
            _currency(),
            Field("Period_Start__c", "date"),
            Field("Period_End__c", "date"),
            master="Invoice__c",
        ),
    )
}


def custom_object(entry: Mapping[str, Any], number: int) -> Kind:
    """An object of an org's own, still without custom fields, from {name, master}: `master` the field of a detail. Raises ValueError."""
    name = entry.get("name")
    if not isinstance(name, str) or not name.endswith("__c"):
        raise ValueError("A custom object needs a name such as Usage_Bill__c.")
    return _kind(name, f"b{number:02d}", master=str(entry.get("master") or ""))


def custom_field(entry: Mapping[str, Any], known: Collection[str]) -> tuple[str, Field]:
    """(object, field) from {object, name, type, length, precision, scale, externalId, unique, required, values, referenceTo}.

    `known`: the org's objects. Raises ValueError.
    """
    kind, name = entry.get("object"), entry.get("name")
    if kind not in known or not isinstance(name, str) or not name.endswith("__c"):
        raise ValueError("A custom field needs object, one of the org's, and name such as Region__c.")
    added = Field(
        name,
        str(entry.get("type", "string")),
        length=int(entry.get("length", 255)),
        precision=int(entry.get("precision", 0)),
        scale=int(entry.get("scale", 0)),
        external_id=bool(entry.get("externalId")),
        unique=bool(entry.get("unique")),
        required=bool(entry.get("required")),
        values=tuple(entry.get("values", ())),
        target=str(entry.get("referenceTo") or ""),
    )
    return str(kind), added
