"""The emulators of sources as tests use them: logged in, and counted."""

from collections.abc import Iterable
from typing import Any, cast

from integrations import registry
from integrations.contract import Answer, CredentialKind, Fetched, Request, Wanted
from integrations.emulation.faults import Order
from integrations.emulation.hub import Hub
from integrations.emulation.source import SourceEmulator
from integrations.http import Wire
from runs.intake.json_stream import parse

Raw = dict[str, Any]


class Login:
    """The login that a credential file of the emulator gives."""

    def __init__(self, kind: CredentialKind, content: Raw) -> None:
        given = {field.name: str(content[field.name]) for field in kind.fields if field.name in content}
        hidden = {field.name for field in kind.fields if field.secret}
        plain = {name: value for name, value in given.items() if name not in hidden}
        secret = {name: value for name, value in given.items() if name in hidden}
        self._kind, (self._settings, self._secrets) = kind, kind.clean(plain, secret)
        self.renew()

    def headers(self, request: Request) -> dict[str, str]:
        return dict(self._kind.authorise(self._settings, self._secrets, self._token))

    def renew(self) -> None:
        self._token = self._kind.obtain(self._settings, self._secrets)


class Asked:
    """A transport that keeps what it was asked."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.requests: list[Request] = []

    def send(self, request: Request) -> Answer:
        self.requests.append(request)
        return self._wire.send(request)

    def paths(self) -> list[str]:
        return [request.url.split("/", 3)[3] for request in self.requests]


def emulator(hub: Hub, platform: str) -> SourceEmulator:
    return cast(SourceEmulator, hub.emulators[platform])


def transport(hub: Hub, platform: str) -> Asked:
    kind = registry.source(platform).credential_kinds[0]
    login = Login(kind, emulator(hub, platform).credential_files(None)[kind.kind])
    return Asked(Wire(login, kind.systems[0], kind.renew_on))


def wanted(**given: Any) -> Wanted:
    return Wanted(**{"open_before": lambda day: [], **given})


def fault(hub: Hub, platform: str, match: str, status: int, times: int = 1) -> None:
    hub.faults[platform].replace([Order("status", match, status, times)])


def values(fetched: Iterable[Fetched], collection: str = "bills") -> list[Raw]:
    return [parse(each.text) for each in fetched if each.collection == collection]
