"""The button that does something about a cause, and where it leads."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from integrations.contract import Match, Missing
from integrations.models import IntegrationConfig
from runs.present import links
from runs.present.facts import RunFacts
from runs.present.words import Fix

Button = dict[str, Any]
"""parts/button.html: label, url, primary, post, disabled (the reason, shown beside it)."""

NO_MAPPING_RIGHT = "Someone with the permission to map chooses it."


def fix_button(facts: RunFacts, user: User | AnonymousUser, fix: Fix | None = None) -> Button | None:
    """None when nothing but a retry helps, or when this installation has no such page."""
    problem = facts.problem
    if fix is None and problem is not None and problem.fix_url:
        return {"label": problem.fix_label or "Fix", "url": problem.fix_url}
    chosen = fix or facts.words.fix
    button = _MAKERS[chosen](facts) if chosen in _MAKERS else None
    if button is None or not button["url"]:
        return None
    if chosen in (Fix.MAP, Fix.MAP_ITEM, Fix.MAP_CUSTOMER) and not user.has_perm("mappings.map"):
        return {"label": button["label"], "disabled": NO_MAPPING_RIGHT}
    return button


def map_button(missing: Missing, integration: IntegrationConfig, back: str) -> Button:
    """Leads to where what is missing is chosen."""
    name = missing.ref.name or missing.ref.code or missing.ref.id
    return {"label": f"Map {name}", "url": links.to_missing(missing, integration, back)}


def _map(facts: RunFacts) -> Button | None:
    run = facts.run
    return map_button(facts.missing[0], run.integration, links.to_run(run.pk)) if facts.missing else None


def _map_item(facts: RunFacts) -> Button | None:
    """The mapping behind the item that was refused; an item that an option chose is changed there."""
    if facts.document is None:
        return None
    lines = [line for line in facts.document.lines if line.item and line.item.id in facts.refused_items]
    mapped = next((line for line in lines if line.item and line.item.mapping), None)
    if mapped is None or mapped.item is None:
        return _options(facts) if lines else None
    return _change(mapped.item, mapped.description)


def _map_customer(facts: RunFacts) -> Button | None:
    account, customer = facts.run.bill.account, facts.document.customer if facts.document else None
    if customer is not None and customer.mapping:
        return _change(customer, str(account))
    system = facts.run.integration.system
    url = links.to_new_mapping("Account", account.uid, system, links.table_for(system, "Account"), links.to_run(facts.run.pk))
    return {"label": f"Map {account}", "url": url}


def _change(match: Match, name: str) -> Button:
    return {"label": f"Change mapping of {name}", "url": links.url_if_any("mappings_externalmapping_change", match.mapping)}


def _login(facts: RunFacts) -> Button:
    credential = facts.run.integration.credential_id
    url = links.url_if_any("credentials_credential_change", credential) if credential else links.to_integration(facts.run.integration_id)
    return {"label": "Reconnect", "url": url}


def _role(facts: RunFacts) -> Button | None:
    credential = facts.run.integration.credential
    if credential is None:
        return None
    return {"label": "Show the role's checklist", "url": links.url_if_any("credentials_credential_setup", credential.kind)}


def _bill(facts: RunFacts) -> Button:
    return {"label": "Open Bill", "url": links.to_bill(facts.run.bill_id)}


def _document(facts: RunFacts) -> Button | None:
    return {"label": f"Open {facts.held.name}", "url": facts.held.url} if facts.held else None


def _options(facts: RunFacts) -> Button:
    url = links.url_if_any("integrations_integrationconfig_options", facts.run.integration_id)
    return {"label": facts.words.label or "Change options", "url": url or links.to_integration(facts.run.integration_id)}


def _integration(facts: RunFacts) -> Button:
    return {"label": f"Open {facts.run.integration}", "url": links.to_integration(facts.run.integration_id)}


def _other(facts: RunFacts) -> Button:
    other = facts.run.delivery.integration
    return {"label": f"Open {other}", "url": links.to_integration(other.pk)}


_MAKERS: Mapping[Fix, Callable[[RunFacts], Button | None]] = {
    Fix.MAP: _map,
    Fix.MAP_ITEM: _map_item,
    Fix.MAP_CUSTOMER: _map_customer,
    Fix.LOGIN: _login,
    Fix.ROLE: _role,
    Fix.BILL: _bill,
    Fix.DOCUMENT: _document,
    Fix.OPTIONS: _options,
    Fix.INTEGRATION: _integration,
    Fix.OTHER: _other,
}
