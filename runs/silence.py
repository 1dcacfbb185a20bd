"""A source that cannot be read, or is silent for longer than its rhythm, is a problem; it opens and closes by itself."""

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

from django.conf import settings
from django.db.models import Max
from django.db.models.functions import TruncDate
from django.utils import timezone

from billing.models import Bill
from billing.models import Source as StoredSource
from integrations.contract import Fault
from integrations.models import IntegrationConfig
from runs.models import Feed, Problem
from runs.problems import STANDING, fingerprint_of

FAILING, SILENT = STANDING
MISSED = 4
"""How many readings in a row may come to nothing before a person is told."""

REMEMBERED = 12
"""Days with new Bills from which a source's rhythm is learned; fewer than four say nothing."""

FEWEST = 4
LEAST = dt.timedelta(days=2)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Rhythm:
    """When a source's latest new Bill came, and its longest pause so far, which is None while too little is known."""

    latest: dt.datetime | None
    pause: dt.timedelta | None

    @property
    def patience(self) -> dt.timedelta | None:
        """How long it may be silent: half as long again as ever before."""
        return max(LEAST, self.pause * 1.5) if self.pause else None


def rhythm(stored: StoredSource) -> Rhythm:
    """Learned from the latest days on which new Bills came."""
    bills = Bill.objects.filter(source=stored).order_by()
    latest = bills.aggregate(latest=Max("created_at"))["latest"]
    days = list(bills.annotate(day=TruncDate("created_at")).values_list("day", flat=True).distinct().order_by("-day")[:REMEMBERED])
    if len(days) < FEWEST:
        return Rhythm(latest, None)
    pauses = [later - earlier for later, earlier in pairwise(days)]
    return Rhythm(latest, max(pauses))


def watch(stored: StoredSource) -> None:
    """Opens or closes what is wrong with a source, at each integration that takes its Bills."""
    faults = [fault for fault in (failing(stored), silent(stored)) if fault is not None]
    marks = {fingerprint_of(code, "", stored.slug) for code in STANDING} - {_mark(fault) for fault in faults}
    over = Problem.objects.filter(fingerprint__in=marks).exclude(state=Problem.State.CLOSED)
    over.update(state=Problem.State.CLOSED, closed_at=timezone.now())
    for integration in taking(stored) if faults else ():
        for fault in faults:
            _open(integration, stored, fault)


def _open(integration: IntegrationConfig, stored: StoredSource, fault: Fault) -> None:
    told = {"code": fault.code, "title": fault.title, "why": fault.why, "remedy": fault.remedy}
    way = {"fix_url": f"billing_source_change/{stored.pk}", "fix_label": "Open source"}
    still = Problem.objects.exclude(state=Problem.State.CLOSED)
    still.update_or_create(integration=integration, fingerprint=_mark(fault), defaults=told | way)


def _mark(fault: Fault) -> str:
    return fingerprint_of(fault.code, fault.field, fault.entity)


def failing(stored: StoredSource) -> Fault | None:
    """A pulled source whose last readings did not come to their end."""
    feed = Feed.objects.filter(source=stored).first()
    since = (feed and feed.pulled_at) or stored.created_at
    if feed is None or not feed.failure or timezone.now() - since < dt.timedelta(minutes=MISSED * settings.PULL_MINUTES):
        return None
    return Fault(
        code=FAILING,
        next="person",
        title=f"{stored} cannot be read: new and changed Bills do not arrive.",
        why=feed.failure,
        remedy="Correct its credential or its permissions at the source; it is read again by itself.",
        entity=stored.slug,
    )


def silent(stored: StoredSource) -> Fault | None:
    known = rhythm(stored)
    if known.latest is None or known.pause is None or known.patience is None or timezone.now() - known.latest < known.patience:
        return None
    return Fault(
        code=SILENT,
        next="person",
        title=f"{stored} has sent no new Bill since {known.latest:%d %b %Y}.",
        why=f"Its longest pause so far was {known.pause / DAY:.0f} days.",
        remedy="Check whether the source still makes Bills, and whether its credential sees them.",
        entity=stored.slug,
    )


def taking(stored: StoredSource) -> list[IntegrationConfig]:
    """The integrations that take a source's Bills."""
    integrations = IntegrationConfig.objects.filter(archived_at=None).prefetch_related("sources")
    return [each for each in integrations if not (chosen := list(each.sources.all())) or stored in chosen]
