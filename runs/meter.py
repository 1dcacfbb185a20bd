"""A transport that keeps what the last answer said of the vendor's allowance of calls, whoever asked and whatever for."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.contract import Answer, Request, Transport, Usage


@dataclass
class Meter:
    """A `contract.Transport`. `usage` is None until an answer tells one, and for a destination that tells none."""

    wire: Transport
    read: Callable[[Answer], Usage | None] | None
    usage: Usage | None = None

    @property
    def system(self) -> str:
        return self.wire.system

    def send(self, request: Request) -> Answer:
        answer = self.wire.send(request)
        self.usage = (self.read(answer) if self.read else None) or self.usage
        return answer
