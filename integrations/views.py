"""The pages of one integration: details, options and their versions, the choice of a credential, and what is done with a button."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from billing.models import Bill
from integrations import describe, registry, service
from integrations import details as shown
from integrations.models import IntegrationConfig, Status
from integrations.names import Books
from integrations.reach import overlaps, reach
from integrations.service import NotAllowed

LIST = "admin:integrations_integrationconfig_changelist"
SEE = "integrations.view_integrationconfig"
CONFIGURE = "integrations.configure"
OPERATE = "integrations.operate"
CONNECT = "credentials.connect"


def require(request: HttpRequest, *permissions: str) -> Any:
    """The user, who has one of these permissions."""
    if not any(request.user.has_perm(permission) for permission in permissions):
        raise PermissionDenied
    return request.user


def found(pk: UUID | str) -> IntegrationConfig:
    """With what its pages read of it; 404 for what is no id."""
    try:
        return get_object_or_404(IntegrationConfig.objects.select_related("credential", "current_version", "created_by"), pk=pk)
    except ValidationError:
        raise Http404 from None


def address(integration: IntegrationConfig, name: str = "change") -> str:
    return reverse(f"admin:integrations_integrationconfig_{name}", args=(integration.pk,))


def shell(request: HttpRequest, integration: IntegrationConfig, title: str) -> dict[str, Any]:
    """What every page of an integration has: skeleton, breadcrumbs, its place in the navigation."""
    return admin.site.each_context(request) | {"title": title, "integration": integration, "nav_current": LIST}


@require_safe
def details(request: HttpRequest, pk: str) -> HttpResponse:
    require(request, SEE, CONFIGURE, OPERATE)
    integration = found(pk)
    destination, books = registry.destination(integration.system), Books.of(integration)
    reached = reach(integration.options, integration.sources.all())
    rows = shown.latest_runs(integration)
    used, usable = shown.mapping_counts(integration)
    context = shell(request, integration, integration.name) | {
        "reached": reached,
        "overlaps": overlaps(integration, reached.ids) if not integration.archived_at else [],
        "unbillable": shown.unbillable(integration),
        "sentences": describe.describe(integration.options, destination, integration.entity_type, books, reached),
        "tiles": shown.tiles(integration),
        "oldest": shown.oldest_unsent(integration),
        "rows": rows,
        "linked": shown.linked(integration),
        "linked_count": used,
        "mapping_count": usable,
        "history": shown.history(integration),
        "credentials": shown.credentials(integration),
        "questions": [question.asked(integration) for question in QUESTIONS if request.user.has_perm(question.permission)],
        "can": {name: request.user.has_perm(code) for name, code in (("configure", CONFIGURE), ("operate", OPERATE), ("connect", CONNECT))},
        "sample": rows[0].run.bill_id if rows else Bill.objects.values_list("pk", flat=True).first(),
        "checklist": destination.preflight is not None,
        "file_lane": destination.file_lane is not None,
        "states": {state.name.lower(): integration.status is state for state in Status},
    }
    return render(request, "admin/integrations/integrationconfig/change_form.html", context)


def connect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The choice of a credential, as a page; POST `credential` connects."""
    user, integration = require(request, CONNECT), found(pk)
    choices = shown.credentials(integration)
    if request.method != "POST":
        context = shell(request, integration, "Select credential") | {"credentials": choices}
        return render(request, "integrations/select_credential.html", context)
    chosen = next((credential for credential in choices if str(credential.pk) == request.POST.get("credential")), None)
    if chosen is None:
        messages.error(request, "Nothing was changed: choose one of the credentials.")
        return HttpResponseRedirect(address(integration, "connect"))
    return _done(request, integration, lambda: service.connect(integration, chosen, user), f"{integration} is connected with {chosen}.")


@require_POST
def enable(request: HttpRequest, pk: UUID) -> HttpResponse:
    user, integration = require(request, OPERATE), found(pk)
    return _done(request, integration, lambda: service.enable(integration, user), f"{integration} is enabled; what waits goes by itself.")


@dataclass(frozen=True)
class Question:
    """A button that asks before it acts, in a dialog or on a page of its own."""

    name: str
    permission: str
    button: str
    question: str
    effect: str
    done: str
    act: Callable[[IntegrationConfig, Any], None]

    def asked(self, integration: IntegrationConfig) -> dict[str, str]:
        words = {"name": str(integration), "waiting": _bills(shown.tiles(integration)["waiting"].count)}
        asked = {"question": self.question.format(**words), "effect": self.effect.format(**words)}
        return asked | {"name": self.name, "button": self.button, "url": address(integration, self.name)}

    def __call__(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        user, integration = require(request, self.permission), found(pk)
        if request.method == "POST":
            return _done(request, integration, lambda: self.act(integration, user), self.done.format(name=integration))
        asked = self.asked(integration)
        return render(request, "integrations/confirm.html", shell(request, integration, asked["question"]) | {"asked": asked})


def _bills(count: int) -> str:
    return {0: "No Bill waits", 1: "1 waiting Bill stays here"}.get(count, f"{count} waiting Bills stay here")


def _done(request: HttpRequest, integration: IntegrationConfig, act: Callable[[], None], sentence: str) -> HttpResponse:
    try:
        act()
    except NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, sentence)
    return HttpResponseRedirect(address(integration))


disable = Question(
    "disable",
    OPERATE,
    "Disable",
    "Disable {name}?",
    "{waiting}; answers still open are settled first. Nothing is lost, and you can enable it again.",
    "{name} is disabled; Bills wait here.",
    lambda integration, user: service.disable(integration, "", user),
)
disconnect = Question(
    "disconnect",
    CONNECT,
    "Disconnect credential",
    "Disconnect the credential of {name}?",
    "{waiting}. The credential itself stays and other integrations go on using it.",
    "{name} is disconnected; nothing is sent until a credential is connected.",
    service.disconnect,
)
archive = Question(
    "archive",
    CONFIGURE,
    "Archive",
    "Archive {name}?",
    "{waiting} for good, and it leaves every list. What it posted, its runs and its history stay. This cannot be undone.",
    "{name} is archived.",
    service.archive,
)
QUESTIONS = (disable, disconnect, archive)
