"""What a lost answer or a dead worker left behind: claims are given back, intents are settled by the same request or by asking."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from integrations.contract import Fault, Held, Outcome
from integrations.errors import DeliveryError
from integrations.models import IntegrationConfig
from runs import budget, lease, ledger, record, verify
from runs.build import Kit
from runs.models import Delivery, Exchange, IntegrationRun, Member, Status
from runs.points import point
from runs.send import perform

DEATHS_ALONE = 3
SETTLING = (Delivery.State.UNKNOWN, Delivery.State.ACCEPTED)
LOST = "We sent this Bill but the worker stopped before the answer came; we are asking the destination."


def free_dead_claims() -> int:
    """Claims that never came to an intent: nothing was sent, so their runs simply wait again. Returns how many."""
    gone = _abandoned(Delivery.State.CLAIMED)
    runs = IntegrationRun.objects.filter(delivery__in=gone, status=Status.STARTED)
    point("before freeing")
    with transaction.atomic():
        runs.filter(building=True).update(deaths=F("deaths") + 1)
        poisoned = runs.filter(deaths__gt=DEATHS_ALONE)
        poisoned.update(
            status=Status.ERROR,
            error_code="SET_ASIDE",
            building=False,
            dt_completed=timezone.now(),
            error="This Bill stopped the worker each time it was built, so it was set aside; the others went on.",
        )
        freed = runs.update(status=Status.WAITING, building=False)
        Delivery.objects.filter(pk__in=gone).update(state=Delivery.State.IDLE, claim=None, owner="", lease_until=None)
    point("freed")
    return freed


def lose_dead_intents() -> int:
    """Intents whose worker is gone: the request may have left, so their answers are lost until asked for. Returns how many deliveries."""
    gone = _abandoned(Delivery.State.SENDING)
    point("before losing")
    with transaction.atomic():
        runs = IntegrationRun.objects.filter(delivery__in=gone, status=Status.STARTED)
        runs.update(status=Status.UNKNOWN, error_code="UNKNOWN", building=False, error=LOST)
        Exchange.objects.filter(members__delivery__in=gone, state=Exchange.State.INTENT).update(next_look_at=timezone.now())
        lost = Delivery.objects.filter(pk__in=gone).update(state=Delivery.State.UNKNOWN, claim=None, owner="", lease_until=None)
    point("lost")
    return lost


def _abandoned(state: str) -> list[int]:
    """Deliveries whose lease ran out, or whose worker was a process of this machine that is gone."""
    held = list(Delivery.objects.filter(state=state).values_list("pk", "owner", "lease_until"))
    now = timezone.now()
    dead = {name for name in {owner for _, owner, _ in held} if lease.is_dead(name)}
    return [pk for pk, owner, until in held if owner in dead or until is None or until < now]


@dataclass(frozen=True)
class Grip:
    """An exchange whose unsettled members are all ours until the lease ends."""

    exchange: Exchange
    token: uuid.UUID
    members: list[Member]

    @property
    def whole(self) -> bool:
        return len(self.members) == self.exchange.members.count()


def settle(integration: IntegrationConfig, limit: int = 50) -> int:
    """Settles lost answers, also of an integration that is off; returns how many exchanges were looked at.

    Inside the destination's replay window the stored bytes go again under the same key; after it, or when only some of the members
    are open, the destination is asked.
    """
    if not integration.connected:
        return 0
    due = Exchange.objects.filter(integration=integration, next_look_at__lte=timezone.now()).exclude(state=Exchange.State.SETTLED)
    if not due.exists():
        return 0
    kit = Kit.of(integration)
    with budget.slots(kit) as parallel:
        return _settle(kit, list(due.order_by("next_look_at")[:limit]), parallel) if parallel else 0


def _settle(kit: Kit, due: Sequence[Exchange], parallel: int) -> int:
    now = timezone.now()
    grips = [grip for exchange in due if (grip := grasp(exchange))]
    jobs = [grip for grip in grips if grip.exchange.state == Exchange.State.ACCEPTED]
    again = [grip for grip in grips if grip not in jobs and grip.whole and _replayable(grip.exchange, now)]
    resend(kit, again, parallel)
    for grip in grips:
        if grip in jobs:
            follow(kit, grip)
        elif grip not in again:
            ask(kit, grip)
    return len(grips)


def grasp(exchange: Exchange) -> Grip | None:
    """Claims an exchange by all its unsettled members together; None when anybody else holds one."""
    token, now = uuid.uuid4(), timezone.now()
    members = list(exchange.members.filter(accepted=None).select_related("run__bill", "run__revision", "delivery"))
    point("before grasp")
    with transaction.atomic():
        free = Delivery.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), state__in=SETTLING)
        mine = free.filter(pk__in=[member.delivery_id for member in members])
        if not members or mine.update(claim=token, owner=lease.me(), lease_until=now + lease.LEASE, fence=F("fence") + 1) != len(members):
            transaction.set_rollback(True)
            return None
        exchange.sends, exchange.next_look_at = exchange.sends + 1, now + lease.LEASE
        exchange.save(update_fields=["sends", "next_look_at"])
        point("grasping")
    point("grasped")
    return Grip(exchange, token, members)


def _replayable(exchange: Exchange, now: dt.datetime) -> bool:
    return exchange.replay_until is not None and now < exchange.replay_until


def follow(kit: Kit, grip: Grip) -> None:
    """Asks how far an asynchronous job is."""
    point("before following")
    try:
        found = kit.client.follow(ledger.stored_request(grip.exchange), grip.exchange.job_url)
    except DeliveryError:
        found = [Outcome(member=member.key, job=grip.exchange.job_url) for member in grip.members]
    point("followed")
    by_key = {outcome.member: outcome for outcome in found}
    accepted = record.outcomes(kit, grip.token, grip.exchange, [(member, by_key[member.key]) for member in grip.members])
    verify.read_back(kit, accepted)


def resend(kit: Kit, grips: Sequence[Grip], parallel: int) -> None:
    """The same requests again, byte for byte."""
    if not grips:
        return
    Exchange.objects.filter(pk__in=[grip.exchange.pk for grip in grips]).update(sent_at=timezone.now())
    until = timezone.now() + lease.LEASE
    point("before resend")
    sent = perform(kit, [(grip.exchange, ledger.stored_request(grip.exchange)) for grip in grips], until, parallel)
    point("resent")
    for grip, each in zip(grips, sent, strict=True):
        verify.read_back(kit, record.answers(kit, grip.token, [each]))


def ask(kit: Kit, grip: Grip) -> None:
    """Looks for our documents: ours means accepted, certainly absent means not accepted, anything else stays open as a problem."""
    point("before asking")
    try:
        held = kit.client.held([(_told(member)["kind"], member.key) for member in grip.members])
    except DeliveryError as error:
        outcomes = [Outcome(member=member.key, fault=_inconclusive(error.sentence)) for member in grip.members]
    else:
        outcomes = [_verdict(kit, grip.exchange, member, held.get(member.key)) for member in grip.members]
    point("asked")
    accepted = record.outcomes(kit, grip.token, grip.exchange, [*zip(grip.members, outcomes, strict=True)])
    verify.read_back(kit, accepted)


def _told(member: Member) -> dict[str, Any]:
    document: dict[str, Any] = (member.run.explanation or {})["documents"][0]
    return document


def _verdict(kit: Kit, exchange: Exchange, member: Member, there: Held | None) -> Outcome:
    if there is not None and there.tag == _told(member)["tag"]:
        return Outcome(member=member.key, external_id=there.external_id, url=there.url)
    sent_at = exchange.sent_at or exchange.created_at
    if timezone.now() - sent_at < kit.destination.settle:
        return Outcome(member=member.key, fault=_inconclusive("It is too early to say that it did not arrive."))
    absent = Fault(code="NOT_ARRIVED", next="retry", title="The lost request did not arrive; it goes again.")
    return Outcome(member=member.key, fault=absent)


def _inconclusive(why: str) -> Fault:
    return Fault(code="UNKNOWN", next="unknown", title="We sent this Bill but the answer was lost; we are still asking.", detail=why)


def ask_now(run: IntegrationRun) -> Status:
    """A person's question about an UNKNOWN run: asks the destination at once, never sends. Returns the run's status afterwards."""
    member = run.members.filter(exchange__state=Exchange.State.INTENT).order_by("-exchange__created_at").first()
    grip = grasp(member.exchange) if member is not None and run.integration.connected else None
    if grip is not None:
        ask(Kit.of(run.integration), grip)
    run.refresh_from_db()
    return Status(run.status)
