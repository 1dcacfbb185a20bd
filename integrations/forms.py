"""The forms of the wizard's three stages; the third also edits an integration's options."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from django import forms
from django.forms import BoundField

from billing.models import Source
from integrations import checks, options, registry
from integrations.contract import Option
from integrations.models import IntegrationConfig
from integrations.names import Books, Record
from integrations.option_fields import OptionField, suggestions

PREFIX = "configure"


@dataclass(frozen=True)
class Group:
    """Fields under one heading, or under none; `closed` ones are behind it."""

    title: str
    fields: list[BoundField]
    closed: bool = False


@dataclass(frozen=True)
class Panel:
    title: str
    purpose: str
    groups: list[Group]


class PlainForm(forms.Form):
    """Labels stand above their fields, so without a colon."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""


class EntityTypeForm(PlainForm):
    entity_type = forms.ChoiceField(label="Entity Type", help_text="What the integration sends.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["entity_type"].choices = registry.entity_type_choices()  # type: ignore[attr-defined]


class DestinationForm(PlainForm):
    """Only the destinations that take the entity type, named as mappings and files name them."""

    system = forms.ChoiceField(label="Destination", help_text="The external system that it is sent to.")

    def __init__(self, *args: Any, entity_type: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        takers = [destination for destination in registry.destinations() if entity_type in destination.entity_types]
        self.fields["system"].choices = [  # type: ignore[attr-defined]
            (system.name, system.name) for taker in takers for system in taker.systems
        ]


class ConfigureForm(PlainForm):
    """Name, sources and every option of an entity type at a destination. Valid: `options` is the whole `config_data`."""

    name = forms.CharField(max_length=200, help_text="Unique per destination and entity type.")
    sources = forms.ModelMultipleChoiceField(
        Source.objects.all(),
        required=False,
        help_text="Only Bills of these sources are sent. Empty: of every source.",
        widget=forms.SelectMultiple({"data-chips": "", "data-placeholder": "All sources"}),
    )

    destination_title = "Destination configuration"
    at = 0
    """The step that is shown; 0 for everything on one page."""

    def __init__(self, *args: Any, entity_type: str, system: str, integration: IntegrationConfig | None = None, **kwargs: Any) -> None:
        self.entity_type, self.system, self.integration = entity_type, system, integration
        self.destination = registry.destination(system)
        self.schema = options.schema(self.destination, entity_type)
        self.options: dict[str, Any] = {}
        super().__init__(*args, **kwargs)
        self.books = self._books()
        self.initial = self._initial()
        if Source.objects.count() < 2 and not self.initial["sources"]:
            del self.fields["sources"]
        for option in self.schema:
            self.fields[option.key] = OptionField(option, self.books, integration)

    def clean(self) -> dict[str, Any]:
        given = {option.key: self.cleaned_data[option.key] for option in self.schema if option.key in self.cleaned_data}
        name = self.cleaned_data.get("name")
        errors = checks.name_errors(name, self.system, self.entity_type, self.integration) if name else {}
        try:
            self.options = options.clean(given, self.destination, self.entity_type)
        except options.OptionErrors as found:
            errors |= found.errors
        self.refuse(errors)
        return self.cleaned_data

    def refuse(self, errors: Mapping[str, str]) -> None:
        """Shows these sentences at their fields."""
        for key, sentence in errors.items():
            self.add_error(key if key in self.fields else None, sentence)

    def carry(self, other: "ConfigureForm") -> None:
        """Starts with what was typed for another destination, as far as both ask it; the proposed name is this one's."""
        asked = {option.key for option in self.schema if option.panel != "destination"}
        shared = {key: value for key, value in other.present().items() if key in asked}
        self.initial.update(shared, sources=other.chosen_sources())

    def present(self) -> dict[str, Any]:
        """The options as they stand on the page; what is not valid is its default."""
        if not self.is_bound:
            return {option.key: self.get_initial_for_field(self.fields[option.key], option.key) for option in self.schema}
        valid = {option.key: self.cleaned_data.get(option.key) for option in self.schema if option.key not in self.errors}
        return options.clean(valid, self.destination, self.entity_type)

    def chosen_sources(self) -> list[Source]:
        if not self.is_bound:
            return list(self.initial["sources"])
        return [] if "sources" in self.errors else list(self.cleaned_data.get("sources") or ())

    @property
    def label(self) -> str:
        return registry.system_label(self.system)

    def panels(self) -> list[Panel]:
        own = f"How the document looks in {self.label}. Names come from the connected catalogue; without one, type the id."
        panels = [
            Panel("Global configuration", "Which Accounts, when, and who hears of trouble.", self._global()),
            Panel("Entity configuration", f"What of each {self.entity_type} is sent.", list(self._groups("entity"))),
            Panel(self.destination_title, own, list(self._groups("destination"))),
        ]
        return [panel for panel in panels if panel.groups]

    def datalists(self) -> dict[str, list[Record]]:
        """Suggestions of the tables that are too long for a drop-down."""
        found: dict[str, list[Record]] = {}
        for option in self.schema:
            found |= suggestions(option, self.books, self.integration)
        return dict(sorted(found.items()))

    def grouped(self, asked: Sequence[Option], folded: Collection[str] | None = None) -> Iterator[Group]:
        """In the order of their first; those under these titles are closed as long as nothing in them is set or wrong."""
        titles = list(dict.fromkeys(["", *(option.group for option in asked)]))
        for title, members in groupby(sorted(asked, key=lambda option: titles.index(option.group)), key=lambda option: option.group):
            own = list(members)
            foldable = title in (self.destination.folded if folded is None else folded)
            yield Group(title, [self[option.key] for option in own], foldable and not self._set(own))

    def _groups(self, panel: str) -> Iterator[Group]:
        yield from self.grouped([option for option in self.schema if option.panel == panel])

    def _set(self, asked: Sequence[Option]) -> bool:
        present = self._present
        return any(option.key in self.errors or present[option.key] != options.default(option) for option in asked)

    @cached_property
    def _present(self) -> dict[str, Any]:
        return self.present()

    def _books(self) -> Books:
        """The records that drop-downs offer."""
        return Books.of(self.integration) if self.integration else Books(self.system)

    def proposals(self) -> dict[str, Any]:
        """What the platform that all Bills come from proposes, as far as it is asked here."""
        return options.proposed(self.schema, {source.platform for source in Source.objects.all()})

    def _global(self) -> list[Group]:
        """Name first, then the trigger beside it, then the sources."""
        first, *others = list(self._groups("global"))
        sources = [self["sources"]] if "sources" in self.fields else []
        return [Group(first.title, [self["name"], *first.fields[:1], *sources, *first.fields[1:]]), *others]

    def _initial(self) -> dict[str, Any]:
        if self.integration is None:
            proposed = checks.proposed_name(self.entity_type, self.system)
            begun = options.defaults(self.destination, self.entity_type) | self.proposals()
            return begun | {"name": proposed, "sources": []}
        stored = options.defaults(self.destination, self.entity_type) | self.integration.options
        return stored | {"name": self.integration.name, "sources": list(self.integration.sources.all())}
