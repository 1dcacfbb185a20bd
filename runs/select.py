"""Which Bills an integration owes, and why each other one is left out."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from billing import store
from billing.models import Bill, BillRevision
from integrations import registry
from integrations.account_filter import explain, parse
from integrations.models import IntegrationConfig
from integrations.reach import facts
from runs import void
from runs.models import OPEN, Delivery, IntegrationRun, Status
from runs.slots import CHAIN, MAIN, slots

CHUNK = 500

SUPERSEDABLE = (Status.WAITING, Status.AWAITING_RETRY, Status.RATE_LIMIT_RETRY, Status.AUTH_FAILED)


@dataclass(frozen=True)
class Selector:
    """The selection rules of one integration, in the order in which people are told about them."""

    integration: IntegrationConfig
    options: Mapping[str, Any]
    source_ids: frozenset[int]

    @classmethod
    def of(cls, integration: IntegrationConfig, options: Mapping[str, Any] | None = None) -> "Selector":
        chosen = integration.options if options is None else options
        return cls(integration, chosen, frozenset(integration.sources.values_list("id", flat=True)))

    def why_not(self, bill: Bill) -> str:
        """The first reason why this Bill does not go through this integration, or ""."""
        return self.not_able() or self.not_wanted(bill)

    def not_able(self) -> str:
        if self.integration.archived_at:
            return "The integration is archived."
        if self.integration.credential is None:
            return f"The integration is not yet connected to {self.integration.system_label}."
        if not self.integration.enabled:
            return "The integration is disabled."
        if not self.integration.connected:
            return f"{self.integration.system_label} refuses the credential's login."
        return ""

    def not_wanted(self, bill: Bill) -> str:
        checks = (
            self._wrong_source,
            self._wrong_account,
            self._wrong_state,
            self._withheld,
            self._other_level,
            self._too_early,
            self._worth_nothing,
            self._too_soon,
        )
        return next((reason for check in checks if (reason := check(bill))), "")

    def _wrong_source(self, bill: Bill) -> str:
        if self.source_ids and bill.source_id not in self.source_ids:
            return f"It comes from {bill.source}, which this integration does not take Bills from."
        return ""

    def _wrong_account(self, bill: Bill) -> str:
        account = bill.account
        if self.options.get("accountIds") and account.uid not in self.options["accountIds"]:
            return f"The Account {account} is not among the integration's Account ids."
        if account.uid in self.options.get("restrictedAccountIds", ()):
            return f"The Account {account} is among the integration's restricted Account ids."
        predicate = parse(self.options.get("accountFilter") or "")
        return "" if predicate(facts(account)) else f"The Account filter is false: {explain(predicate, facts(account))}"

    def _wrong_state(self, bill: Bill) -> str:
        if bill.status == Bill.Status.VOID:
            return "The Bill is void."
        if self.options.get("onlySendBillOnApproval") and bill.status != Bill.Status.APPROVED:
            return "The Bill is not approved yet."
        return ""

    def _withheld(self, bill: Bill) -> str:
        return bill.current_revision.document.get("withheld", "") if bill.current_revision else ""

    def _other_level(self, bill: Bill) -> str:
        """Of a consolidated Bill and those that it repeats only one side may go, or its money would go twice."""
        wanted = str(self.options.get("billConsolidation") or "CHILD").lower()
        if bill.consolidation_level in ("", wanted):
            return ""
        if wanted == "child":
            return "It only repeats what its own Bills say, and this integration sends those."
        return f"Its lines go with the consolidated Bill {bill.parent_bill or 'above it'}."

    def _too_early(self, bill: Bill) -> str:
        start = self.options.get("syncStartDate")
        if start and bill.bill_date < dt.date.fromisoformat(start):
            return f"It is dated before the sync start date, {start}."
        return ""

    def _worth_nothing(self, bill: Bill) -> str:
        if self.options.get("sendZeroTotalBills", True) or bill.total or not bill.current_revision:
            return ""
        charged = any(line.amount for line in store.read(bill.current_revision).lines)
        return "" if charged else "Its total is zero, and this integration leaves zero-total Bills out."

    def _too_soon(self, bill: Bill) -> str:
        first = self.options.get("runAfterIntegrationId")
        if not first:
            return ""
        posted = Delivery.objects.filter(integration_id=first, bill=bill, slot=MAIN).exclude(origin="").first()
        if posted is not None and bill.current_revision and posted.slice_digest == store.slice_digest(store.read(bill.current_revision)):
            return ""
        name = IntegrationConfig.objects.filter(pk=first).values_list("name", flat=True).first() or "another integration"
        return f"It goes only after “{name}” has posted it as it is now, which has not happened yet."


def candidates(selector: Selector) -> QuerySet[Bill]:
    """Bills whose current revision has no run in this integration yet, narrowed as far as SQL can."""
    options = selector.options
    had_run = IntegrationRun.objects.filter(integration=selector.integration, revision=OuterRef("current_revision"))
    bills = Bill.objects.filter(~Exists(had_run), current_revision__isnull=False)
    if selector.source_ids:
        bills = bills.filter(source__in=selector.source_ids)
    if options.get("accountIds"):
        bills = bills.filter(account__uid__in=options["accountIds"])
    if options.get("restrictedAccountIds"):
        bills = bills.exclude(account__uid__in=options["restrictedAccountIds"])
    if options.get("runAfterIntegrationId"):
        first = Delivery.objects.filter(integration_id=options["runAfterIntegrationId"], bill=OuterRef("pk"), slot=MAIN).exclude(origin="")
        bills = bills.filter(Exists(first))
    if options.get("onlySendBillOnApproval"):
        bills = bills.filter(status=Bill.Status.APPROVED)
    if options.get("syncStartDate"):
        bills = bills.filter(bill_date__gte=options["syncStartDate"])
    found = bills.exclude(status=Bill.Status.VOID).select_related("account", "source", "current_revision")
    return found.defer("current_revision__raw").order_by("id")


def chunks(bills: QuerySet[Bill]) -> Iterator[list[Bill]]:
    last = 0
    while chunk := list(bills.filter(id__gt=last)[:CHUNK]):
        yield chunk
        last = chunk[-1].pk


def select(integration: IntegrationConfig, now: dt.datetime | None = None) -> list[UUID]:
    """Makes a run for every Bill that qualifies and has none for its current revision; returns their ids. Safe to call twice and at once.

    With `now`, an integration on a schedule takes only what arrived before its last scheduled time; without, it takes everything.
    """
    supersede(integration)
    selector = Selector.of(integration)
    if selector.not_able():
        return []
    made: list[UUID] = []
    bills = candidates(selector)
    if now is not None and integration.trigger_type == IntegrationConfig.Trigger.SCHEDULE:
        bills = bills.filter(current_revision__received_at__lte=integration.last_due(now))
    for chunk in chunks(bills):
        wanted = [bill for bill in chunk if not selector.not_wanted(bill)]
        made += [run.pk for slot, bills in by_slot(integration, wanted).items() for run in order(integration, bills, slot)]
    for chunk in chunks(void.voided(integration)):
        made += [run.pk for run in order(integration, chunk, void.slot(integration))]
    return made


def by_slot(integration: IntegrationConfig, bills: Iterable[Bill]) -> dict[str, list[Bill]]:
    """Where the Bills' runs belong: one that becomes several documents has a run that stands for all of them."""
    chained = registry.destination(integration.system).chained
    found: dict[str, list[Bill]] = {}
    for bill in bills:
        document = store.read(bill.current_revision) if chained is not None and bill.current_revision is not None else None
        several = chained is not None and document is not None and chained(document, integration.options)
        found.setdefault(CHAIN if several else MAIN, []).append(bill)
    return found


