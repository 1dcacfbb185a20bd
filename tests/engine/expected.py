"""What stands at the destination when everything has gone well: the judge's side, which knows nothing of our tables."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

ACCOUNTS = ("acc-1", "acc-2", "acc-3")
KINDS = ("invoice", "creditMemo")


def uid(account: str, number: int) -> str:
    return f"{account}-bill-{number:04}"


def amounts(bill: str, revision: int) -> list[Decimal]:
    """One to four amounts that depend on nothing but the Bill's id and its revision."""
    digest = hashlib.sha256(f"{bill} {revision}".encode()).digest()
    return [Decimal(1 + int.from_bytes(digest[at : at + 3])).scaleb(-2) for at in range(0, 3 * (1 + digest[31] % 4), 3)]


def expected(count: int, revision: int) -> dict[str, tuple[Decimal, int]]:
    """{external id: (total, number of lines)}."""
    uids = [uid(account, number) for account in ACCOUNTS for number in range(count)]
    return {bill: (sum(amounts(bill, revision), Decimal(0)), len(amounts(bill, revision))) for bill in uids}


def found(books: dict[str, list[dict[str, Any]]]) -> dict[str, tuple[Decimal, int]]:
    """The same of one tenant's books; fails when a document is there twice or does not add up."""
    documents = [document for kind in KINDS for document in books.get(kind, [])]
    assert_once(documents)
    for document in documents:
        lines = document["item"]["items"]
        assert sum(Decimal(line["amount"]) for line in lines) == document["total"], document
    return {document["externalId"]: (document["total"], len(document["item"]["items"])) for document in documents}


def assert_once(documents: Iterable[dict[str, Any]]) -> None:
    counts = Counter(document.get("externalId") for document in documents)
    assert [key for key, count in counts.items() if count > 1] == [], counts
