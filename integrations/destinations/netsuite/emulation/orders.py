"""Sales orders: what of them is fulfilled and billed, and the status that follows."""

from decimal import Decimal

from integrations.destinations.netsuite.emulation.books import Books, Record
from integrations.destinations.netsuite.emulation.errors import NetSuiteError, invalid_content, user_error
from integrations.destinations.netsuite.emulation.schema import ITEM_TYPES

Status = tuple[str, str]
Moved = dict[int, tuple[Decimal, Decimal]]

GOODS = ("inventoryItem", "assemblyItem", "kitItem")
BILLS = ("invoice", "cashSale")
PENDING_FULFILLMENT = ("B", "Pending Fulfillment")
PARTLY_FULFILLED = ("D", "Partially Fulfilled")
PARTLY_PENDING = ("E", "Pending Billing/Partially Fulfilled")
PENDING_BILLING = ("F", "Pending Billing")
BILLED = ("G", "Billed")
_GIVEN = {"A": ("A", "Pending Approval"), "C": ("C", "Cancelled"), "H": ("H", "Closed")}


def status(books: Books, order: Record) -> Status:
    """(letter, words). An order without goods is pending billing at once."""
    given = _GIVEN.get(order.get("orderStatus", {}).get("id", ""))
    if given or all(line.get("isClosed") for line in order["item"]):
        return given or _GIVEN["H"]
    shipped, owed = moved(books, order, "itemFulfillment"), unbilled(books, order)
    if any(is_goods(books, line) for line in order["item"]) and not shipped:
        return PENDING_FULFILLMENT
    if unshipped(books, order):
        return PARTLY_PENDING if owed else PARTLY_FULFILLED
    return PENDING_BILLING if owed else BILLED


def is_goods(books: Books, line: Record) -> bool:
    """Whether the line's item is shipped before it is billed: goods are, any other item where "can be fulfilled" is ticked on it."""
    number = line.get("item", {}).get("id", "")
    item = books.find(ITEM_TYPES, number) or {}
    return bool(item.get("isFulfillable", number and books.find(GOODS, number)))


def shipped(shipment: Record) -> str:
    """The letter of a fulfilment: C, shipped, unless it says otherwise."""
    return str(shipment.get("shipStatus", {}).get("id", "C"))


def moved(books: Books, order: Record, *kinds: str) -> Moved:
    """{order line: (quantity, amount)} on the documents of some types that were made from the order; only what is shipped counts."""
    sums: Moved = {}
    for child in books.children(order["id"], *kinds):
        if "shipStatus" in child and shipped(child) != "C":
            continue
        for line in child.get("item", []):
            if at := line.get("orderLine"):
                quantity, amount = sums.get(at, (Decimal(0), Decimal(0)))
                sums[at] = quantity + line.get("quantity", Decimal(1)), amount + line.get("amount", Decimal(0))
    return sums


def unshipped(books: Books, order: Record) -> dict[int, Decimal]:
    """{order line: quantity} of the goods that are still to be shipped."""
    done = moved(books, order, "itemFulfillment")
    rests = {line["line"]: _rest(line, ordered(line), done) for line in order["item"] if is_goods(books, line) and not line.get("isClosed")}
    return {at: rest for at, rest in rests.items() if rest}


def unbilled(books: Books, order: Record) -> dict[int, Decimal]:
    """{order line: quantity} that may be billed now: of goods what is shipped, of everything else all; 0 for a line without a quantity."""
    sent, done = moved(books, order, "itemFulfillment"), moved(books, order, *BILLS)
    found: dict[int, Decimal] = {}
    for line in order["item"]:
        goods = is_goods(books, line)
        if line.get("isClosed") or (goods and line["line"] not in sent):
            continue
        rest = _rest(line, sent[line["line"]][0] if goods else ordered(line), done)
        if rest is not None:
            found[line["line"]] = rest
    return found


def ordered(line: Record) -> Decimal:
    return Decimal(line.get("quantity", 1))


def shipment(books: Books, order: Record) -> list[Record]:
    """The lines of a fulfilment of everything that is left."""
    rests = unshipped(books, order)
    return [
        {name: line[name] for name in ("item", "description", "location") if name in line}
        | {"orderLine": line["line"], "quantity": rests[line["line"]], "itemReceive": True}
        for line in order["item"]
        if line["line"] in rests
    ]


def check_shipment(books: Books, record: Record) -> None:
    """A fulfilment needs its order and ships no more than is left of it. Raises NetSuiteError."""
    order = books.records["salesOrder"].get(record.get("createdFrom", {}).get("id", ""))
    if order is None:
        raise user_error("Please enter value(s) for: Created From.")
    before = books.records["itemFulfillment"].get(record["id"], {})
    own = {line.get("orderLine"): line.get("quantity", Decimal(1)) for line in before.get("item", [])}
    rests = unshipped(books, order)
    if not record.get("item"):
        raise NetSuiteError(400, "VALID_LINE_ITEM_REQD", "You must enter at least one line item for this transaction.", "item")
    for at, line in enumerate(record["item"]):
        left = rests.get(line.get("orderLine", 0), Decimal(0)) + own.get(line.get("orderLine"), Decimal(0))
        if not 0 < line.setdefault("quantity", left) <= left:
            raise invalid_content("The quantity to fulfill is more than the sales order leaves.", f"item.items[{at}].quantity")


def refuse_undone(books: Books, order: Record) -> None:
    """A line may not go below what is shipped or billed of it. Raises NetSuiteError."""
    quantities = {line["line"]: ordered(line) for line in order["item"]}
    for kinds in (("itemFulfillment",), BILLS):
        for at, (quantity, _) in moved(books, order, *kinds).items():
            if abs(quantity) > abs(quantities.get(at, Decimal(0))):
                raise user_error(f"Line {at} of this sales order cannot be changed because it is fulfilled or billed.")


def _rest(line: Record, most: Decimal, done: Moved) -> Decimal | None:
    """What of a quantity is left, None for nothing."""
    if line["line"] not in done:
        return most
    rest = most - done[line["line"]][0]
    return rest if rest and (rest > 0) == (most > 0) else None
