"""The card on top of a run's page: what happened, why, what to do, and the buttons that do it."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from runs.models import DUE, NEEDS_PERSON, Delivery, IntegrationRun, Status
from runs.orders import RETRYABLE
from runs.present import chain
from runs.present.facts import HEAVY, PAGE, RunFacts
from runs.present.fixes import Button, fix_button
from runs.present.words import Fix

OPERATE, SYNC = "runs.operate", "integrations.operate"
NOT_ALLOWED = "You may look at runs, not retry them; an administrator gives the permission “Sync, retry and replay”."
_ENDED = (Status.SUPERSEDED, Status.CANCELLED)


@dataclass(frozen=True)
class Headline:
    """parts/headline.html. `tone`: "" a person must act, amber and violet it goes on by itself, green it is done."""

    sentence: str
    tone: str = ""
    happened: SafeString | str = ""
    why: SafeString | str = ""
    remedy: SafeString | str = ""
    buttons: list[Button] = field(default_factory=list)
    note: SafeString | str = ""


def headline(facts: RunFacts, user: User | AnonymousUser) -> Headline | None:
    """None for a run that another one took the place of, or that a person stopped."""
    status = facts.run.status
    if facts.is_chain:
        return _of_chain(facts, user)
    if status in _ENDED:
        return None
    if status == Status.COMPLETE:
        return _differs(facts, user) if facts.problem else _complete(facts)
    if status == Status.UNKNOWN:
        return _unknown(facts, user)
    if status in NEEDS_PERSON:
        return _failed(facts, user)
    return _waiting(facts, user)


def _of_chain(facts: RunFacts, user: User | AnonymousUser) -> Headline | None:
    """That of the step that it has come to, whose orders are given of the chain."""
    at = chain.current(facts.steps)
    if at is not None:
        step = IntegrationRun.objects.select_related(*PAGE).defer(*HEAVY).get(pk=at.run.pk)
        return headline(RunFacts(step, ordered=facts.run), user)
    held = chain.listed(facts.steps)
    sentence = f"{facts.run.integration.system_label} holds the {held} of this Bill."
    return Headline(sentence=sentence, tone="green", happened=_said("chain", facts))


def _failed(facts: RunFacts, user: User | AnonymousUser) -> Headline:
    run, words, problem = facts.run, facts.words, facts.problem
    buttons = [button for button in (fix_button(facts, user), retry_button(facts, user)) if button]
    return Headline(
        sentence=run.error or (problem.title if problem else "") or f"This Bill did not reach {run.integration.system_label}.",
        happened=_said("happened", facts),
        why=_said("why", facts, said=(problem.why if problem else "") or words.why),
        remedy=_said("remedy", facts, said=(problem.remedy if problem else "") or words.remedy),
        buttons=_one_primary(buttons),
        note=_said("note", facts, safe=facts.run.status in RETRYABLE),
    )


def _differs(facts: RunFacts, user: User | AnonymousUser) -> Headline:
    """Posted, but what stands there is not what was sent."""
    problem, words = facts.problems[0], facts.words
    buttons = [button for button in (fix_button(facts, user), retry_button(facts, user)) if button]
    return Headline(
        sentence=problem.title,
        happened=_said("happened", facts),
        why=_said("why", facts, said=problem.why or words.why),
        remedy=_said("remedy", facts, said=problem.remedy or words.remedy),
        buttons=_one_primary(buttons),
        note=_said("note", facts, safe=True),
    )


def _complete(facts: RunFacts) -> Headline:
    run, held = facts.run, facts.held
    what = f"this Bill as {held.name}" if held and not run.parent_id else held.name if held else "this Bill now"
    return Headline(sentence=f"{run.integration.system_label} holds {what}.", tone="green", happened=_said("complete", facts))


def _unknown(facts: RunFacts, user: User | AnonymousUser) -> Headline:
    words = facts.words
    asked = _posting("Ask the destination now", "runs_ask", facts, user)
    return Headline(
        sentence=facts.run.error or f"We sent this Bill but the answer was lost; we are asking {facts.run.integration.system_label}.",
        tone="violet",
        happened=_said("happened", facts),
        why=_said("why", facts, said=words.why),
        remedy=_said("unknown", facts),
        buttons=_one_primary([asked]),
        note="Asking only reads; it sends nothing.",
    )


def _waiting(facts: RunFacts, user: User | AnonymousUser) -> Headline:
    """A run that goes on by itself, or will once its integration can send."""
    run = facts.run
    sentence, blocked = waits_for(facts)
    fix = fix_button(facts, user, Fix.INTEGRATION) if blocked else asking_button(facts, user)
    return Headline(
        sentence=sentence,
        tone="amber",
        happened=_said("happened", facts),
        why=_said("why", facts, said=facts.words.why) if run.status != Status.WAITING and run.status != Status.STARTED else "",
        remedy=_said("waiting", facts, blocked=blocked),
        buttons=_one_primary([fix] if fix else []),
    )


def waits_for(facts: RunFacts) -> tuple[str, bool]:
    """Why a run has not been sent yet, and whether somebody has to act for it to go."""
    run, integration = facts.run, facts.run.integration
    label = integration.system_label
    blocks = (
        (integration.archived_at, f"This Bill is held back because {integration} is archived."),
        (integration.credential is None, f"This Bill is held back because {integration} is not connected to {label}."),
        (not integration.enabled, f"This Bill is held back while {integration} is disabled."),
        (not integration.connected, f"This Bill is held back because {label} refuses the login of {integration}."),
    )
    blocked = next((sentence for holds, sentence in blocks if holds), "")
    if blocked and run.status in DUE:
        return blocked, True
    if run.delivery.state == Delivery.State.ACCEPTED:
        return f"{label} took this Bill as a job and works on it; we ask what came of it.", False
    if run.status == Status.STARTED:
        return f"This Bill is being sent to {label}.", False
    if facts.waits:
        return f"The {facts.noun} {facts.waits}.", False
    if run.error:
        return run.error, False
    if run.delivery.state != Delivery.State.IDLE:
        return "Another run of this Bill is on its way; this one follows it.", False
    return f"This Bill is next in line for {label}.", False


def retry_button(facts: RunFacts, user: User | AnonymousUser) -> Button | None:
    """Retry; of a run that cannot be repeated itself the replay, which makes a new one."""
    if facts.run.status in RETRYABLE or facts.run.status == Status.COMPLETE:
        return _posting("Retry", "runs_retry", facts, user)
    return None


def asking_button(facts: RunFacts, user: User | AnonymousUser) -> Button | None:
    """Sync now, which asks the destination whether what a step waits for has happened."""
    if not (facts.run.waits_for and facts.waits and user.has_perm(SYNC)):
        return None
    return {"label": "Sync now", "url": reverse("admin:runs_sync", args=(facts.run.integration_id,)), "post": True}


def _posting(label: str, name: str, facts: RunFacts, user: User | AnonymousUser) -> Button:
    if not user.has_perm(OPERATE):
        return {"label": label, "disabled": NOT_ALLOWED}
    return {"label": label, "url": reverse(f"admin:{name}", args=(facts.ordered.pk,)), "post": True}


def _one_primary(buttons: list[Button]) -> list[Button]:
    """The first button that can be pressed is the primary one."""
    first = next((button for button in buttons if not button.get("disabled")), None)
    if first is not None:
        first["primary"] = True
    return buttons


def _said(part: str, facts: RunFacts, **more: Any) -> SafeString:
    """A text of the card, from its template."""
    context = {"facts": facts, "run": facts.run, "now": timezone.now(), **more}
    return SafeString(render_to_string(f"runs/said/{part}.html", context).strip())
