"""Which Bills wait for a mapping, a missing one or another one, and their money: the answer to mappings.held.asked."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from mappings.held import Held, Pair, Waiting
from runs.models import IntegrationRun, Problem
from runs.problems import BY_MAPPING, MISSING_MAPPING, fingerprint_of

Row = tuple[Any, str, int, Decimal]


def waiting(sender: Any, *, system: str, table: str, integration: UUID | None, entities: Collection[Pair], **_: Any) -> Waiting:
    """From the open problems that a mapping puts right, in three queries; what is missing is added up over all."""
    marks = {fingerprint_of(code, table, f"{entity}:{uid}"): (entity, uid) for entity, uid in entities for code in BY_MAPPING}
    problems = Problem.objects.filter(code__in=BY_MAPPING, integration__system=system).exclude(state=Problem.State.CLOSED)
    problems = problems.filter(integration=integration) if integration else problems
    rows = [row for row in problems.values_list("pk", "fingerprint", "code") if row[1] in marks]
    found, missing = {pk: marks[mark] for pk, mark, _ in rows}, [pk for pk, _, code in rows if code == MISSING_MAPPING]
    if not found:
        return Waiting()
    runs = IntegrationRun.objects.filter(problems__in=found).order_by()
    sums = runs.values_list("problems", "currency").annotate(bills=Count("bill", distinct=True), money=Sum("amount"))
    once = IntegrationRun.objects.filter(pk__in=runs.filter(problems__in=missing).values("pk")).order_by().values_list("currency")
    total = once.annotate(bills=Count("bill", distinct=True), money=Sum("amount"))
    by: dict[Pair, list[Row]] = defaultdict(list)
    for row in sums:
        if row[0] in found:
            by[found[row[0]]].append(row)
    return Waiting({pair: _held(rows) for pair, rows in by.items()}, _held((None, *row) for row in total))


def _held(rows: Iterable[Row]) -> Held:
    most_first = sorted(rows, key=lambda row: (-row[2], row[1]))
    money: dict[str, Decimal] = defaultdict(Decimal)
    for _, currency, _, amount in most_first:
        money[currency] += amount
    return Held(sum(row[2] for row in most_first), dict(money))
