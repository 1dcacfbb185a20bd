"""Form fields made from options: the right widget for each kind, values as JSON. What a value may be is checked by `options.clean`."""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.urls import reverse

from billing.bill import LINE_TYPES
from billing.models import Account, Bill, CatalogueItem
from integrations import registry
from integrations.contract import Kind, Option
from integrations.describe import called
from integrations.models import IntegrationConfig
from integrations.names import Books, Record
from integrations.widgets import ByKey, Chips, Choices, PartsByKey, RecordsByKey, RecordSelect, Tiles

MOST_LISTED = 200
RECENT_BILLS = 100
PRODUCTS = ("Product", "AccountingProduct")
AGGREGATIONS = ("Aggregation", "CompoundAggregation")
NOT_SET = "Not set"
_MOST_TILES = 3


class OptionField(forms.Field):
    """One option; never required, since its default is an answer."""

    def __init__(self, option: Option, books: Books, own: IntegrationConfig | None) -> None:
        self.option = option
        super().__init__(required=False, label=option.label, help_text=option.help, widget=_WIDGETS[option.kind](option, books, own))

    def to_python(self, value: Any) -> Any:
        if self.option.kind is Kind.NUMBER:
            return int(value) if str(value).strip().lstrip("-").isdecimal() else value or None
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data) != initial)

    @property
    def layout(self) -> str:
        """Which template of integrations/fields/ lays it out; "" for the usual one."""
        layouts = {Kind.EXTERNAL_BY_KEY: "table", Kind.TEXT_BY_KEY: "texts", Kind.EXPRESSION: "expression", Kind.DATE: "date"}
        return layouts.get(self.option.kind, "")

    @property
    def wide(self) -> bool:
        tiles = self.option.kind is Kind.CHOICE and len(self.option.choices) == _MOST_TILES and bool(self.option.effects)
        return tiles or self.layout in ("table", "texts", "expression")


def account_choices() -> Choices:
    return [(account.uid, str(account)) for account in Account.objects.only("uid", "name", "code")[:MOST_LISTED]]


def item_choices(kinds: tuple[str, ...]) -> Choices:
    return [(item.uid, str(item)) for item in CatalogueItem.objects.filter(kind__in=kinds)[:MOST_LISTED]]


def user_choices() -> Choices:
    users = User.objects.filter(is_active=True).exclude(email="").order_by("first_name", "last_name", "username")
    return [(user.email, user.get_full_name() or user.get_username()) for user in users[:MOST_LISTED]]


def integration_choices(own: IntegrationConfig | None) -> Choices:
    others = IntegrationConfig.objects.filter(archived_at=None)
    others = others.exclude(pk=own.pk) if own else others
    return [("", "None"), *((str(other.pk), f"{other.name} ({other.system_label})") for other in others)]


def recent_line_types() -> Counter[str]:
    """How many lines of each type the latest Bills have."""
    documents = Bill.objects.order_by("-id").values_list("current_revision__document", flat=True)[:RECENT_BILLS]
    return Counter(line["type"] for document in documents if document for line in document["lines"])


