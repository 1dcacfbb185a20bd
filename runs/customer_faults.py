"""Why the customer of a Bill cannot be told, in a person's words."""

from collections.abc import Sequence

from billing.bill import Ref
from integrations.contract import CustomerRow, Fault
from integrations.errors import Refused

AMBIGUOUS, INACTIVE, TAKEN = "CUSTOMER_AMBIGUOUS", "CUSTOMER_INACTIVE", "EXTERNAL_ID_TAKEN"
BY_MAPPING = (AMBIGUOUS, INACTIVE, TAKEN)
"""What a mapping of the Account puts right."""


def ambiguous(table: str, account: Ref, value: str, rows: Sequence[CustomerRow]) -> Fault:
    return _fault(
        AMBIGUOUS,
        table,
        account,
        title=f"Nothing was sent: {len(rows)} customers have {value}, and one of them is the Account {_name(account)}.",
        why=f"They are {', '.join(_titled(row) for row in rows)}; which one is meant cannot be told.",
        remedy="Map the Account to the right one; its Bills go by themselves.",
    )


def inactive(table: str, account: Ref, row: CustomerRow, reactivate: str) -> Fault:
    return _fault(
        INACTIVE,
        table,
        account,
        title=f"Nothing was sent: the customer of the Account {_name(account)}, {_titled(row)}, is inactive.",
        why="An inactive customer cannot stand on a document, and a second one is not created beside it.",
        remedy=f"{reactivate.format(id=row.id)}, then Retry; or map the Account to the customer that took its place.",
    )


def taken(table: str, account: Ref, row: CustomerRow, key: str) -> Fault:
    return _fault(
        TAKEN,
        table,
        account,
        title=f"Nothing was sent: the customer of the Account {_name(account)}, {_titled(row)}, has the external id {row.external_id}.",
        why=f"Ours would be {key}. An external id belongs to the system that gave it, so it was not written over.",
        remedy="If it is the right customer, map the Account to it, and it keeps its external id; else map the Account to another.",
    )


def other_account(table: str, account: Ref, row: CustomerRow, other: str) -> Fault:
    return _fault(
        TAKEN,
        table,
        account,
        title=f"Nothing was sent: the customer of the Account {_name(account)}, {_titled(row)}, is that of the Account {other} already.",
        why="Both Accounts find the same customer, which can carry the external id of one of them only.",
        remedy="If both are billed to it, map this Account to it as well; else map this Account to another customer.",
    )


def refused(error: Refused) -> Fault:
    return Fault(
        code=error.code,
        next="person",
        title=f"Nothing was sent: {error.sentence}",
        why="The destination was asked for the Bill's customer, and would not answer.",
        detail=error.detail,
    )


def _fault(code: str, table: str, account: Ref, *, title: str, why: str, remedy: str) -> Fault:
    return Fault(
        code=code,
        next="person",
        title=title,
        why=why,
        remedy=remedy,
        who="Someone with the permission to map",
        field=table,
        entity=f"Account:{account.id}",
    )


def _name(account: Ref) -> str:
    return account.name or account.code or account.id


def _titled(row: CustomerRow) -> str:
    return f"{row.name} ({row.id})" if row.name else row.id
