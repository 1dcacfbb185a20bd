"""Deposits that NetSuite has applied to an invoice by itself.

It does so when the sales order that a deposit names is invoiced (several public guides, the newest of 2024): the application has no
external id then, and a second one of ours would be more than the deposit holds. So it is found by its deposit and made ours by its id.
"""

from collections.abc import Sequence
from dataclasses import replace

from integrations.contract import Held, Sought, Transport
from integrations.destinations.netsuite import suiteql
from integrations.destinations.netsuite.account import Account

APPLICATION = "depositApplication"
_PAYMENT, _DEPOSIT = "pay-", "dep-"


def deposit_key(key: str) -> str:
    """The external id of the deposit that an application of ours belongs to."""
    return _DEPOSIT + key.removeprefix(_PAYMENT)


def applied_already(transport: Transport, account: Account, sought: Sequence[Sought]) -> dict[str, Held]:
    """The applications of these deposits that do not carry our key, by the key that they are to get. Two queries."""
    keys = {deposit_key(each.key): each.key for each in sought if each.kind == APPLICATION}
    if not keys:
        return {}
    marks = ", ".join("?" * len(keys))
    query = f"SELECT t.id, t.externalid FROM transaction t WHERE t.type = 'CustDep' AND t.externalid IN ({marks})"  # noqa: S608 - marks only
    deposits = {row["id"]: keys[row["externalid"]] for row in suiteql.rows(transport, account, query, list(keys))}
    found = suiteql.made_from(transport, account, APPLICATION, list(deposits))
    return {deposits[origin]: replace(held, key=deposits[origin]) for origin, held in found if not held.key}
