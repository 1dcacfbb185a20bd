"""Options in words: what an integration does, and what a change of its options changed. Safe HTML with the telling words in bold."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from integrations import names, options, reach
from integrations.contract import Destination, Kind, Option
from integrations.names import Books
from integrations.option_values import default

TOLD = frozenset(
    {
        "triggerType", "scheduleMinutes", "accountIds", "restrictedAccountIds", "syncStartDate", "runAfterIntegrationId", "accountFilter",
        "onlySendBillOnApproval", "sendZeroTotalBills", "excludedLineItemTypes", "excludedProducts", "excludedAggregations", "voidPolicy",
    }
)  # fmt: skip
"""What the sentences of this page say; every other option speaks for itself."""

_VOIDED = {
    "NOTHING": ("nothing is changed", " and a problem is opened"),
    "VOID": ("the document is voided", ", or credited in full where the destination cannot void"),
    "CREDIT_MEMO": ("it is credited in full", " and the document stays"),
}
_MOST_NAMES = 6


@dataclass(frozen=True)
class Difference:
    """One option before and after a change, in words."""

    key: str
    label: str
    before: SafeString
    after: SafeString


def describe(
    values: Mapping[str, Any],
    destination: Destination,
    entity_type: str = "Bill",
    books: Books | None = None,
    reached: reach.Reach | None = None,
) -> list[SafeString]:
    """What these options do, a sentence each: what differs from the default or decides money.

    `books` gives external ids their names, `reached` the numbers of Accounts.
    """
    return [when(values), whom(values, reached), *what(values, destination, entity_type, books or Books(destination.systems[0].name))]


def what(values: Mapping[str, Any], destination: Destination, entity_type: str, books: Books) -> list[SafeString]:
    """What stands on a document, what is left out of it, and what happens when its Bill is voided."""
    own = [option for option in options.schema(destination, entity_type) if option.key not in TOLD and _worth_telling(option, values)]
    return [*[_plain(option, values[option.key], books) for option in own], *_left_out(values), _voided(values)]


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], destination: Destination, entity_type: str, books: Books
) -> list[Difference]:
    """The options that two versions have different, in the order of the form; keys that are asked no longer come last."""
    schema = {option.key: option for option in options.schema(destination, entity_type)}
    changed = [key for key in (*schema, *(key for key in before if key not in schema)) if before.get(key) != after.get(key)]
    return [_difference(key, schema.get(key), before, after, books) for key in changed]


def words(option: Option, value: Any, books: Books) -> SafeString:
    """A value as people say it."""
    if value in ("", [], {}, None):
        return format_html("{}", "none")
    if isinstance(value, bool):
        return format_html("{}", "on" if value else "off")
    if isinstance(value, dict):
        return _pairs(option, value, called(option, value.values(), books))
    if isinstance(value, list):
        return _listed(value, called(option, value, books))
    if option.kind is Kind.EXPRESSION:
        return format_html("<code>{}</code>", value)
    if option.kind is Kind.DATE:
        return format_html("{}", _day(value))
    return format_html("{}", called(option, [value], books).get(value, value))


def called(option: Option, values: Iterable[Any], books: Books) -> Mapping[Any, str]:
    """What the single values of an option are called, for those that have a name."""
    match option.kind:
        case Kind.CHOICE | Kind.CHOICES:
            return dict(option.choices)
        case Kind.ACCOUNTS:
            return names.accounts(values)
        case Kind.PRODUCTS | Kind.AGGREGATIONS:
            return names.items(values)
        case Kind.INTEGRATION:
            return names.integrations(values)
        case Kind.EXTERNAL | Kind.EXTERNAL_BY_KEY:
            return books.called(option.table, values)
    return {}


def _difference(key: str, option: Option | None, before: Mapping[str, Any], after: Mapping[str, Any], books: Books) -> Difference:
    if option is None:
        return Difference(key, key, format_html("{}", before.get(key, "none")), format_html("{}", after.get(key, "none")))
    return Difference(key, option.label, *(words(option, values.get(key, default(option)), books) for values in (before, after)))


def _worth_telling(option: Option, values: Mapping[str, Any]) -> bool:
    """A choice that has an effect decides money, whether or not it is the default."""
    if option.key not in values:
        return False
    given = values[option.key]
    return bool(given != default(option) or (option.kind is Kind.CHOICE and option.effects.get(given)))


def _plain(option: Option, value: Any, books: Books) -> SafeString:
    effect = option.effects.get(value, "") if option.kind is Kind.CHOICE else ""
    said = words(option, value, books)
    if option.kind is Kind.BOOL:
        return format_html("{}: <b>{}</b>.", option.label, said)
    return format_html("{}: <b>{}</b>{}.", option.label, said, f", {effect}" if effect else "")


def when(values: Mapping[str, Any]) -> SafeString:
    only_approved = values.get("onlySendBillOnApproval")
    bills = format_html("<b>{}</b>", "approved Bills" if only_approved else "approved and pending Bills")
    if values.get("syncStartDate"):
        bills = format_html("{} dated <b>{}</b> or later", bills, _day(values["syncStartDate"]))
    scheduled = values.get("triggerType") == "SCHEDULE"
    pace = format_html("every <b>{} minutes</b>", values.get("scheduleMinutes")) if scheduled else "as soon as they change"
    first = values.get("runAfterIntegrationId")
    after = format_html(", once <b>{}</b> has posted them", names.integrations([first]).get(first, first)) if first else ""
    return format_html("Sends {}, {}{}.", bills, pace, after)


def whom(values: Mapping[str, Any], reached: reach.Reach | None = None) -> SafeString:
    only, never, text = values.get("accountIds"), values.get("restrictedAccountIds"), values.get("accountFilter")
    some = only or never or text
    count = format_html("<b>{} of {} Accounts</b>", reached.accounts, reached.of) if reached and some else None
    who = count or format_html("<b>{}</b>", "some Accounts" if only or text else "every Account")
    conditions = []
    if only:
        conditions.append(format_html("{}", _listed(only, names.accounts(only))))
    if text:
        conditions.append(format_html("those where <code>{}</code>", text))
    where = format_html(": {}", _joined(conditions, " and among them ")) if conditions else ""
    but = format_html("{} {}", ", except" if conditions or not never else " except", _listed(never, names.accounts(never))) if never else ""
    return format_html("For {}{}{}.", who, where, but)


def _left_out(values: Mapping[str, Any]) -> list[SafeString]:
    told = []
    if types := values.get("excludedLineItemTypes"):
        told.append(format_html("Leaves out <b>{}</b> lines.", _listed(types, {})))
    if entities := [*values.get("excludedProducts", ()), *values.get("excludedAggregations", ())]:
        told.append(format_html("Leaves out lines of <b>{}</b>.", _listed(entities, names.items(entities))))
    if not values.get("sendZeroTotalBills", True):
        told.append(format_html("Leaves out Bills of <b>{}</b>, but not fully discounted ones.", "0.00"))
    return told


def _voided(values: Mapping[str, Any]) -> SafeString:
    return format_html("If a sent Bill is voided: <b>{}</b>{}.", *_VOIDED[values.get("voidPolicy") or "NOTHING"])


def _listed(entries: Iterable[str], known: Mapping[str, str]) -> SafeString:
    """ "A, B and C" by name; of many, the first and how many more."""
    called = [known.get(entry, entry) for entry in entries]
    more = len(called) - _MOST_NAMES
    if more > 1:
        called = [*called[:_MOST_NAMES], f"{more} more"]
    return _joined([conditional_escape(name) for name in called], " and ")


def _joined(parts: list[SafeString], last: str) -> SafeString:
    """Parts are escaped already."""
    *first, end = parts
    return mark_safe(f"{', '.join(first)}{last}{end}" if first else end)  # noqa: S308


def _pairs(option: Option, entries: Mapping[str, str], known: Mapping[str, str]) -> SafeString:
    labels = dict(option.choices)
    pairs = [format_html("{} → {}", labels.get(key, key), known.get(entry, entry) or "none") for key, entry in entries.items()]
    return _joined(pairs, ", ")


def _day(text: str) -> str:
    day = dt.date.fromisoformat(text)
    return f"{day.day} {day:%b %Y}"
