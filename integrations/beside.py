"""What a set-up does beside its options: it maps, and has something made. Only a room above can: it is asked by these signals."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.dispatch import Signal

from billing.models import Source
from integrations.contract import OptionStep
from integrations.models import IntegrationConfig

asked = Signal()
"""Sent with system, tenant ("" when not known yet), kinds (of entities), table and sources. The answer is (entries, how many more)."""

given = Signal()
"""Sent with integration, table, records ({entry key: external id}) and user, once the integration is made. The answer is a list of
sentences, why a record could not be kept."""


wanted = Signal()
"""Sent with credential, options and name, which `Preflight.create` takes. The answer is {option key: value}, or a sentence: why not."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entity, the id of the record that it is mapped to already, else that of a suggested one with its title, score and reason."""

    key: str
    name: str
    code: str = ""
    mapped: str = ""
    suggested: str = ""
    title: str = ""
    score: int = 0
    why: str = ""
    sure: bool = False


@dataclass(frozen=True)
class Asked:
    step: OptionStep
    entries: list[Entry]
    more: int


def asked_of(system: str, tenant: str, step: OptionStep, sources: Collection[Source]) -> Asked | None:
    """None while nobody answers."""
    answers: list[Any] = asked.send(sender=Asked, system=system, tenant=tenant, kinds=step.maps, table=step.table, sources=sources)
    return next((Asked(step, *answer) for _, answer in answers if answer is not None), None)


def tell(integration: IntegrationConfig, table: str, records: Mapping[str, str], user: Any) -> list[str]:
    """Has the records kept; a sentence for each that could not be."""
    answers: list[Any] = given.send(sender=Asked, integration=integration, table=table, records=records, user=user)
    return [sentence for _, sentences in answers for sentence in sentences]


def make(credential: Any, options: Mapping[str, Any], name: str) -> Mapping[str, Any] | str:
    """The options that name what was made or found at the destination; or why nothing was."""
    answers: list[Any] = wanted.send(sender=Asked, credential=credential, options=options, name=name)
    return next((answer for _, answer in answers if answer), "Nothing was made: nobody can do that here.")
