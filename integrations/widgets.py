"""Widgets of the options form. Each gives and takes the JSON value of its option's kind."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString, mark_safe

Choices = list[tuple[str, str]]
Facts = Mapping[str, Mapping[str, Mapping[str, str]]]


class PageTemplate:
    """Renders from the project's templates; Django's own form renderer sees only those of apps."""

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> SafeString:
        return mark_safe(render_to_string(template_name, context))  # noqa: S308


class Chips(forms.SelectMultiple):
    """Many values with a search field; without its script a plain list of the chosen and the first others.

    `called` names the values that stand there already, `search_url` answers what is typed; without one `choices` are all there is.
    """

    def __init__(
        self,
        choices: Iterable[tuple[str, str]],
        called: Callable[[list[str]], Mapping[Any, str]],
        search_url: str = "",
        empty: str = "",
    ) -> None:
        attrs = {"data-chips": "", "data-placeholder": empty} | ({"data-search-url": search_url} if search_url else {})
        super().__init__(attrs, choices)
        self.called = called

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        """The chosen values first, in their order, each with its name."""
        known = self.called(value) if value else {}
        listed = {str(code): str(label) for code, label in self.choices}
        labels = {code: known.get(code, code) for code in value} | {code: listed[code] for code in listed if code not in value}
        options = enumerate(labels.items())
        return [(None, [self.create_option(name, code, label, code in value, index) for index, (code, label) in options], 0)]


class Tiles(PageTemplate, forms.RadioSelect):
    """Two or three exclusive choices, each with its effect."""

    template_name = "integrations/widgets/tiles.html"

    def __init__(self, choices: Choices, effects: Mapping[str, str]) -> None:
        super().__init__(choices=choices)
        self.effects = effects

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        options = self.options(name, [str(value)], context["widget"]["attrs"])
        return context | {"tiles": [option | {"effect": self.effects.get(option["value"], "")} for option in options]}


class ByKey(PageTemplate, forms.Widget):
    """One input per key: {key: text}. `control` makes the input; `note` what stands beside one, given its value."""

    use_fieldset = True

    def __init__(self, template_name: str, keys: Choices, control: Callable[[], forms.Widget], **extra: Any) -> None:
        super().__init__()
        self.template_name, self.keys, self.control, self.extra = template_name, keys, control, extra

    def id_for_label(self, id_: str, index: str = "0") -> str:
        return f"{id_}_{self.keys[0][0]}" if id_ and self.keys else id_

    def value_from_datadict(self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str) -> dict[str, str]:
        return {key: str(data.get(f"{name}.{key}") or "") for key, _ in self.keys}

    def value_omitted_from_data(self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str) -> bool:
        return not any(f"{name}.{key}" in data for key, _ in self.keys)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        entries = value if isinstance(value, dict) else {}
        id_ = context["widget"]["attrs"].get("id", name)
        return context | self.extra | {"rows": [self._row(name, id_, key, label, entries.get(key, "")) for key, label in self.keys]}

    def _row(self, name: str, id_: str, key: str, label: str, value: str) -> dict[str, Any]:
        row_id = f"{id_}_{key}"
        control = self.control().render(f"{name}.{key}", value, {"id": row_id, "aria-label": label})
        return {"key": key, "label": label, "id": row_id, "set": bool(value), "input": control}


class RecordsByKey(ByKey):
    """The record of each line item type: those that are set or that the latest Bills have first, the others folded."""

    def __init__(self, keys: Choices, control: Callable[[], forms.Widget], counts: Mapping[str, int], **extra: Any) -> None:
        super().__init__("integrations/widgets/records.html", keys, control, counts=counts, **extra)
        self.counts = counts

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = [row | {"count": self.counts.get(row["key"], 0)} for row in context["rows"]]
        shown = [row for row in rows if row["set"] or row["count"]] or rows
        return context | {"shown": shown, "others": [row for row in rows if row not in shown]}


class PartsByKey(ByKey):
    """The record of each key out of those that it may take, beside what people choose it by. `facts`: {key: {record: {label: text}}}.

    The texts of another choice are put in by a script, from the option's own `data-facts`.
    """

    def __init__(self, keys: Choices, control: Callable[[str], forms.Widget], facts: Facts, **extra: Any) -> None:
        super().__init__("integrations/widgets/parts.html", keys, forms.TextInput, **extra)
        self.control_of, self.facts = control, facts
        known = (labels for records in facts.values() for labels in records.values())
        self.columns = list(dict.fromkeys(label for labels in known for label in labels))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"columns": self.columns}

    def _row(self, name: str, id_: str, key: str, label: str, value: str) -> dict[str, Any]:
        row_id, told = f"{id_}_{key}", self.facts.get(key, {}).get(value, {})
        control = self.control_of(key).render(f"{name}.{key}", value, {"id": row_id, "aria-label": label})
        return {"label": label, "id": row_id, "input": control, "cells": [(column, told.get(column, "")) for column in self.columns]}


class RecordSelect(forms.Select):
    """One record of an external system by its name; an id that is not in the catalogue stays as it is. `facts`: {id: {label: text}}."""

    def __init__(self, facts: Mapping[str, Mapping[str, str]], **given: Any) -> None:
        super().__init__(**given)
        self.facts = facts

    def create_option(self, name: str, value: Any, *args: Any, **given: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **given)
        if told := self.facts.get(str(value)):
            option["attrs"]["data-facts"] = json.dumps(told)
        return option

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        groups = super().optgroups(name, value, attrs)
        known = {option["value"] for _, options, _ in groups for option in options}
        missing = [code for code in value if code and code not in known]
        extra = [self.create_option(name, code, f"{code} (not in the catalogue)", True, index) for index, code in enumerate(missing)]
        return [*groups, (None, extra, len(groups))] if extra else groups
