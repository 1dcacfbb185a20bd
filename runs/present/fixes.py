"""The page that does something about a cause, and the button that leads there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from integrations import registry
from integrations.contract import Fault, Match, Missing
from integrations.models import IntegrationConfig
from runs.models import IntegrationRun, Problem
from runs.present import links
from runs.present.facts import RunFacts
from runs.present.words import WHO, Fix, words_of

Button = dict[str, Any]
"""parts/button.html: label, url, primary, post, disabled (the reason, shown beside it)."""

NEEDED: Mapping[str, tuple[str, str]] = {
    "mappings_externalmapping_": ("mappings.map", "Someone with the permission to map chooses it."),
    "integrations_integrationconfig_options": ("integrations.configure", "Someone with the permission to configure changes it."),
}
"""Pages that not everybody may open: the permission, and what is said to who has it not."""


@dataclass(frozen=True)
class Way:
    """Where a button leads: `page` as links.stored keeps it."""

    label: str
    page: str

    def button(self, user: User | AnonymousUser, back: str) -> Button | None:
        """None when this installation has no such page; without the permission for it, a disabled one that says so."""
        for name, (permission, reason) in NEEDED.items():
            if self.page.startswith(name) and not user.has_perm(permission):
                return {"label": self.label, "disabled": reason}
        url = links.opened(self.page, back)
        return {"label": self.label, "url": url} if url else None


def fix_button(facts: RunFacts, user: User | AnonymousUser, fix: Fix | None = None) -> Button | None:
    """On the page of a run. None when nothing but a retry helps, or when this installation has no such page."""
    chosen = fix or facts.words.fix
    if chosen is Fix.DOCUMENT:
        return {"label": f"Open {facts.held.name}", "url": facts.held.url} if facts.held and facts.held.url else None
    problem = facts.problem
    way = way_of(facts, chosen) or (kept(problem) if problem and fix is None else None)
    return way.button(user, links.to_run(facts.run.pk)) if way else None


def way_of(facts: RunFacts, fix: Fix) -> Way | None:
    return _MAKERS[fix](facts) if fix in _MAKERS else None


def kept(problem: Problem) -> Way | None:
    """The page that was noted when the problem was opened."""
    return Way(problem.fix_label or "Fix", problem.fix_url) if problem.fix_url else None


def who(fault: Fault, integration: IntegrationConfig) -> str:
    """Who can fix it: as the destination says, else by what the fix is."""
    return fault.who or WHO.get(words_of(fault.status, fault.code).fix, "").format(label=integration.system_label)


def found_for(run: IntegrationRun, fault: Fault, missing: Missing | None) -> Way | None:
    """The page to be noted for a new problem. None when it is a page of each run: its own, its Bill's or its document's."""
    if missing is not None:
        return map_way(missing, run.integration)
    fix = Fix.LOGIN if fault.next == "auth" else words_of(fault.status, fault.code).fix
    return way_of(RunFacts(run), fix) if fix in _NOTED else None


def map_way(missing: Missing, integration: IntegrationConfig) -> Way:
    """To where what is missing is chosen."""
    name = missing.ref.name or missing.ref.code or missing.ref.id
    return Way(f"Map {name}", links.missing_page(missing, integration))


def _map(facts: RunFacts) -> Way | None:
    return map_way(facts.missing[0], facts.run.integration) if facts.missing else None


def _map_item(facts: RunFacts) -> Way | None:
    """The mapping behind the item that was refused; an item that an option chose is changed there."""
    if facts.document is None:
        return None
    lines = [line for line in facts.document.lines if line.item and line.item.id in facts.refused_items]
    mapped = next((line for line in lines if line.item and line.item.mapping), None)
    if mapped is None or mapped.item is None:
        return _options(facts) if lines else None
    return _change(mapped.item, mapped.description)


def _map_customer(facts: RunFacts) -> Way:
    account, customer = facts.run.bill.account, facts.document.customer if facts.document else None
    if customer is not None and customer.mapping:
        return _change(customer, str(account))
    system = facts.run.integration.system
    return Way(f"Map {account}", links.new_mapping("Account", account.uid, system, links.table_for(system, "Account")))


def _change(match: Match, name: str) -> Way:
    return Way(f"Change mapping of {name}", links.stored("mappings_externalmapping_change", match.mapping))


def _login(facts: RunFacts) -> Way:
    credential, integration = facts.run.integration.credential_id, facts.run.integration_id
    if credential is None:
        return Way("Reconnect", links.stored("integrations_integrationconfig_change", integration))
    return Way("Reconnect", links.stored("credentials_credential_change", credential))


def _role(facts: RunFacts) -> Way | None:
    """The destination's own checklist, where it has one; else what is done there before connecting."""
    integration = facts.run.integration
    if registry.destination(integration.system).preflight is not None:
        return Way("Show the role's checklist", links.stored("runs_checklist", integration.pk))
    if integration.credential is None:
        return None
    return Way("Show the role's checklist", links.stored("credentials_credential_setup", integration.credential.kind))


def _bill(facts: RunFacts) -> Way:
    return Way("Open Bill", links.stored("billing_bill_change", facts.run.bill_id))


def _options(facts: RunFacts) -> Way:
    label = facts.words.label or "Change options"
    return Way(label, links.stored("integrations_integrationconfig_options", facts.run.integration_id))


def _integration(facts: RunFacts) -> Way:
    return Way(f"Open {facts.run.integration}", links.stored("integrations_integrationconfig_change", facts.run.integration_id))


def _other(facts: RunFacts) -> Way:
    other = facts.run.delivery.integration
    return Way(f"Open {other}", links.stored("integrations_integrationconfig_change", other.pk))


_MAKERS: Mapping[Fix, Callable[[RunFacts], Way | None]] = {
    Fix.MAP: _map,
    Fix.MAP_ITEM: _map_item,
    Fix.MAP_CUSTOMER: _map_customer,
    Fix.LOGIN: _login,
    Fix.ROLE: _role,
    Fix.BILL: _bill,
    Fix.OPTIONS: _options,
    Fix.INTEGRATION: _integration,
    Fix.OTHER: _other,
}
_NOTED = (Fix.MAP, Fix.MAP_ITEM, Fix.MAP_CUSTOMER, Fix.LOGIN, Fix.ROLE, Fix.OPTIONS, Fix.INTEGRATION)
