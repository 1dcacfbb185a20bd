"""A process that dies at any point of the flow, played in one process: new Bills and old, single and in bulk, lost and refused."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.bill import Party
from integrations import options, registry
from integrations.models import IntegrationConfig
from runs import recover, verify
from runs.build import Kit
from runs.deliver import deliver
from runs.models import Delivery, Exchange, IntegrationRun
from runs.select import select
from tests.engine.points import OF_CHAINS, POINTS
from tests.engine.workers import Workers, fresh
from tests.places import PLACES
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, arrive

pytestmark = pytest.mark.django_db
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Story:
    """Everything that can happen to Bills, in one order; each chapter may be cut off anywhere."""

    def __init__(self, integration: IntegrationConfig, books: Books, workers: Workers) -> None:
        self.integration, self.books, self.workers = integration, books, workers
        self.uids: set[str] = set()

    def tell(self) -> None:
        for chapter in (self.refused, self.no_login, self.closed, self.lost, self.abandoned, self.old, self.in_bulk, self.read_later):
            chapter()

    def comes(self, uid: str, **facts: Any) -> None:
        """The same Bill, however often it is told."""
        arrive(a_bill(uid, [a_line("l1", "60.00"), a_line("l2", "40.00")], number=f"INV-{uid}", **facts))
        self.uids.add(uid)

    def work(self) -> None:
        """One worker's round, without the recovery that `Workers.work` begins with."""
        integration = fresh(self.integration)
        select(integration)
        recover.settle(integration)
        deliver(integration)

    def refused(self) -> None:
        self.comes("refused", account=Party(id="nobody", name="Nobody"))
        self.work()

    def no_login(self) -> None:
        self.comes("no-login")
        self.workers.clock.pass_by(7200)
        self.books.fault("status", match=self.books.place.login, status=503)
        self.work()

    def closed(self) -> None:
        self.books.configure(closed_before="2026-09-01")
        self.comes("closed", bill_date=dt.date(2026, 8, 31))
        self.work()

    def lost(self) -> None:
        self.comes("lost")
        self.books.fault("commit_then_drop")
        self.work()
        self.workers.clock.pass_by(5)
        self.work()

    def abandoned(self) -> None:
        for point in ("built", "sent"):
            self.comes(f"abandoned-when-{point}")
            with self.workers.killed_at(point):
                self.work()
        self.workers.recover()

    def old(self) -> None:
        """Lost so long ago that the destination is asked."""
        Exchange.objects.update(replay_until=LONG_AGO)
        self.workers.clock.pass_by(5)
        self.work()

    def in_bulk(self) -> None:
        for number in range(4):
            self.comes(f"one-of-many-{number}")
        self.work()
        self.workers.clock.pass_by(5)
        self.work()

    def read_later(self) -> None:
        """Answers that were not read back, as after a worker that died before it."""
        Delivery.objects.filter(bill__uid="one-of-many-1").update(verified_at=None, read_at=None)
        verify.sweep(Kit.of(fresh(self.integration)))


@pytest.fixture
def story(request: pytest.FixtureRequest, db: None, books: Books, workers: Workers, key_files: Path) -> Story:
    books.place = place = request.param
    place.map("acc-1", "1001")
    credential = place.credential(books.emulator.credential_files(key_files)[place.kind])
    wanted = {"useExternalMappingAccountCode": True, "closedPeriodPolicy": "FIRST_OPEN_DAY", "bulkThreshold": 3}
    declared = {option.key for option in options.schema(registry.destination(place.system), "Bill")}
    chosen = {key: value for key, value in wanted.items() if key in declared}
    return Story(place.integration(credential, "The story", **chosen), books, workers)


USUAL = {"intent stored", "sent", "before record", "before resend", "lost"}
"""Where each destination is always killed; the first one everywhere, the others everywhere in the long suite."""

STORIES = [
    pytest.param(place, point, marks=() if place is PLACES[0] or point in USUAL else pytest.mark.slow)
    for place in PLACES
    for point in sorted(POINTS - OF_CHAINS - place.unreached)
]


@pytest.mark.parametrize("occurrence", [1, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("story", "point"), STORIES, indirect=["story"], ids=str)
def test_a_process_that_dies_there_loses_nothing(point: str, occurrence: int, story: Story) -> None:
    with story.workers.killed_at(point, occurrence) as died:
        story.tell()
    assert died or occurrence > 1, f"the story never comes to {point!r}"
    story.tell()
    story.workers.work_for(story.integration, 300)

    found = story.books.found()
    assert sorted(each.key for each in found) == sorted(story.uids - {"refused"})
    assert {(each.total, each.lines) for each in found} == {(Decimal("100.00"), 2)}
    told = {run.bill.uid: run.status for run in IntegrationRun.objects.select_related("bill")}
    assert told == dict.fromkeys(story.uids, "COMPLETE") | {"refused": "ERROR"}
    assert IntegrationRun.objects.count() == len(story.uids)
    assert not Exchange.objects.exclude(state="SETTLED").exists()
    assert not Delivery.objects.exclude(bill__uid="refused").filter(verified_at=None).exists()
