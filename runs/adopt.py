"""Mark as synced: a document that stands at the destination already becomes the run's own, after it was looked at. Never sends."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing import store
from billing.money import round_half_up
from credentials.models import Credential
from integrations.contract import Held, Sought, changed
from integrations.errors import DeliveryError
from integrations.lines import money_text
from runs import problems
from runs.build import Kit, build
from runs.ledger import rested
from runs.models import NEEDS_PERSON, Delivery, IntegrationRun, Status
from runs.orders import NotPossibleError

OPEN_STILL = "An earlier request of this Bill may still arrive there; wait until its answer is settled, then try again."


@dataclass(frozen=True)
class Wanted:
    """What the document must be: `total` is the Bill's less what this integration leaves out, `customer` its name or id there."""

    kind: str
    key: str
    total: Decimal
    currency: str
    customer: str
    number: str


def wanted(run: IntegrationRun) -> Wanted:
    """As the run was built. NotPossibleError when it cannot be built."""
    told: list[dict[str, Any]] = (run.explanation or {}).get("documents") or []
    if not told:
        raise NotPossibleError("This Bill cannot be made into a document, so there is nothing to compare with.")
    document, customer = told[0], told[0].get("customer") or {}
    names = customer.get("name") or customer.get("id", "")
    return Wanted(document["kind"], document["key"], Decimal(document["total"]), document["currency"], names, document.get("number", ""))


def look(run: IntegrationRun, number: str) -> Held:
    """Asks the destination for the document: under our key, and under the number or id that a person gave.

    `run` with its Bill's source and its revision. NotPossibleError if there is none, or more than one.
    """
    refuse_unless_possible(run)
    kit = Kit.of(run.integration)
    try:
        if not run.explanation:
            build(kit, [run])
        wants = wanted(run)
        sought = Sought(wants.kind, wants.key, number=wants.number, external_id=run.delivery.external_id)
        ours = kit.client.held([sought]).get(wants.key)
        named = kit.client.by_number(wants.kind, number) if number else []
    except DeliveryError as error:
        raise NotPossibleError(f"{run.integration.system_label} could not be asked: {error.sentence}") from error
    return _chosen(run.integration.system_label, number, ours, named)


def _chosen(label: str, number: str, ours: Held | None, named: list[Held]) -> Held:
    if len(named) > 1:
        ids = ", ".join(held.external_id for held in named)
        raise NotPossibleError(f"{label} has {len(named)} documents with the number {number}; give the id of the right one: {ids}.")
    if number and not named:
        raise NotPossibleError(f"{label} has no document with the number or id {number} that this Bill could be.")
    found = named[0] if named else ours
    if found is None:
        raise NotPossibleError(f"{label} has no document under this Bill's key; give the number of the one that it is.")
    if ours is not None and ours.external_id != found.external_id:
        raise NotPossibleError(f"{label} already holds {ours.number} under this Bill's key, so {number} is another document.")
    return found


def refuse_unless_possible(run: IntegrationRun) -> None:
    """NotPossibleError unless the run needs a person, is the newest of its slot and nothing of it is on its way."""
    later = IntegrationRun.objects.filter(delivery=run.delivery_id, dt_created__gt=run.dt_created)
    gone = (Status.SUPERSEDED, Status.CANCELLED)
    if run.status not in NEEDS_PERSON or later.exclude(status__in=gone).exists():
        raise NotPossibleError("Only the newest run of a Bill can be marked as synced, while it needs a person.")
    if run.delivery.delivered and run.delivery.integration_id != run.integration_id:
        raise NotPossibleError(f"“{run.delivery.integration}” has posted this Bill to the same books.")
    if not run.integration.connected:
        raise NotPossibleError(f"{run.integration} is not connected, so the document cannot be looked at. Connect its credential first.")
    if not _free(run).exists():
        raise NotPossibleError(OPEN_STILL)


def differences(run: IntegrationRun, held: Held) -> list[str]:
    """Why a document cannot be the Bill's, as sentences; none when currency and total agree."""
    wants, label, told = wanted(run), run.integration.system_label, []
    if held.currency != wants.currency:
        told.append(f"{label} has it in {held.currency or 'no currency'}, the Bill is in {wants.currency}.")
    if held.total is None or held.total != wants.total:
        there = "no total" if held.total is None else _text(held.total, held.currency or wants.currency)
        told.append(f"{label} shows {there}, the Bill {_text(wants.total, wants.currency)}.")
    other = Delivery.objects.filter(system=run.delivery.system, tenant=run.delivery.tenant, kind=wants.kind, external_id=held.external_id)
    if taken := other.exclude(pk=run.delivery_id).select_related("bill").first():
        told.append(f"It is the document of {taken.bill} already.")
    return told


def adopt(run: IntegrationRun, held: Held, user: User | None) -> None:
    """Records the document as the run's. NotPossibleError when it differs from the Bill, or when the run has moved meanwhile.

    One person at a time for each tenant, so that two cannot give one document to two Bills.
    """
    with transaction.atomic():
        list(Credential.objects.select_for_update().filter(system=run.delivery.system, tenant=run.delivery.tenant))
        if told := differences(run, held):
            raise NotPossibleError(" ".join(told))
        if not _free(run).update(**_facts(run, held)) or not _complete(run, held, user):
            transaction.set_rollback(True)
            raise NotPossibleError(OPEN_STILL)
        run.refresh_from_db()
        problems.update(run.integration, [(run, None)])
        changed.send(IntegrationRun, actor=user, subject=run, verb="marked as synced", before=None, after=_told(held))


def _free(run: IntegrationRun) -> Any:
    now = timezone.now()
    return Delivery.objects.filter(rested("", now), pk=run.delivery_id, state=Delivery.State.IDLE)


def _complete(run: IntegrationRun, held: Held, user: User | None) -> int:
    blocked = IntegrationRun.objects.filter(pk=run.pk, status__in=NEEDS_PERSON)
    name = (user.get_full_name() or user.get_username()) if user else "a command"
    return blocked.update(
        status=Status.COMPLETE,
        error_code="",
        error="",
        detail=f"Marked as synced by {name}: {held.number or held.external_id} was there already; nothing was sent.",
        external_id=held.external_id,
        url=held.url,
        explanation=run.explanation,
        dt_completed=timezone.now(),
    )


def _facts(run: IntegrationRun, held: Held) -> dict[str, Any]:
    """The delivery's fields. The fence rises, so that a late worker's record is refused."""
    now, wants = timezone.now(), wanted(run)
    return {
        "origin": Delivery.Origin.ADOPTED,
        "integration": run.integration,
        "fence": F("fence") + 1,
        "kind": wants.kind,
        "key": held.key or wants.key,
        "external_id": held.external_id,
        "url": held.url,
        "number": held.number,
        "tag": held.tag,
        "total": held.total,
        "currency": held.currency,
        "held_status": held.status,
        "held_date": held.date,
        "posting_period": held.period,
        "subsidiary": held.subsidiary,
        "revision": run.revision,
        "slice_digest": store.slice_digest(store.read(run.revision)),
        "line_keys": [],
        "settled_by": run,
        "verified_at": now,
        "read_at": now,
    }


def _told(held: Held) -> dict[str, str]:
    total = _text(held.total, held.currency) if held.total is not None else ""
    return {"document": held.number, "external id": held.external_id, "total": total}


def _text(amount: Decimal, currency: str) -> str:
    """With the currency's digits, and with every digit where there are more."""
    rounded = round_half_up(amount, currency)
    return money_text(rounded if rounded == amount else amount, currency)
