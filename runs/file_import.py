"""Files given in the browser: kept in pieces, read by whichever worker takes them up, their progress and their end noted for their page."""

import datetime as dt
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, BinaryIO

from django.contrib.auth.models import User
from django.core.files.base import File
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
LONGEST_NAME = 200
MOST_KEPT = 200
ABANDONED = dt.timedelta(minutes=10)
COUNTS = ("received", "created", "revised", "unchanged")
State = FileImport.State


@transaction.atomic
def keep(slug: str, files: "Sequence[File[Any]]", dry: bool, amount: str, user: User | None) -> FileImport:
    """Stores files as they came."""
    name, size = ", ".join(str(given.name) for given in files)[:LONGEST_NAME], sum(given.size for given in files)
    file = FileImport.objects.create(slug=slug, name=name, size=size, dry=dry, amount=amount, asked_by=user)
    numbers = count()
    for given in files:
        parts = sum(_kept(file, next(numbers), data) for data in given.chunks(PIECE))
        file.members.append([given.name, parts])
    file.save(update_fields=["members"])
    return file


def _kept(file: FileImport, number: int, data: bytes) -> int:
    FilePart.objects.create(file=file, number=number, data=data)
    return 1


def work(file: FileImport, heard: Callable[[], None] = lambda: None) -> None:
    """Reads files that nobody reads; `heard` is called now and then.

    What is stored stays stored if the process dies; another then reads the files from their start.
    """
    if not _take(file):
        return
    progress = Progress(file, heard)
    try:
        collector = Collector(_source(file), dry=file.dry, amount=file.amount, heard=progress.tell)
        collector.take_files(list(_members(file, progress)))
    except (ValueError, KeyError):
        _end(file, State.FAILED, Report())
        raise
    _end(file, State.DONE, collector.report)
    if not file.dry:
        _tell(file, collector)


def _members(file: FileImport, progress: "Progress") -> Iterator[tuple[str, BinaryIO]]:
    first = 0
    for name, parts in file.members:
        yield name, io.BufferedReader(Pieces(progress, range(first, first + parts)), PIECE)
        first += parts


def abandoned() -> list[int]:
    """Files that wait longer than they should, or whose reader is gone."""
    before = timezone.now() - ABANDONED
    late = Q(state=State.WAITING, created_at__lt=before) | Q(state=State.READING)
    found = FileImport.objects.filter(late).values_list("pk", "owner", "seen_at")
    return [pk for pk, owner, seen in found if lease.is_dead(owner) or seen is None or seen < before]


@dataclass
class Progress:
    """How far the files are read."""

    file: FileImport
    heard: Callable[[], None]
    done: int = 0

    def tell(self) -> None:
        FileImport.objects.filter(pk=self.file.pk).update(read=self.done, seen_at=timezone.now())
        self.heard()

    def part(self, number: int) -> bytes:
        self.tell()
        data = bytes(FilePart.objects.get(file=self.file, number=number).data)
        self.done += len(data)
        return data


class Pieces(io.RawIOBase):
    """The stored pieces of a file as a stream, one in memory at a time."""

    def __init__(self, progress: Progress, numbers: Iterable[int]) -> None:
        self._progress, self._numbers, self._rest = progress, iter(numbers), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            number = next(self._numbers, None)
            self._rest = b"" if number is None else self._progress.part(number)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


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
