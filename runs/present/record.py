"""A document at a destination, as people name it and open it."""

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from integrations import registry
from integrations.http import browser_url
from runs.models import Delivery, IntegrationRun
from runs.slots import MAIN


@dataclass(frozen=True)
class Record:
    """`noun` and `number` name it ("invoice", "88190"); `url` opens it for a person, "" when nobody knows the address."""

    noun: str
    number: str
    url: str
    system: str

    @property
    def title(self) -> str:
        return f"{capfirst(self.noun)} {self.number}".strip()

    @property
    def name(self) -> str:
        """Inside a sentence."""
        return f"{self.noun} {self.number}".strip()

    @property
    def link(self) -> SafeString:
        return self._link(self.title)

    @property
    def name_link(self) -> SafeString:
        return self._link(self.name)

    @property
    def number_link(self) -> SafeString:
        return self._link(self.number)

    def _link(self, words: str) -> SafeString:
        if not self.url:
            return format_html("{}", words)
        opens = format_html('<span class="visually-hidden"> opens {} in a new tab</span>', self.system)
        return format_html('<a href="{}" target="_blank" rel="noopener">{} <span aria-hidden="true">↗</span>{}</a>', self.url, words, opens)


def noun_of(system: str, kind: str) -> str:
    """What a document of this kind is called inside a sentence; of no kind yet, the destination's first noun."""
    try:
        nouns = registry.destination(system).nouns
    except KeyError:
        return "document"
    word = nouns.get(kind) or next(iter(nouns.values()), "document")
    return word[:1].lower() + word[1:]


def noun_of_run(run: IntegrationRun) -> str:
    """What this run writes, also before it has."""
    if run.delivery.kind or run.delivery.slot == MAIN:
        return noun_of(run.delivery.system, run.delivery.kind)
    return run.delivery.slot.partition(":")[0]


def of_delivery(delivery: Delivery) -> Record | None:
    """What the slot holds; None while it holds nothing."""
    if not delivery.external_id:
        return None
    number = delivery.number or delivery.external_id
    return _record(delivery, number, delivery.url)


def of_run(run: IntegrationRun) -> Record | None:
    """What this run wrote, of a chain its main document; None when it wrote nothing."""
    run = _writer(run)
    if not run.external_id:
        return None
    same = run.delivery.external_id == run.external_id
    number = run.delivery.number if same and run.delivery.number else run.external_id
    return _record(run.delivery, number, run.url)


def _writer(run: IntegrationRun) -> IntegrationRun:
    """Itself; of a chain the step whose document stands for it."""
    if run.delivery.state != Delivery.State.CHAIN:
        return run
    steps = sorted(run.children.all(), key=lambda step: step.sequence)
    return next((step for step in steps if step.delivery.slot == MAIN), steps[-1] if steps else run)


def _record(delivery: Delivery, number: str, url: str) -> Record:
    label = registry.system_label(delivery.system)
    return Record(noun_of(delivery.system, delivery.kind), number, browser_url(url) if url else "", label)