def supersede(integration: IntegrationConfig) -> int:
    """A newer revision took over before sending: the older automatic runs end."""
    resting = (Delivery.State.IDLE, Delivery.State.CHAIN)
    stale = IntegrationRun.objects.filter(integration=integration, status__in=SUPERSEDABLE, delivery__state__in=resting)
    stale = stale.exclude(revision=models.F("bill__current_revision"))
    told = "A newer revision of the Bill took over before sending."
    return stale.update(status=Status.SUPERSEDED, dt_completed=timezone.now(), error=told)


def order(integration: IntegrationConfig, bills: Iterable[Bill], slot: str = MAIN) -> list[IntegrationRun]:
    """One automatic run per Bill for its current revision, in this slot of the integration's tenant."""
    wanted = list(bills)
    if not wanted:
        return []
    deliveries = slots(integration, wanted, slot)
    runs = [run for bill in wanted if (run := _run(integration, bill, deliveries[bill.pk])) is not None]
    IntegrationRun.objects.bulk_create(runs, ignore_conflicts=True)
    stored = set(IntegrationRun.objects.filter(pk__in=[run.pk for run in runs]).values_list("pk", flat=True))
    return [run for run in runs if run.pk in stored]


def _run(integration: IntegrationConfig, bill: Bill, delivery: Delivery) -> IntegrationRun | None:
    if bill.current_revision is None or _delivered_already(bill.current_revision, delivery, integration):
        return None
    run = IntegrationRun(
        integration=integration,
        bill=bill,
        revision=bill.current_revision,
        delivery=delivery,
        trigger=IntegrationRun.Trigger.REVISED if bill.current_revision.number > 1 else IntegrationRun.Trigger.CREATED,
        amount=bill.total,
        currency=bill.currency,
        post_on=delivery.settled_by.post_on if delivery.settled_by else None,
        next_attempt_at=timezone.now(),
    )
    return overlapping(run, delivery) if taken(delivery, integration) else run


def _delivered_already(revision: BillRevision, delivery: Delivery, integration: IntegrationConfig) -> bool:
    ours = delivery.delivered and delivery.integration_id == integration.pk and delivery.bill.status != Bill.Status.VOID
    return ours and delivery.slice_digest == store.slice_digest(store.read(revision))


def taken(delivery: Delivery, integration: IntegrationConfig) -> bool:
    """Another integration has posted this Bill to the same books, or is about to."""
    if delivery.integration_id == integration.pk:
        return False
    return delivery.delivered or delivery.runs.filter(status__in=OPEN).exists()


def overlapping(run: IntegrationRun, delivery: Delivery) -> IntegrationRun:
    """The run as refused: the slot belongs to another integration of the same books."""
    noun = next(iter(registry.destination(delivery.system).nouns.values()))
    document = f", {noun} {delivery.number or delivery.external_id}" if delivery.external_id else ""
    run.status, run.error_code, run.dt_completed = Status.ERROR, "OVERLAP", timezone.now()
    run.error = f"“{delivery.integration}” has already posted this Bill to the same books{document}."
    return run
