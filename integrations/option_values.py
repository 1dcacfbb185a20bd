"""Values of options as they stand in JSON: what each kind accepts, and the sentence when it does not."""

import datetime as dt
import difflib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from integrations.account_filter import FilterError, parse
from integrations.contract import Kind, Option
from integrations.models import IntegrationConfig

Check = Callable[[Option, Any], Any]

LISTS = frozenset({Kind.CHOICES, Kind.ACCOUNTS, Kind.PRODUCTS, Kind.AGGREGATIONS, Kind.USERS})
TABLES = frozenset({Kind.EXTERNAL_BY_KEY, Kind.TEXT_BY_KEY})
_LONGEST_SHOWN = 40
_FEW = 4


def default(option: Option) -> Any:
    """What the option is when nobody says anything: a fresh JSON value."""
    if option.kind in LISTS:
        return list(option.default or ())
    if option.kind in TABLES:
        return dict(option.default or {})
    if option.default is not None or option.kind is Kind.NUMBER:
        return option.default
    return False if option.kind is Kind.BOOL else ""


def value(option: Option, given: Any) -> Any:
    """The value as it is stored; null and nothing give the default. ValueError with a sentence when it is not accepted."""
    if given is None:
        return default(option)
    stored = _CHECKS[option.kind](option, given)
    complaint = option.validate(stored) if option.validate and stored not in ("", [], {}) else ""
    if complaint:
        raise ValueError(complaint)
    return stored


def meant(word: str, known: Iterable[str]) -> str:
    """ "; did you mean accountFilter?" or nothing."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.7)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""


def shown(given: Any) -> str:
    text = json.dumps(given, default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _text(option: Option, given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError(f"{option.label}: expected a text, not {shown(given)}.")
    return given.strip()


def _identifier(option: Option, given: Any) -> str:
    """An id is a text; a whole number is taken for its digits."""
    return _text(option, str(given) if isinstance(given, int) and not isinstance(given, bool) else given)


def _expression(option: Option, given: Any) -> str:
    text = _text(option, given) and str(given)
    try:
        parse(text)
    except FilterError as error:
        raise ValueError(error.message) from None
    return text


def _email(option: Option, given: Any) -> str:
    text = _text(option, given)
    try:
        validate_email(text or "nobody@example.com")
    except ValidationError:
        raise ValueError(f"{option.label}: {shown(text)} is not an e-mail address.") from None
    return text


def _switch(option: Option, given: Any) -> bool:
    if not isinstance(given, bool):
        raise ValueError(f"{option.label}: expected on or off (true or false), not {shown(given)}.")
    return given


def _number(option: Option, given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool):
        raise ValueError(f"{option.label}: expected a whole number, not {shown(given)}.")
    return given


def _date(option: Option, given: Any) -> str:
    text = _text(option, given)
    try:
        exact = not text or dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        exact = False
    if not exact:
        raise ValueError(f"{option.label}: expected a day written as 2026-11-01, not {shown(given)}.")
    return text


def _choice(option: Option, given: Any) -> str:
    known = [code for code, _ in option.choices]
    if given not in known:
        few = f"expected {' or '.join(known)}, not {shown(given)}" if len(known) <= _FEW else f"there is no {shown(given)}"
        raise ValueError(f"{option.label}: {few}{meant(str(given), known) or '.'}")
    return str(given)


def _several(check: Check) -> Check:
    def checked(option: Option, given: Any) -> list[Any]:
        if not isinstance(given, list | tuple):
            raise ValueError(f"{option.label}: expected a list, not {shown(given)}.")
        return [entry for entry in dict.fromkeys(check(option, entry) for entry in given) if entry != ""]

    return checked


def _by_key(check: Check) -> Check:
    """Entries that are not given keep their default; an empty one says that there is none."""

    def checked(option: Option, given: Any) -> dict[str, str]:
        if not isinstance(given, Mapping):
            raise ValueError(f"{option.label}: expected names with values, not {shown(given)}.")
        known = [code for code, _ in option.choices]
        for key in given:
            if key not in known:
                raise ValueError(f"{option.label}: there is no {shown(key)}{meant(str(key), known) or '.'}")
        entries = default(option) | {key: "" if entry is None else check(option, entry) for key, entry in given.items()}
        return {key: entries[key] for key in known if entries.get(key) or (key in entries and key in default(option))}

    return checked


def _integration(option: Option, given: Any) -> str:
    text = _text(option, given)
    try:
        found = not text or IntegrationConfig.objects.filter(pk=uuid.UUID(text), archived_at=None).exists()
    except ValueError:
        found = False
    if not found:
        raise ValueError(f"{option.label}: there is no integration {shown(text)}.")
    return text


_CHECKS: Mapping[Kind, Check] = {
    Kind.TEXT: _text,
    Kind.EXPRESSION: _expression,
    Kind.EMAIL: _email,
    Kind.BOOL: _switch,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _several(_choice),
    Kind.ACCOUNTS: _several(_identifier),
    Kind.PRODUCTS: _several(_identifier),
    Kind.AGGREGATIONS: _several(_identifier),
    Kind.USERS: _several(_email),
    Kind.INTEGRATION: _integration,
    Kind.EXTERNAL: _identifier,
    Kind.EXTERNAL_BY_KEY: _by_key(_identifier),
    Kind.TEXT_BY_KEY: _by_key(_text),
}
