"""Pull now, and backfill from a date: a source's API is read by a worker because a person asks."""

import datetime as dt

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing.models import Source
from integrations import errors
from integrations.contract import changed
from runs import intake_tasks
from runs.models import Feed
from runs.present import links
from runs.pull import login
from runs.views.orders import person


@require_POST
@permission_required("runs.operate", raise_exception=True)
def pull(request: HttpRequest, pk: int) -> HttpResponse:
    """What may have changed since the last reading; with `start`, the Bills dated on or after that day."""
    stored = get_object_or_404(Source, pk=pk)
    text = request.POST.get("start", "")
    try:
        start = dt.date.fromisoformat(text) if text else None
        login(stored)
    except ValueError:
        messages.error(request, "Nothing is read: the date is not one. Write it as 2026-10-31.")
    except errors.Misconfigured as refused:
        messages.error(request, f"Nothing is read. {refused.sentence}")
    else:
        _ask(request, stored, start)
    return HttpResponseRedirect(links.url_if_any("billing_source_change", stored.pk))


def _ask(request: HttpRequest, stored: Source, start: dt.date | None) -> None:
    feed, _ = Feed.objects.get_or_create(source=stored)
    Feed.objects.filter(pk=feed.pk).update(asked_at=timezone.now(), asked_start=start)
    intake_tasks.wake(stored.pk)
    after = {"start": start.isoformat() if start else None}
    changed.send(Source, actor=person(request), subject=stored, verb="asked to be read", before=None, after=after)
    what = f"the Bills dated {start:%d %b %Y} or later" if start else "what may have changed"
    messages.success(request, f"{stored} is being read: {what}. This page shows how far it is.")
