"""A Bill too large for a graph: one composite call of collections, all or nothing, the header's last word at its end.

Limits: 25 subrequests, five of them collections, of 200 records each (Salesforce REST API guide, resources_composite_composite and
resources_composite_sobjects_collections_upsert, November 2026).
"""

from collections.abc import Iterator
from typing import Any

from integrations.contract import Answer, Outcome, Request, Sending
from integrations.destinations.salesforce.answers import fault_among, fault_of, listed, parsed, part
from integrations.destinations.salesforce.fields import Names, relationship
from integrations.destinations.salesforce.graph import upsert_path
from integrations.destinations.salesforce.org import Org
from integrations.destinations.salesforce.sending import MakeKey, closing, gone, opened, request
from integrations.faults import Said

MOST, COLLECTIONS = 200, 5
SUFFIX = "/composite"
INVOICE = "invoice"


def fits(sending: Sending) -> bool:
    """Whether the lines, and those to vanish, fill five collections at most."""
    return _collections(len(sending.document.body["lines"])) + _collections(len(gone(sending))) <= COLLECTIONS


def call(org: Org, names: Names, sending: Sending, key: MakeKey) -> Request:
    content = {"allOrNone": True, "collateSubrequests": False, "compositeRequest": list(_parts(org, names, sending))}
    return request(f"{org.data}{SUFFIX}", content, [sending.document.key], key)


def outcomes(org: Org, sent: Request, answer: Answer) -> list[Outcome]:
    parts = parsed(answer.body).get("compositeResponse")
    if answer.status != 200 or not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        return [Outcome(member=member, fault=fault_of(answer)) for member in sent.members]
    said = [complaint for each in parts for complaint in _complaints(int(each.get("httpStatusCode") or 0), each.get("body"))]
    if said:
        return [Outcome(member=member, fault=fault_among(said)) for member in sent.members]
    header = next((each.get("body") for each in parts if each.get("referenceId") == INVOICE), None)
    record_id = str(header.get("id") or "") if isinstance(header, dict) else ""
    url = org.page_url(record_id) if record_id else ""
    return [Outcome(member=member, external_id=record_id, url=url) for member in sent.members]


def _collections(records: int) -> int:
    return -(-records // MOST)


def _parts(org: Org, names: Names, sending: Sending) -> Iterator[dict[str, Any]]:
    body, many = sending.document.body, f"{org.path}/composite/sobjects"
    header = upsert_path(org, names.bill, names.bill_id, body["key"])
    yield {"method": "PATCH", "url": header, "referenceId": "opened", "body": opened(sending, names)}
    records = [_record(names, body["key"], line) for line in body["lines"]]
    for number, chunk in enumerate(_chunks(records), 1):
        content = {"allOrNone": True, "records": chunk}
        yield {"method": "PATCH", "url": f"{many}/{names.line}/{names.line_id}", "referenceId": f"lines{number}", "body": content}
    for number, ids in enumerate(_chunks(gone(sending)), 1):
        yield {"method": "DELETE", "url": f"{many}?ids={','.join(ids)}&allOrNone=true", "referenceId": f"gone{number}"}
    yield {"method": "PATCH", "url": header, "referenceId": INVOICE, "body": closing(sending, names)}


def _record(names: Names, bill_key: str, line: dict[str, Any]) -> dict[str, Any]:
    parent = {relationship(names.fields["lineInvoice"]): {names.bill_id: bill_key}}
    return {"attributes": {"type": names.line}, names.line_id: line["key"], **line["record"], **parent}


def _chunks(records: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(records), MOST):
        yield records[start : start + MOST]


def _complaints(status: int, body: Any) -> list[Said]:
    """Of one part, or of the records in it."""
    rows = [row for row in (body if isinstance(body, list) else []) if isinstance(row, dict) and row.get("success") is False]
    return part(status, body) or [complaint for row in rows for complaint in listed(row.get("errors"))]
