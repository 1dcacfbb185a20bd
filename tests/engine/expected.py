"""What stands at the destination when everything has gone well: the judge's side, which knows nothing of our tables."""

import hashlib
from decimal import Decimal

ACCOUNTS = ("acc-1", "acc-2", "acc-3")


def uid(account: str, number: int) -> str:
    return f"{account}-bill-{number:04}"


def amounts(bill: str, revision: int) -> list[Decimal]:
    """One to four amounts that depend on nothing but the Bill's id and its revision."""
    digest = hashlib.sha256(f"{bill} {revision}".encode()).digest()
    return [Decimal(1 + int.from_bytes(digest[at : at + 3])).scaleb(-2) for at in range(0, 3 * (1 + digest[31] % 4), 3)]


def expected(count: int, revision: int) -> dict[str, tuple[Decimal, int]]:
    """{document key: (total, number of lines)}."""
    uids = [uid(account, number) for account in ACCOUNTS for number in range(count)]
    return {bill: (sum(amounts(bill, revision), Decimal(0)), len(amounts(bill, revision))) for bill in uids}
