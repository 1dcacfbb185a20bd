"""Create External mapping: "Select mapping type", "Add mapping IDs".

The answers of the first stage travel in the address and not in a session, so that forms in several tabs never mix.
"""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations import registry
from mappings import entities, service, unmapped
from mappings.forms import MappingForm, TypeForm
from mappings.held import waiting
from mappings.models import ExternalMapping
from mappings.views.asked import MAP, Asked, shell

TYPE, IDS = "type", "ids"
TITLES = {TYPE: "Select mapping type", IDS: "Add mapping IDs"}
FORM_ID = "mapping-form"


def create(request: HttpRequest) -> HttpResponse:
    """GET may carry entity_type, entity_id, system, table, integration and next; what is complete need not be asked again."""
    if not request.user.has_perm(MAP):
        raise PermissionDenied
    asked = Asked.of(request)
    if request.POST.get("wizard_goto_step") == TYPE:
        kept = {"entity_id": request.POST.get("entity_id", ""), "integration": request.POST.get("integration", "")}
        return HttpResponseRedirect(replace(asked, **kept).url(stage=TYPE))
    if request.GET.get("stage") == TYPE or not asked.typed:
        return _select_type(request, asked)
    return _add_ids(request, asked)


def tables(request: HttpRequest) -> HttpResponse:
    """The form of stage 1 as it stands, for the tables that fit what is chosen."""
    if not request.user.has_perm(MAP):
        raise PermissionDenied
    chosen = {name: request.POST.get(name, "") for name in ("entity_type", "external_system", "external_table")}
    form = TypeForm(initial=chosen, integration=Asked.of(request).owner)
    return render(request, "mappings/table_field.html", {"field": form["external_table"]})


def _select_type(request: HttpRequest, asked: Asked) -> HttpResponse:
    initial = {"entity_type": asked.entity_type, "external_system": asked.system, "external_table": asked.table}
    form = TypeForm(request.POST if request.method == "POST" else None, initial=initial, integration=asked.owner)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        chosen = {"entity_type": data["entity_type"], "system": data["external_system"], "table": data["external_table"]}
        other = {} if data["entity_type"] == asked.entity_type else {"entity_id": ""}
        return HttpResponseRedirect(replace(asked, **chosen, **other).url())
    context = _context(request, asked, TYPE) | {"form": form, "check": f"{reverse('admin:mappings_tables')}?{asked.query()}"}
    return render(request, "mappings/create.html", context | {"primary": "Next", "back": {"label": "Discard", "url": asked.back}})


def _add_ids(request: HttpRequest, asked: Asked) -> HttpResponse:
    initial = {"entity_id": asked.entity_id, "external_id": asked.external_id, "integration": asked.integration}
    kind = {"entity_type": asked.entity_type, "system": asked.system, "table": asked.table}
    form = MappingForm(request.POST if request.method == "POST" else None, initial=initial, owner=asked.owner, **kind)
    if form.is_bound and form.is_valid():
        wanted = form.wanted
        held = waiting(wanted.external_system, wanted.external_table, [(wanted.entity_type, wanted.entity_id)])
        try:
            service.create(wanted, request.user)
        except service.TakenError as taken:
            form.add_error("entity_id", _taken(taken))
        except ValueError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, told(wanted, held.together.bills))
            return HttpResponseRedirect(_after(request, asked, wanted))
    context = _context(request, asked, IDS) | {"form": form, "primary": "Create External mapping"}
    return render(request, "mappings/create.html", context | {"back": {"label": "Back", "name": "wizard_goto_step", "value": TYPE}})


def _context(request: HttpRequest, asked: Asked, stage: str) -> dict[str, Any]:
    chosen = f"{entities.noun(asked.entity_type).capitalize()} to {asked.system} {asked.table}"
    states = {TYPE: "current" if stage == TYPE else "done", IDS: "current" if stage == IDS else "todo"}
    values = {TYPE: chosen, IDS: ""}
    steps = [{"title": TITLES[step], "value": values[step], "state": states[step], "goto": step} for step in TITLES]
    return shell(request, "Create External mapping") | {
        "asked": asked,
        "stage": stage,
        "steps": steps,
        "form_id": FORM_ID,
        "panel": TITLES[stage],
        "label": registry.system_label(asked.system),
    }


def _taken(taken: service.TakenError) -> SafeString:
    url = reverse("admin:mappings_externalmapping_change", args=(taken.other.pk,))
    return format_html('{} <a href="{}">Open it</a>', str(taken), url)


def told(mapping: ExternalMapping, bills: int) -> str:
    """What was done, and what happens by itself."""
    entity = entities.one(mapping.entity_type, mapping.entity_id)
    record = mapping.external_name or mapping.external_id
    also = {0: "", 1: " The Bill that waited for it goes by itself."}.get(bills, f" The {bills} Bills that waited for it go by themselves.")
    return f"{entity.title} is mapped to {record}.{also}"


def _after(request: HttpRequest, asked: Asked, made: ExternalMapping) -> str:
    """Back to where it was asked for, or on to the next entity without a mapping."""
    if request.POST.get("then") != "next":
        return asked.back
    owner = made.integration or asked.owner
    following = unmapped.next_unmapped(made.entity_type, made.external_system, made.external_table, owner)
    if following is None:
        messages.info(request, f"Every one of the {entities.nouns(made.entity_type)} is mapped.")
        return asked.back
    linked = str(made.integration_id or "")
    chosen = {"entity_type": made.entity_type, "system": made.external_system, "table": made.external_table, "integration": linked}
    return replace(asked, **chosen, entity_id=following.id, external_id="").url()
