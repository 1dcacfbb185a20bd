"""The only writes to deliveries, exchanges and runs while work is under way: each one set-based and fenced by its claim."""

import datetime as dt
import hashlib
import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from integrations.contract import Answer, Request
from integrations.http import redact_text
from integrations.models import IntegrationConfig
from runs import lease, rows
from runs.models import DUE, Delivery, Exchange, IntegrationRun, Member, Status
from runs.points import point

NAMESPACE = uuid.UUID("6b3c7a52-6f0e-5f7a-9c53-0d9a4c9f3a11")
ANSWER_CAP = 20_000
UNREAD = ("bill__current_revision", "revision__raw", "delivery__revision__raw", "delivery__revision__document")
ANSWER_FIELDS = ["note", "status_code", "milliseconds", "trace", "answer", "answered_at", "state", "next_look_at", "job_url"]


@dataclass
class Claim:
    """Runs that are ours until `until`: nobody else's record under another token counts. `members` of each exchange, once it is stored."""

    token: uuid.UUID
    until: dt.datetime
    integration: IntegrationConfig
    replay_window: dt.timedelta
    runs: list[IntegrationRun] = field(default_factory=list)
    members: dict[int, list[Member]] = field(default_factory=dict)

    def lasts(self, seconds: float) -> bool:
        return timezone.now() + dt.timedelta(seconds=seconds) < self.until


def due(integration: IntegrationConfig | OuterRef, now: dt.datetime) -> models.QuerySet[IntegrationRun]:
    """The runs whose time has come and whose slot is free."""
    runs = _may_go(integration).filter(next_attempt_at__lte=now)
    return runs.filter(rested("delivery__", now), delivery__state=Delivery.State.IDLE)


def _may_go(integration: IntegrationConfig | OuterRef) -> models.QuerySet[IntegrationRun]:
    return IntegrationRun.objects.filter(unblocked(), integration=integration, status__in=DUE, waits_for="")


def folded(integration: IntegrationConfig | OuterRef, now: dt.datetime) -> models.QuerySet[IntegrationRun]:
    """The runs that stand for several documents which are not told yet, and whose time has come."""
    waiting = IntegrationRun.objects.filter(integration=integration, delivery__state=Delivery.State.CHAIN, sequence=0)
    return waiting.filter(status__in=DUE, next_attempt_at__lte=now)


def unblocked() -> Q:
    """Runs of no chain, and those of one whose steps before are complete."""
    before = IntegrationRun.objects.filter(parent=OuterRef("parent"), sequence__lt=OuterRef("sequence")).exclude(status=Status.COMPLETE)
    return Q(parent=None) | ~Q(Exists(before))


def claim(integration: IntegrationConfig, limit: int, replay_window: dt.timedelta) -> Claim:
    """Takes up to `limit` due runs through their deliveries, in one short transaction; a person's orders first.

    A delivery that is SENDING or UNKNOWN is not claimable, so two revisions of one Bill never fly at once. A run that was in the
    hands of a worker that died is claimed alone.
    """
    point("before claim")
    now = timezone.now()
    taken = Claim(uuid.uuid4(), now + lease.LEASE, integration, replay_window)
    first = due(integration, now).order_by("automatic", "deaths", "next_attempt_at").values_list("deaths", "delivery_id")[:limit]
    suspects = [delivery for deaths, delivery in first if deaths]
    wanted = suspects[:1] if suspects and len(suspects) == len(first) else [delivery for deaths, delivery in first if not deaths]
    if not wanted:
        return taken
    with transaction.atomic():
        held = _take(taken, wanted)
        point("claimed")
        mine = _may_go(integration).filter(delivery__claim=taken.token)
        taken.runs = _start(_newest(mine), now)
        if len(taken.runs) < held:
            others = Delivery.objects.filter(claim=taken.token, state=Delivery.State.CLAIMED)
            _let_go(others.exclude(pk__in=[run.delivery_id for run in taken.runs]))
    point("started")
    return taken


def _take(taken: Claim, wanted: Iterable[int]) -> int:
    """What another worker has under its hands right now is left to it, and never waited for. Returns how many are ours."""
    free = Delivery.objects.select_for_update(skip_locked=True).filter(pk__in=wanted, state=Delivery.State.IDLE)
    mine = Delivery.objects.filter(pk__in=list(free.values_list("pk", flat=True)))
    return mine.update(state=Delivery.State.CLAIMED, claim=taken.token, owner=lease.me(), lease_until=taken.until, fence=F("fence") + 1)


def rested(prefix: str, now: dt.datetime) -> Q:
    """A slot whose last answer was lost takes no new document while the lost request may still arrive."""
    return Q(**{f"{prefix}lease_until": None}) | Q(**{f"{prefix}lease_until__lte": now})


def _newest(runs: models.QuerySet[IntegrationRun]) -> list[IntegrationRun]:
    """One run per delivery: the newest revision's; the others are superseded."""
    best: dict[int, IntegrationRun] = {}
    found = list(
        runs.select_related("bill__source", "bill__account", "revision", "delivery__revision")
        .defer(*UNREAD)
        .order_by("revision__number", "dt_created")
    )
    for run in found:
        best[run.delivery_id] = run
    chosen = list(best.values())
    if len(chosen) < len(found):
        others = runs.exclude(pk__in=[run.pk for run in chosen])
        others.update(status=Status.SUPERSEDED, dt_completed=timezone.now(), error="A newer run of the same Bill took over before sending.")
    return chosen


