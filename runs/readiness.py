"""Before the run: which Bills would go through an integration, which would not and why, and the money that is held up."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef

from billing import store
from billing.models import Bill
from integrations import registry
from integrations.contract import Fault
from integrations.models import IntegrationConfig
from runs.build import lookups_for, plan_for, stamp_of
from runs.models import IntegrationRun, Status
from runs.select import Selector, chunks

Money = dict[str, Decimal]


@dataclass
class Readiness:
    """`blocked` has (Bill, fault), `left_out` (Bill, reason); money is per currency."""

    goes: int = 0
    goes_money: Money = field(default_factory=lambda: defaultdict(Decimal))
    blocked: list[tuple[Bill, Fault]] = field(default_factory=list)
    blocked_money: Money = field(default_factory=lambda: defaultdict(Decimal))
    left_out: list[tuple[Bill, str]] = field(default_factory=list)
    not_able: str = ""

    def add(self, bill: Bill, fault: Fault | None) -> None:
        if fault is None:
            self.goes += 1
            self.goes_money[bill.currency] += bill.total
        else:
            self.blocked.append((bill, fault))
            self.blocked_money[bill.currency] += bill.total

    def as_json(self) -> dict[str, Any]:
        return {
            "goes": self.goes,
            "goes_money": _plain(self.goes_money),
            "blocked": [{"bill": bill.uid, "code": fault.code, "why": fault.title} for bill, fault in self.blocked],
            "blocked_money": _plain(self.blocked_money),
            "left_out": [{"bill": bill.uid, "why": reason} for bill, reason in self.left_out],
            "not_able": self.not_able,
        }


def _plain(money: Money) -> dict[str, str]:
    return {currency: f"{amount.normalize():f}" for currency, amount in sorted(money.items())}


def readiness(integration: IntegrationConfig) -> Readiness:
    """Looks at every Bill whose current revision is not posted by this integration. Reads only what is stored here."""
    selector = Selector.of(integration)
    found = Readiness(not_able=selector.not_able())
    for chunk in _unposted(integration):
        wanted = []
        for bill in chunk:
            reason = selector.not_wanted(bill)
            if reason:
                found.left_out.append((bill, reason))
            else:
                wanted.append(bill)
        for bill, fault in _judged(integration, wanted):
            found.add(bill, fault)
    return found


def _unposted(integration: IntegrationConfig) -> Iterator[list[Bill]]:
    posted = IntegrationRun.objects.filter(integration=integration, revision=OuterRef("current_revision"), status=Status.COMPLETE)
    bills = Bill.objects.filter(~Exists(posted), current_revision__isnull=False)
    return chunks(bills.select_related("account", "source", "current_revision").order_by("id"))


def _judged(integration: IntegrationConfig, bills: list[Bill]) -> Iterator[tuple[Bill, Fault | None]]:
    destination, options = registry.destination(integration.system), integration.options
    revisions = [bill.current_revision for bill in bills if bill.current_revision is not None]
    documents = store.load(revisions)
    owned = [(bill.source_id, documents[bill.current_revision.pk]) for bill in bills if bill.current_revision is not None]
    lookups = lookups_for(integration, options, owned, None)
    for bill, (source, document) in zip(bills, owned, strict=True):
        stamp = stamp_of(bill.source, 1, 1)
        yield bill, plan_for(destination, document, options, lookups[source], stamp)[1]
