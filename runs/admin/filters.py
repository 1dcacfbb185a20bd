"""Filters of the lists: pills that open a small form or a list of choices. What cannot be read as a value does not filter."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from runs import finding
from runs.admin.base import uuid_in
from runs.present import standing

Rows = QuerySet[Any]


@dataclass(frozen=True)
class Asked:
    """One field of a filter's form."""

    name: str
    label: str
    kind: str
    value: str


class FormFilter(admin.ListFilter):
    """A pill with a form of its own. `fields` are (parameter, label, HTML input type)."""

    template = "runs/filters/form.html"
    fields: tuple[tuple[str, str, str], ...] = ()

    def __init__(self, request: HttpRequest, params: dict[str, list[str]], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.asked = {name: params.pop(name)[-1].strip() for name, _, _ in self.fields if name in params}

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [name for name, _, _ in self.fields]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        names = [name for name, _, _ in self.fields]
        kept = {name: values for name, values in changelist.filter_params.items() if name not in names}
        asked = [Asked(name, label, kind, self.asked.get(name, "")) for name, label, kind in self.fields]
        yield {
            "fields": asked,
            "words": self.words(),
            "hidden": [(name, value) for name, values in kept.items() for value in values],
            "clear": changelist.get_query_string(remove=names),
        }

    def words(self) -> str:
        """What is chosen, "" when nothing is."""
        raise NotImplementedError


class PartyFilter(FormFilter):
    """By an Account's name, code or id. `path` leads to it from the list's rows."""

    title = "Account"
    fields = (("account", "Name, code or id", "text"),)
    path = "account"

    def words(self) -> str:
        return self.asked.get("account", "")

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        text = self.words()
        if not text:
            return queryset
        named = finding.of_accounts(text, self.path)
        return queryset.none() if named is None else queryset.filter(named)


class BillPartyFilter(PartyFilter):
    path = "bill__account"


class DateFilter(FormFilter):
    """From and to, both included."""

    title = "Date"
    fields = (("since", "From", "date"), ("until", "To", "date"))
    path = "bill_date"

    def words(self) -> str:
        since, until = self._day("since"), self._day("until")
        if since and until:
            return f"{_day_words(since)} to {_day_words(until)}"
        return f"since {_day_words(since)}" if since else f"until {_day_words(until)}" if until else ""

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if since := self._day("since"):
            queryset = queryset.filter(**{f"{self.path}__gte": self.bound(since)})
        if until := self._day("until"):
            queryset = queryset.filter(**{f"{self.path}__lt": self.bound(until + dt.timedelta(days=1))})
        return queryset

    def bound(self, day: dt.date) -> Any:
        return day

    def _day(self, name: str) -> dt.date | None:
        try:
            return dt.date.fromisoformat(self.asked.get(name, ""))
        except ValueError:
            return None


class MomentFilter(DateFilter):
    """By the UTC day of a moment."""

    title = "Created"
    path = "dt_created"

    def bound(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), dt.UTC)


class AmountFilter(FormFilter):
    """From and to, in one currency or in whatever currency."""

    title = "Amount"
    fields = (("least", "From", "text"), ("most", "To", "text"), ("currency", "Currency", "text"))

    def words(self) -> str:
        least, most, currency = self._number("least"), self._number("most"), self._currency()
        bounds = f"{least:,f} to {most:,f}" if least is not None and most is not None else ""
        bounds = bounds or (f"from {least:,f}" if least is not None else f"up to {most:,f}" if most is not None else "")
        return f"{bounds} {currency}".strip()

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        bounds: dict[str, Any] = {"amount__gte": self._number("least"), "amount__lte": self._number("most"), "currency": self._currency()}
        return queryset.filter(**{name: bound for name, bound in bounds.items() if bound not in (None, "")})

    def _currency(self) -> str:
        return self.asked.get("currency", "").upper()

    def _number(self, name: str) -> Decimal | None:
        try:
            number = Decimal(self.asked.get(name, "").replace(",", "").replace("−", "-"))
        except InvalidOperation:
            return None
        return number if number.is_finite() else None


class ViewFilter(admin.ListFilter):
    """The tabs of a list: named filters, chosen by ?view=. Draws nothing itself."""

    title = "view"
    template = "runs/filters/none.html"
    views: Mapping[str, tuple[str, Callable[[Rows], Rows]]] = {}

    def __init__(self, request: HttpRequest, params: dict[str, list[str]], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.chosen = params.pop("view", [""])[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return ["view"]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        yield from ()

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return self.views[self.chosen][1](queryset) if self.chosen in self.views else queryset


class ChainFilter(admin.ListFilter):
    """Chains as a whole, unless something is looked for that one of their steps may be; the steps of one by ?chain=. Draws nothing."""

    title = "chain"
    template = "runs/filters/none.html"
    other_ways = ("q", "problem")

    def __init__(self, request: HttpRequest, params: dict[str, list[str]], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.chosen = uuid_in(params.pop("chain", [""])[-1])

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return ["chain"]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        yield from ()

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.chosen:
            return queryset.filter(parent=self.chosen)
        return queryset if any(request.GET.get(name) for name in self.other_ways) else standing.whole(queryset)


def tabs(changelist: ChangeList, views: Mapping[str, tuple[str, Any]], counts: Mapping[str, str]) -> list[dict[str, Any]]:
    """The views of a list for parts/tabs.html, "All" first; `counts` are words such as "21" or "99+"."""
    chosen = changelist.params.get("view", "")
    named = [("", "All"), *((name, label) for name, (label, _) in views.items())]
    return [
        {
            "label": label,
            "url": changelist.get_query_string({"view": name or None}),
            "current": name == (chosen if chosen in views else ""),
            "count": counts.get(name),
            "tone": "red",
            "words": "runs",
        }
        for name, label in named
    ]


def _day_words(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"
