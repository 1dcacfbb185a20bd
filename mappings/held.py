"""What waits for mappings. Only the room of the runs knows it, so it is asked by a signal and answers when it is there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.dispatch import Signal

asked = Signal()
"""Sent with system, table, integration (an id, or None for all) and entities (pairs of type and id). The answer is a Waiting."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Held:
    """Bills that wait, and their money by currency, most Bills first."""

    bills: int = 0
    money: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """What each entity holds up, and all of them together: a Bill that waits for two counts once."""

    by: Mapping[Pair, Held] = field(default_factory=dict)
    together: Held = field(default_factory=Held)

    def of(self, pair: Pair) -> Held:
        return self.by.get(pair, Held())


def waiting(system: str, table: str, entities: Collection[Pair], integration: UUID | None = None) -> Waiting:
    answers: Any = asked.send(Waiting, system=system, table=table, integration=integration, entities=entities)
    return next((answer for _, answer in answers if isinstance(answer, Waiting)), Waiting())
