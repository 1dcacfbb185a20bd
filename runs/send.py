"""Sends stored requests: the only step of the flow that is not in a transaction and not in the database."""

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connections
from django.utils import timezone

from integrations.contract import Answer, Fault, Request
from integrations.errors import DeliveryError, Misconfigured, Retry
from integrations.http import REQUEST_TIMEOUT
from runs.build import Kit
from runs.gate import Gate
from runs.models import Exchange
from runs.points import point


@dataclass(frozen=True)
class Sent:
    """What came of one request: an answer, or why there is none."""

    exchange: Exchange
    request: Request
    answer: Answer | None = None
    error: DeliveryError | None = None


def perform(kit: Kit, pairs: Sequence[tuple[Exchange, Request]], until: dt.datetime, gate: Gate) -> list[Sent]:
    """Sends side by side, as many at once as the gate lets through; the answers come back in order.

    What could still be on its way when the lease ends at `until` is not sent at all.
    """
    if len(pairs) <= 1:
        return [send(kit, exchange, request, until, gate) for exchange, request in pairs]
    with ThreadPoolExecutor(max_workers=gate.most) as pool:
        return list(pool.map(lambda pair: _in_thread(kit, pair[0], pair[1], until, gate), pairs))


def send(kit: Kit, exchange: Exchange, request: Request, until: dt.datetime, gate: Gate) -> Sent:
    with gate.turn():
        sent = _send(kit, exchange, request, until, gate)
        gate.learn(_too_many(kit, sent))
    return sent


def _send(kit: Kit, exchange: Exchange, request: Request, until: dt.datetime, gate: Gate) -> Sent:
    point("before send")
    if gate.shut:
        return Sent(exchange, request, error=Retry("The destination takes no more at the moment.", code="NOT_SENT", rate=True))
    if timezone.now() + dt.timedelta(seconds=REQUEST_TIMEOUT) > until:
        return Sent(exchange, request, error=Retry("There was no time left to send it; it goes with the next batch.", code="NOT_SENT"))
    try:
        answer = kit.client.send(request)
    except DeliveryError as error:
        return Sent(exchange, request, error=error)
    point("sent")
    return Sent(exchange, request, answer=answer)


def _too_many(kit: Kit, sent: Sent) -> bool:
    """Whether the destination refused it for being one too many; what was accepted is not looked at twice."""
    if sent.answer is None or sent.answer.status < 400:
        return False
    return any(outcome.fault is not None and outcome.fault.next == "rate" for outcome in kit.client.outcomes(sent.request, sent.answer))


def _in_thread(kit: Kit, exchange: Exchange, request: Request, until: dt.datetime, gate: Gate) -> Sent:
    try:
        return send(kit, exchange, request, until, gate)
    finally:
        connections.close_all()


def fault_from(error: DeliveryError, label: str) -> Fault:
    """An error of the wire as a row for people."""
    if isinstance(error, Misconfigured):
        return Fault(code="AUTH_FAILED", next="auth", title=error.sentence, detail=error.detail, status="AUTH_FAILED")
    if isinstance(error, Retry):
        return Fault(code=error.code, next="rate" if error.rate else "retry", title=error.sentence, detail=error.detail, after=error.after)
    return Fault(
        code="UNKNOWN",
        next="unknown",
        title=f"We sent this Bill but the answer was lost; we are asking {label}.",
        detail=error.detail or error.sentence,
        status="UNKNOWN",
    )
