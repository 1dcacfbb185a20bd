"""Stage 3 of the wizard in a destination's own steps: the same form, a few options at a time, with the credential and what is mapped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms

from billing.models import Source
from integrations import options
from integrations.beside import Asked, Entry, asked_of
from integrations.contract import Option, OptionStep
from integrations.forms import ConfigureForm, Group
from integrations.models import IntegrationConfig
from integrations.names import Books, Record
from integrations.option_fields import MOST_LISTED, NOT_SET, record_input
from integrations.widgets import RecordSelect

STEP = "step"
_PANELS = {"global": "Accounts and order", "entity": "Bills", "destination": "Documents"}


@dataclass(frozen=True)
class Shown:
    """A step as it stands on the page."""

    number: int
    step: OptionStep
    open_groups: list[Group]
    more_groups: list[Group]
    state: str


@dataclass(frozen=True)
class Line:
    """One entity with the field that gives it its record. `concern` says what is wrong with the kind of the record."""

    entry: Entry
    field: str
    kind: str = ""
    concern: str = ""


class SetUpForm(ConfigureForm):
    """`at` is the number of the step that is shown, 0 for everything on one page. Valid: also `chosen` and `given`."""

    credential = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self.at = self._at()

    @property
    def credentials(self) -> list[Any]:
        """Those of the system, the ones that log in first, then the newest."""
        model = IntegrationConfig._meta.get_field("credential").related_model
        own = model._default_manager.filter(system=self.system).exclude(status="DISCONNECTED").order_by("-created_at")
        return sorted(own, key=lambda credential: not credential.usable) if self.may_connect else []

    @property
    def may_connect(self) -> bool:
        return bool(self.user.has_perm("credentials.connect"))

    @property
    def may_map(self) -> bool:
        return bool(self.user.has_perm("mappings.map"))

    @property
    def chosen(self) -> Any:
        """The credential, or None."""
        wanted = str(self.data.get(self.add_prefix("credential")) or "") if self.is_bound else ""
        return next((credential for credential in self.credentials if str(credential.pk) == wanted), None)

    @property
    def leads(self) -> bool:
        """Whether there are steps to be led through."""
        return bool(self.destination.steps)

    @property
    def steps(self) -> list[Shown]:
        shown = enumerate(self.destination.steps, 1)
        return [Shown(number, step, list(self._first(step)), list(self._more(step)), self._state(number)) for number, step in shown]

    @property
    def makes(self) -> list[tuple[str, str, str]]:
        """What can be made for the empty options of the step that is shown: its name, the button, the option's label."""
        step = self.destination.steps[self.at - 1] if self.at and self.chosen and self.chosen.usable else None
        empty = {option.key: option.label for option in self.schema if not self.present()[option.key]}
        return [(name, button, empty[key]) for key, (name, button) in (step.makes if step else {}).items() if key in empty]

    @property
    def last(self) -> bool:
        return self.at in (0, len(self.destination.steps))

    def tell_only(self, number: int) -> bool:
        """Leaves out what is wrong in other steps, as it is told there; whether anything is wrong in this one."""
        told = {field for field in self.errors if self._step_of(field) == number}
        for field in set(self.errors) - told:
            del self.errors[field]
        return bool(told)

    def wrong(self) -> int:
        """The first step with something wrong."""
        return min((self._step_of(field) for field in self.errors), default=self.at)

    def _at(self) -> int:
        number = str(self.data.get(self.add_prefix(STEP)) or "0") if self.is_bound else "1" if self.proposals() else "0"
        return min(int(number) if number.isdecimal() else 0, len(self.destination.steps))

    def _state(self, number: int) -> str:
        return "current" if number == self.at else "done" if number < self.at else "todo"

    def _step_of(self, field: str) -> int:
        return next((number for number, step in enumerate(self.destination.steps, 1) if field in self._keys(step)), 1)

    def _keys(self, step: OptionStep) -> list[str]:
        """All that a step asks, what is closed last."""
        named = {key for each in self.destination.steps for key in (*each.keys, *each.more)}
        return [*step.keys, *step.more, *(option.key for option in self.schema if option.panel in step.panels and option.key not in named)]

    def _first(self, step: OptionStep) -> Iterator[Group]:
        if step.connects:
            yield Group("", [self[name] for name in ("name", "sources") if name in self.fields])
        yield from self.grouped(self._options(step.keys), ())

    def _more(self, step: OptionStep) -> Iterator[Group]:
        """Closed, until something in it is set or wrong."""
        for title, members in _by_title(self._options(self._keys(step)[len(step.keys) :])).items():
            yield Group(title, [self[option.key] for option in members], closed=not self._set(members))

    def _options(self, keys: Iterable[str]) -> list[Option]:
        by_key = {option.key: option for option in self.schema}
        return [by_key[key] for key in keys]

    @cached_property
    def asked(self) -> Asked | None:
        """What the step that is shown maps; None for nothing."""
        step = self.destination.steps[self.at - 1] if self.at else None
        return asked_of(self.system, self.books.tenant, step, self.chosen_sources()) if step and step.maps else None

    @property
    def unread(self) -> bool:
        """Whether nothing is known of the records that the step maps to."""
        return self.asked is not None and not self.books.records(self.asked.step.table)

    @cached_property
    def lines(self) -> list[Line]:
        asked = self.asked
        return [self._line(asked.step, entry) for entry in asked.entries] if asked else []

    @property
    def given(self) -> dict[str, str]:
        """The record of each entity that was given one, by the entry's key."""
        if not self.may_map:
            return {}
        start = self.add_prefix("map.")
        given = {name.removeprefix(start): str(value).strip() for name, value in self.data.items() if name.startswith(start)}
        return {key: value for key, value in given.items() if value}

    @property
    def sure(self) -> dict[str, str]:
        """The suggestions that may be accepted together, by field."""
        lines = [line for line in self.lines if line.entry.sure and line.entry.key not in self.given]
        return {self.add_prefix(f"map.{line.entry.key}"): line.entry.suggested for line in lines}

    @property
    def concerns(self) -> list[str]:
        """Records of a kind that the set-up does not support, each named once with what to do."""
        return list(dict.fromkeys(line.concern for line in self.lines if line.concern))

    def kept(self) -> list[tuple[str, str]]:
        """What was given and is not on the page now."""
        shown = {line.entry.key for line in self.lines}
        return [(self.add_prefix(f"map.{key}"), value) for key, value in self.given.items() if key not in shown]

    def _line(self, step: OptionStep, entry: Entry) -> Line:
        name = self.add_prefix(f"map.{entry.key}")
        value = self.given.get(entry.key, entry.mapped)
        records, label = self.books.records(step.table), f"{step.table} for {entry.name}"
        record = next((record for record in records if record.id == value), None)
        control = _by_kind(step, records) or record_input(records, step.table)
        field = control.render(name, value, {"aria-label": label, "id": f"id_{name}"})
        kind = record.kind if record else ""
        supported = not step.kinds or kind in ("", *step.kinds)
        return Line(entry, field, step.kinds.get(kind, kind), "" if supported else _concern(step, str(record), kind))

    def _books(self) -> Books:
        return Books(self.system, self.chosen.tenant if self.chosen else "")


