"""A file of Bills given in the browser, for people without a shell: read as import_bills reads it, told record by record."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.views.decorators.http import require_http_methods

from billing.models import Source
from integrations import registry
from integrations.contract import changed
from runs import tasks
from runs.collect import Collector, Report
from runs.views.orders import person

LARGEST = 50 * 1024 * 1024
MOST_SHOWN = 200


class IntakeForm(forms.Form):
    source = forms.ChoiceField(help_text="The billing platform that the Bills come from.")
    file = forms.FileField(
        max_length=200,
        help_text=f"JSON, JSONL or CSV, at most {LARGEST // 1024 // 1024} MB; manage.py import_bills takes files of any length.",
        widget=forms.FileInput({"accept": ".json,.jsonl,.ndjson,.csv"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty.", "max_length": "The file's name is too long."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        labels = {source.platform: source.label for source in registry.sources()}
        stored = {source.slug: str(source) for source in Source.objects.filter(platform__in=labels)}
        self.fields["source"].choices = list((labels | stored).items())  # type: ignore[attr-defined]

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        size = file.size or 0
        if size > LARGEST:
            raise forms.ValidationError(f"{file.name} has {filesizeformat(size)}. Split it, or import it with manage.py import_bills.")
        return file


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("runs.operate", raise_exception=True)
def intake(request: HttpRequest) -> HttpResponse:
    """The form; POST imports the file and shows what became of each record. The same file again changes nothing."""
    form = IntakeForm(request.POST or None, request.FILES or None)
    context = admin.site.each_context(request) | {"title": "Import Bills", "form": form}
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        report = _import(request, form.cleaned_data["source"], file)
        context |= {"report": report, "file_name": file.name, "tiles": _tiles(report), "rejected": report.rejected[:MOST_SHOWN]}
        context["form"] = IntakeForm(initial={"source": form.cleaned_data["source"]})
    return render(request, "runs/import.html", context)


def _import(request: HttpRequest, slug: str, file: Any) -> Report:
    collector = Collector(_source(slug))
    collector.take_file(file.name, file.file)
    report = collector.report
    after = {"file": file.name, "rejected": len(report.rejected)}
    after |= {name: getattr(report, name) for name in ("received", "created", "revised", "unchanged")}
    changed.send(Source, actor=person(request), subject=collector.stored, verb="imported", before=None, after=after)
    if report.created or report.revised:
        tasks.wake_all()
    return report


def _source(slug: str) -> Source:
    """The stored source, or the default one of the platform of that name, made when it is first needed."""
    labels = {source.platform: source.label for source in registry.sources()}
    stored = Source.objects.filter(slug=slug).first()
    return stored or Source.objects.create(slug=slug, platform=slug, name=labels[slug])


def _tiles(report: Report) -> list[dict[str, Any]]:
    """What became of the Bills, and how many records of any kind were rejected."""
    rejected = len(report.rejected)
    why = "each says why below" if rejected else "every record was read"
    return [
        {"label": "New", "figure": report.created, "note": "stored for the first time"},
        {"label": "Revised", "figure": report.revised, "note": "known before, changed since"},
        {"label": "Unchanged", "figure": report.unchanged, "note": "known exactly so"},
        {"label": "Rejected", "figure": rejected, "note": why, "failed": rejected},
    ]
