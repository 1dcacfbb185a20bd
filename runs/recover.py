"""What a lost answer or a dead worker left behind: claims are given back, intents are settled by the same request or by asking."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_

from django.db import transaction
from django.db.models import F, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from integrations.contract import Fault, Held, Outcome
from integrations.errors import DeliveryError
from integrations.models import IntegrationConfig
from runs import budget, lease, ledger, looking, record, steps, verify
from runs.build import Kit
from runs.gate import Gate
from runs.models import Delivery, Exchange, IntegrationRun, Member, Status
from runs.points import point
from runs.send import perform

DEATHS_ALONE = 3
NOT_ARRIVED = "NOT_ARRIVED"
SETTLING = (Delivery.State.UNKNOWN, Delivery.State.ACCEPTED)
LOST = "We sent this Bill but the worker stopped before the answer came; we are asking the destination."


def free_dead_claims() -> int:
    """Claims that never came to an intent: nothing was sent, so their runs simply wait again. Returns how many."""
    gone = _abandoned(Delivery.State.CLAIMED).get(Delivery.State.CLAIMED, [])
    if not gone:
        return 0
    point("before freeing")
    with transaction.atomic():
        held = _still(Delivery.State.CLAIMED, gone)
        runs = IntegrationRun.objects.filter(delivery__in=held, status=Status.STARTED)
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
        Delivery.objects.filter(pk__in=held).update(state=Delivery.State.IDLE, claim=None, owner="", lease_until=None)
        point("freeing")
    point("freed")
    return freed


def lose_dead_intents() -> int:
    """Intents whose worker is gone: the request may have left, so their answers are lost until asked for. Returns how many deliveries.

    Lost answers that a worker was asking about when it died are asked about again at once.
    """
    gone = _abandoned(Delivery.State.SENDING, *SETTLING)
    if not gone:
        return 0
    point("before losing")
    with transaction.atomic():
        held = {state: _still(state, claims) for state, claims in gone.items()}
        sent = held.get(Delivery.State.SENDING, [])
        runs = IntegrationRun.objects.filter(delivery__in=sent, status=Status.STARTED)
        runs.update(status=Status.UNKNOWN, error_code="UNKNOWN", building=False, error=LOST)
        for state, pks in held.items():
            left = Delivery.State.UNKNOWN if state == Delivery.State.SENDING else state
            Delivery.objects.filter(pk__in=pks).update(state=left, claim=None, owner="", lease_until=None)
        every = [pk for pks in held.values() for pk in pks]
        unsettled = Exchange.objects.filter(members__delivery__in=every, members__accepted=None).exclude(state=Exchange.State.SETTLED)
        unsettled.update(next_look_at=timezone.now())
        point("losing")
    point("lost")
    return len(sent)


def _abandoned(*states: str) -> dict[str, list[uuid.UUID]]:
    """By state the claims whose lease ran out, or whose worker was a process of this machine that is gone."""
    held = Delivery.objects.filter(state__in=states).exclude(claim=None).values_list("state", "claim", "owner", "lease_until").distinct()
    found, now, dead = defaultdict(list), timezone.now(), cache(lease.is_dead)
    for state, claim, owner, until in held:
        if claim and (until is None or until < now or dead(owner)):
            found[state].append(claim)
    return found


def _still(state: str, claims: Sequence[uuid.UUID]) -> list[int]:
    """Locks and names the deliveries that are in this state under these claims even now."""
    return list(Delivery.objects.select_for_update().filter(claim__in=claims, state=state).values_list("pk", flat=True))


@dataclass(frozen=True)
class Grip:
    """An exchange whose unsettled members are all ours until the lease ends."""

    exchange: Exchange
    token: uuid.UUID
    until: dt.datetime
    members: list[Member]

    @property
    def whole(self) -> bool:
        return len(self.members) == len(self.exchange.members.all())


def settle(integration: IntegrationConfig, limit: int = 50) -> int:
    """Settles lost answers, also of an integration that is off; returns how many exchanges were looked at.

    Inside the destination's replay window the stored bytes go again under the same key; after it, or when only some of the members
    are open, the destination is asked.
    """
    if not integration.connected:
        return 0
    if not due_in(integration).exists():
        return 0
    kit = Kit.of(integration)
    with budget.slots(kit) as parallel:
        return settle_due(kit, parallel, limit) if parallel else 0


def settle_due(kit: Kit, parallel: int, limit: int = 50) -> int:
    """The same with what `settle` needs at hand, at most `parallel` requests at a time."""
    return _settle(kit, _with_members(due_in(kit.integration).order_by("next_look_at")[:limit]), parallel)


def due_in(integration: IntegrationConfig | OuterRef) -> QuerySet[Exchange]:
    """The exchanges whose answer is to be looked for now."""
    return Exchange.objects.filter(integration=integration, next_look_at__lte=timezone.now()).exclude(state=Exchange.State.SETTLED)


def _with_members(exchanges: QuerySet[Exchange]) -> list[Exchange]:
    """With all that recording needs of each member, in order."""
    members = Member.objects.select_related("run__bill", "run__revision", "delivery").defer("run__revision__raw").order_by("position")
    return list(exchanges.prefetch_related(Prefetch("members", members)))


def _settle(kit: Kit, due: Sequence[Exchange], parallel: int) -> int:
    if not due:
        return 0
    now, token = timezone.now(), uuid.uuid4()
    grips = grasp(due, token) or [grip for exchange in due for grip in grasp([exchange], token)]
    jobs = [grip for grip in grips if grip.exchange.state == Exchange.State.ACCEPTED]
    again = [grip for grip in grips if grip not in jobs and grip.whole and _replayable(grip.exchange, now)]
    resend(kit, again, Gate(parallel))
    follow(kit, jobs)
    for grip in grips:
        if grip not in jobs and grip not in again:
            ask(kit, grip)
    steps.advance(member.run for grip in grips for member in grip.members)
    return len(grips)


def grasp(exchanges: Sequence[Exchange], token: uuid.UUID) -> list[Grip]:
    """Claims exchanges by all their unsettled members together; none when anybody else holds one or has looked at one of them since."""
    now = timezone.now()
    until = now + lease.LEASE
    grips = [Grip(each, token, until, [member for member in each.members.all() if member.accepted is None]) for each in exchanges]
    wanted = [member.delivery_id for grip in grips for member in grip.members]
    point("before grasp")
    with transaction.atomic():
        free = Delivery.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), state__in=SETTLING, pk__in=wanted)
        if (
            not all(grip.members for grip in grips)
            or free.update(claim=token, owner=lease.me(), lease_until=until, fence=F("fence") + 1) != len(wanted)
            or _same(exchanges).update(sends=F("sends") + 1, next_look_at=until) != len(exchanges)
        ):
            transaction.set_rollback(True)
            return []
        point("grasping")
    for exchange in exchanges:
        exchange.sends += 1
    point("grasped")
    return grips


def _same(exchanges: Sequence[Exchange]) -> QuerySet[Exchange]:
    """Those that are as they were read."""
    asread = (Q(pk=exchange.pk, state=exchange.state, sends=exchange.sends) for exchange in exchanges)
    return Exchange.objects.filter(reduce(or_, asread, Q(pk=None)))


def _replayable(exchange: Exchange, now: dt.datetime) -> bool:
    return exchange.replay_until is not None and now < exchange.replay_until


def follow(kit: Kit, grips: Sequence[Grip]) -> None:
    """Asks how far asynchronous jobs are."""
    if grips:
        told = [(grip.exchange, _progress(kit, grip)) for grip in grips]
        verify.read_back(kit, record.outcomes(kit, grips[0].token, told))


def _progress(kit: Kit, grip: Grip) -> list[looking.Pair]:
    point("before following")
    try:
        found = kit.client.follow(ledger.stored_request(grip.exchange), grip.exchange.job_url)
    except DeliveryError:
        found = [Outcome(member=member.key, job=grip.exchange.job_url) for member in grip.members]
    point("followed")
    by_key = {outcome.member: outcome for outcome in found}
    return [(member, by_key[member.key]) for member in grip.members]


def resend(kit: Kit, grips: Sequence[Grip], gate: Gate) -> None:
    """The same requests again, byte for byte."""
    if not grips:
        return
    Exchange.objects.filter(pk__in=[grip.exchange.pk for grip in grips]).update(sent_at=timezone.now())
    point("before resend")
    pairs = [(grip.exchange, ledger.stored_request(grip.exchange)) for grip in grips]
    sent = perform(kit, pairs, min(grip.until for grip in grips), gate)
    point("resent")
    accepted: list[record.Accepted] = []
    for grip, each in zip(grips, sent, strict=True):
        said = record.said(kit, each, grip.members)
        record.heed(kit, [outcome for _, outcome in said])
        accepted += record.keep(kit, grip.token, [(each, _second_word(kit, grip.exchange, said))], _rest(kit, grip.exchange))
    verify.read_back(kit, accepted)


def _second_word(kit: Kit, exchange: Exchange, said: Sequence[looking.Pair]) -> list[looking.Pair]:
    """What the answer to a repeated request settles: a refusal says nothing about the sending before it, whose answer was lost.

    What may pass by itself leaves the question open; a no is believed once the document is certainly not there.
    """
    refused = [member for member, outcome in said if outcome.fault is not None and outcome.fault.next == "person"]
    try:
        held = looking.held(kit, refused)
    except DeliveryError as error:
        return [(member, outcome if member not in refused else _still_asking(member, error.sentence)) for member, outcome in said]
    return [(member, _weighed(kit, exchange, member, outcome, held)) for member, outcome in said]


def _weighed(kit: Kit, exchange: Exchange, member: Member, outcome: Outcome, held: Mapping[str, Held]) -> Outcome:
    if outcome.fault is None or outcome.fault.next == "unknown":
        return outcome
    if outcome.fault.next != "person":
        return _still_asking(member, outcome.fault.title)
    verdict = _verdict(kit, exchange, member, held.get(member.key))
    return outcome if verdict.fault is not None and verdict.fault.code == NOT_ARRIVED else verdict


def _rest(kit: Kit, exchange: Exchange) -> dt.datetime:
    """Until when a request whose answer was lost may still arrive: the slot's next document waits that long."""
    return (exchange.sent_at or exchange.created_at) + kit.destination.settle


