"""The context of the list of problems."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, Q

from integrations.models import IntegrationConfig
from runs.models import Problem
from runs.present import problems
from runs.present.problems import MOST, STATES, Chosen

OPERATE = "runs.operate"


def page(state: str, integration: UUID | None, code: str, user: User | AnonymousUser) -> dict[str, Any]:
    """A fixed number of queries, whatever the number of problems and runs."""
    chosen = Chosen(user, state if state in STATES else "open", integration, code)
    held = problems.together(chosen.rows())
    causes = problems.causes(chosen, held)
    return {
        "title": "Problems",
        "state": chosen.state,
        "causes": causes,
        "held": held,
        "count": chosen.rows().count() if len(causes) == MOST else len(causes),
        "tabs": tabs(chosen),
        "filters": filters(chosen),
        "clear": address(chosen, integration="", code="") if integration or code else "",
        "may_operate": user.has_perm(OPERATE),
    }


def address(chosen: Chosen, **changes: Any) -> str:
    """The query string of this list with something else chosen."""
    said = {"state": chosen.state if chosen.state != "open" else "", "integration": chosen.integration or "", "code": chosen.code} | changes
    return f"?{urlencode({name: value for name, value in said.items() if value})}"


def tabs(chosen: Chosen) -> list[dict[str, Any]]:
    """parts/tabs.html. Closed ones are not counted: there are ever more of them."""
    rows = chosen.of_any_state().exclude(state=Problem.State.CLOSED).order_by()
    is_open = Q(state=Problem.State.OPEN)
    counts = rows.aggregate(
        open=Count("pk", filter=is_open), mine=Count("pk", filter=is_open & Q(owner=chosen.user.pk)), snoozed=Count("pk", filter=~is_open)
    )
    return [
        {
            "label": label,
            "url": address(chosen, state=name if name != "open" else ""),
            "current": name == chosen.state,
            "count": counts.get(name) or None,
            "tone": "red" if name == "open" else "",
            "words": "problems",
        }
        for name, label in STATES.items()
    ]


def filters(chosen: Chosen) -> list[dict[str, Any]]:
    """parts/filter_bar.html: integration and code."""
    integrations = [(str(pk), name) for pk, name in IntegrationConfig.objects.filter(archived_at=None).values_list("pk", "name")]
    state = "open" if chosen.state == "mine" else chosen.state
    codes = Problem.objects.filter(state=state).order_by("code").values_list("code", flat=True).distinct()
    return [
        _filter(chosen, "Integration", "integration", str(chosen.integration or ""), integrations),
        _filter(chosen, "Code", "code", chosen.code, [(code, code) for code in codes]),
    ]


def _filter(chosen: Chosen, label: str, name: str, value: str, choices: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "label": label,
        "value": dict(choices).get(value, value),
        "clear": address(chosen, **{name: ""}),
        "choices": [{"label": words, "query": address(chosen, **{name: key}), "selected": key == value} for key, words in choices],
    }
