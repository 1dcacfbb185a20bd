"""What the details page of an integration shows of its runs, mappings and history, read through reverse relations."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.utils import timezone
from django.utils.text import capfirst

from billing.models import Bill
from integrations import names, options, registry
from integrations.models import IntegrationConfig

POSTED = ("COMPLETE",)
WAITING = ("WAITING", "STARTED", "AWAITING_RETRY", "RATE_LIMIT_RETRY", "UNKNOWN")
FAILED = ("ERROR", "AUTH_FAILED", "ACCOUNTING_PERIOD_CLOSED", "INVOICE_ALREADY_PAID", "TIMEOUT_LIMIT_EXCEEDED", "DISABLED")
POSTED_DAYS = 14
LATEST = 8
_MOST_LINKED = 5
_MOST_EVENTS = 5
_RECENT = 10_000

_WORDS = {
    "WAITING": "Not sent yet",
    "STARTED": "Sending",
    "AWAITING_RETRY": "Will be tried again by itself",
    "RATE_LIMIT_RETRY": "Slowed down, will be tried again by itself",
    "UNKNOWN": "The answer was lost, asking again",
    "SUPERSEDED": "A newer revision took over",
    "CANCELLED": "Stopped before it was sent",
}


@dataclass(frozen=True)
class Tile:
    """How many runs stand so, and their money by currency, most runs first."""

    label: str
    count: int
    money: dict[str, Decimal]


@dataclass(frozen=True)
class Row:
    """A run in the table of latest runs: `result` is a sentence, or the words of a link to the document."""

    run: Any
    result: str
    url: str = ""


@dataclass(frozen=True)
class Linked:
    """A mapping that only this integration uses: what it maps, by name, and to what."""

    pk: int
    entity: str
    kind: str
    name: str
    record: str


def with_last_run(integrations: QuerySet[IntegrationConfig]) -> QuerySet[IntegrationConfig]:
    """Each with `last_run`: when its latest run was made, or None."""
    runs = IntegrationConfig._meta.get_field("runs").related_model._default_manager.filter(integration=OuterRef("pk"), parent=None)
    return integrations.annotate(last_run=Subquery(runs.order_by("-dt_created").values("dt_created")[:1]))


def newest(integration: IntegrationConfig, statuses: tuple[str, ...]) -> QuerySet[Any]:
    """Runs that stand so and that no later run of the same delivery has taken over from."""
    later = integration.runs.model._default_manager.filter(delivery=OuterRef("delivery"), dt_created__gt=OuterRef("dt_created"))
    return integration.runs.filter(~Exists(later), status__in=statuses, parent=None)


def tiles(integration: IntegrationConfig) -> dict[str, Tile]:
    """The same figures as on the first page."""
    since = timezone.now() - dt.timedelta(days=POSTED_DAYS)
    runs = integration.runs.filter(parent=None)
    return {
        "posted": _tile(f"Posted, last {POSTED_DAYS} days", runs.filter(status__in=POSTED, dt_completed__gte=since)),
        "waiting": _tile("Waiting", runs.filter(status__in=WAITING)),
        "failed": _tile("Failed", newest(integration, FAILED)),
    }


def unbillable(integration: IntegrationConfig) -> list[str]:
    """Currencies of lately arrived Bills that the connected books cannot bill in."""
    accepted = integration.credential.currencies if integration.credential else []
    if not accepted:
        return []
    newest = Bill.objects.aggregate(pk=Max("pk"))["pk"] or 0
    bills = Bill.objects.filter(pk__gt=newest - _RECENT).exclude(status=Bill.Status.VOID).exclude(currency__in=accepted)
    if sources := list(integration.sources.all()):
        bills = bills.filter(source__in=sources)
    return list(bills.order_by("currency").values_list("currency", flat=True).distinct())


def _tile(label: str, runs: QuerySet[Any]) -> Tile:
    """The database adds up; what is shown is rounded to the minor unit."""
    rows = runs.order_by().values_list("currency").annotate(bills=Count("id"), money=Sum("amount")).order_by("-bills", "currency")
    return Tile(label, sum(row[1] for row in rows), {row[0]: row[2] for row in rows})


def oldest_unsent(integration: IntegrationConfig) -> Row | None:
    run = newest(integration, WAITING + FAILED).select_related("bill").order_by("dt_created").first()
    return Row(run, _reason(run)) if run else None


def latest_runs(integration: IntegrationConfig) -> list[Row]:
    """A Bill that becomes several documents counts once, with its main one."""
    steps = integration.runs.model._default_manager.filter(delivery__slot="main").select_related("delivery").defer("explanation")
    runs = integration.runs.filter(parent=None).select_related("bill__account", "delivery").defer("explanation")
    nouns = registry.destination(integration.system).nouns
    shown = runs.prefetch_related(Prefetch("children", queryset=steps, to_attr="main_steps"))[:LATEST]
    return [_row(run, (run.main_steps or [run])[0], nouns) for run in shown]


def _row(run: Any, wrote: Any, nouns: Mapping[str, str]) -> Row:
    if run.status not in POSTED:
        return Row(run, _reason(run))
    number = wrote.delivery.number or wrote.external_id
    return Row(run, f"{capfirst(nouns.get(wrote.delivery.kind, 'Document'))} {number}".strip(), wrote.url)


def _reason(run: Any) -> str:
    """Why a run is not posted, or what happens to it next."""
    return _WORDS.get(run.status) or str(run.error or "Refused")


def linked(integration: IntegrationConfig) -> list[Linked]:
    """The mappings of this integration alone, the newest first."""
    mappings = integration.mappings.order_by("-updated_at")[:_MOST_LINKED]
    uids = [mapping.entity_id for mapping in mappings]
    known = names.items(uids) | names.accounts(uids)
    books = names.Books.of(integration)
    return [
        Linked(
            mapping.pk,
            known.get(mapping.entity_id, mapping.entity_id),
            mapping.entity_type,
            mapping.external_name or books.called(mapping.external_table, [mapping.external_id])[mapping.external_id],
            f"{mapping.external_table} {mapping.external_id}",
        )
        for mapping in mappings
    ]


def mapping_counts(integration: IntegrationConfig) -> tuple[int, int]:
    """How many mappings are linked here, of how many for this system that this integration may use."""
    mappings = apps.get_model("mappings", "ExternalMapping")._default_manager.filter(external_system=integration.system)
    usable = mappings.filter(Q(integration=None) | Q(integration=integration))
    return usable.filter(integration=integration).count(), usable.count()


def history(integration: IntegrationConfig) -> list[dict[str, Any]]:
    """The latest changes as steps of a timeline: who did what, when."""
    events = apps.get_model("runs", "Event")._default_manager.filter(subject_id=str(integration.pk)).select_related("who")
    labels = {option.key: option.label for option in options.schema(registry.destination(integration.system), integration.entity_type)}
    return [{"text": _told(event, labels), "when": event.when} for event in events[:_MOST_EVENTS]]


def _told(event: Any, labels: dict[str, str]) -> str:
    who = (event.who.get_full_name() or event.who.get_username()) if event.who else "Billpost"
    changed = [labels.get(key, key) for key in event.after or {}] if event.verb == "changed options" else []
    return f"{who} {event.verb}{': ' + ', '.join(changed) if changed else ' it'}"


def credentials(integration: IntegrationConfig) -> list[Any]:
    """The credentials it may be connected with, those of its system; the ones that log in first."""
    model = IntegrationConfig._meta.get_field("credential").related_model
    own = model._default_manager.filter(system=integration.system).exclude(status="DISCONNECTED")
    return sorted(own, key=lambda credential: not credential.usable)
