"""The context of a Bill's page."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from billing import store
from billing.bill import Period
from billing.models import Bill, BillRevision
from integrations import registry
from integrations.models import IntegrationConfig
from runs.present import lanes as laned
from runs.present.changes import Difference, difference
from runs.present.fixes import Button
from runs.present.links import url_if_any

TONES = {Bill.Status.PENDING: "outline", Bill.Status.APPROVED: "accent", Bill.Status.VOID: "rust"}


def page(bill: Bill, user: User | AnonymousUser, every_column: bool) -> dict[str, Any]:
    """`bill` with account, source and current revision, document included."""
    revisions = laned.revisions_of(bill)
    columns = sorted(revisions if every_column else revisions[: laned.COLUMNS], key=lambda revision: revision.number)
    lanes = laned.lanes(bill, columns)
    return {
        "title": f"Bill {bill}",
        "bill": bill,
        "period": period_of(bill),
        "tone": TONES[Bill.Status(bill.status)],
        "document": store.read(bill.current_revision) if bill.current_revision else None,
        "revisions": revisions,
        "columns": columns,
        "older": len(revisions) - len(columns),
        "lanes": lanes,
        "difference": _difference(bill, revisions),
        "source_url": source_url(bill),
        "previews": previews(bill, lanes),
    }


def source_url(bill: Bill) -> str:
    """Where the Bill stands at its source, "" when the platform has no such page."""
    try:
        declared = registry.source(bill.source.platform)
    except KeyError:
        return ""
    return declared.bill_url(bill.source.tenant, bill.uid) if declared.bill_url else ""


def previews(bill: Bill, lanes: list[laned.Lane]) -> list[Button]:
    """One preview per integration, those that take the Bill first."""
    ordered = sorted(lanes, key=lambda lane: bool(lane.reason))
    return [{"label": str(lane.integration), "url": url_if_any("runs_preview", bill.pk, lane.integration.pk)} for lane in ordered]


def _difference(bill: Bill, revisions: list[BillRevision]) -> Difference | None:
    """The current revision against the one before it."""
    current = bill.current_revision
    if current is None or len(revisions) < 2:
        return None
    before = bill.revisions.filter(number__lt=current.number).order_by("-number").defer("raw").first()
    return difference(store.read(before), store.read(current)) if before else None


def period_of(bill: Bill) -> str:
    """ "1 to 31 Oct 2026", or "none"."""
    known = bill.period_start and bill.period_end
    return period_words(Period(start=bill.period_start, end=bill.period_end)) if known else "none"  # type: ignore[arg-type]


def period_words(period: Period) -> str:
    """By its first and last day: "1 to 31 Oct 2026", "15 Oct to 14 Nov 2026"."""
    start, last = period.start, period.last_day
    end = f"{last.day} {last:%b %Y}"
    if start == last:
        return end
    if start.year != last.year:
        return f"{start.day} {start:%b %Y} to {end}"
    return f"{start.day} to {end}" if start.month == last.month else f"{start.day} {start:%b} to {end}"


def choices() -> list[IntegrationConfig]:
    """Integrations that a preview can be made in."""
    return list(IntegrationConfig.objects.filter(archived_at=None))
