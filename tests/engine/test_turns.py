"""Whose turn it is: a large integration does not keep a small one out, and what a person asks for goes before what is automatic.

The queue is the worst there may be: one worker, first come first served.
"""

import uuid
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.base import ModelState

from billing.bill import Party
from billing.models import Bill, BillRevision
from credentials.models import Credential
from integrations import registry
from integrations.destinations.netsuite import DESTINATION
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs import orders, tasks, turns
from runs.deliver import deliver
from runs.models import Delivery, IntegrationRun, Slots
from runs.select import select
from tests.engine.workers import Workers, at, fresh
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, an_integration, arrive

BATCH = 4


class Queue:
    """Jobs as they come, worked one after the other."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Any, ...]] = []

    def put(self, name: str, *arguments: Any, **options: Any) -> None:
        del options
        self.jobs.append((getattr(tasks, name.rpartition(".")[2]), *arguments))

    def work(self) -> None:
        while self.jobs:
            function, *arguments = self.jobs.pop(0)
            function(*arguments)


@pytest.fixture
def queue(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> Queue:
    """One worker, whose batches are of BATCH Bills."""
    made, declared = Queue(), registry.destination("Netsuite")
    monkeypatch.setattr(tasks, "async_task", made.put)
    monkeypatch.setattr(tasks, "PAUSE", 0)
    monkeypatch.setattr(transaction, "on_commit", lambda act: act())
    small = replace(declared, batch_size=BATCH // 2, parallel=2)
    monkeypatch.setattr(registry, "destination", lambda system: small)
    return made


@pytest.fixture
def of_account(credential: Credential, customer: ExternalMapping) -> Callable[[str], IntegrationConfig]:
    """`of_account("acc-2")`: an integration of the one tenant, for the Bills of one Account."""

    def made(account: str) -> IntegrationConfig:
        known = {"entity_type": "Account", "entity_id": account, "external_system": "Netsuite", "external_table": "Customer"}
        ExternalMapping.objects.get_or_create(**known, defaults={"external_id": "1001"})
        return an_integration(credential, f"Invoices of {account}", accountIds=[account])

    return made


def bills_of(account: str, count: int) -> None:
    arrive(*[a_bill(f"{account}-{number}", account=Party(id=account, code=account, name=account)) for number in range(count)])


def owed(integration: IntegrationConfig, count: int) -> None:
    """So many Bills wait in an integration, and a worker has been asked to look at it."""
    bills_of(integration.options["accountIds"][0], count)
    select(integration)
    tasks.wake(integration)


def order_of(books: Books) -> list[str]:
    """The Accounts of what was posted, in the order in which it was."""
    documents = sorted(books.documents(), key=lambda document: int(document["id"]))
    return [document["externalId"].rpartition("-")[0] for document in documents]


Made = Callable[[str], IntegrationConfig]


def test_one_bill_does_not_wait_for_the_thousands_of_another_integration(of_account: Made, queue: Queue, books: Books) -> None:
    """It arrives while the first batch of the large one is under way, and goes after the next at the latest."""
    large, small = of_account("acc-1"), of_account("acc-2")
    owed(large, 10 * BATCH)
    with at("recorded", 1, lambda name: owed(small, 1)):
        queue.work()
    order = order_of(books)
    assert len(order) == 10 * BATCH + 1
    assert order.index("acc-2") <= 2 * BATCH


def test_each_has_its_turn_although_no_wake_up_came(of_account: Made, queue: Queue, books: Books) -> None:
    """The queue was emptied but for one job of the large integration: that job is enough."""
    owed(of_account("acc-1"), 10 * BATCH)
    [job] = queue.jobs
    for account in ("acc-2", "acc-3", "acc-4"):
        owed(of_account(account), 1)
    queue.jobs = [job]
    queue.work()
    assert sorted(order_of(books)[BATCH : BATCH + 3]) == ["acc-2", "acc-3", "acc-4"]


def test_two_large_ones_have_a_batch_each_in_turn(of_account: Made, queue: Queue, books: Books) -> None:
    for account in ("acc-1", "acc-2"):
        owed(of_account(account), 3 * BATCH)
    queue.work()
    batches = [set(order_of(books)[start : start + BATCH]) for start in range(0, 6 * BATCH, BATCH)]
    assert batches == [{"acc-1"}, {"acc-2"}] * 3


def test_a_worker_that_finds_the_whole_budget_taken_is_left_a_slot(of_account: Made, queue: Queue, workers: Workers, books: Books) -> None:
    """Two workers, one tenant: while the first sends the large integration's batches, the second sends the small one's Bill."""
    large, small = of_account("acc-1"), of_account("acc-2")
    owed(large, 10 * BATCH)
    owed(small, 1)
    leased: list[int] = []

    def another_worker(name: str) -> None:
        leased.append(Slots.objects.get(count__gt=0).count)
        with workers.another():
            tasks.look(str(small.pk))

    with at("before send", 1, another_worker):
        deliver(fresh(large))
    assert leased == [2] and order_of(books).count("acc-2") == 0

    with at("before send", 1, another_worker):
        deliver(fresh(large))
    assert leased == [2, 1] and order_of(books).count("acc-2") == 1
    assert len(order_of(books)) < 3 * BATCH


def test_a_retry_goes_before_the_rest_of_its_integration(of_account: Made, queue: Queue, books: Books) -> None:
    """What a person asks for is claimed first, however many Bills have waited longer."""
    large = of_account("acc-1")
    owed(large, 3 * BATCH)
    last = IntegrationRun.objects.order_by("-next_attempt_at", "-dt_created").first()
    assert last is not None
    orders.retry(last, User.objects.create_user("ada"))
    deliver(fresh(large))
    sent = {document["externalId"] for document in books.documents()}
    assert len(sent) == BATCH and last.bill.uid in sent


PERSON: list[tuple[str, Callable[[IntegrationConfig, User], object]]] = [
    ("retry", lambda integration, person: orders.retry(integration.runs.get(), person)),
    ("sync", orders.sync),
]


@pytest.mark.parametrize("order", [act for _, act in PERSON], ids=[name for name, _ in PERSON])
def test_a_person_goes_before_all_that_is_queued(order: Any, of_account: Made, queue: Queue, books: Books) -> None:
    """Five integrations and a sweep are queued, and a batch is under way: the person's Bill is the next."""
    mine = of_account("acc-9")
    bills_of("acc-9", 1)
    select(mine)
    for account in ("acc-1", "acc-2", "acc-3", "acc-4", "acc-5"):
        owed(of_account(account), 3 * BATCH)
    tasks.wake_all()
    person = User.objects.create_user("ada")
    with at("recorded", 1, lambda name: order(mine, person)):
        queue.work()
    order_now = order_of(books)
    assert len(order_now) == 5 * 3 * BATCH + 1
    assert order_now.index("acc-9") == BATCH


