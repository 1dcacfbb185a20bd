"""The context of a run's page."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils.text import capfirst

from runs.models import OPEN, Delivery, Status
from runs.orders import CANCELLABLE, RETRYABLE
from runs.present import chain, exchanges, links, plan, timeline
from runs.present.facts import RunFacts
from runs.present.fixes import Button
from runs.present.headline import OPERATE, headline

RESTING = (Delivery.State.IDLE, Delivery.State.CHAIN)
TRIGGERS = {
    "created": "New Bill",
    "revised": "Bill changed",
    "retry": "Retry by a person",
    "replay": "Replay by a person",
    "resend": "Sent by a person",
}


def page(facts: RunFacts, user: User | AnonymousUser) -> dict[str, Any]:
    run = facts.run
    rows = plan.rows_of(facts.document, facts.refused_items) if facts.document and not facts.is_chain else []
    return {
        "title": title(facts),
        "run": run,
        "facts": facts,
        "headline": headline(facts, user),
        "chain": facts.steps if facts.is_chain else (),
        "sentence_of_chain": chain.sentence(facts.steps) if facts.is_chain else "",
        "place": place(facts),
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


def title(facts: RunFacts) -> str:
    run = facts.run
    return f"{capfirst(facts.noun)} of {run.bill} to {run.integration}" if run.parent_id else f"{run.bill} to {run.integration}"


def place(facts: RunFacts) -> int:
    """Which step of its chain it is, 0 for none."""
    return next((number for number, step in enumerate(facts.steps, 1) if step.run.pk == facts.run.pk), 0)


def more_actions(facts: RunFacts) -> list[Button]:
    """What else can be ordered of this run: each a POST. Of a chain some are orders of the step that it has come to."""
    run = facts.run
    at = chain.current(facts.steps) if facts.is_chain else None
    waits, resting = (at.waits, at.run.delivery.state) if at else (facts.waits, run.delivery.state)
    tries = run.status in OPEN and run.status in RETRYABLE and run.status != Status.AUTH_FAILED and not waits
    offered = (
        ("Try now", "runs_retry", tries),
        ("Replay", "runs_replay", run.status not in OPEN),
        ("Cancel before sending", "runs_cancel", run.status in CANCELLABLE and resting in RESTING),
        ("Ask the destination now", "runs_ask", run.status == Status.UNKNOWN),
    )
    return [{"label": label, "url": reverse(f"admin:{name}", args=(run.pk,))} for label, name, holds in offered if holds]


def missing_buttons(facts: RunFacts) -> list[dict[str, Any]]:
    """Each entity without a mapping, with the page where it is chosen."""
    from_here = links.to_run(facts.run.pk)
    return [{"missing": missing, "url": links.to_missing(missing, facts.run.integration, from_here)} for missing in facts.missing]
