"""A choice that is searched for by name, and stored by id."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms


class One(forms.SelectMultiple):
    """One value as a chip with a search field; without its script a list of the chosen and the first others.

    `called` names the value that stands there already; `search_url` answers what is typed, without it `choices` are all there is.
    `free`: what is typed may be taken as it is.
    """

    def __init__(
        self,
        choices: Iterable[tuple[str, str]],
        called: Callable[[str], str],
        placeholder: str,
        search_url: str = "",
        free: bool = True,
    ) -> None:
        attrs = {"data-chips": "", "data-one": "", "data-placeholder": placeholder}
        attrs |= {"data-search-url": search_url} if search_url else {}
        super().__init__(attrs | ({"data-free": ""} if free else {}), choices)
        self.called = called

    def use_required_attribute(self, initial: Any) -> bool:
        """The script hides the list, and a browser would not say what it misses."""
        return False

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        values = data.getlist(name) if hasattr(data, "getlist") else [data.get(name)]
        return next((str(value) for value in reversed(values) if value), "")

    def format_value(self, value: Any) -> list[str]:
        return [str(value)] if value else []

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        """The chosen value first."""
        listed = {str(code): str(label) for code, label in self.choices if code not in value}
        labels = {code: self.called(code) for code in value} | listed
        options = enumerate(labels.items())
        return [(None, [self.create_option(name, code, label, code in value, index) for index, (code, label) in options], 0)]