def test_a_sweep_works_for_people_first(of_account: Made, queue: Queue, books: Books) -> None:
    """It may have to select a hundred thousand Bills, and nobody waits for that."""
    bills_of("acc-1", 2 * BATCH)
    bills_of("acc-9", 1)
    of_account("acc-1")
    tasks.wake_all()
    orders.sync(of_account("acc-9"), User.objects.create_user("ada"))
    seen: list[int] = []
    with at("before claim", 1, lambda name: seen.append(IntegrationRun.objects.exclude(bill__uid="acc-9-0").count())):
        queue.work()
    assert seen == [0] and order_of(books)[0] == "acc-9"


def test_an_order_is_taken_up_once(of_account: Made, queue: Queue) -> None:
    mine = of_account("acc-9")
    owed(mine, 1)
    tasks.wake_first(mine)
    first, second = turns.Turns(), turns.Turns()
    assert (first.next(), second.next()) == (turns.Turn(mine, owes=True), None)
    assert turns.waiting() == [turns.Turn(mine, owes=True)]


MANY = 100_000
ROWS = 5_000


def multiply(run: IntegrationRun, count: int) -> None:
    """`count` more runs like this one, each of a Bill of its own."""
    for start in range(0, count, ROWS):
        numbers = range(start + 1, start + 1 + ROWS)
        bills = Bill.objects.bulk_create(changed(run.bill, uid=f"acc-1-{number}", current_revision=None) for number in numbers)
        revisions = BillRevision.objects.bulk_create(
            changed(run.revision, bill=bill, document=run.revision.document | {"source_id": bill.uid}) for bill in bills
        )
        deliveries = Delivery.objects.bulk_create(changed(run.delivery, bill=bill) for bill in bills)
        IntegrationRun.objects.bulk_create(
            changed(run, pk=uuid.uuid4(), bill=revision.bill, revision=revision, delivery=delivery)
            for revision, delivery in zip(revisions, deliveries, strict=True)
        )
    newest = BillRevision.objects.filter(bill=OuterRef("pk")).values("pk")[:1]
    Bill.objects.filter(current_revision=None).update(current_revision=Subquery(newest))


def changed(thing: Any, **facts: Any) -> Any:
    """A new row like this one but for these facts."""
    new = copy(thing)
    new._state = ModelState()
    for name, value in ({"pk": None} | facts).items():
        setattr(new, name, value)
    return new


@pytest.mark.slow
def test_a_hundred_thousand_bills_keep_no_bill_waiting(
    of_account: Made, queue: Queue, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batches are as large as NetSuite declares them. Finding one among so many takes no time to speak of."""
    monkeypatch.setattr(registry, "destination", lambda system: DESTINATION)
    large, small = of_account("acc-1"), of_account("acc-2")
    owed(large, 1)
    multiply(IntegrationRun.objects.select_related("bill", "revision", "delivery").get(), MANY)
    batch = DESTINATION.batch_size * DESTINATION.parallel
    waiting = IntegrationRun.objects.filter(status="WAITING")

    with at("recorded", 1, lambda name: owed(small, 1)), at("verified", 4, lambda name: waiting.update(status="CANCELLED")):
        tasks.look(str(large.pk))
    order = order_of(books)
    assert order.index("acc-2") <= 2 * batch and len(order) < 6 * batch
