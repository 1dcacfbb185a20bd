"""Whether the books that an integration writes to have what it needs: asked when a person says so, and kept as an event."""

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
from django.contrib.auth.models import User

from integrations import registry, service
from integrations.contract import Check, changed
from integrations.errors import Misconfigured
from integrations.models import IntegrationConfig
from runs import catalogue_tasks
from runs.build import Kit
from runs.models import Event

VERB = "checked"
SECONDS = 25
"""After which nothing more is asked: somebody waits for the page."""


@dataclass(frozen=True)
class Kept:
    """What was found, when and for whom; `whole` is false when there was no time for all of it."""

    checks: list[Check]
    when: dt.datetime
    who: User | None
    whole: bool

    @property
    def groups(self) -> list[tuple[str, list[Check]]]:
        return [(title, list(own)) for title, own in groupby(self.checks, key=lambda each: each.group)]

    @property
    def makes(self) -> list[str]:
        """All that can be made from here."""
        return list(dict.fromkeys(each.makes for each in self.checks if each.makes))

    def count(self, state: str) -> int:
        return sum(each.state == state for each in self.checks)


def last(integration: IntegrationConfig) -> Kept | None:
    """The newest result, None before the first."""
    events = Event.objects.filter(subject_type=integration._meta.label_lower, subject_id=str(integration.pk), verb=VERB)
    event = events.select_related("who").first()
    if event is None or event.after is None:
        return None
    return Kept(msgspec.convert(event.after["questions"], list[Check]), event.when, event.who, event.after["complete"])


def check(integration: IntegrationConfig, user: User | None) -> None:
    """Asks the destination and keeps what it says. Raises errors.DeliveryError when it cannot be asked."""
    kit, end, found, whole = _kit(integration), time.monotonic() + SECONDS, list[Check](), True
    preflight = kit.destination.preflight
    for each in preflight.check(kit.wire, kit.tenant, kit.options) if preflight else ():
        found.append(each)
        if time.monotonic() > end:
            whole = False
            break
    told = {state: sum(each.state == state for each in found) for state in ("ok", "missing", "unknown")}
    after = {**told, "complete": whole, "questions": msgspec.to_builtins(found)}
    changed.send(sender=IntegrationConfig, actor=user, subject=integration, verb=VERB, before=None, after=after)


def create(integration: IntegrationConfig, names: Sequence[str], user: User | None) -> Mapping[str, Any]:
    """Makes what is missing, or finds it, and lets the options name it. Raises errors.DeliveryError; what came before it stays."""
    kit, values = _kit(integration), dict[str, Any]()
    if kit.destination.preflight is None:
        return values
    try:
        for name in names:
            values |= kit.destination.preflight.create(kit.wire, kit.tenant, {**kit.options, **values}, name)
    finally:
        if values:
            service.change_options(integration, {**integration.options, **values}, user)
            _read_again(integration)
    return values


def _read_again(integration: IntegrationConfig) -> None:
    """So that what was made has a name wherever it is shown."""
    if integration.credential is not None:
        catalogue_tasks.wake(integration.credential)


def offered(integration: IntegrationConfig) -> bool:
    """Whether the destination can tell anything before the first document."""
    return registry.destination(integration.system).preflight is not None


def _kit(integration: IntegrationConfig) -> Kit:
    if integration.credential is None:
        raise Misconfigured(f"{integration} is not connected yet. Connect a credential, then check again.")
    return Kit.of(integration)
