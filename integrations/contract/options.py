"""What a form asks: the keys of an integration's options."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Options = Mapping[str, Any]


class Kind(StrEnum):
    """How an option is asked for and stored. JSON type of the value in brackets."""

    TEXT = "text"  # str
    EXPRESSION = "expression"  # str, the Account filter language
    EMAIL = "email"  # str
    BOOL = "bool"  # bool
    NUMBER = "number"  # int
    DATE = "date"  # ISO str or ""
    CHOICE = "choice"  # str, one of choices
    CHOICES = "choices"  # list of str, out of choices
    ACCOUNTS = "accounts"  # list of source Account ids
    PRODUCTS = "products"  # list of source Product and AccountingProduct ids
    AGGREGATIONS = "aggregations"  # list of source Aggregation and CompoundAggregation ids
    USERS = "users"  # list of e-mail addresses of users
    INTEGRATION = "integration"  # str, id of another integration
    EXTERNAL = "external"  # str, an id in `table` of the external system
    EXTERNAL_BY_KEY = "external_by_key"  # {choice: id in `table`}
    TEXT_BY_KEY = "text_by_key"  # {choice: str}


Panel = Literal["global", "entity", "destination"]


@dataclass(frozen=True, kw_only=True)
class Option:
    """One key of an integration's `config_data`. `help` says in a sentence what off or empty means.

    `within(options)`: what the records that each choice takes are part of (`CatalogueRow.within`), with no options that of the defaults;
    they are named by their code.
    """

    key: str
    label: str
    kind: Kind
    help: str = ""
    default: Any = None
    choices: tuple[tuple[str, str], ...] = ()
    effects: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    panel: Panel = "destination"
    group: str = ""
    validate: Callable[[Any], str] | None = None
    within: Callable[[Options], Mapping[str, str]] | None = None


@dataclass(frozen=True, kw_only=True)
class OptionStep:
    """One step of a set-up that asks a few options at a time: those of `keys` in their order, then closed those of `more` and whatever
    else stands in its `panels`.

    `connects`: the credential is chosen here. `maps`: entities that are given their record of `table` here; `kinds` are those records'
    kinds that the set-up supports, by the destination's own word, none for any. `makes`: what `Preflight.create` may make for an empty
    option of the step, by option key: the name that it takes and the words of the button.
    """

    title: str
    purpose: str
    keys: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
    connects: bool = False
    maps: tuple[str, ...] = ()
    table: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)
    makes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
