"""What happens by itself after a person has fixed something."""

from functools import partial
from typing import Any

from django.db import transaction

from mappings.models import ExternalMapping
from runs import problem_orders
from runs.models import Problem
from runs.problems import BY_MAPPING, fingerprint_of


def mapping_saved(sender: Any, *, actor: Any, subject: Any, verb: str, **_: Any) -> None:
    """A saved mapping frees every run that waits for it: they go again by themselves."""
    if not isinstance(subject, ExternalMapping) or verb == "deleted":
        return
    marks = [fingerprint_of(code, subject.external_table, f"{subject.entity_type}:{subject.entity_id}") for code in BY_MAPPING]
    held = Problem.objects.filter(fingerprint__in=marks, integration__system=subject.external_system).exclude(state=Problem.State.CLOSED)
    if subject.integration_id:
        held = held.filter(integration=subject.integration_id)
    for problem in held:
        transaction.on_commit(partial(problem_orders.retry, problem, actor))
