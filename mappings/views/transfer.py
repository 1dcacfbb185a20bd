"""Import or export: mappings as CSV or Excel. A file is shown as what it would change before anything is changed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mappings import entities, files
from mappings.files import CSV, MOST_BYTES, TYPES, XLSX
from mappings.grid import Row as GridRow
from mappings.grid import load, tabs_of
from mappings.importer import OPTIONAL, REQUIRED, BadFileError, Planned, import_rows, plan
from mappings.lookup import usable
from mappings.models import ExternalMapping
from mappings.shown import shown
from mappings.views.asked import MAP, Asked, shell

SEE = "mappings.view_externalmapping"
MOST_LISTED = 200
CHUNK = 1_000


def transfer(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(SEE) and not request.user.has_perm(MAP):
        raise PermissionDenied
    asked = Asked.of(request)
    context = shell(request, "Import or export External mappings") | {
        "asked": asked,
        "owner": asked.owner,
        "may_map": request.user.has_perm(MAP),
        "required": REQUIRED,
        "optional": OPTIONAL,
        "most_rows": files.MOST_ROWS,
    }
    if request.method != "POST":
        return render(request, "mappings/transfer.html", context)
    if not request.user.has_perm(MAP):
        raise PermissionDenied
    try:
        rows, text = _uploaded(request)
    except BadFileError as error:
        return render(request, "mappings/transfer.html", context | {"error": str(error)})
    if "confirm" in request.POST:
        return _stored(request, asked, rows)
    filled = [(where, row) for where, row in rows if row.get("externalId")]
    return render(request, "mappings/dry_run.html", context | _difference(list(plan(filled)), len(rows) - len(filled)) | {"text": text})


@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """All mappings, those that an integration may use, or what it lacks, to be filled in."""
    if not request.user.has_perm(SEE) and not request.user.has_perm(MAP):
        raise PermissionDenied
    asked, kind = Asked.of(request), XLSX if request.GET.get("format") == XLSX else CSV
    missing = bool(asked.owner) and request.GET.get("what") == "missing"
    rows = _missing(asked.owner) if missing else _mapped(asked.owner)
    answer = HttpResponse(files.write(rows, kind), content_type=TYPES[kind])
    what = "missing-mappings" if missing else "external-mappings"
    answer["Content-Disposition"] = f'attachment; filename="{what}-{timezone.now():%Y-%m-%d}.{kind}"'
    return answer


def _mapped(owner: Any) -> Iterator[Sequence[str]]:
    found = usable(owner.system, owner.pk, False) if owner else ExternalMapping.objects.all()
    rows = found.select_related("integration__credential", "source").iterator(CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        yield from map(files.cells, shown(chunk))


def _missing(owner: Any) -> Iterator[Sequence[str]]:
    """What has no record yet, its externalId empty; a suggestion's name stands beside it for people."""
    for tab in tabs_of(owner.system):
        yield from (_empty(owner, tab.table, row) for row in load(owner, tab).rows if row.missing)


def _empty(owner: Any, table: str, row: GridRow) -> Sequence[str]:
    linked = str(owner.pk) if owner.options.get("enforceExternalMappingsForConfig") else ""
    return [row.entity.type, row.entity.id, owner.system, table, "", linked, "", "", "", row.entity.title, "", ""]


def _uploaded(request: HttpRequest) -> tuple[list[tuple[str, dict[str, Any]]], str]:
    """The rows of the file, or of the text that the dry run kept of it, and that text."""
    if "confirm" in request.POST:
        text = request.POST.get("rows", "")
        return files.read(text.encode(), f"kept.{CSV}"), text
    file: Any = request.FILES.get("file")
    if file is None:
        raise BadFileError("Choose a file first.")
    if file.size > MOST_BYTES:
        raise BadFileError(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it, or use the command import_mappings.")
    rows = files.read(file.read(), file.name)
    kept = [[str(row.get(name) or "") for name in files.COLUMNS] for _, row in rows]
    return rows, files.write(kept, CSV).decode("utf-8-sig")


def _difference(planned: list[Planned], empty: int) -> dict[str, Any]:
    counts = Counter(each.outcome or "rejected" for each in planned)
    changes = [each for each in planned if each.outcome in ("created", "updated")]
    named = [(each.mapping.entity_type, each.mapping.entity_id) for each in changes[:MOST_LISTED] if each.mapping]
    called = entities.called(named)
    listed = [(each, called[each.mapping.entity_type, each.mapping.entity_id]) for each in changes[:MOST_LISTED] if each.mapping]
    return {
        "counts": counts,
        "changes": len(changes),
        "listed": listed,
        "unlisted": len(changes) - len(listed),
        "rejected": [each for each in planned if each.outcome is None][:MOST_LISTED],
        "empty": empty,
    }


def _stored(request: HttpRequest, asked: Asked, rows: list[tuple[str, dict[str, Any]]]) -> HttpResponse:
    result = import_rows([(where, row) for where, row in rows if row.get("externalId")], request.user)
    told = f"{result.created} mappings are created, {result.updated} changed, {result.unchanged} were so already."
    messages.success(request, f"{told} Bills that waited for them go by themselves.")
    if result.rejected:
        first = result.rejected[0]
        messages.warning(request, f"{len(result.rejected)} rows were left out; the first: {first.where}, {first.why}")
    return HttpResponseRedirect(asked.back)
