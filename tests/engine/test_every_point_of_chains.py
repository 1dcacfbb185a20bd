"""A process that dies at any point while Bills become orders, invoices made of them, deposits and payments; the judge reads the books."""

from decimal import Decimal
from pathlib import Path

import pytest

from billing.bill import Movement, Ref
from integrations.models import IntegrationConfig
from runs import recover, tasks
from runs.deliver import deliver
from runs.models import Delivery, Exchange, IntegrationRun
from runs.select import select
from tests.engine.points import OF_CHAINS, POINTS
from tests.engine.test_crash_matrix import EVERY_POLL, FIRST_SENDING, LOOKING
from tests.engine.workers import Workers, fresh
from tests.places import NETSUITE
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, arrive
from tests.runs.test_chains import fulfil, inventory, moved

pytestmark = pytest.mark.django_db
TOTAL = Decimal("100.00")
ELSEWHERE = frozenset(
    {"before asking for a day", "before refusing", "refused", "before putting back", "put back", "before following", "followed"}
)
"""What a chain has no part in, and test_every_point comes to: a closed period, a refusal, a login that fails, a job."""
AT_THE_TRANSFORM = frozenset(FIRST_SENDING + LOOKING + EVERY_POLL)
"""The first document of the story is an order, the second the invoice that is made of it."""


class Chains:
    """Bills of several documents, in one order; each chapter may be cut off anywhere, and be told again."""

    def __init__(self, integration: IntegrationConfig, books: Books, workers: Workers) -> None:
        self.integration, self.books, self.workers = integration, books, workers
        self.paid: set[str] = set()
        self.deposited: set[str] = set()

    def tell(self) -> None:
        for chapter in (self.ordered, self.lost, self.abandoned, self.old, self.shipped):
            chapter()

    def work(self) -> None:
        """One worker's round, without the recovery that `Workers.work` begins with."""
        integration = fresh(self.integration)
        select(integration)
        tasks.polled(integration)
        while recover.settle(integration) + deliver(integration):
            pass

    def comes(self, uid: str, product: str = "prod-api", *movements: Movement) -> None:
        refs = {"Product": Ref(id=product, name=product)}
        lines = [a_line("l1", "60.00", refs=refs), a_line("l2", "40.00", refs=refs)]
        arrive(a_bill(uid, lines, number=f"INV-{uid}", movements=movements))

    def comes_paid(self, uid: str) -> None:
        self.comes(uid, "prod-api", moved("payment", "p1", "100.00"))
        self.paid.add(uid)

    def ordered(self) -> None:
        self.comes_paid("ordered")
        self.work()

    def lost(self) -> None:
        """The first answer to each of the three requests."""
        matches = ("salesOrder/eid", "!transform", "customerPayment")
        self.books.configure(faults=[{"match": match, "kind": "commit_then_drop", "times": 1} for match in matches])
        self.comes_paid("lost")
        for _ in matches:
            self.work()
            self.workers.clock.pass_by(5)

    def abandoned(self) -> None:
        """Workers that died on the way of an invoice: before it was sent, when nobody knows whether it was, and after it was."""
        for point in ("built", "intent stored", "sent"):
            with self.workers.killed_at(point, 2):
                self.comes_paid(f"abandoned-when-{point[:4]}")
                self.work()
        self.workers.recover()
        self.work()

    def old(self) -> None:
        """So long ago that the destination may be believed."""
        self.workers.clock.pass_by(70)
        self.work()

    def shipped(self) -> None:
        """The order waits until it is fulfilled; what is paid meanwhile is a deposit, applied to the invoice in the end."""
        if "shipped" not in self.deposited:
            self.comes("shipped", "prod-box")
        self.work()
        self.comes("shipped", "prod-box", moved("payment", "p1", "100.00"))
        self.deposited.add("shipped")
        self.workers.recover()
        self.work()
        self.workers.clock.pass_by(5)
        self.work()
        if not self.books.documents("itemFulfillment"):
            fulfil(self.books, "so-shipped")
        self.work()


