"""Bills of an ordinary size: each one atomic graph of its header, its lines and what is to vanish, many of them in one call.

Limits: 500 nodes and 75 graphs in a call (Salesforce REST API guide, resources_composite_graph_limits, November 2026).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from integrations.contract import Answer, Outcome, Request, Sending
from integrations.destinations.salesforce.answers import fault_among, fault_of, listed, parsed, part
from integrations.destinations.salesforce.fields import Names
from integrations.destinations.salesforce.org import Org
from integrations.destinations.salesforce.sending import MakeKey, gone, request

MOST_NODES, MOST_GRAPHS = 500, 75
SUFFIX = "/composite/graph"
INVOICE = "invoice"


def size(sending: Sending) -> int:
    """How many nodes a Bill takes."""
    return 1 + len(sending.document.body["lines"]) + len(gone(sending))


def pack(org: Org, names: Names, sendings: Sequence[Sending], key: MakeKey) -> Iterator[Request]:
    """Calls filled in the order given, so that Bills of one Account that stand together travel together."""
    call: list[Sending] = []
    for sending in sendings:
        if len(call) == MOST_GRAPHS or sum(map(size, call)) + size(sending) > MOST_NODES:
            yield _call(org, names, call, key)
            call = []
        call.append(sending)
    if call:
        yield _call(org, names, call, key)


def outcomes(org: Org, sent: Request, answer: Answer) -> list[Outcome]:
    """Each Bill's own, by the name of its graph."""
    graphs = parsed(answer.body).get("graphs")
    if answer.status != 200 or not isinstance(graphs, list):
        return [Outcome(member=member, fault=fault_of(answer)) for member in sent.members]
    by_id = {graph.get("graphId"): graph for graph in graphs if isinstance(graph, dict)}
    return [_outcome(org, member, by_id.get(_graph_id(number)), answer) for number, member in enumerate(sent.members)]


def upsert_path(org: Org, kind: str, field: str, key: str) -> str:
    return f"{org.path}/sobjects/{kind}/{field}/{quote(key, safe='')}"


def _call(org: Org, names: Names, sendings: Sequence[Sending], key: MakeKey) -> Request:
    graphs = [{"graphId": _graph_id(at), "compositeRequest": list(_nodes(org, names, sending))} for at, sending in enumerate(sendings)]
    return request(f"{org.data}{SUFFIX}", {"graphs": graphs}, [sending.document.key for sending in sendings], key)


def _graph_id(number: int) -> str:
    return f"bill{number + 1}"


def _nodes(org: Org, names: Names, sending: Sending) -> Iterator[dict[str, Any]]:
    """The header first, whose id the lines take; an id that is known by its number only needs no external id."""
    body = sending.document.body
    yield _node("PATCH", upsert_path(org, names.bill, names.bill_id, body["key"]), INVOICE, body["record"])
    for number, line in enumerate(body["lines"], 1):
        record = line["record"] | {names.fields["lineInvoice"]: f"@{{{INVOICE}.id}}"}
        yield _node("PATCH", upsert_path(org, names.line, names.line_id, line["key"]), f"line{number}", record)
    for number, record_id in enumerate(gone(sending), 1):
        yield _node("DELETE", f"{org.path}/sobjects/{names.line}/{record_id}", f"gone{number}", None)


def _node(method: str, url: str, reference: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    node: dict[str, Any] = {"method": method, "url": url, "referenceId": reference}
    return node if body is None else node | {"body": body}


def _outcome(org: Org, member: str, graph: Any, answer: Answer) -> Outcome:
    """A graph that is not in the answer is as unreadable as an answer that is none."""
    said = graph.get("graphResponse") if isinstance(graph, dict) else None
    parts = said.get("compositeResponse") if isinstance(said, dict) else None
    if not isinstance(graph, dict) or not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        return Outcome(member=member, fault=fault_of(answer))
    complaints = [said for each in parts for said in part(int(each.get("httpStatusCode") or 0), each.get("body"))]
    if complaints or not graph.get("isSuccessful"):
        return Outcome(member=member, fault=fault_among(complaints or listed(None) or part(500, None)))
    header = next((each.get("body") for each in parts if each.get("referenceId") == INVOICE), None)
    record_id = str(header.get("id") or "") if isinstance(header, dict) else ""
    return Outcome(member=member, external_id=record_id, url=org.page_url(record_id) if record_id else "")
