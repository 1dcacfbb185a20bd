"""Many records in one asynchronous request: a collection of at most 100, one job, and what became of each record.

The job has no list of its results, only one result per task (Oracle, subsect_161252889998, November 2026), so success is read from one
SuiteQL and only the records that are not there are asked for one by one.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby

import msgspec

from integrations.contract import Document, Fault, Held, Outcome, Request, Sending, Sought, Transport
from integrations.destinations.netsuite import suiteql
from integrations.destinations.netsuite.account import Account
from integrations.destinations.netsuite.answers import fault_of, kind_of, parsed
from integrations.faults import failure

MOST = 100
KEY_HEADER = "X-NetSuite-Idempotency-Key"
REPLAY_WINDOW = timedelta(hours=1)
"""How long a key surely still finds its job: Oracle does not say how long keys live (November 2026), so after an hour we ask instead."""

_HEADERS = {
    "Content-Type": "application/vnd.oracle.resource+json; type=collection",
    "Prefer": "respond-async",
    "X-NetSuite-PropertyNameValidation": "Error",
}
_encode = msgspec.json.Encoder(decimal_format="number").encode
MakeKey = Callable[[Sequence[str], bytes], str]


def collections(account: Account, sendings: Sequence[Sending], key: MakeKey) -> Iterator[Request]:
    """New records only, one record type per request: whether a collection replaces lines is not confirmed (November 2026)."""
    for kind, alike in groupby(sorted(sendings, key=lambda sending: sending.document.kind), key=lambda sending: sending.document.kind):
        documents = [sending.document for sending in alike]
        for start in range(0, len(documents), MOST):
            yield _collection(account, kind, documents[start : start + MOST], key)


def _collection(account: Account, kind: str, documents: Sequence[Document], key: MakeKey) -> Request:
    members = tuple(document.key for document in documents)
    body = _encode({"items": [document.body for document in documents]})
    made = key(members, body)
    return Request(
        method="PUT",
        url=f"{account.rest}/record/v1/{kind}",
        headers=_HEADERS | {KEY_HEADER: made},
        body=body,
        key=made,
        members=members,
        replay_window=REPLAY_WINDOW,
    )


def follow(transport: Transport, account: Account, request: Request, job: str) -> list[Outcome]:
    """How far the job is; when it is done or forgotten, what stands in the books and why the rest does not. Raises errors.DeliveryError."""
    answer = transport.send(Request(method="GET", url=job, safe=True))
    if answer.status != 200 and (answer.status != 404 or "items" not in parsed(request.body)):
        raise failure(fault_of(request, answer))
    if answer.status == 200 and not parsed(answer.body).get("completed"):
        return [Outcome(member=member, job=job) for member in request.members]
    kind, items = kind_of(request), parsed(request.body).get("items") or [parsed(request.body)]
    there = suiteql.held(transport, account, [Sought(kind, member) for member in request.members])
    found = []
    for place, member in enumerate(request.members):
        accepted = _accepted(there.get(member), items[place], member)
        found.append(accepted or _failed(transport, request, items[place], member, f"{job}/task/{place + 1}/result"))
    return found


def _accepted(there: Held | None, item: dict[str, object], member: str) -> Outcome | None:
    if there is None or there.tag != item.get("memo"):
        return None
    return Outcome(member=member, external_id=there.external_id, url=there.url)


def _failed(transport: Transport, request: Request, item: dict[str, object], member: str, url: str) -> Outcome:
    answer = transport.send(Request(method="GET", url=url, safe=True))
    if answer.status < 400 or answer.status == 404:
        fault = Fault(code="UNKNOWN", next="unknown", title="The job is done, but this document cannot be read yet.", status="UNKNOWN")
        return Outcome(member=member, fault=fault)
    alone = Request(method=request.method, url=request.url, body=_encode(item), members=(member,))
    return Outcome(member=member, fault=fault_of(alone, answer))
