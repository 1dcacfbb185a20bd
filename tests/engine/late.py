"""A destination that is late."""

from integrations.emulation.contract import Fault, Request, Response
from tests.runs.conftest import Books


class Late:
    """Receives the first matching write, does not answer in time, and performs it when it is told to."""

    def __init__(self, books: Books, match: str) -> None:
        self.handle, self.match = books.hub.handle, match
        self.kept: list[Request] = []
        books.hub.handle = self.receive  # type: ignore[method-assign]

    def receive(self, request: Request) -> Response:
        if not self.kept and request.method == "PUT" and self.match in request.path:
            self.kept.append(request)
            return Response(500, fault=Fault("commit_then_drop"))
        return self.handle(request)

    def perform(self) -> None:
        assert self.handle(self.kept[0]).status < 500
