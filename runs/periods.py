"""A Bill dated in a closed period: held for a person, or posted on the first open day, as the integration says."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from billing import store
from integrations.contract import Fault, Outcome
from integrations.errors import DeliveryError
from integrations.periods import FIRST_OPEN_DAY
from runs.build import Kit
from runs.models import Member, Status
from runs.points import point


def redated(kit: Kit, pairs: Sequence[tuple[Member, Outcome]]) -> list[tuple[Member, Outcome]]:
    """Gives new documents that met a closed period the first open day, to go again; one question per date. Others stay as they are.

    A document that stands in a closed period is never moved out of it.
    """
    if kit.options.get("closedPeriodPolicy") != FIRST_OPEN_DAY:
        return list(pairs)
    days: dict[dt.date, dt.date | None] = {}
    return [(member, _redated(kit, member, outcome, days)) for member, outcome in pairs]


def _redated(kit: Kit, member: Member, outcome: Outcome, days: dict[dt.date, dt.date | None]) -> Outcome:
    closed = outcome.fault is not None and outcome.fault.status == Status.ACCOUNTING_PERIOD_CLOSED
    if not closed or member.delivery.delivered or member.run.post_on is not None:
        return outcome
    bill = store.read(member.run.revision)
    day = bill.invoice_date or bill.bill_date
    if day not in days:
        days[day] = _first_open_day(kit, day)
    if days[day] is None:
        return outcome
    member.run.post_on = days[day]
    title = f"The period of {day:%-d %b %Y} is closed; the Bill posts on the first open day, {days[day]:%-d %b %Y}."
    return replace(outcome, fault=Fault(code="POSTS_ON_OPEN_DAY", next="retry", title=title))


def _first_open_day(kit: Kit, day: dt.date) -> dt.date | None:
    point("before asking for a day")
    try:
        return kit.client.first_open_day(day)
    except DeliveryError:
        return None