def _start(runs: list[IntegrationRun], now: dt.datetime) -> list[IntegrationRun]:
    """Those that still were to be sent when they were started: a person may have cancelled one since it was read."""
    point("starting")
    mine = IntegrationRun.objects.filter(pk__in=[run.pk for run in runs])
    started = mine.filter(status__in=DUE).update(
        status=Status.STARTED, dt_started=now, claims=F("claims") + 1, building=True, error="", error_code="", detail="", dt_completed=None
    )
    for run in runs:
        run.status, run.dt_started, run.building, run.dt_completed = Status.STARTED, now, True, None
        run.error = run.error_code = run.detail = ""
    if started == len(runs):
        return runs
    left = set(mine.filter(status=Status.STARTED).values_list("pk", flat=True))
    return [run for run in runs if run.pk in left]


def _let_go(deliveries: models.QuerySet[Delivery]) -> None:
    deliveries.update(state=Delivery.State.IDLE, claim=None, owner="", lease_until=None)


def request_key(tenant: str, marks: Iterable[tuple[str, int]], body: bytes) -> str:
    """The same act has the same key: tenant, (document key, generation) of each member, and the body's digest."""
    act = "|".join([tenant, *(f"{key}#{generation}" for key, generation in marks), hashlib.sha256(body).hexdigest()])
    return str(uuid.uuid5(NAMESPACE, act))


def intend(taken: Claim, requests: Sequence[Request], runs: Mapping[str, IntegrationRun]) -> list[Exchange]:
    """Writes the intent and commits: one exchange per request with its members and whole body, its deliveries SENDING.

    `runs` by document key. Nothing is written, and so nothing sent, when any member's claim is no longer ours.
    """
    point("before intent")
    now = timezone.now()
    carried = [runs[key] for request in requests for key in request.members]
    with transaction.atomic():
        held = Delivery.objects.filter(pk__in=[run.delivery_id for run in carried], claim=taken.token, state=Delivery.State.CLAIMED)
        if held.update(state=Delivery.State.SENDING, generation=F("generation") + 1, integration=taken.integration) != len(carried):
            transaction.set_rollback(True)
            return []
        exchanges = Exchange.objects.bulk_create([_exchange(taken, request, now) for request in requests])
        for exchange, request in zip(exchanges, requests, strict=True):
            taken.members[exchange.pk] = [_member(exchange, place, key, runs[key]) for place, key in enumerate(request.members)]
        Member.objects.bulk_create(member for exchange in exchanges for member in taken.members[exchange.pk])
        _keep(carried)
        point("intending")
    point("intent stored")
    return exchanges


def _member(exchange: Exchange, position: int, key: str, run: IntegrationRun) -> Member:
    return Member(exchange=exchange, run=run, delivery=run.delivery, position=position, key=key, fence=run.delivery.fence)


def _keep(runs: list[IntegrationRun]) -> None:
    for run in runs:
        run.attempts, run.building = run.attempts + 1, False
        delivery = run.delivery
        delivery.state, delivery.generation, delivery.integration_id = Delivery.State.SENDING, delivery.generation + 1, run.integration_id
    rows.update(runs, ["attempts", "building", "amount", "explanation", "version"])


def _exchange(taken: Claim, request: Request, now: dt.datetime) -> Exchange:
    integration = taken.integration
    window = taken.replay_window if request.replay_window is None else request.replay_window
    return Exchange(
        system=integration.system,
        tenant=_tenant(integration),
        integration=integration,
        credential=integration.credential,
        method=request.method,
        url=request.url,
        headers=dict(request.headers),
        key=request.key,
        body=zlib.compress(request.body),
        body_digest=hashlib.sha256(request.body).hexdigest(),
        sends=1,
        first_sent_at=now,
        sent_at=now,
        replay_until=now + window,
        next_look_at=now + lease.LEASE,
    )


def _tenant(integration: IntegrationConfig) -> str:
    return integration.credential.tenant if integration.credential else ""


def stored_request(exchange: Exchange) -> Request:
    """The request exactly as it was stored, for sending it again."""
    return Request(
        method=exchange.method,
        url=exchange.url,
        headers=exchange.headers,
        body=zlib.decompress(exchange.body),
        key=exchange.key,
        members=tuple(member.key for member in sorted(exchange.members.all(), key=lambda member: member.position)),
    )


def take_answer(exchange: Exchange, answer: Answer | None, note: str, state: str, next_look: dt.datetime) -> None:
    """The answer as received, redacted and capped, in memory; the exchange stays open while any member is unknown or a job runs."""
    exchange.note = note
    if answer is not None:
        exchange.status_code, exchange.milliseconds, exchange.trace = answer.status, answer.milliseconds, answer.trace
        exchange.answer = redact_text(answer.body.decode("utf-8", "replace"))[:ANSWER_CAP]
        exchange.answered_at = timezone.now()
    exchange.state = state
    exchange.next_look_at = None if state == Exchange.State.SETTLED else next_look


def keep_answers(exchanges: Iterable[Exchange], answered: bool) -> None:
    """Stores what was noted of exchanges that were answered, or that were not.

    An answered sending that settles nothing is not one that may still arrive: `sent_at` stays that of the one before it.
    """
    rows.update(exchanges, [*ANSWER_FIELDS, "sent_at"] if answered else ANSWER_FIELDS)


def ours(token: uuid.UUID, deliveries: Iterable[int]) -> set[int]:
    """Locks and names the deliveries that are still under this claim; a late worker's are not among them."""
    held = Delivery.objects.select_for_update().filter(pk__in=list(deliveries), claim=token)
    return set(held.values_list("pk", flat=True))


def give_back(token: uuid.UUID) -> None:
    """Runs that were claimed but not sent wait again at once."""
    mine = Delivery.objects.filter(claim=token, state=Delivery.State.CLAIMED)
    IntegrationRun.objects.filter(delivery__in=mine, status=Status.STARTED).update(status=Status.WAITING, building=False)
    _let_go(mine)
