"""How far an integration reaches: which Accounts its options take in, how many Bills those have, who else sends them."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from billing.models import Account, Bill, Source
from integrations.account_filter import parse
from integrations.models import IntegrationConfig

Allowed = Callable[[Account], bool]

MOST_ACCOUNTS = 50_000
NAMES = 3
_FIELDS = ("uid", "name", "code", "email", "currency", "address", "custom_fields")


@dataclass(frozen=True)
class Reach:
    """`names` are those of the first matched Accounts. `bills` have any date, `since` are those from the sync start date on.

    `this_month` are those from the first day of this month on.
    """

    ids: frozenset[int]
    names: tuple[str, ...]
    of: int
    bills: int
    since: int
    this_month: int

    @property
    def accounts(self) -> int:
        return len(self.ids)

    @property
    def capped(self) -> bool:
        """Whether there are more Accounts than were looked at."""
        return self.of >= MOST_ACCOUNTS


def facts(account: Account) -> dict[str, Any]:
    """An Account as the Account filter sees it; what nobody has told of it is null."""
    return {
        "id": account.uid,
        "accountName": account.name or None,
        "accountCode": account.code or None,
        "emailAddress": account.email or None,
        "currency": account.currency or None,
        "address": account.address,
        "customFields": account.custom_fields,
    }


def allowed(options: Mapping[str, Any]) -> Allowed:
    """The test that an Account must pass: both lists and the filter. FilterError when the filter is none."""
    only, never = set(options.get("accountIds") or ()), set(options.get("restrictedAccountIds") or ())
    passes = parse(options.get("accountFilter") or "")
    return lambda account: account.uid not in never and (not only or account.uid in only) and passes(facts(account))


def reach(options: Mapping[str, Any], sources: Collection[Source] = ()) -> Reach:
    """Accounts and Bills that these options take in; no source means every source. FilterError when the filter is none."""
    accounts = Account.objects.filter(source__in=sources) if sources else Account.objects.all()
    if not any(options.get(key) for key in ("accountIds", "restrictedAccountIds", "accountFilter")):
        ids = frozenset(accounts.values_list("pk", flat=True)[:MOST_ACCOUNTS])
        return Reach(ids, tuple(map(str, accounts[:NAMES])), len(ids), *_bills(options, sources, None))
    seen, test = list(accounts.only(*_FIELDS)[:MOST_ACCOUNTS]), allowed(options)
    matched = [account for account in seen if test(account)]
    ids = frozenset(account.pk for account in matched)
    return Reach(ids, tuple(map(str, matched[:NAMES])), len(seen), *_bills(options, sources, ids))


def overlaps(integration: IntegrationConfig, ids: frozenset[int]) -> list[tuple[IntegrationConfig, int]]:
    """Other integrations that send Bills of these Accounts to the same books, or may once both are connected, with how many Accounts."""
    others = IntegrationConfig.objects.filter(system=integration.system, entity_type=integration.entity_type, archived_at=None)
    others = others.exclude(pk=integration.pk).select_related("current_version", "credential").prefetch_related("sources")
    shared = [(other, len(ids & reach(other.options, other.sources.all()).ids)) for other in others if _same_books(integration, other)]
    return [(other, count) for other, count in shared if count]


def _same_books(one: IntegrationConfig, other: IntegrationConfig) -> bool:
    return not (one.credential and other.credential and one.credential.tenant != other.credential.tenant)


def _bills(options: Mapping[str, Any], sources: Collection[Source], ids: frozenset[int] | None) -> tuple[int, int, int]:
    """How many Bills there are, how many from the sync start date on, how many of this month; `ids` none means every Account."""
    bills = _sendable(options, sources)
    counts = {
        "any": Count("id"),
        "late": Count("id", filter=Q(bill_date__gte=options.get("syncStartDate") or "0001-01-01")),
        "recent": Count("id", filter=Q(bill_date__gte=month_start())),
    }
    if ids is None:
        counted = bills.aggregate(**counts)
        return counted["any"], counted["late"], counted["recent"]
    rows = [row for row in bills.values_list("account_id").annotate(**counts).order_by() if row[0] in ids]
    return sum(row[1] for row in rows), sum(row[2] for row in rows), sum(row[3] for row in rows)


def month_start() -> dt.date:
    return timezone.now().date().replace(day=1)


def _sendable(options: Mapping[str, Any], sources: Collection[Source]) -> QuerySet[Bill]:
    bills = Bill.objects.filter(source__in=sources) if sources else Bill.objects.all()
    if options.get("onlySendBillOnApproval"):
        return bills.filter(status=Bill.Status.APPROVED)
    return bills.exclude(status=Bill.Status.VOID)
