"""What stands in the way of Bills, one line per cause, each with the page where it is put right."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from integrations import registry
from integrations.contract import Fault, Missing
from integrations.guard import CUSTOMER_CURRENCY
from integrations.models import IntegrationConfig
from runs import unusable
from runs.present import links
from runs.problems import MISSING_MAPPING, fingerprint_of
from runs.readiness import Blocked
from runs.unusable import Unusable


@dataclass
class Cause:
    """`label` and `url` are those of the button that leads to the remedy; without one there is nothing to be done here."""

    code: str
    title: str
    why: str
    remedy: str
    label: str = ""
    url: str = ""
    bills: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    @property
    def money(self) -> Mapping[str, Decimal]:
        """By currency, most Bills first."""
        return {currency: self.sums[currency] for currency, _ in sorted(self.counts.items(), key=lambda each: (-each[1], each[0]))}

    def hold(self, blocked: Blocked) -> None:
        bill = blocked.bill
        self.bills += 1
        self.counts[bill.currency] += 1
        self.sums[bill.currency] += bill.total


def causes(integration: IntegrationConfig, found: Iterable[Blocked], back: str) -> list[Cause]:
    """Every cause of these Bills, those of most Bills first; a Bill with two causes counts in both. Buttons return to `back`."""
    held: dict[str, Cause] = {}
    for blocked in found:
        for mark, cause in _of(integration, blocked, back):
            held.setdefault(mark, cause).hold(blocked)
    return sorted(held.values(), key=lambda cause: (-cause.bills, cause.title))


def _of(integration: IntegrationConfig, blocked: Blocked, back: str) -> Iterator[tuple[str, Cause]]:
    label = registry.system_label(integration.system)
    for missing in blocked.missing:
        mark = fingerprint_of(MISSING_MAPPING, missing.table, f"{missing.entity}:{missing.ref.id}")
        yield mark, _missing(integration, missing, label, back)
    for gone in blocked.unusable:
        fault = unusable.fault(gone, label)
        yield fingerprint_of(fault.code, fault.field, fault.entity), _unusable(integration, gone, fault, back)
    if not blocked.missing and not blocked.unusable:
        fault = blocked.fault
        by_mapping = fault.code == CUSTOMER_CURRENCY
        label, url = _customer(integration, blocked, back) if by_mapping else ("Open Bill", links.to_bill(blocked.bill.pk))
        cause = Cause(fault.code, blocked.why, fault.why, fault.remedy, label, url)
        yield fingerprint_of(fault.code, fault.field, fault.entity or str(blocked.bill.pk)), cause


def _missing(integration: IntegrationConfig, missing: Missing, label: str, back: str) -> Cause:
    name = missing.ref.name or missing.ref.code or missing.ref.id
    noun = missing.entity if missing.entity != "LineItemType" else "line item type"
    url = links.to_missing(missing, integration, back)
    if integration.options.get("enforceExternalMappingsForConfig") and "entity_type=" in url:
        url = f"{url}&integration={integration.pk}"
    title = f"{noun} “{name}” has no {missing.table} in {label}."
    return Cause(MISSING_MAPPING, title, "", "Choose it; its Bills go by themselves.", f"Map {name}", url)


def _customer(integration: IntegrationConfig, blocked: Blocked, back: str) -> tuple[str, str]:
    """The button to the mapping that names the customer, or to a new one."""
    account, customer = blocked.bill.account, blocked.customer
    if customer is not None and customer.mapping:
        return "Change mapping", links.url_if_any("mappings_externalmapping_change", customer.mapping, next=back)
    system = integration.system
    return f"Map {account}", links.to_new_mapping("Account", account.uid, system, links.table_for(system, "Account"), back)


def _unusable(integration: IntegrationConfig, gone: Unusable, fault: Fault, back: str) -> Cause:
    if gone.match.mapping:
        label, url = "Change mapping", links.url_if_any("mappings_externalmapping_change", gone.match.mapping, next=back)
    else:
        label, url = "Change options", links.url_if_any("integrations_integrationconfig_options", integration.pk)
    return Cause(fault.code, fault.title, gone.match.detail or str(gone.match.rule), fault.remedy, label, url)
