"""Before the run: which Bills would go through an integration, which would not and why, and the money that is held up."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef

from billing import store
from billing.models import Bill
from integrations import registry
from integrations.contract import Fault, Match, Missing, Plan
from integrations.models import IntegrationConfig
from mappings import catalogue
from runs import unusable
from runs.build import lookups_for, plan_for, stamp_of
from runs.models import IntegrationRun, Status
from runs.select import CHUNK, Selector, chunks
from runs.unusable import Unusable

Money = dict[str, Decimal]


@dataclass(frozen=True)
class Blocked:
    """A Bill that would be stopped: by our own guard, or by the destination because it no longer has a record in use."""

    bill: Bill
    fault: Fault
    missing: tuple[Missing, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    customer: Match | None = None

    @property
    def why(self) -> str:
        """The fault's title, in which nothing has been tried yet."""
        said = self.fault.title.removeprefix("Nothing was sent: ")
        return said[:1].upper() + said[1:]


@dataclass
class Readiness:
    """`left_out` has (Bill, reason); money is per currency. `more`: not every Bill was looked at."""

    goes: int = 0
    goes_money: Money = field(default_factory=lambda: defaultdict(Decimal))
    blocked: list[Blocked] = field(default_factory=list)
    blocked_money: Money = field(default_factory=lambda: defaultdict(Decimal))
    left_out: list[tuple[Bill, str]] = field(default_factory=list)
    not_able: str = ""
    going: list[Bill] = field(default_factory=list)
    more: bool = False

    def add(self, bill: Bill, blocked: Blocked | None) -> None:
        if blocked is None:
            self.goes += 1
            self.goes_money[bill.currency] += bill.total
            self.going.append(bill)
        else:
            self.blocked.append(blocked)
            self.blocked_money[bill.currency] += bill.total

    def as_json(self) -> dict[str, Any]:
        return {
            "goes": self.goes,
            "goes_money": _plain(self.goes_money),
            "blocked": [{"bill": each.bill.uid, "code": each.fault.code, "why": each.fault.title} for each in self.blocked],
            "blocked_money": _plain(self.blocked_money),
            "left_out": [{"bill": bill.uid, "why": reason} for bill, reason in self.left_out],
            "not_able": self.not_able,
        }


def _plain(money: Money) -> dict[str, str]:
    return {currency: f"{amount.normalize():f}" for currency, amount in sorted(money.items())}


def readiness(integration: IntegrationConfig, most: int = 0) -> Readiness:
    """Looks at every Bill whose current revision is not posted by this integration, or at the `most` that came first.

    Reads only what is stored here; what depends on a table that is read before sending is not held against a Bill.
    """
    selector = Selector.of(integration)
    found = Readiness(not_able=selector.not_able())
    unposted = _unposted(integration)
    for chunk in islice(unposted, -(-most // CHUNK)) if most else unposted:
        wanted = []
        for bill in chunk:
            if reason := selector.not_wanted(bill):
                found.left_out.append((bill, reason))
            else:
                wanted.append(bill)
        for bill, blocked in _judged(integration, wanted):
            found.add(bill, blocked)
    found.more = next(unposted, None) is not None
    return found


def _unposted(integration: IntegrationConfig) -> Iterator[list[Bill]]:
    runs = IntegrationRun.objects.filter(integration=integration, revision=OuterRef("current_revision"), parent=None)
    posted = runs.filter(status=Status.COMPLETE)
    bills = Bill.objects.filter(~Exists(posted), current_revision__isnull=False)
    return chunks(bills.select_related("account", "source", "current_revision").defer("current_revision__raw").order_by("id"))


def _judged(integration: IntegrationConfig, bills: list[Bill]) -> Iterator[tuple[Bill, Blocked | None]]:
    planned = list(_planned(integration, bills))
    tenant = integration.credential.tenant if integration.credential else ""
    named = {key for _, plan, _ in planned for key in unusable.named(integration.system, plan)}
    seen = catalogue.seen(named, tenant) if tenant else {}
    for bill, plan, fault in planned:
        gone = tuple(unusable.gone_from(integration.system, plan, seen))
        if fault is None and gone:
            fault = unusable.fault(gone[0], registry.system_label(integration.system))
        yield bill, Blocked(bill, fault, plan.missing, gone, _customer(plan)) if fault else None


def _customer(plan: Plan) -> Match | None:
    return next((document.customer for document in plan.documents), None)


def _planned(integration: IntegrationConfig, bills: list[Bill]) -> Iterator[tuple[Bill, Plan, Fault | None]]:
    destination, options = registry.destination(integration.system), integration.options
    revisions = [bill.current_revision for bill in bills if bill.current_revision is not None]
    documents = store.load(revisions)
    owned = [(bill.source_id, documents[revision.pk]) for bill, revision in zip(bills, revisions, strict=True)]
    lookups = lookups_for(integration, options, owned, None)
    for bill, (source, document) in zip(bills, owned, strict=True):
        plan, fault = plan_for(destination, document, options, lookups[source], stamp_of(bill.source, 1, 1))
        yield bill, plan, None if plan.unread and fault is plan.fault else fault
