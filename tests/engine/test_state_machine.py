"""Random orders of arriving, sending, dying, standing still, retrying, cancelling and waiting; then the destination is counted.

A failing example is printed as the steps that lead to it. The judge reads the emulator's documents; our tables only have to agree.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from credentials import service as credentials
from credentials.models import Credential
from integrations import service as integrations
from integrations.models import IntegrationConfig
from runs import orders, recover, turns, verify
from runs.build import Kit
from runs.deliver import deliver
from runs.models import NEEDS_PERSON, OPEN, Delivery, Exchange, IntegrationRun, Status
from runs.select import select
from tests.engine.workers import Workers, a_clock, fresh
from tests.runs.conftest import ACCOUNT, Books
from tests.runs.factories import a_bill, a_line, arrive

FAULTS = [
    {"kind": "commit_then_drop"},
    {"kind": "reset"},
    {"kind": "truncated"},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 503, "after": True},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 401},
]
FINAL = (Status.COMPLETE, Status.SUPERSEDED, Status.CANCELLED)
amounts = st.lists(st.decimals("-20", "999.99", places=2), min_size=1, max_size=3)
faults = st.lists(st.sampled_from(FAULTS), max_size=3)
which = st.integers(0, 20)
places = st.integers(1, 30)
policies = st.sampled_from(["HOLD", "FIRST_OPEN_DAY"])
steps = st.sampled_from(["look", "look", "look", "select", "deliver", "settle", "recover", "verify"])
moments = st.sampled_from([0.5, 3, 20, 61, 130, 400, 1200])


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Engine(RuleBasedStateMachine):
    """One example: it starts from the same connected integration and empty books, and leaves nothing behind."""

    books: Books
    integration: IntegrationConfig

    def __init__(self) -> None:
        super().__init__()
        self.books.hub.reset()
        self.stack = ExitStack()
        self.stack.enter_context(rolled_back())
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        self.workers = Workers(patch, self.stack.enter_context(a_clock()))
        self.said: dict[str, dict[int, list[Decimal]]] = defaultdict(dict)

    @initialize(threshold=st.sampled_from([20, 1]), policy=policies, bills=st.lists(amounts, min_size=2, max_size=4))
    def install(self, threshold: int, policy: str, bills: list[list[Decimal]]) -> None:
        chosen = {"bulkThreshold": threshold, "closedPeriodPolicy": policy}
        integrations.change_options(fresh(self.integration), self.integration.options | chosen, None)
        for amounts in bills:
            self._arrive(f"b-{len(self.said)}", amounts, "APPROVED")

    # --- what comes in ------------------------------------------------------------------------------------------------------------

    @rule(amounts=amounts, status=st.sampled_from(["APPROVED", "PENDING"]))
    def a_bill_arrives(self, amounts: list[Decimal], status: str) -> None:
        self._arrive(f"b-{len(self.said)}", amounts, status)

    @precondition(lambda self: self.said)
    @rule(which=which, amounts=amounts, status=st.sampled_from(["APPROVED", "PENDING", "VOID"]))
    def a_bill_is_revised(self, which: int, amounts: list[Decimal], status: str) -> None:
        self._arrive(self._uid(which), amounts, status)

    @precondition(lambda self: self.said)
    @rule(which=which, status=st.sampled_from(["APPROVED", "VOID"]))
    def only_its_status_changes(self, which: int, status: str) -> None:
        uid = self._uid(which)
        self._arrive(uid, self.said[uid][max(self.said[uid])], status)

    def _uid(self, which: int) -> str:
        return f"b-{which % len(self.said)}"

    def _arrive(self, uid: str, amounts: list[Decimal], status: str) -> None:
        lines = [a_line(f"l{at}", str(amount)) for at, amount in enumerate(amounts)]
        [bill] = arrive(a_bill(uid, lines, status=status, number=f"INV-{uid}"))
        assert bill.current_revision is not None
        self.said[uid][bill.current_revision.number] = amounts

    # --- what workers do ----------------------------------------------------------------------------------------------------------

    def step(self, name: str) -> None:
        """`look` is one round of a worker, the others are its parts."""
        integration = fresh(self.integration)
        if name in ("look", "recover"):
            self.workers.recover()
        if name in ("look", "select"):
            select(integration)
        if name in ("look", "settle"):
            recover.settle(integration)
        if name in ("look", "deliver"):
            deliver(integration)
        if name == "verify" and integration.connected:
            verify.sweep(Kit.of(integration))

    @rule(step=steps, faults=faults)
    def somebody_works(self, step: str, faults: list[dict[str, Any]]) -> None:
        self._spoil(faults)
        self.step(step)

    @rule(step=steps, faults=faults, place=places)
    def somebody_dies(self, step: str, faults: list[dict[str, Any]], place: int) -> None:
        """At the so-manieth point that it comes to."""
        self._spoil(faults)
        with self.workers.killed_at("", place):
            self.step(step)

    @rule(step=steps, then=steps, faults=faults, place=places, amounts=st.none() | amounts)
    def somebody_stands_still(self, step: str, then: str, faults: list[dict[str, Any]], place: int, amounts: list[Decimal] | None) -> None:
        """For longer than its lease, while another one works and perhaps a Bill is corrected."""
        self._spoil(faults)

        def meanwhile() -> None:
            if amounts:
                self._arrive("b-0", amounts, "APPROVED")
            self.step(then)

        with self.workers.stalled_at("", meanwhile, place):
            self.step(step)

    def _spoil(self, faults: list[dict[str, Any]]) -> None:
        self.books.configure(faults=[{"match": "/invoice", "times": 1} | fault for fault in faults])

    # --- what people do -----------------------------------------------------------------------------------------------------------

    @rule(which=which, order=st.sampled_from([orders.retry, orders.replay, orders.cancel]))
    def somebody_orders(self, which: int, order: Callable[[IntegrationRun], object]) -> None:
        runs = list(IntegrationRun.objects.order_by("dt_created"))
        if runs:
            with suppress(orders.NotPossibleError):
                order(runs[which % len(runs)])

    @rule(on=st.booleans())
    def it_is_switched(self, on: bool) -> None:
        if on:
            integrations.enable(fresh(self.integration), None)
        else:
            integrations.disable(fresh(self.integration), "", None)

    @rule(required=st.booleans(), closed=st.sampled_from([None, None, "2026-11-01"]))
    def the_books_change_their_rules(self, required: bool, closed: str | None) -> None:
        self.books.configure(required_fields=["department"] if required else [], closed_before=closed)

    @rule()
    def somebody_connects_it_again(self) -> None:
        credentials.verify(Credential.objects.get(pk=self.integration.credential_id))

    @rule(seconds=moments)
    def time_passes(self, seconds: float) -> None:
        self.workers.clock.pass_by(seconds)

    # --- what must hold -----------------------------------------------------------------------------------------------------------

    @invariant()
    def the_books_are_in_order(self) -> None:
        """No Bill is there twice, each shows one of its revisions whole, and nothing is there of what we say was not sent."""
        documents = self._documents()
        assert all(count == 1 for count in Counter(document["externalId"] for document in documents).values())
        for document in documents:
            said = self.said[document["externalId"]][_revision(document)]
            assert sorted(abs(line["amount"]) for line in _lines(document)) == sorted(map(abs, said))
        there = {document["externalId"] for document in documents}
        sent = set(Delivery.objects.exclude(state="IDLE").values_list("bill__uid", flat=True))
        sent |= set(Delivery.objects.exclude(origin="").values_list("bill__uid", flat=True))
        assert there <= sent

    def teardown(self) -> None:
        try:
            self._come_to_rest()
            self._judge()
        finally:
            self.stack.close()

    def _come_to_rest(self) -> None:
        """Nothing goes wrong any more and time passes: within it, whatever the engine can move by itself must come to an end."""
        self.books.configure(faults=[], required_fields=[], closed_before=None)
        self.workers.die()
        credentials.verify(Credential.objects.get(pk=self.integration.credential_id))
        integrations.enable(fresh(self.integration), None)
        for _ in range(30):
            self.workers.work(self.integration)
            verify.sweep(Kit.of(fresh(self.integration)))
            if not self._moving():
                break
            self.workers.clock.pass_by(130)

    def _moving(self) -> bool:
        unread = Delivery.objects.exclude(origin="").filter(verified_at=None, runs__problems=None)
        return IntegrationRun.objects.filter(status__in=OPEN).exists() or unread.exists() or turns.has_work(fresh(self.integration))

    def _judge(self) -> None:
        self.the_books_are_in_order()
        left = IntegrationRun.objects.exclude(status__in=(*FINAL, *NEEDS_PERSON))
        assert not left.exists(), list(left.values_list("bill__uid", "status", "error_code", "error", "delivery__state", "next_attempt_at"))
        assert not Exchange.objects.exclude(state="SETTLED").exists()
        assert set(Delivery.objects.values_list("state", flat=True)) <= {"IDLE"}
        there = {document["externalId"]: document for document in self._documents()}
        for uid in self.said:
            self._judge_bill(uid, there.get(uid))

    def _judge_bill(self, uid: str, document: dict[str, Any] | None) -> None:
        runs = list(IntegrationRun.objects.filter(bill__uid=uid).select_related("revision", "bill", "delivery").order_by("dt_created"))
        complete = [run for run in runs if run.status == Status.COMPLETE]
        assert bool(complete) == (document is not None), (uid, [run.status for run in runs])
        if document is None:
            return
        delivery = complete[0].delivery
        told = (delivery.external_id, delivery.tag, abs(delivery.total or 0))
        assert told == (document["id"], document["memo"], document["total"]), uid
        assert _revision(document) == max(run.revision.number for run in complete), uid
        newest = runs[-1]
        if newest.status == Status.COMPLETE and newest.revision_id == newest.bill.current_revision_id:
            assert _revision(document) == newest.revision.number

    def _documents(self) -> list[dict[str, Any]]:
        state = self.books.emulator.state()[ACCOUNT]
        return [*state["invoice"], *state["creditMemo"]]


def _revision(document: dict[str, Any]) -> int:
    return int(document["memo"].split()[1].removeprefix("r"))


def _lines(document: dict[str, Any]) -> list[dict[str, Any]]:
    return list(document["item"]["items"])


@pytest.fixture
def machine(integration: IntegrationConfig, books: Books, monkeypatch: pytest.MonkeyPatch) -> type[Engine]:
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)
    return type("Machine", (Engine,), {"books": books, "integration": integration})


def explore(machine: type[Engine], examples: int, steps: int) -> None:
    health = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=health)
    )


@pytest.mark.django_db
def test_whatever_happens_each_bill_is_there_once(machine: type[Engine]) -> None:
    explore(machine, 25, 25)


@pytest.mark.slow
@pytest.mark.django_db
def test_whatever_happens_for_long_each_bill_is_there_once(machine: type[Engine]) -> None:
    explore(machine, 1500, 60)
