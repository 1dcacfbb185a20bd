"""Which record types the emulator knows, and their fields.

A field's kind is text, number, money, integer, date, boolean, object, `any` (a reference that is not checked),
or the record types that a reference may point to, as `invoice` or `creditMemo|customerPayment`; `item` stands for every item type.
"""

from dataclasses import dataclass, field

ITEM = "item"

_TRANSACTION = """
    externalId tranId tranDate:date memo otherRefNum currency:currency exchangeRate:number subsidiary:subsidiary
    department:department location:location class:classification customForm:any postingPeriod:accountingPeriod account:account
"""
_SALE = """
    entity:customer dueDate:date terms:any email toBeEmailed:boolean toBePrinted:boolean approvalStatus:any message
    billingAddress:object shippingAddress:object discountItem:item discountRate:money startDate:date endDate:date
    taxDetailsOverride:boolean salesRep:any partner:any paymentMethod:paymentMethod orderStatus:any isReversal:boolean
"""
_SHIPMENT = "entity:customer createdFrom:salesOrder shipStatus:any"
_LINE = """
    line:integer lineUniqueKey:integer item:item quantity:number rate:number amount:money description price:any units:any
    department:department location:location class:classification taxCode:salesTaxItem taxRate1:number tax1Amt:money
    isTaxable:boolean taxDetailsReference revRecStartDate:date revRecEndDate:date isClosed:boolean orderLine:integer
    itemReceive:boolean
"""
_RECEIPT = "customer:customer arAcct:account undepFunds:any autoApply:boolean paymentMethod:paymentMethod paymentOption:any checkNum"
_APPLY = "line:integer doc:invoice apply:boolean amount:money applyDate:date"
_CREDIT = "line:integer doc:creditMemo|customerPayment apply:boolean amount:money"
_DEPOSIT = "line:integer doc:customerDeposit apply:boolean amount:money"
_REFUNDED = "line:integer doc:customerPayment|creditMemo|customerDeposit apply:boolean amount:money"
_TAX_DETAIL = "line:integer taxDetailsReference taxType:taxType taxCode:salesTaxItem taxBasis:money taxRate:number taxAmount:money"
_ENTITY = """
    externalId entityId companyName isPerson:boolean firstName lastName email phone subsidiary:subsidiary currency:currency terms:any
    isInactive:boolean category:any comments url parent:customer customForm:any taxItem:any taxable:boolean salesRep:any vatRegNumber
"""
_ITEM = """
    externalId itemId displayName description salesDescription isInactive:boolean incomeAccount:account account:account
    department:department location:location class:classification nonPosting:boolean rate:number isPreTax:boolean taxSchedule:any
    includeChildren:boolean customForm:any unitsType:any costEstimateType:any cost:number basePrice:number isFulfillable:boolean
"""
_NAMED = "externalId name isInactive:boolean"


def _fields(text: str) -> dict[str, str]:
    """{field: kind} from `name:kind` words; a bare name is text."""
    return {name: kind or "text" for name, _, kind in (word.partition(":") for word in text.split())}


@dataclass(frozen=True)
class RecordType:
    """`family` is transaction, entity, item or list; `code` is SuiteQL's type; `prefix` starts a generated number."""

    name: str
    label: str
    family: str
    fields: dict[str, str]
    sublists: dict[str, dict[str, str]] = field(default_factory=dict)
    code: str = ""
    prefix: str = ""

    @property
    def customer_field(self) -> str:
        return "entity" if "entity" in self.fields else "customer"

    @property
    def has_lines(self) -> bool:
        return "item" in self.sublists

    @property
    def is_sale(self) -> bool:
        return "taxDetails" in self.sublists

    @property
    def custom_prefix(self) -> str:
        return {"transaction": "custbody", "entity": "custentity", "item": "custitem"}.get(self.family, "custrecord")


def _sale(name: str, label: str, code: str, prefix: str, extra: str = "", **sublists: str) -> RecordType:
    lists = {"item": _fields(_LINE), "taxDetails": _fields(_TAX_DETAIL), **{key: _fields(text) for key, text in sublists.items()}}
    return RecordType(name, label, "transaction", _fields(_TRANSACTION + _SALE + extra), lists, code, prefix)


