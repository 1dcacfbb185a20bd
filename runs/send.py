"""Sends stored requests: the only step of the flow that is not in a transaction and not in the database."""

import datetime as dt
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from django.db import connections
from django.utils import timezone

from integrations.contract import Answer, Fault, Held, Request, Sought
from integrations.errors import DeliveryError, Misconfigured, Retry
from integrations.http import REQUEST_TIMEOUT
from runs.build import Kit
from runs.gate import Gate
from runs.models import Exchange
from runs.points import point

PAUSE = 0.5
"""Seconds before a refused login is tried once more."""
_REFUSING = (401, 403)


@dataclass(frozen=True)
class Sent:
    """What came of one request: an answer, or an error: why there is none, or why it is not believed."""

    exchange: Exchange
    request: Request
    answer: Answer | None = None
    error: DeliveryError | None = None


def perform(kit: Kit, pairs: Sequence[tuple[Exchange, Request]], until: dt.datetime, gate: Gate) -> list[Sent]:
    """Sends side by side, as many at once as the gate lets through; the answers come back in order.

    What could still be on its way when the lease ends at `until` is not sent at all.
    """
    if len(pairs) <= 1:
        return _doubted(kit, [send(kit, exchange, request, until, gate) for exchange, request in pairs], until, gate)
    with ThreadPoolExecutor(max_workers=gate.most) as pool:
        sent = list(pool.map(lambda pair: _in_thread(kit, pair[0], pair[1], until, gate), pairs))
    return _doubted(kit, sent, until, gate)


def _doubted(kit: Kit, sent: list[Sent], until: dt.datetime, gate: Gate) -> list[Sent]:
    """Under load a destination refuses logins that stand: one refused request goes once more, alone, before its refusal is believed.

    When it is not refused again, the refusals of the others mean that there were too many at a time.
    """
    refused = [each for each in sent if _login_refused(kit, each)]
    if not refused:
        return sent
    time.sleep(PAUSE)
    first, doubtful = refused[0], {each.exchange.pk for each in refused}
    again = send(kit, first.exchange, first.request, until, gate)
    if _login_refused(kit, again):
        return sent
    busy = Retry(f"{kit.destination.label} refused our login, which stands: it was too much at a time.", code="LOGIN_DOUBTED", rate=True)
    told = [replace(each, error=busy) if each.exchange.pk in doubtful else each for each in sent]
    return [again if each.exchange is first.exchange else each for each in told]


def _login_refused(kit: Kit, sent: Sent) -> bool:
    if sent.answer is None or sent.answer.status not in _REFUSING:
        return False
    found = kit.client.outcomes(sent.request, sent.answer)
    return any(outcome.fault is not None and outcome.fault.next == "auth" for outcome in found)


def look(kit: Kit, documents: Sequence[Sought]) -> dict[str, Held]:
    """`Client.held`; a refused login is tried once more, before errors.Misconfigured is believed."""
    try:
        return kit.client.held(documents)
    except Misconfigured:
        time.sleep(PAUSE)
        return kit.client.held(documents)


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
