"""What every page of the admin says until somebody acts: open problems per integration, and integrations that switched themselves off."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from integrations.models import IntegrationConfig
from runs.models import Problem
from runs.present import links

MOST_LINES = 3
VIEW, OPERATE = "runs.view_problem", "runs.operate"
TELLS_ITSELF = ("runs_problem", "runs_adopt")
"""Beginnings of the URL names of pages that are about problems themselves."""


@dataclass(frozen=True)
class Line:
    """One integration's open problems. `retry_url` is empty for who may not retry."""

    name: str
    count: int
    log_url: str
    retry_url: str


@dataclass(frozen=True)
class Off:
    """An integration that switched itself off. `url` is where it is enabled."""

    name: str
    reason: str
    since: dt.datetime | None
    url: str


@dataclass(frozen=True)
class Notices:
    """`more`: how many integrations with open problems have no line."""

    lines: list[Line] = field(default_factory=list)
    more: int = 0
    off: list[Off] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return bool(self.lines or self.off)


def notices(request: HttpRequest) -> Notices:
    """In one query; none for who may not see problems."""
    list_url = links.url_if_any("runs_problem_changelist")
    if not list_url or not request.user.has_perm(VIEW):
        return Notices()
    rows = list(_rows())
    troubled = [] if _tells_itself(request) else [row for row in rows if row["problems"]]
    lines = [_line(row, request.user.has_perm(OPERATE)) for row in troubled[:MOST_LINES]]
    off = [_off(row) for row in rows if row["disabled_reason"] and not row["enabled"] and not _is_page_of(request, row)]
    return Notices(lines, len(troubled) - len(lines), off)


def _rows() -> Any:
    """Integrations that have something to say, those with the most open problems first."""
    open_ones = Problem.objects.filter(integration=OuterRef("pk"), state=Problem.State.OPEN).order_by().values("integration")
    count = Subquery(open_ones.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
    rows = IntegrationConfig.objects.filter(archived_at=None).annotate(problems_open=Coalesce(count, 0))
    rows = rows.filter(Q(problems_open__gt=0) | Q(enabled=False) & ~Q(disabled_reason="")).order_by("-problems_open", "name")
    fields = ("pk", "name", "enabled", "disabled_reason", "disabled_at", "problems_open")
    return [dict(zip((*fields[:-1], "problems"), row, strict=True)) for row in rows.values_list(*fields)]


def _line(row: dict[str, Any], operates: bool) -> Line:
    retry = links.url_if_any("runs_problem_retry_integration", row["pk"]) if operates else ""
    return Line(row["name"], row["problems"], links.url_if_any("runs_problem_changelist", integration=row["pk"]), retry)


def _off(row: dict[str, Any]) -> Off:
    return Off(row["name"], row["disabled_reason"], row["disabled_at"], links.to_integration(row["pk"]))


def _tells_itself(request: HttpRequest) -> bool:
    match = request.resolver_match
    return bool(match and match.url_name and match.url_name.startswith(TELLS_ITSELF))


def _is_page_of(request: HttpRequest, row: dict[str, Any]) -> bool:
    """The integration's own page says it in its own notice."""
    match = request.resolver_match
    return bool(match and match.url_name == "integrations_integrationconfig_change" and match.kwargs.get("object_id") == str(row["pk"]))
