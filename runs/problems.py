"""One row per cause: opened by a fault that needs a person, closed by itself when the runs that it held succeed."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from integrations.contract import Fault, Missing, Plan, changed
from integrations.guard import CUSTOMER_CURRENCY
from integrations.models import IntegrationConfig
from runs import customer_faults
from runs.models import IntegrationRun, Problem, Status
from runs.present import fixes

MISSING_MAPPING = "MISSING_MAPPING"
BY_MAPPING = (MISSING_MAPPING, CUSTOMER_CURRENCY, *customer_faults.BY_MAPPING)
"""Codes of causes that a saved mapping puts right."""
STANDING = ("SOURCE_FAILING", "SOURCE_SILENT")
"""Codes of problems that hold no runs; they close when their cause has gone."""

QUIET = ("retry", "rate", "unknown")
ASKED_LONG = dt.timedelta(minutes=10)
"""An answer that is lost for longer is a problem: a person may see whether the destination is up."""


@dataclass(frozen=True)
class Cause:
    """One reason why a run does not go, and what has no mapping, if that is it."""

    fault: Fault
    missing: Missing | None = None


def update(
    integration: IntegrationConfig, pairs: Iterable[tuple[IntegrationRun, Fault | None]], plans: Mapping[UUID, Plan] | None = None
) -> int:
    """Links each run to the problems that hold it now, closes those that hold nothing any more; returns how many refusals are new."""
    judged = [(run, fault) for run, fault in pairs if fault is None or _blocks(run, fault)]
    left = _free([run for run, _ in judged])
    opened = 0
    for run, fault in judged:
        for cause in _causes(integration, fault, (plans or {}).get(run.pk)) if fault else ():
            problem, new = _open(integration, cause, run)
            problem.runs.add(run)
            opened += new and cause.fault.next != "unknown"
    if left:
        close_empty(integration)
    return opened


def _blocks(run: IntegrationRun, fault: Fault) -> bool:
    """Whether somebody should see to it: not what goes on by itself, unless it has tried in vain or asked for long."""
    if run.status == Status.UNKNOWN:
        return run.dt_started is not None and run.dt_started < timezone.now() - ASKED_LONG
    return fault.next not in QUIET or run.status == Status.TIMEOUT_LIMIT_EXCEEDED


def _free(runs: list[IntegrationRun]) -> int:
    """A run's earlier causes no longer hold it, nor the earlier runs of the same slot. Returns how many no longer do."""
    slots = [run.delivery_id for run in runs]
    left, _ = Problem.runs.through.objects.filter(integrationrun__delivery__in=slots).delete()
    return left


def close_empty(integration: IntegrationConfig) -> None:
    empty = Problem.objects.filter(integration=integration, runs=None).exclude(state=Problem.State.CLOSED).exclude(code__in=STANDING)
    empty.update(state=Problem.State.CLOSED, closed_at=timezone.now())


def end_snoozes(now: dt.datetime) -> int:
    """What was put off until now is open again."""
    over = list(Problem.objects.filter(state=Problem.State.SNOOZED, snoozed_until__lte=now))
    Problem.objects.filter(pk__in=[problem.pk for problem in over]).update(state=Problem.State.OPEN, snoozed_until=None)
    for problem in over:
        changed.send(Problem, actor=None, subject=problem, verb="came back", before={"snoozed until": _day(problem)}, after=None)
    return len(over)


def _day(problem: Problem) -> str:
    return f"{problem.snoozed_until:%Y-%m-%d}"


def _causes(integration: IntegrationConfig, fault: Fault, plan: Plan | None) -> list[Cause]:
    """Each missing mapping is a cause of its own, so that one saved mapping frees every Bill that waits for it alone."""
    if fault.next == "unknown":
        return [Cause(_lost_fault(fault, integration.system_label))]
    if plan is None or not plan.missing:
        return [Cause(fault)]
    return [Cause(_missing_fault(fault, missing), missing) for missing in plan.missing]


def _lost_fault(fault: Fault, label: str) -> Fault:
    return Fault(
        code="UNKNOWN",
        next="unknown",
        status="UNKNOWN",
        title=f"{label} does not tell us what became of Bills that we sent.",
        why="The answer to the request was lost, and what we ask since then settles nothing. Such a Bill is never simply sent again.",
        remedy=f"See whether {label} is up; we go on asking by ourselves, and you can ask now.",
    )


def _missing_fault(fault: Fault, missing: Missing) -> Fault:
    name = missing.ref.name or missing.ref.code or missing.ref.id
    return Fault(
        code=fault.code,
        next="person",
        title=f"{missing.entity} “{name}” has no {missing.table}.",
        why=fault.why,
        remedy=fault.remedy,
        field=missing.table,
        entity=f"{missing.entity}:{missing.ref.id}",
    )


def fingerprint_of(code: str, field: str, entity: str) -> str:
    """The same cause has the same fingerprint: class, destination field, entity."""
    return hashlib.sha256(f"{code}|{field}|{entity}".encode()).hexdigest()


def _open(integration: IntegrationConfig, cause: Cause, run: IntegrationRun) -> tuple[Problem, bool]:
    fault = cause.fault
    mark = fingerprint_of(fault.code, fault.field, fault.entity)
    open_ones = Problem.objects.exclude(state=Problem.State.CLOSED)
    known = open_ones.filter(integration=integration, fingerprint=mark).first()
    if known is not None:
        return known, False
    return open_ones.get_or_create(integration=integration, fingerprint=mark, defaults=_told(integration, cause, run))


def _told(integration: IntegrationConfig, cause: Cause, run: IntegrationRun) -> dict[str, str]:
    """What people read of a new problem, and the page that fixes it."""
    fault, way = cause.fault, fixes.found_for(run, cause.fault, cause.missing)
    return {
        "code": fault.code,
        "title": fault.title,
        "why": fault.why,
        "remedy": fault.remedy,
        "who": fixes.who(fault, integration),
        "fix_url": way.page if way else "",
        "fix_label": way.label if way else "",
    }
