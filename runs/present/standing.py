"""Which runs still count: those that no later run of the same slot took the place of; of a chain the run that stands for it."""

from django.db.models import Exists, OuterRef, QuerySet

from runs.models import DUE, NEEDS_PERSON, IntegrationRun, Status

MOST_COUNTED = 99
_GONE = (Status.SUPERSEDED, Status.CANCELLED)


def whole(runs: QuerySet[IntegrationRun]) -> QuerySet[IntegrationRun]:
    """Without the steps of chains, so that a Bill and its money count once."""
    return runs.filter(parent=None)


def needs_person(runs: QuerySet[IntegrationRun]) -> QuerySet[IntegrationRun]:
    """Somebody has to act, and no later run of the same slot says otherwise."""
    later = IntegrationRun.objects.filter(delivery=OuterRef("delivery"), dt_created__gt=OuterRef("dt_created")).exclude(status__in=_GONE)
    return runs.filter(~Exists(later), status__in=NEEDS_PERSON)


def waiting(runs: QuerySet[IntegrationRun]) -> QuerySet[IntegrationRun]:
    """The engine will take them up, or has."""
    return runs.filter(status__in=(*DUE, Status.STARTED))


def unknown(runs: QuerySet[IntegrationRun]) -> QuerySet[IntegrationRun]:
    return runs.filter(status=Status.UNKNOWN)


def posted(runs: QuerySet[IntegrationRun]) -> QuerySet[IntegrationRun]:
    return runs.filter(status=Status.COMPLETE)


def capped_count(runs: QuerySet[IntegrationRun]) -> str:
    """ "21", or "99+"; "" for none."""
    count = runs.order_by()[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")
