"""Files of Bills given in the browser, for people without a shell: read as import_bills reads it, told record by record."""

import json
from itertools import chain
from mimetypes import guess_type
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from billing.models import Source
from integrations import registry
from integrations.contract import FileFormat
from integrations.contract import Source as Declared
from runs import file_import, intake_tasks
from runs.models import FileImport
from runs.views.orders import person

LARGEST = 500 * 1024 * 1024
AT_ONCE = 1024 * 1024
"""Bytes that are read while the person waits; longer files are a worker's."""

may_operate = permission_required("runs.operate", raise_exception=True)


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or several files, each checked."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        given = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(each, initial) for each in given or [None]]


class IntakeForm(forms.Form):
    source = forms.ChoiceField(help_text="The billing platform that the Bills come from.")
    file = FilesField(
        label="Files",
        max_length=200,
        help_text=f"JSON, JSONL or CSV, one or several, at most {LARGEST // 1024 // 1024} MB; the files of a data export together. "
        "manage.py import_bills takes files of any length.",
        widget=FilesInput({"accept": ".json,.jsonl,.ndjson,.csv"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty.", "max_length": "The file's name is too long."},
    )
    amount = forms.ChoiceField(label="Billed cost", required=False)
    dry = forms.BooleanField(label="Dry run", required=False, help_text="Says what would become of each record, and changes nothing.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        labels = {source.platform: source.label for source in registry.sources()}
        stored = {source.slug: str(source) for source in Source.objects.filter(platform__in=labels)}
        self.fields["source"].choices = list((labels | stored).items())  # type: ignore[attr-defined]
        offering = {source.label: amounts for source in registry.sources() if (amounts := amounts_of(source))}
        if not offering:
            del self.fields["amount"]
            return
        self.fields["amount"].choices = [(amount, amount) for amount in dict.fromkeys(chain(*offering.values()))]  # type: ignore[attr-defined]
        self.fields["amount"].help_text = f"Of {' and '.join(offering)} only: which of a charge's costs is billed."

    def clean_file(self) -> "list[UploadedFile[Any]]":
        files: list[UploadedFile[Any]] = self.cleaned_data["file"]
        size = sum(file.size or 0 for file in files)
        if size > LARGEST:
            names = ", ".join(str(file.name) for file in files)
            raise forms.ValidationError(f"{names} has {filesizeformat(size)}. Split it, or import it with manage.py import_bills.")
        return files

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        stored = Source.objects.filter(slug=given.get("source", "")).values_list("platform", flat=True).first()
        platform = stored or given.get("source", "")
        known = next((amounts_of(source) for source in registry.sources() if source.platform == platform), ())
        return given | {"amount": given.get("amount", "") if given.get("amount") in known else ""}


def amounts_of(source: Declared) -> tuple[str, ...]:
    """The columns of money that a person chooses from, none where there is no choice."""
    return source.files.rows.amounts if source.files and source.files.rows else ()


@require_http_methods(["GET", "HEAD", "POST"])
@may_operate
def intake(request: HttpRequest) -> HttpResponse:
    """The form; POST keeps the file and leads to its page. The same file again changes nothing."""
    form = IntakeForm(request.POST or None, request.FILES or None, initial={"source": request.GET.get("source") or _last_source()})
    if request.method == "POST" and form.is_valid():
        return HttpResponseRedirect(reverse("admin:runs_import_file", args=[_taken(request, form).pk]))
    return render(request, "runs/import.html", _context(request, form=form, title="Import Bills"))


def _last_source() -> str:
    """Where the newest file came from: the next one is most often its like."""
    return FileImport.objects.order_by("-pk").values_list("slug", flat=True).first() or ""


@require_safe
@may_operate
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a file is, then what became of its records."""
    found = get_object_or_404(FileImport, pk=pk)
    over = found.state in (FileImport.State.DONE, FileImport.State.FAILED)
    form = IntakeForm(initial={"source": found.slug, "amount": found.amount})
    shown = {"report": found, "over": over, "tiles": tiles(found), "title": "Import Bills", "form": form}
    return render(request, "runs/import.html", _context(request, **shown))


@require_safe
@may_operate
def template(request: HttpRequest, platform: str, name: str) -> HttpResponse:
    """A file to fill in."""
    for path in _format(platform).templates:
        if path.name == name:
            headers = {"Content-Disposition": f'attachment; filename="{platform}-{name}"'}
            return HttpResponse(path.read_bytes(), content_type=guess_type(name)[0], headers=headers)
    raise Http404


@require_safe
def schema(request: HttpRequest, platform: str) -> HttpResponse:
    """The published JSON Schema of one Bill; open to everybody."""
    described = _format(platform).schema
    if described is None:
        raise Http404
    return HttpResponse(json.dumps(described(), indent=2), content_type="application/schema+json")


def tiles(found: FileImport) -> list[dict[str, Any]]:
    """What became of the Bills, and how many records of any kind were rejected."""
    rejected = found.rejected_count
    why = "each says why below" if rejected else "every record was read"
    return [
        {"label": "New", "figure": found.created, "note": "not known yet" if found.dry else "stored for the first time"},
        {"label": "Revised", "figure": found.revised, "note": "known, with other contents" if found.dry else "known before, changed since"},
        {"label": "Unchanged", "figure": found.unchanged, "note": "known exactly so"},
        {"label": "Rejected", "figure": rejected, "note": why, "failed": rejected},
    ]


def _taken(request: HttpRequest, form: IntakeForm) -> FileImport:
    given = form.cleaned_data
    kept = file_import.keep(given["source"], given["file"], given["dry"], given["amount"], person(request))
    if kept.size <= AT_ONCE:
        file_import.work(kept)
    else:
        intake_tasks.wake_file(kept.pk)
    return kept


def _context(request: HttpRequest, **shown: Any) -> dict[str, Any]:
    formats = [(source, source.files) for source in registry.sources() if source.files is not None]
    return admin.site.each_context(request) | {"formats": formats, "nav_current": "admin:billing_bill_changelist"} | shown


def _format(platform: str) -> FileFormat:
    for source in registry.sources():
        if source.platform == platform and source.files is not None:
            return source.files
    raise Http404