def ask(kit: Kit, grip: Grip) -> None:
    """Looks for our documents: ours means accepted, certainly absent means not accepted, anything else stays open as a problem."""
    try:
        held = looking.held(kit, grip.members)
    except DeliveryError as error:
        outcomes = [_still_asking(member, error.sentence) for member in grip.members]
    else:
        outcomes = [_verdict(kit, grip.exchange, member, held.get(member.key)) for member in grip.members]
    found = [*zip(grip.members, outcomes, strict=True)]
    verify.read_back(kit, record.outcomes(kit, grip.token, [(grip.exchange, found)], _rest(kit, grip.exchange)))


def _verdict(kit: Kit, exchange: Exchange, member: Member, there: Held | None) -> Outcome:
    if there is not None and there.tag == looking.told(member)["tag"]:
        return Outcome(member=member.key, external_id=there.external_id, url=there.url)
    if timezone.now() < _rest(kit, exchange):
        return _still_asking(member, "It is too early to say that it did not arrive.")
    absent = Fault(code=NOT_ARRIVED, next="retry", title="The lost request did not arrive; it goes again.")
    return Outcome(member=member.key, fault=absent)


def _still_asking(member: Member, why: str) -> Outcome:
    title = "We sent this Bill but the answer was lost; we are still asking."
    return Outcome(member=member.key, fault=Fault(code="UNKNOWN", next="unknown", title=title, detail=why))


def ask_now(run: IntegrationRun) -> Status:
    """A person's question about an UNKNOWN run: asks the destination at once, never sends. Returns the run's status afterwards."""
    sent = Exchange.objects.filter(members__run=run, state=Exchange.State.INTENT).order_by("-created_at")[:1]
    for grip in grasp(_with_members(sent), uuid.uuid4()) if run.integration.connected else ():
        ask(Kit.of(run.integration), grip)
    steps.advance([run])
    run.refresh_from_db()
    return Status(run.status)
