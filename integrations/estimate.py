"""What an integration with the options on the page would do, before anything is sent."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.dispatch import Signal
from django.utils.safestring import SafeString

from billing.models import Source
from integrations import describe
from integrations.forms import ConfigureForm
from integrations.models import IntegrationConfig
from integrations.reach import Reach, month_start, overlaps, reach

asked = Signal()
"""Sent with integration (perhaps not stored yet), options and sources; a receiver in `runs` answers an Estimate."""

_MOST_SENTENCES = 4


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Bills that would go now, Bills that something holds back, and the money that would be posted, by currency, most Bills first."""

    ready: int
    held: int
    money: Mapping[str, Decimal]
    held_url: str = ""


@dataclass
class Outlook:
    """The page's answer to the options on it; everything is worked out when it is read. `reached` is None while the filter is wrong."""

    integration: IntegrationConfig
    options: Mapping[str, Any]
    sources: Collection[Source]
    form: ConfigureForm

    @property
    def filter_error(self) -> str:
        return " ".join(map(str, self.form.errors.get("accountFilter", ()))) if self.form.is_bound else ""

    @cached_property
    def reached(self) -> Reach | None:
        return None if self.filter_error else reach(self.options, self.sources)

    @property
    def more_names(self) -> int:
        return self.reached.accounts - len(self.reached.names) if self.reached else 0

    @property
    def start(self) -> str:
        return str(self.options["syncStartDate"])

    @property
    def month_start(self) -> dt.date:
        return month_start()

    @cached_property
    def bills(self) -> Estimate | None:
        """None while nobody answers."""
        sent = asked.send(sender=Outlook, integration=self.integration, options=self.options, sources=self.sources)
        answers: list[Any] = [answer for _, answer in sent]
        return next((answer for answer in answers if isinstance(answer, Estimate)), None)

    @cached_property
    def overlaps(self) -> list[tuple[IntegrationConfig, int]]:
        return overlaps(self.integration, self.reached.ids) if self.reached else []

    @property
    def sentences(self) -> list[SafeString]:
        what = describe.what(self.options, self.form.destination, self.form.entity_type, self.form.books)
        return [describe.when(self.options), *what][:_MOST_SENTENCES]


def outlook(form: ConfigureForm) -> Outlook:
    """Of the form as it stands; an option that is not valid counts as its default."""
    integration = form.integration or IntegrationConfig(entity_type=form.entity_type, system=form.system)
    return Outlook(integration, form.present(), form.chosen_sources(), form)