def _receipt(name: str, label: str, code: str, prefix: str, extra: str, **sublists: str) -> RecordType:
    lists = {key: _fields(text) for key, text in sublists.items()}
    return RecordType(name, label, "transaction", _fields(_TRANSACTION + _RECEIPT + " " + extra), lists, code, prefix)


def _item(name: str, label: str) -> RecordType:
    return RecordType(name, label, "item", _fields(_ITEM), {"subsidiary": _fields("id")}, label)


def _list(name: str, label: str, extra: str = "") -> RecordType:
    return RecordType(name, label, "list", _fields(f"{_NAMED} {extra}"))


_ALL = (
    _sale("salesOrder", "Sales Order", "SalesOrd", "SO", "createdFrom:any"),
    RecordType(
        *("itemFulfillment", "Item Fulfillment", "transaction", _fields(_TRANSACTION + _SHIPMENT)),
        *({"item": _fields(_LINE)}, "ItemShip", "IF"),
    ),
    _sale("invoice", "Invoice", "CustInvc", "INV", "createdFrom:salesOrder"),
    _sale("cashSale", "Cash Sale", "CashSale", "CS", "undepFunds:any createdFrom:salesOrder"),
    _sale("creditMemo", "Credit Memo", "CustCred", "CM", "createdFrom:invoice", apply=_APPLY),
    _receipt("customerPayment", "Payment", "CustPymt", "PYMT", "payment:money", apply=_APPLY, credit=_CREDIT, deposit=_DEPOSIT),
    _receipt("customerDeposit", "Customer Deposit", "CustDep", "DEP", "payment:money salesOrder:salesOrder"),
    _receipt("depositApplication", "Deposit Application", "DepAppl", "DEPAPP", "deposit:customerDeposit", apply=_APPLY),
    _receipt("customerRefund", "Customer Refund", "CustRfnd", "RFND", "", apply=_REFUNDED, deposit=_DEPOSIT),
    RecordType(
        *("customer", "Customer", "entity", _fields(_ENTITY)),
        {"currencyList": _fields("currency:currency"), "addressBook": _fields("label defaultBilling:boolean addressBookAddress:object")},
    ),
    _item("serviceSaleItem", "Service"),
    _item("serviceResaleItem", "Service"),
    _item("nonInventorySaleItem", "NonInvtPart"),
    _item("nonInventoryResaleItem", "NonInvtPart"),
    _item("inventoryItem", "InvtPart"),
    _item("assemblyItem", "Assembly"),
    _item("kitItem", "Kit"),
    _item("discountItem", "Discount"),
    _item("otherChargeSaleItem", "OthCharge"),
    _list("currency", "Currency", "symbol currencyPrecision:integer exchangeRate:number isBaseCurrency:boolean"),
    _list("subsidiary", "Subsidiary", "currency:currency parent:subsidiary country legalName"),
    _list("department", "Department", "parent:department"),
    _list("location", "Location", "parent:location"),
    _list("classification", "Class", "parent:classification"),
    _list("account", "Account", "acctNumber acctName acctType:any currency:currency"),
    _list(
        "accountingPeriod",
        "Accounting Period",
        "periodName startDate:date endDate:date closed:boolean allLocked:boolean arLocked:boolean isPosting:boolean",
    ),
    _list("salesTaxItem", "Tax Code", "itemId rate:number taxType:taxType"),
    _list("taxType", "Tax Type"),
    _list("paymentMethod", "Payment Method", "methodType:any undepFunds:boolean"),
)

RECORD_TYPES = {kind.name: kind for kind in _ALL}
ITEM_TYPES = tuple(kind.name for kind in _ALL if kind.family == "item")
TRANSACTION_TYPES = tuple(kind.name for kind in _ALL if kind.family == "transaction")
_TOTALS = ("total", "subtotal", "taxTotal", "discountTotal", "amountPaid", "amountRemaining", "applied", "unapplied")
COMPUTED = frozenset(("id", "links", "refName", "status", "voided", "createdDate", "lastModifiedDate", *_TOTALS))


def targets(kind: str) -> tuple[str, ...]:
    """The record types that a reference of this kind may point to, none if the kind is no checked reference."""
    if kind == ITEM:
        return ITEM_TYPES
    return tuple(name for name in kind.split("|") if name in RECORD_TYPES)
