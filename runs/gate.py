"""How many requests of one batch are on their way at once: the budget's lesson while the batch still runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition

GROWS_AFTER = 16
"""Answers without a refusal before one more at a time is tried."""


@dataclass
class Gate:
    """Lets `most` requests through at a time. Each that is refused as too many lowers it by one, success raises it again by one.

    `shut` once a request was refused that went alone: nothing more of the batch is worth sending now.
    """

    most: int
    shut: bool = False
    _limit: int = 0
    _flying: int = 0
    _good: int = 0
    _turn: Condition = field(default_factory=Condition)

    def __post_init__(self) -> None:
        self._limit = self.most

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until one more request may be on its way."""
        with self._turn:
            self._turn.wait_for(lambda: self.shut or self._flying < self._limit)
            self._flying += 1
        try:
            yield
        finally:
            with self._turn:
                self._flying -= 1
                self._turn.notify_all()

    def learn(self, too_many: bool) -> None:
        with self._turn:
            self.shut |= too_many and self._limit == 1
            self._good = 0 if too_many else self._good + 1
            if too_many:
                self._limit = max(1, self._limit - 1)
            elif self._good >= GROWS_AFTER and self._limit < self.most:
                self._limit, self._good = self._limit + 1, 0
