"""A file given in the browser: kept in pieces, read by whichever worker takes it up, its progress and its end noted for its page."""

import datetime as dt
import io
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing.models import Source
from integrations import registry
from integrations.contract import changed
from runs import lease, tasks
from runs.collect import Collector, Report
from runs.models import FileImport, FilePart

PIECE = 1024 * 1024
MOST_KEPT = 200
ABANDONED = dt.timedelta(minutes=10)
COUNTS = ("received", "created", "revised", "unchanged")
State = FileImport.State


@transaction.atomic
def keep(slug: str, name: str, size: int, chunks: Iterable[bytes], dry: bool, user: User | None) -> FileImport:
    """Stores a file as it came."""
    file = FileImport.objects.create(slug=slug, name=name, size=size, dry=dry, asked_by=user)
    for number, data in enumerate(chunks):
        FilePart.objects.create(file=file, number=number, data=data)
    return file


def work(file: FileImport, heard: Callable[[], None] = lambda: None) -> None:
    """Reads a file that nobody reads; `heard` is called now and then.

    What is stored stays stored if the process dies; another then reads the file from its start.
    """
    if not _take(file):
        return
    try:
        collector = Collector(_source(file), dry=file.dry)
        collector.take_file(file.name, io.BufferedReader(Pieces(file, heard), PIECE))
    except (ValueError, KeyError):
        _end(file, State.FAILED, Report())
        raise
    _end(file, State.DONE, collector.report)
    if not file.dry:
        _tell(file, collector)


def abandoned() -> list[int]:
    """Files that wait longer than they should, or whose reader is gone."""
    before = timezone.now() - ABANDONED
    late = Q(state=State.WAITING, created_at__lt=before) | Q(state=State.READING)
    found = FileImport.objects.filter(late).values_list("pk", "owner", "seen_at")
    return [pk for pk, owner, seen in found if lease.is_dead(owner) or seen is None or seen < before]


class Pieces(io.RawIOBase):
    """The stored pieces of a file as a stream, one in memory at a time; notes how far it is."""

    def __init__(self, file: FileImport, heard: Callable[[], None]) -> None:
        self._file, self._number, self._rest = file, 0, b""
        self._done, self._heard = 0, heard

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._next()
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _next(self) -> None:
        FileImport.objects.filter(pk=self._file.pk).update(read=self._done, seen_at=timezone.now())
        part = FilePart.objects.filter(file=self._file, number=self._number).first()
        self._rest = bytes(part.data) if part else b""
        self._number, self._done = self._number + 1, self._done + len(self._rest)
        self._heard()


def _take(file: FileImport) -> bool:
    free = Q(state=State.WAITING) | Q(state=State.READING, owner=file.owner)
    mine = {"state": State.READING, "owner": lease.me(), "seen_at": timezone.now(), "read": 0}
    return bool(FileImport.objects.filter(free, pk=file.pk, seen_at=file.seen_at).update(**mine))


def _source(file: FileImport) -> Source:
    """The stored source, or the default one of the platform of that name, made when it is first needed, and not for a dry run."""
    stored = Source.objects.filter(slug=file.slug).first()
    if stored is not None:
        return stored
    source = Source(slug=file.slug, platform=file.slug, name=registry.source(file.slug).label)
    if not file.dry:
        source.save()
    return source


def _end(file: FileImport, state: str, report: Report) -> None:
    counts = {name: getattr(report, name) for name in COUNTS}
    rejected = [[each.where, each.why] for each in report.rejected[:MOST_KEPT]]
    more = {"rejected": rejected, "rejected_count": len(report.rejected), "done_at": timezone.now(), "read": file.size}
    FileImport.objects.filter(pk=file.pk).update(state=state, **counts, **more)
    FilePart.objects.filter(file=file).delete()


def _tell(file: FileImport, collector: Collector) -> None:
    report = collector.report
    after = {"file": file.name, "rejected": len(report.rejected)} | {name: getattr(report, name) for name in COUNTS}
    changed.send(Source, actor=file.asked_by, subject=collector.stored, verb="imported", before=None, after=after)
    if report.created or report.revised:
        tasks.wake_all()
