"""What happens around the flow: a full disk, a database that goes away, an emptied queue, a Bill that kills whoever builds it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from integrations.models import IntegrationConfig
from runs import build, tasks
from runs.deliver import deliver
from runs.models import Delivery, Exchange, IntegrationRun
from runs.select import select
from tests.engine.workers import Killed, Workers, at, fresh, statuses
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, arrive


@contextmanager
def full_disk() -> Iterator[None]:
    """SQLite may not take another page of its file, as on a disk that is full."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        [pages] = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@pytest.mark.django_db(transaction=True)
def test_on_a_full_disk_nothing_is_sent_that_is_not_stored(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    """Each intent holds the whole request: before long one finds no room, and what it would have carried does not leave."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no limit that a session can set without a disk of its own")
    arrive(*[a_bill(f"b-{number}") for number in range(60)])
    select(integration)
    with full_disk(), pytest.raises(OperationalError, match="full"):
        deliver(fresh(integration))
    stored = {key for exchange in Exchange.objects.all() for key in exchange.members.values_list("key", flat=True)}
    assert {document["externalId"] for document in books.documents()} <= stored

    workers.die()
    assert set(workers.work_for(integration, 120)) == {"COMPLETE"}
    assert len(books.documents()) == 60


@pytest.mark.parametrize("point", ["before claim", "claimed", "intending", "intent stored", "sent", "recording", "before reading back"])
def test_a_database_that_goes_away_costs_nothing(point: str, integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    """Its error ends the job; what was sent is in an intent that another job settles."""

    def gone(name: str) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    arrive(a_bill("b-1"), a_bill("b-2"))
    select(integration)
    with at(point, 1, gone), pytest.raises(OperationalError):
        deliver(fresh(integration))

    workers.die()
    assert workers.work_for(integration, 120) == ["COMPLETE", "COMPLETE"]
    assert len(books.documents()) == 2


def test_the_sweep_finds_what_an_emptied_queue_forgot(
    integration: IntegrationConfig, books: Books, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks, "async_task", lambda *job: queued.append(job))
    monkeypatch.setattr(transaction, "on_commit", lambda act: act())
    arrive(a_bill("b-1"))
    tasks.sweep()
    assert queued == [("runs.tasks.look", str(integration.pk))]

    queued.clear()
    assert tasks.sweep() == 1
    [(_, name)] = queued
    tasks.look(name)
    assert statuses() == ["COMPLETE"] and len(books.documents()) == 1


def test_a_bill_that_kills_whoever_builds_it_is_set_aside(
    integration: IntegrationConfig, books: Books, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_for = build.plan_for

    def deadly(destination: Any, bill: Any, *rest: Any) -> Any:
        if bill.source_id == "b-bad":
            raise Killed("b-bad")
        return plan_for(destination, bill, *rest)

    monkeypatch.setattr(build, "plan_for", deadly)
    arrive(*[a_bill(uid) for uid in ("b-1", "b-bad", "b-2")])
    for _ in range(8):
        with suppress(Killed):
            workers.work(integration)
            break
        workers.die()

    bad = IntegrationRun.objects.get(bill__uid="b-bad")
    assert (bad.status, bad.error_code) == ("ERROR", "SET_ASIDE")
    assert sorted(document["externalId"] for document in books.documents()) == ["b-1", "b-2"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"IDLE"}