def judge(story: Chains) -> None:
    """One of each, of the right amount, made of the right record; nothing else."""
    books, uids = story.books, story.paid | story.deposited
    totals = {kind: {each["externalId"]: each["total"] for each in books.documents(kind)} for kind in KINDS}
    assert totals == {
        "salesOrder": {f"so-{uid}": TOTAL for uid in uids},
        "invoice": dict.fromkeys(uids, TOTAL),
        "customerPayment": {f"pay-{uid}-p1": TOTAL for uid in story.paid},
        "customerDeposit": {f"dep-{uid}-p1": TOTAL for uid in story.deposited},
        "depositApplication": {f"pay-{uid}-p1": TOTAL for uid in story.deposited},
    }
    assert sum(len(books.documents(kind)) for kind in KINDS) == 3 * len(story.paid) + 4 * len(story.deposited)
    orders = {each["id"]: each["externalId"] for each in books.documents("salesOrder")}
    assert {orders[each["createdFrom"]["id"]]: each["status"]["refName"] for each in books.documents("invoice")} == {
        f"so-{uid}": "Paid In Full" for uid in uids
    }


KINDS = ("salesOrder", "invoice", "customerPayment", "customerDeposit", "depositApplication")


def told_truly(story: Chains) -> None:
    """What our own tables say of it."""
    chains = IntegrationRun.objects.filter(delivery__slot="chain")
    newest = {run.bill.uid: run.status for run in chains.select_related("bill").order_by("revision__number")}
    assert newest == dict.fromkeys(story.paid | story.deposited, "COMPLETE")
    assert not IntegrationRun.objects.exclude(status__in=("COMPLETE", "SUPERSEDED")).exists()
    assert not Exchange.objects.exclude(state="SETTLED").exists()
    assert not Delivery.objects.exclude(slot="chain").filter(verified_at=None).exists()


@pytest.fixture
def story(books: Books, workers: Workers, key_files: Path, db: None) -> Chains:
    NETSUITE.map("acc-1", "1001")
    inventory(books)
    credential = NETSUITE.credential(books.emulator.credential_files(key_files)[NETSUITE.kind])
    integration = NETSUITE.integration(credential, "Chains", documentFlow="AUTO", netsuiteDefaultItemId="2001", taxItemId="2018")
    return Chains(integration, books, workers)


def play(story: Chains, point: str, occurrence: int) -> list[str]:
    """The story cut off at a point, then told from the beginning by others."""
    with story.workers.killed_at(point, occurrence) as died:
        story.tell()
    story.workers.recover()
    story.tell()
    for _ in range(4):
        story.workers.clock.pass_by(45)
        story.workers.work_for(story.integration, 15)
    judge(story)
    told_truly(story)
    return died


USUAL = OF_CHAINS | {
    "claimed",
    "built",
    "looked",
    "intent stored",
    "sent",
    "before record",
    "recorded",
    "verified",
    "lost",
    "asked",
    "settled",
}
CELLS = [
    pytest.param(point, 2 if point in AT_THE_TRANSFORM else 1, marks=() if point in USUAL else pytest.mark.slow)
    for point in sorted(POINTS - ELSEWHERE)
]
LONG = [(point, occurrence) for point in sorted(POINTS - ELSEWHERE) for occurrence in (1, *range(3, 13))]


def test_every_point_of_chains_is_one_where_a_test_kills() -> None:
    assert {str(cell.values[0]) for cell in CELLS if not cell.marks} >= OF_CHAINS


@pytest.mark.parametrize(("point", "occurrence"), CELLS)
def test_a_process_that_dies_there_makes_each_document_once(point: str, occurrence: int, story: Chains) -> None:
    assert play(story, point, occurrence), f"the story never comes to {point!r}"


@pytest.mark.slow
@pytest.mark.parametrize(("point", "occurrence"), LONG)
def test_wherever_it_dies_each_document_is_made_once(point: str, occurrence: int, story: Chains) -> None:
    play(story, point, occurrence)
