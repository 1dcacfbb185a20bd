"""The external systems, and the page of each: its configurations and its credentials."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from integrations import registry, views
from integrations.contract import System
from integrations.details import with_last_run
from integrations.models import IntegrationConfig

CREDENTIALS = "credentials.view_credential"
ADD = "admin:integrations_integrationconfig_add"


@dataclass(frozen=True)
class Shown:
    """A system with what belongs to it: integrations that are not archived, credentials as far as the person may see them."""

    system: System
    configurations: list[IntegrationConfig] = field(default_factory=list)
    credentials: list[Any] = field(default_factory=list)


@require_safe
def every(request: HttpRequest) -> HttpResponse:
    """The external systems; each leads to its page."""
    views.require(request, views.SEE, views.CONFIGURE, views.OPERATE)
    shown = [Shown(system, list(_configurations(system)), _credentials(request, system)) for system in registry.systems()]
    context = admin.site.each_context(request) | {"title": "External systems", "systems": shown}
    return render(request, "integrations/systems.html", context)


@require_safe
def one(request: HttpRequest, name: str) -> HttpResponse:
    """Everything that concerns one external system."""
    views.require(request, views.SEE, views.CONFIGURE, views.OPERATE)
    system = next((each for each in registry.systems() if each.name == name), None)
    if system is None:
        raise Http404
    here = reverse("admin:integrations_integrationconfig_system", args=(name,))
    context = admin.site.each_context(request) | {
        "title": system.label,
        "shown": Shown(system, list(_configurations(system)), _credentials(request, system)),
        "starts": _starts(name) if request.user.has_perm(views.CONFIGURE) else [],
        "sees_credentials": request.user.has_perm(CREDENTIALS),
        "may_connect": request.user.has_perm(views.CONNECT),
        "query": urlencode({"system": name, "next": here}),
        "nav_current": "admin:integrations_integrationconfig_systems",
    }
    return render(request, "integrations/system.html", context)


def _starts(name: str) -> list[tuple[str, str]]:
    """For each entity type that the system takes: what is configured, and the address of the wizard's third stage."""
    address = reverse(ADD)
    queries = {entity: urlencode({"entity_type": entity, "system": name}) for entity in registry.destination(name).entity_types}
    return [(f"Configure {entity.lower()} integration", f"{address}?{query}") for entity, query in queries.items()]


def _configurations(system: System) -> QuerySet[IntegrationConfig]:
    own = IntegrationConfig.objects.filter(system=system.name, archived_at=None)
    return with_last_run(own.select_related("credential"))


def _credentials(request: HttpRequest, system: System) -> list[Any]:
    if not request.user.has_perm(CREDENTIALS):
        return []
    model = IntegrationConfig._meta.get_field("credential").related_model
    return list(model._default_manager.filter(system=system.name).prefetch_related("integrations"))
