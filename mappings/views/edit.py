"""One stored mapping: what it says, who changed it, and its form."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render

from integrations import registry
from mappings import catalogue, entities, service
from mappings.forms import MappingForm
from mappings.models import ALWAYS, ExternalMapping
from mappings.views.asked import MAP, Asked, shell

SEE = "mappings.view_externalmapping"
FORM_ID = "mapping-form"
MOST_EVENTS = 20


def edit(request: HttpRequest, pk: str) -> HttpResponse:
    may_map = request.user.has_perm(MAP)
    if not may_map and not request.user.has_perm(SEE):
        raise PermissionDenied
    mapping, asked = _found(pk), Asked.of(request)
    form, version = _form(request, mapping, may_map), mapping.version
    if form.is_bound and form.is_valid():
        try:
            changed = service.change(mapping, form.wanted, request.user, version=_version(request))
        except service.StaleError as stale:
            form.add_error(None, str(stale))
        except ValueError as error:
            form.add_error("entity_id", str(error))
        else:
            messages.success(request, "The mapping is changed." if changed else "Nothing was changed.")
            return HttpResponseRedirect(asked.back)
    return render(request, "mappings/edit.html", _context(request, mapping, form, asked, may_map) | {"version": version})


def _found(pk: str) -> ExternalMapping:
    if not pk.isdecimal():
        raise Http404
    return get_object_or_404(ExternalMapping.objects.select_related("integration__credential", "source"), pk=pk)


def _form(request: HttpRequest, mapping: ExternalMapping, may_map: bool) -> MappingForm:
    initial = {
        "entity_id": mapping.entity_id,
        "external_id": mapping.external_id,
        "integration": str(mapping.integration_id or ""),
        "source": mapping.source,
        "valid_from": None if mapping.valid_from == ALWAYS else mapping.valid_from,
        "valid_to": mapping.valid_to,
    }
    kind = {"entity_type": mapping.entity_type, "system": mapping.external_system, "table": mapping.external_table}
    data = request.POST if request.method == "POST" and may_map else None
    return MappingForm(data, initial=initial, owner=mapping.integration, stored_id=mapping.external_id, **kind)


def _version(request: HttpRequest) -> int:
    said = request.POST.get("version", "")
    return int(said) if said.isdecimal() else 0


def _context(request: HttpRequest, mapping: ExternalMapping, form: MappingForm, asked: Asked, may_map: bool) -> dict[str, Any]:
    entity = entities.one(mapping.entity_type, mapping.entity_id)
    key = (mapping.external_system, mapping.external_table, mapping.external_id)
    return shell(request, f"{entity.title} in {registry.system_label(mapping.external_system)}") | {
        "mapping": mapping,
        "entity": entity,
        "noun": entities.noun(mapping.entity_type),
        "seen": catalogue.seen([key], form.tenant)[key],
        "label": registry.system_label(mapping.external_system),
        "form": form,
        "form_id": FORM_ID,
        "may_map": may_map,
        "asked": asked,
        "history": _history(mapping),
        "back": {"label": "Discard", "url": asked.back},
    }


def _history(mapping: ExternalMapping) -> list[dict[str, Any]]:
    """Who changed what, the newest first."""
    events = apps.get_model("runs", "Event")._default_manager.filter(subject_type=mapping._meta.label_lower, subject_id=str(mapping.pk))
    return [{"text": _sentence(event), "when": event.when} for event in events.select_related("who")[:MOST_EVENTS]]


def _sentence(event: Any) -> str:
    who = service.person(event.who) or "A command"
    before, after = event.before or {}, event.after or {}
    news = [name for name in after if name in before and before[name] != after[name]]
    changes = [f"{name.replace('_', ' ')} from {before[name] or 'none'} to {after[name] or 'none'}" for name in news]
    return f"{who} {event.verb} it{': ' if changes else ''}{', '.join(changes)}"
