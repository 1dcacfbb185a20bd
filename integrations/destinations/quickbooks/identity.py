"""How a Bill's document is recognised in QuickBooks: by our tag in its private note, and by its number. Pure."""

import base64
import hashlib
import re

from billing.bill import Bill
from integrations.contract import Stamp

LONGEST_NUMBER = 21
_TAG = re.compile(r"(?P<tag>(?P<id>.+) r\d+ g\d+)(?: \((?P<source>[^()\s]+)\))?")


def document_key(bill: Bill, stamp: Stamp) -> str:
    """The Bill's own id, after the source's slug unless that is its platform's default."""
    return bill.source_id if stamp.default_source else f"{stamp.source}:{bill.source_id}"


def document_number(bill: Bill, stamp: Stamp) -> str:
    """The Bill's number where QuickBooks takes it (21 characters), else a short code that is the same whenever it is made."""
    if bill.number and len(bill.number) <= LONGEST_NUMBER:
        return bill.number
    digest = hashlib.sha256(document_key(bill, stamp).encode()).digest()
    return f"BP-{base64.b32encode(digest)[:16].decode()}"


def note(bill: Bill, stamp: Stamp) -> str:
    """What stands in PrivateNote."""
    return stamp.tag(bill) if stamp.default_source else f"{stamp.tag(bill)} ({stamp.source})"


def read_note(text: str) -> tuple[str, str]:
    """(document key, tag) of a private note that is ours, ("", the text) of any other. What people add on further lines is passed over."""
    first = text.split("\n", 1)[0].strip()
    found = _TAG.fullmatch(first)
    if found is None:
        return "", first
    key = f"{found['source']}:{found['id']}" if found["source"] else found["id"]
    return key, found["tag"]
