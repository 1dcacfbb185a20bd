"""The pages around an integration's options: editing, their versions, the live check, and the search behind the chips."""

from itertools import pairwise
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from billing.models import Account, CatalogueItem
from integrations import describe, registry, service
from integrations.contract import Kind
from integrations.estimate import outlook
from integrations.forms import PREFIX, ConfigureForm
from integrations.models import ConfigVersion, IntegrationConfig
from integrations.names import Books
from integrations.option_fields import AGGREGATIONS, PRODUCTS
from integrations.options import OptionErrors
from integrations.views import CONFIGURE, OPERATE, SEE, address, found, require, shell

FORM_ID = "options-form"
MOST_FOUND = 20
MOST_VERSIONS = 50


def edit_options(request: HttpRequest, pk: UUID) -> HttpResponse:
    user, integration = require(request, CONFIGURE), found(pk)
    form = _form(request.POST if request.method == "POST" else None, integration)
    if form.is_bound and form.is_valid() and _is_newest(request, form, integration):
        try:
            version = _save(form, integration, user)
        except OptionErrors as refused:
            form.refuse(refused.errors)
        else:
            messages.success(request, _news(integration, version))
            return HttpResponseRedirect(address(integration))
    context = shell(request, integration, f"Options of {integration}") | {
        "form": form,
        "form_id": FORM_ID,
        "outlook": outlook(form),
        "back": {"label": "Discard", "url": address(integration)},
        "note": "A Bill that is already posted is not sent again by a change of options.",
    }
    return render(request, "integrations/options.html", context)


@require_safe
def versions(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What each version changed of the one before, the newest first."""
    require(request, SEE, CONFIGURE, OPERATE)
    integration = found(pk)
    stored = list(integration.versions.select_related("who")[:MOST_VERSIONS])
    pairs = [(version, _changes(integration, earlier, version)) for version, earlier in pairwise(stored)]
    first = stored[-1] if stored and stored[-1].number == 1 else None
    context = shell(request, integration, f"Option versions of {integration}") | {"pairs": pairs, "first": first}
    return render(request, "integrations/versions.html", context)


@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """The live lines of the form as it stands: what the filter matches, how many Bills go, what the integration would do."""
    require(request, CONFIGURE)
    posted = request.POST
    entity_type, system = posted.get(f"{PREFIX}-entity_type", ""), posted.get(f"{PREFIX}-system", "")
    if system not in dict(registry.system_choices()):
        raise Http404
    own = posted.get(f"{PREFIX}-integration")
    form = ConfigureForm(posted, prefix=PREFIX, entity_type=entity_type, system=system, integration=found(own) if own else None)
    return render(request, "integrations/check.html", {"outlook": outlook(form), "form": form})


@require_safe
def search(request: HttpRequest, kind: str) -> HttpResponse:
    """Accounts, products or aggregations whose name, code or id holds `q`, as {results: [{id, text}]}, at most 20."""
    require(request, CONFIGURE)
    searched: dict[str, QuerySet[Any]] = {
        Kind.ACCOUNTS: Account.objects.all(),
        Kind.PRODUCTS: CatalogueItem.objects.filter(kind__in=PRODUCTS),
        Kind.AGGREGATIONS: CatalogueItem.objects.filter(kind__in=AGGREGATIONS),
    }
    if kind not in searched:
        raise Http404
    typed = request.GET.get("q", "").strip()
    matches = Q(name__icontains=typed) | Q(code__icontains=typed) | Q(uid__icontains=typed) if typed else Q()
    return JsonResponse({"results": _distinct(list(searched[kind].filter(matches)[:MOST_FOUND]))})


def _distinct(entries: list[Any]) -> list[dict[str, str]]:
    """By name; what shares its name with another is told apart by its code or id."""
    called = [str(entry) for entry in entries]
    texts = [f"{name} ({entry.code or entry.uid})" if called.count(name) > 1 else name for entry, name in zip(entries, called, strict=True)]
    return [{"id": entry.uid, "text": text} for entry, text in zip(entries, texts, strict=True)]


def _form(data: Any, integration: IntegrationConfig) -> ConfigureForm:
    return ConfigureForm(data, prefix=PREFIX, entity_type=integration.entity_type, system=integration.system, integration=integration)


def _is_newest(request: HttpRequest, form: ConfigureForm, integration: IntegrationConfig) -> bool:
    """Whether the page was opened on the present version; otherwise says who was faster."""
    version = integration.current_version
    if version is None or request.POST.get(f"{PREFIX}-version") == str(version.number):
        return True
    who = version.who.get_full_name() or version.who.get_username() if version.who else "A command"
    form.add_error(None, f"{who} has saved version {version.number} meanwhile. What you typed is kept; saving now replaces it.")
    return False


def _save(form: ConfigureForm, integration: IntegrationConfig, user: Any) -> ConfigVersion | None:
    with transaction.atomic():
        service.rename(integration, form.cleaned_data["name"], user)
        if "sources" in form.fields:
            service.change_sources(integration, form.chosen_sources(), user)
        return service.change_options(integration, form.options, user)


def _news(integration: IntegrationConfig, version: ConfigVersion | None) -> SafeString | str:
    """What saving changed, in words."""
    if version is None:
        return f"{integration} is saved; its options are as they were."
    before = integration.versions.filter(number=version.number - 1).first()
    changes = _changes(integration, before, version) if before else []
    told = format_html_join(", ", "{} from {} to {}", ((change.label, change.before, change.after) for change in changes))
    return format_html("Version {} of the options of {} is saved: {}.", version.number, integration, told)


def _changes(integration: IntegrationConfig, before: ConfigVersion, after: ConfigVersion) -> list[describe.Difference]:
    destination = registry.destination(integration.system)
    return describe.differences(before.options, after.options, destination, integration.entity_type, Books.of(integration))
