"""Backfills, and Bills of more than a thousand lines: Bulk API 2.0 jobs, one after the other.

A job knows one object, so a Bill takes three: headers without their tag and marked incomplete, lines, and at last what completes the
headers. A Bill of which any record failed is left out of the jobs that follow: half a Bill stands there as incomplete and is never
taken for a whole one. One exchange carries all three; its stored body is what they will be made of.

Source: Bulk API 2.0 guide, read in November 2026: a job is created, filled with CSV, closed, and then done by Salesforce by itself.
"""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from integrations.contract import Answer, Fault, Outcome, Request, Sending, Transport
from integrations.destinations.salesforce.answers import fault_among, fault_of, parsed
from integrations.destinations.salesforce.fields import Names, relationship
from integrations.destinations.salesforce.org import Org
from integrations.destinations.salesforce.sending import HEADERS, MakeKey, closing, encode, gone, opened, request
from integrations.faults import Said, failure

SUFFIX = "/jobs/ingest"
NULL = "#N/A"
_RUNNING = ("Open", "UploadComplete", "InProgress")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """How far an exchange is: the job that runs, its number among the steps, and the earlier jobs in which records failed."""

    job: str
    step: int
    failed: tuple[str, ...] = ()

    @classmethod
    def of(cls, url: str) -> "Place":
        where, _, rest = url.partition("#")
        step, *failed = rest.split(",")
        return cls(where.rpartition("/")[2], int(step), tuple(failed))

    def url(self, org: Org) -> str:
        return f"{org.data}{SUFFIX}/{self.job}#{','.join((str(self.step), *self.failed))}"


def call(org: Org, names: Names, sendings: Sequence[Sending], key: MakeKey) -> Request:
    """One exchange for these Bills. Its body is {steps: [{object, operation, externalIdFieldName, owner, csv}]}; `owner` is the column
    that holds the Bill's key."""
    return request(f"{org.data}{SUFFIX}", {"steps": list(_steps(names, sendings))}, [sending.document.key for sending in sendings], key)


def start(transport: Transport, org: Org, sent: Request) -> Answer:
    """Begins with the first step; the answer is that of the closed job, or of whatever refused."""
    return _begin(transport, org, parsed(sent.body)["steps"][0], ())


def outcomes(org: Org, sent: Request, answer: Answer) -> list[Outcome]:
    job = parsed(answer.body)
    if answer.status == 200 and job.get("id") and job.get("state"):
        return [Outcome(member=member, job=Place(str(job["id"]), 0).url(org)) for member in sent.members]
    return [Outcome(member=member, fault=fault_of(answer)) for member in sent.members]


def follow(transport: Transport, org: Org, sent: Request, job: str) -> list[Outcome]:
    """How far the job is; when it is done, begins the next step for the Bills that are whole so far. Raises errors.DeliveryError."""
    place, steps = Place.of(job), parsed(sent.body)["steps"]
    answer = transport.send(Request(method="GET", url=job.partition("#")[0], safe=True))
    state = parsed(answer.body)
    if answer.status != 200 or not state.get("state"):
        raise failure(fault_of(answer))
    if state["state"] in _RUNNING:
        return [Outcome(member=member, job=job) for member in sent.members]
    if state.get("numberRecordsFailed"):
        place = replace(place, failed=(*place.failed, place.job))
    faults = _faults(transport, org, sent, steps, place) | _whole_job(sent, state)
    last = place.step + 1 == len(steps) or len(faults) == len(sent.members)
    following = "" if last else _next(transport, org, steps[place.step + 1], place, faults)
    return [_outcome(member, faults.get(member), following) for member in sent.members]


def _outcome(member: str, fault: Fault | None, job: str) -> Outcome:
    """While a job runs, a Bill that has failed waits for the others: an exchange has one end."""
    return Outcome(member=member, job=job) if job else Outcome(member=member, fault=fault)


def _next(transport: Transport, org: Org, step: Row, place: Place, faults: Mapping[str, Fault]) -> str:
    answer = _begin(transport, org, step, faults.keys())
    job = parsed(answer.body)
    if answer.status != 200 or not job.get("id"):
        raise failure(fault_of(answer))
    return Place(str(job["id"]), place.step + 1, place.failed).url(org)


# --- what a job is made of --------------------------------------------------------------------------------------------------------------


