"""How much goes at once while a batch is sent: fewer after each refusal, more again with success, nothing while nothing is taken."""

from integrations.models import IntegrationConfig
from runs.gate import GROWS_AFTER, Gate
from runs.models import IntegrationRun
from tests.engine.workers import Workers
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, arrive


def together(gate: Gate) -> int:
    """How many get through before one has to wait."""
    return gate._limit


def test_each_refusal_lowers_it_by_one_and_success_raises_it_again() -> None:
    gate = Gate(5)
    for _ in range(3):
        gate.learn(too_many=True)
    assert together(gate) == 2
    for _ in range(GROWS_AFTER):
        gate.learn(too_many=False)
    assert together(gate) == 3
    for _ in range(10 * GROWS_AFTER):
        gate.learn(too_many=False)
    assert together(gate) == 5


def test_a_refusal_of_what_went_alone_shuts_it() -> None:
    gate = Gate(2)
    gate.learn(too_many=True)
    assert not gate.shut
    gate.learn(too_many=True)
    assert gate.shut


def test_a_destination_that_takes_nothing_is_left_alone(integration: IntegrationConfig, books: Books, workers: Workers) -> None:
    """Of 20 Bills no more are tried than it takes to learn it; they wait, and go when they may."""
    arrive(*[a_bill(f"b-{number}") for number in range(20)])
    books.fault("status", status=429, times=1000)

    assert set(workers.work(integration, rounds=1)) == {"RATE_LIMIT_RETRY"}
    assert books.writes() == 5
    books.configure(faults=[])
    assert set(workers.work_for(integration, 120)) == {"COMPLETE"}
    assert len(books.documents()) == 20 and IntegrationRun.objects.count() == 20
