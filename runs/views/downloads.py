"""Whole texts that a page shows only the first part of, or not at all."""

import csv
from collections.abc import Iterable, Sequence

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404

from billing.models import BillRevision
from runs.models import Exchange
from runs.present.exchanges import answer_text, sent_text


@permission_required("runs.view_integrationrun", raise_exception=True)
def exchange(request: HttpRequest, pk: int, side: str) -> HttpResponse:
    """What was sent, or the answer: redacted, as the run's page shows it."""
    found = get_object_or_404(Exchange, pk=pk)
    texts = {"sent": sent_text, "answer": answer_text}
    if side not in texts:
        raise Http404
    return _file(texts[side](found), f"exchange-{pk}-{side}.txt", "text/plain; charset=utf-8")


@permission_required("billing.view_bill", raise_exception=True)
def revision(request: HttpRequest, bill: int, number: int) -> HttpResponse:
    """The source's own JSON of one revision, exactly as it arrived."""
    found = get_object_or_404(BillRevision.objects.select_related("bill"), bill=bill, number=number)
    return _file(found.raw, f"bill-{bill}-revision-{number}.json", "application/json")


def _file(text: str, name: str, kind: str) -> HttpResponse:
    return HttpResponse(text, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_file(rows: Iterable[Sequence[object]], name: str) -> StreamingHttpResponse:
    """A file to download, sent row by row."""
    writer = csv.writer(_Echo())
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse((writer.writerow(row) for row in rows), content_type="text/csv; charset=utf-8", headers=headers)