def proposing(schema: tuple[Option, ...], own: list[Source]) -> list[Source]:
    """The sources whose platform proposes other settings than the usual ones."""
    return [source for source in own if options.proposed(schema, {source.platform})]


def _by_kind(step: OptionStep, records: list[Record]) -> forms.Widget | None:
    """A drop-down under the kinds of the records, the supported ones first; None where no kind is known or a drop-down is too long."""
    if len(records) > MOST_LISTED or not any(record.kind in step.kinds for record in records):
        return None
    others = {record.kind: f"Not supported: {record.kind or 'no type'}" for record in records if record.kind not in step.kinds}
    titles = {**step.kinds, **others}
    groups = [(title, [(record.id, str(record)) for record in records if record.kind == kind]) for kind, title in titles.items()]
    return RecordSelect({}, choices=[("", NOT_SET), *((title, own) for title, own in groups if own)])


def _by_title(others: list[Option]) -> dict[str, list[Option]]:
    found: dict[str, list[Option]] = {}
    for option in others:
        found.setdefault(f"More: {option.group or _PANELS[option.panel]}", []).append(option)
    return found


def _concern(step: OptionStep, record: str, kind: str) -> str:
    *first, last = step.kinds.values()
    return (
        f"{record} is of the type {kind}, which takes part in no order. Choose one of the type {', '.join(first)} or {last}; "
        "otherwise a Bill with it is sent only when the document flow is not chosen by item type."
    )