def _checkbox(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    return forms.CheckboxInput()


def _text(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    return forms.EmailInput() if option.kind is Kind.EMAIL else forms.TextInput()


def _number(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    return forms.NumberInput({"step": 1, "placeholder": "none" if option.default is None else option.default})


def _date(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    return forms.DateInput({"type": "date"}, format="%Y-%m-%d")


def _expression(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    return forms.Textarea({"rows": 2, "class": "code", "spellcheck": "false", "autocapitalize": "off"})


def _choice(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    choices = list(option.choices)
    if len(choices) <= 2 or (len(choices) <= _MOST_TILES and option.effects):
        return Tiles(choices, option.effects)
    effects = {code: f": {effect}" for code, effect in option.effects.items() if effect}
    return forms.Select(choices=[(code, f"{label}{effects.get(code, '')}") for code, label in choices])


def _integration(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    return forms.Select(choices=integration_choices(own))


def _chips(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    sources: Mapping[Kind, Callable[[], Choices]] = {
        Kind.ACCOUNTS: account_choices,
        Kind.PRODUCTS: lambda: item_choices(PRODUCTS),
        Kind.AGGREGATIONS: lambda: item_choices(AGGREGATIONS),
        Kind.USERS: user_choices,
    }
    choices = sources[option.kind]() if option.kind in sources else list(option.choices)
    searched = option.kind in (Kind.ACCOUNTS, Kind.PRODUCTS, Kind.AGGREGATIONS)
    url = reverse("admin:integrations_integrationconfig_search", args=(option.kind.value,)) if searched else ""
    empty = "All Accounts" if option.key == "accountIds" else "None"
    return Chips(choices, lambda values: {**dict(choices), **called(option, values, books)}, url, empty)


def _external(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    return record_input(books.records(option.table), option.table)


def _external_by_key(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    if option.within:
        return _parts_by_key(option, books, option.within(own.options if own else {}))
    records, keys = books.records(option.table), list(option.choices)
    if not {key for key, _ in keys} <= set(LINE_TYPES):
        return ByKey("integrations/widgets/texts.html", keys, lambda: record_input(records, option.table))
    return RecordsByKey(
        keys,
        lambda: record_input(records, option.table),
        recent_line_types(),
        otherwise=option.effects.get("", NOT_SET),
        table=option.table,
        system=registry.system_label(books.system),
        label=option.label,
    )


def _parts_by_key(option: Option, books: Books, within: Mapping[str, str]) -> forms.Widget:
    records = {part: books.records(option.table, part) for part in dict.fromkeys(within.values())}
    return PartsByKey(
        list(option.choices),
        lambda key: record_input(records[within[key]], listed(option.table, within[key])),
        {key: {record.id: dict(record.facts) for record in records[part]} for key, part in within.items()},
        table=option.table,
        label=option.label,
        unread=[part for part, found in records.items() if not found],
    )


def suggestions(option: Option, books: Books, own: IntegrationConfig | None) -> dict[str, list[Record]]:
    """What the text boxes of one option suggest, by the list's name, where it is too long for a drop-down."""
    parts = option.within(own.options if own else {}).values() if option.within else [""]
    found = {listed(option.table, part): books.records(option.table, part) for part in parts if option.table}
    return {name: records for name, records in found.items() if len(records) > MOST_LISTED}


def listed(table: str, part: str = "") -> str:
    """The name of a list of suggestions."""
    return f"{table}-{part}" if part else table


def _text_by_key(option: Option, books: Books, own: IntegrationConfig | None) -> forms.Widget:
    return ByKey("integrations/widgets/texts.html", list(option.choices), forms.TextInput)


def record_input(records: list[Record], name: str) -> forms.Widget:
    """A drop-down of names, by tenant when there are several; of many a text box that suggests; a plain one when none is known."""
    if not records:
        return forms.TextInput({"placeholder": "Id"})
    if len(records) > MOST_LISTED:
        return forms.TextInput({"placeholder": "Id", "list": f"records-{name}"})
    by_tenant = {tenant: [(record.id, str(record)) for record in group] for tenant, group in groupby(records, lambda record: record.tenant)}
    groups: list[Any] = list(by_tenant.items()) if len(by_tenant) > 1 else next(iter(by_tenant.values()))
    return RecordSelect({record.id: dict(record.facts) for record in records if record.facts}, choices=[("", NOT_SET), *groups])


_WIDGETS: Mapping[Kind, Callable[[Option, Books, IntegrationConfig | None], forms.Widget]] = {
    Kind.TEXT: _text,
    Kind.EXPRESSION: _expression,
    Kind.EMAIL: _text,
    Kind.BOOL: _checkbox,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _chips,
    Kind.ACCOUNTS: _chips,
    Kind.PRODUCTS: _chips,
    Kind.AGGREGATIONS: _chips,
    Kind.USERS: _chips,
    Kind.INTEGRATION: _integration,
    Kind.EXTERNAL: _external,
    Kind.EXTERNAL_BY_KEY: _external_by_key,
    Kind.TEXT_BY_KEY: _text_by_key,
}