def _steps(names: Names, sendings: Sequence[Sending]) -> Iterator[dict[str, str]]:
    headers = [{names.bill_id: sending.document.key, **opened(sending, names)} for sending in sendings]
    yield _step(names.bill, "upsert", names.bill_id, names.bill_id, headers)
    owner = f"{relationship(names.fields['lineInvoice'])}.{names.bill_id}"
    lines = [
        {names.line_id: line["key"], owner: sending.document.key, **line["record"]}
        for sending in sendings
        for line in sending.document.body["lines"]
    ]
    yield _step(names.line, "upsert", names.line_id, owner, lines)
    if vanished := [{"Id": record_id} for sending in sendings for record_id in gone(sending)]:
        yield _step(names.line, "delete", "", "", vanished)
    ends = [{names.bill_id: sending.document.key, **closing(sending, names)} for sending in sendings]
    yield _step(names.bill, "upsert", names.bill_id, names.bill_id, ends)


def _step(kind: str, operation: str, field: str, owner: str, records: Sequence[Row]) -> dict[str, str]:
    step = {"object": kind, "operation": operation, "externalIdFieldName": field, "owner": owner, "csv": _csv(map(_flat, records))}
    return {name: value for name, value in step.items() if value}


def _flat(record: Row) -> dict[str, str]:
    """A record as a row: a parent's external id in a column of its own."""
    row: dict[str, str] = {}
    for name, value in record.items():
        inner = {f"{name}.{field}": part for field, part in value.items()} if isinstance(value, dict) else {name: value}
        row |= {column: _text(part) for column, part in inner.items()}
    return row


def _text(value: object) -> str:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _csv(rows: Iterator[dict[str, str]] | Sequence[dict[str, str]]) -> str:
    listed = list(rows)
    columns = list(dict.fromkeys(name for row in listed for name in row))
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return written.getvalue()


def _without(step: Row, members: Collection[str]) -> str:
    """The step's rows but for those of Bills that have failed; a step that names no owner is whole."""
    owner = step.get("owner")
    if not members or not owner:
        return str(step["csv"])
    return _csv([row for row in csv.DictReader(io.StringIO(step["csv"])) if row[owner] not in members])


def _begin(transport: Transport, org: Org, step: Row, without: Collection[str]) -> Answer:
    """Creates the job, uploads its rows, closes it; ends with the first answer that is a refusal."""
    named = {name: step[name] for name in ("object", "operation", "externalIdFieldName") if name in step}
    created = transport.send(_post(f"{org.data}{SUFFIX}", named | {"contentType": "CSV", "lineEnding": "LF"}))
    job = parsed(created.body).get("id")
    if created.status != 200 or not job:
        return created
    url, rows = f"{org.data}{SUFFIX}/{job}", _without(step, without).encode()
    uploaded = transport.send(Request(method="PUT", url=f"{url}/batches", headers={"Content-Type": "text/csv"}, body=rows))
    if uploaded.status != 201:
        return uploaded
    return transport.send(Request(method="PATCH", url=url, headers=HEADERS, body=encode({"state": "UploadComplete"})))


def _post(url: str, content: Any) -> Request:
    return Request(method="POST", url=url, headers=HEADERS, body=encode(content))


# --- what became of it ------------------------------------------------------------------------------------------------------------------


def _whole_job(sent: Request, state: Row) -> dict[str, Fault]:
    """Every Bill fails when its job did."""
    if state["state"] == "JobComplete":
        return {}
    fault = fault_among([Said(code=str(state["state"]), words=str(state.get("errorMessage") or "The job was aborted."))])
    return dict.fromkeys(sent.members, fault)


def _faults(transport: Transport, org: Org, sent: Request, steps: Sequence[Row], place: Place) -> dict[str, Fault]:
    """The first refused record of each Bill, out of all jobs in which any was refused."""
    faults: dict[str, Fault] = {}
    for job in place.failed:
        for row in _failed_rows(transport, org, job):
            said = _said(row["sf__Error"])
            for member in _owners(row, steps, sent.members):
                faults.setdefault(member, fault_among([said]))
    return faults


def _failed_rows(transport: Transport, org: Org, job: str) -> list[dict[str, str]]:
    answer = transport.send(Request(method="GET", url=f"{org.data}{SUFFIX}/{job}/failedResults/", safe=True))
    if answer.status != 200:
        raise failure(fault_of(answer))
    return [row for row in csv.DictReader(io.StringIO(answer.body.decode())) if "sf__Error" in row]


def _owners(row: Mapping[str, str], steps: Sequence[Row], members: Sequence[str]) -> Sequence[str]:
    """Whose record it is; a row that names none, a line to vanish, belongs to the only Bill of its exchange."""
    named = [row[step["owner"]] for step in steps if step.get("owner") in row]
    return [key for key in named[:1] if key in members] or ([] if named else members)


def _said(text: str) -> Said:
    """`REQUIRED_FIELD_MISSING:Required fields are missing: [Account__c]:Account__c --`."""
    code, _, rest = text.removesuffix("--").strip().partition(":")
    words, _, fields = rest.rpartition(":")
    return Said(code=code.strip(), words=(words or rest).strip(), path=fields.strip() if words else "")
