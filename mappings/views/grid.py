"""The page that maps many entities at once: a drop-down for each, suggestions, one act of saving."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from mappings import choices, grid_changes
from mappings.grid import Grid, Row, Tab, filled, load, options, suggest, tabs_of
from mappings.grid_changes import Terms
from mappings.models import CatalogueReading
from mappings.suggest import ACCEPT_ALL
from mappings.views.asked import MAP, shell

SEE = "mappings.view_externalmapping"
PER_PAGE = 1_000
MOST_LISTED = 2_000
SHOWS = {"": "All", "missing": "Not mapped", "mapped": "Mapped", "suggested": "With a suggestion", "bad": "Inactive or gone"}


def grid(request: HttpRequest, pk: UUID) -> HttpResponse:
    may_map = request.user.has_perm(MAP)
    if not (may_map or request.user.has_perm(SEE)) or (request.method == "POST" and not may_map):
        raise PermissionDenied
    integration = choices.integration(str(pk))
    if integration is None:
        raise Http404
    tabs = filled(integration, tabs_of(integration.system))
    tab = next((each for each in tabs if each.key == request.GET.get("tab")), tabs[0])
    found, rows, page = _rows(request, load(integration, tab))
    if request.method == "POST" and _posted(request, found, rows):
        return HttpResponseRedirect(request.get_full_path())
    return render(request, "mappings/grid.html", _context(request, found, tabs, rows, page) | {"may_map": may_map})


def _rows(request: HttpRequest, found: Grid) -> tuple[Grid, list[Row], dict[str, int]]:
    """The rows that are asked for, with suggestions for those of this page."""
    text, show = request.GET.get("q", "").strip().casefold(), request.GET.get("show", "")
    rows = [row for row in found.rows if _matches(row, text)]
    wanted: dict[str, Callable[[Row], bool]] = {
        "missing": lambda row: row.missing,
        "mapped": lambda row: not row.missing,
        "bad": lambda row: row.bad,
    }
    rows = [row for row in rows if wanted[show](row)] if show in wanted else rows
    number = request.GET.get("p", "1")
    pages = max(1, -(-len(rows) // PER_PAGE))
    current = min(max(int(number) if number.isdecimal() else 1, 1), pages)
    shown = rows[(current - 1) * PER_PAGE : current * PER_PAGE]
    suggest(found, shown)
    shown = [row for row in shown if row.suggestion] if show == "suggested" else shown
    return found, shown, {"number": current, "of": pages, "rows": len(rows)}


def _matches(row: Row, text: str) -> bool:
    entity, seen = row.entity, row.seen
    return not text or any(text in part.casefold() for part in (entity.name, entity.code, entity.id, str(seen or "")))


def _posted(request: HttpRequest, found: Grid, rows: list[Row]) -> bool:
    """Fills in what was typed, then accepts suggestions or saves; whether it is saved."""
    grid_changes.fill(rows, request.POST.dict())
    if "accept" in request.POST:
        grid_changes.accept(rows, request.POST["accept"])
        return False
    if "accept_all" in request.POST:
        grid_changes.accept(rows)
        return False
    terms = _terms(request, found)
    if terms is None:
        messages.error(request, "Nothing was saved: the day from which changes count is not a date.")
        return False
    if not any(row.changed for row in rows):
        messages.info(request, "Nothing was changed.")
        return True
    saved = grid_changes.save(found, rows, terms, request.user)
    if not saved:
        wrong = sum(bool(row.error) for row in rows)
        messages.error(request, f"Nothing was saved: {wrong} {'row needs' if wrong == 1 else 'rows need'} a change; each says why.")
        return False
    messages.success(request, _told(saved))
    return True


def _terms(request: HttpRequest, found: Grid) -> Terms | None:
    """None when the date cannot be read."""
    try:
        since = dt.date.fromisoformat(request.POST["valid_from"]) if request.POST.get("valid_from") else None
    except ValueError:
        return None
    seen_at = parse_datetime(request.POST.get("seen_at", ""))
    return Terms(_only_linked(found) or request.POST.get("for") == "linked", since, seen_at)


def _only_linked(found: Grid) -> bool:
    return bool(found.integration.options.get("enforceExternalMappingsForConfig"))


def _told(saved: list[Row]) -> str:
    bills = max((row.held.bills for row in saved), default=0)
    also = " The Bills that waited for them go by themselves." if bills else ""
    return f"{len(saved)} {'mapping is' if len(saved) == 1 else 'mappings are'} saved.{also}"


def _context(request: HttpRequest, found: Grid, tabs: list[Tab], rows: list[Row], page: dict[str, int]) -> dict[str, Any]:
    integration, tab = found.integration, found.tab
    table = tab.table.lower()
    reading = CatalogueReading.objects.filter(system=integration.system, tenant=choices.tenant(integration), table=tab.table).first()
    return shell(request, f"Map {tab.nouns} to {integration.system_label} {table}s") | {
        "integration": integration,
        "grid": found,
        "tab": tab,
        "table": table,
        "tabs": [_tab(each, tab, found) for each in tabs],
        "rows": rows,
        "page": page,
        "label": integration.system_label,
        "listed": options(found.records, MOST_LISTED),
        "search_url": _search_url(found) if len(found.records) > MOST_LISTED else "",
        "search": {"name": "q", "value": request.GET.get("q", ""), "placeholder": f"Name, code or {table}"},
        "hidden": {"tab": tab.key, "show": request.GET.get("show", "")},
        "shows": [{"label": label, "query": show, "selected": show == request.GET.get("show", "")} for show, label in SHOWS.items()],
        "sure": sum(bool(row.suggestion and row.suggestion.sure) for row in rows),
        "accept_from": ACCEPT_ALL,
        "changes": sum(row.changed for row in rows),
        "only_linked": _only_linked(found),
        "reading": reading,
        "here": quote(request.get_full_path(), safe=""),
        "seen_at": request.POST.get("seen_at") or timezone.now().isoformat(),
        "posted": request.POST,
    }


def _tab(each: Tab, current: Tab, found: Grid) -> dict[str, Any]:
    count = found.missing if each == current and found.missing else None
    shown = {"label": each.label, "url": f"?tab={each.key}", "current": each == current}
    return shown | {"count": count, "tone": "amber", "words": "not mapped"}


def _search_url(found: Grid) -> str:
    asked = f"system={found.integration.system}&table={found.tab.table}&tenant={choices.tenant(found.integration)}"
    return f"{reverse('admin:mappings_find_records')}?{asked}"
