"""What a source's page says about its intake: when it was last read and is read next, the events it posts, and who may open it."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, Sum
from django.urls import reverse
from django.utils import timezone

from billing.models import Source
from credentials.models import Credential
from integrations import registry
from integrations.contract import CredentialKind
from integrations.contract import Source as Declared
from runs import silence
from runs.models import Feed, HookCount, Inbound
from runs.present.links import url_if_any

LATEST = 25
DAYS = 7
OPERATE = "runs.operate"
KINDS = {
    "received": "received",
    "repeated": "repeated",
    "forged": "forged or stale",
    "unreadable": "unreadable",
    "oversized": "too large",
    "busy": "told to come again",
    "no secret": "without a secret here",
}
"""What became of posts, for people."""

TONES = {Inbound.State.WAITING: "amber", Inbound.State.DONE: "green", Inbound.State.FAILED: "red"}


def intake(stored: Source, user: User | AnonymousUser) -> dict[str, Any]:
    """The context of the page's intake part; `declared` is None when no package knows the platform any more."""
    declared = _declared(stored)
    feed = Feed.objects.filter(source=stored).first()
    context: dict[str, Any] = {"declared": declared, "feed": feed, "may_operate": user.has_perm(OPERATE)}
    context |= {"rhythm": silence.rhythm(stored), "refresh_url": url_if_any("billing_source_change", stored.pk)}
    if declared is not None and declared.pull is not None:
        logins = _credentials(declared.pull.kind, stored)
        context |= {"logins": logins, "pull_kind": declared.pull.kind, "tiles": tiles(feed), "connect_url": _connect(declared.pull.kind)}
    if declared is not None and declared.hook is not None:
        context |= _hook(stored, declared.hook.kind)
    return context


def tiles(feed: Feed | None) -> list[dict[str, Any]]:
    """Last success, lag, next run."""
    now = timezone.now()
    last, watermark, failed = (feed.pulled_at, feed.watermark, bool(feed.failure)) if feed else (None, None, False)
    lag = _since(now, watermark) if watermark else "unknown"
    return [
        {"label": "Last read to the end", "figure": _since(now, last) if last else "never", "note": "ago" if last else ""},
        {"label": "Lag", "figure": lag, "note": _lag(feed), "failed": failed},
        {"label": "Next reading", "figure": _upcoming(feed, now), "note": f"every {settings.PULL_MINUTES} minutes"},
    ]


def _lag(feed: Feed | None) -> str:
    if feed and feed.rejected:
        return f"{feed.rejected} record{'' if feed.rejected == 1 else 's'} could not be read"
    return "what changed since may be missing"


def _upcoming(feed: Feed | None, now: dt.datetime) -> str:
    if feed is not None and feed.owner:
        return "now"
    if feed is None or feed.tried_at is None or feed.asked_at:
        return "within a minute"
    due = feed.tried_at + dt.timedelta(minutes=settings.PULL_MINUTES)
    return f"in {_since(due, now)}" if due > now else "within a minute"


def _since(now: dt.datetime, when: dt.datetime) -> str:
    minutes = int((now - when).total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min" if minutes else "under 1 min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def _hook(stored: Source, kind: CredentialKind) -> dict[str, Any]:
    since = timezone.now().date() - dt.timedelta(days=DAYS - 1)
    counted = HookCount.objects.filter(slug=stored.slug, day__gte=since).order_by().values_list("kind").annotate(Sum("count"))
    events = Inbound.objects.filter(source=stored)
    counts = dict(counted) | {"received": events.filter(received_at__date__gte=since).count()}
    return {
        "hook_url": f"{settings.BASE_URL}{reverse('hook', args=[stored.slug])}",
        "hook_kind": kind,
        "secrets": _credentials(kind, stored),
        "secret_url": _connect(kind),
        "counts": [(KINDS[name], counts.get(name, 0)) for name in KINDS if counts.get(name)],
        "days": DAYS,
        "waiting": events.filter(state=Inbound.State.WAITING).count(),
        "events": [(event, TONES[Inbound.State(event.state)]) for event in events[:LATEST]],
    }


def _credentials(kind: CredentialKind, stored: Source) -> list[Credential]:
    found = Credential.objects.filter(kind=kind.kind)
    return list(found.filter(Q(tenant=stored.tenant) | Q(tenant="")) if stored.tenant else found)


def _connect(kind: CredentialKind) -> str:
    return url_if_any("credentials_credential_create", kind.kind)


def _declared(stored: Source) -> Declared | None:
    try:
        return registry.source(stored.platform)
    except KeyError:
        return None
