"""Whose turn it is: first what a person asked for, then every integration that has something to do, one batch each."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from integrations.models import IntegrationConfig
from runs import budget, ledger, recover, steps


def ask(integration: IntegrationConfig) -> None:
    """A person waits for what this integration owes."""
    IntegrationConfig.objects.filter(pk=integration.pk).update(asked_at=timezone.now())


@dataclass(frozen=True)
class Turn:
    """One batch of an integration, and what is to be done in it.

    It `owes` runs that are due, has chains that are `folded`, `asks` for answers of the destination, `waits` for what happens there.
    """

    integration: IntegrationConfig
    owes: bool
    folded: bool = False
    asks: bool = False
    waits: bool = False


def has_work(integration: IntegrationConfig) -> bool:
    return any(turn.integration.pk == integration.pk for turn in waiting(integration.pk))


def waiting(own: UUID | None = None) -> list[Turn]:
    """Those with something due: what people asked for first, `own`, and every other whose tenant nobody works for at this moment.

    What only waits for the destination has its turn when a person asks; else the sweep asks about it.
    """
    held = budget.held(OuterRef("system"), OuterRef("credential__tenant"))
    wanted = Q(asked_at__isnull=False) | Q(pk=own) | ~Exists(held)
    found = IntegrationConfig.objects.filter(wanted, archived_at=None).select_related("credential", "current_version")
    rows = found.annotate(**_work()).order_by(F("asked_at").asc(nulls_last=True), "name")
    turns = [_turn(row) for row in rows if row.connected]
    return [turn for turn in turns if turn.owes or turn.folded or turn.asks or (turn.waits and turn.integration.asked_at)]


def _work() -> dict[str, Exists]:
    one, now = OuterRef("pk"), timezone.now()
    runs = {"owes": ledger.due(one, now), "folded": ledger.folded(one, now), "waits": steps.waits(one)}
    return {name: Exists(found) for name, found in runs.items()} | {"asks": Exists(recover.due_in(one))}


def _turn(row: Any) -> Turn:
    """What was lost is asked for even while the integration is off."""
    return Turn(row, row.enabled and row.owes, row.enabled and row.folded, row.asks, row.enabled and row.waits)


@dataclass
class Turns:
    """The turns of one job, which is there for the integration `own`, or with None only for people. Others have one for each of its own."""

    own: UUID | None = None
    _had: set[UUID] = field(default_factory=set)

    def next(self) -> Turn | None:
        """Whose batch is the next; None when nobody has asked for anything and `own` has nothing more to do."""
        found = waiting(self.own)
        asked = next((turn for turn in found if turn.integration.asked_at and _taken_up(turn.integration)), None)
        return asked or self._in_turn(found)

    def _in_turn(self, found: list[Turn]) -> Turn | None:
        own = next((turn for turn in found if turn.integration.pk == self.own), None)
        if own is None:
            return None
        left = [turn for turn in found if turn.integration.pk not in self._had]
        if not self._had or not left:
            self._had, left = set(), [own]
        self._had.add(left[0].integration.pk)
        return left[0]


def _taken_up(integration: IntegrationConfig) -> bool:
    """Only one worker takes an order up."""
    return bool(IntegrationConfig.objects.filter(pk=integration.pk, asked_at=integration.asked_at).update(asked_at=None))
