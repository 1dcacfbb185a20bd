"""The context of a run's page."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse

from runs.models import OPEN, Delivery, Status
from runs.orders import CANCELLABLE, RETRYABLE
from runs.present import exchanges, links, plan, timeline
from runs.present.facts import RunFacts
from runs.present.fixes import Button
from runs.present.headline import OPERATE, headline

TRIGGERS = {
    "created": "New Bill",
    "revised": "Bill changed",
    "retry": "Retry by a person",
    "replay": "Replay by a person",
    "resend": "Sent by a person",
}


def page(facts: RunFacts, user: User | AnonymousUser) -> dict[str, Any]:
    run = facts.run
    rows = plan.rows_of(facts.document, facts.refused_items) if facts.document else []
    return {
        "title": f"{run.bill} to {run.integration}",
        "run": run,
        "facts": facts,
        "headline": headline(facts, user),
        "ended": run.status in (Status.SUPERSEDED, Status.CANCELLED),
        "rows": rows,
        "failed_rows": [row for row in rows if row.failed],
        "missing": missing_buttons(facts),
        "left_out": plan.left_out_total(facts.plan) if facts.plan else None,
        "exchanges": exchanges.shown(facts.members, facts.refused_items),
        "steps": timeline.steps(run, facts.members),
        "trigger": TRIGGERS.get(run.trigger, run.get_trigger_display()),
        "replays": list(run.replays.order_by("-dt_created").defer("explanation")[:5]),
        "preview_url": reverse("admin:runs_preview", args=(run.bill_id, run.integration_id)),
        "version_url": links.url_if_any("integrations_integrationconfig_versions", run.integration_id),
        "more": more_actions(facts) if user.has_perm(OPERATE) else [],
    }


def more_actions(facts: RunFacts) -> list[Button]:
    """What else can be ordered of this run: each a POST."""
    run = facts.run
    offered = (
        ("Try now", "runs_retry", run.status in OPEN and run.status in RETRYABLE and run.status != Status.AUTH_FAILED),
        ("Replay", "runs_replay", run.status not in OPEN),
        ("Cancel before sending", "runs_cancel", run.status in CANCELLABLE and run.delivery.state == Delivery.State.IDLE),
        ("Ask the destination now", "runs_ask", run.status == Status.UNKNOWN),
    )
    return [{"label": label, "url": reverse(f"admin:{name}", args=(run.pk,))} for label, name, holds in offered if holds]


def missing_buttons(facts: RunFacts) -> list[dict[str, Any]]:
    """Each entity without a mapping, with the page where it is chosen."""
    from_here = links.to_run(facts.run.pk)
    return [{"missing": missing, "url": links.to_missing(missing, facts.run.integration, from_here)} for missing in facts.missing]
