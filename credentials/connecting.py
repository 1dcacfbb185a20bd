"""The pages on which a person gives the secrets of a credential. They come in and never go out again."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from credentials import consent, key_pair, pages, service, views
from credentials.connection import FormErrors
from credentials.forms import CredentialForm, initial
from credentials.models import Credential
from integrations import errors, registry


@views.may_connect
@require_safe
def choose_kind(request: HttpRequest) -> HttpResponse:
    """Which system and which way to log in; skipped when there is only one."""
    system = request.GET.get("system", "")
    found = pages.kinds_by_system(system) or pages.kinds_by_system()
    kinds = {kind.kind for choices in found.values() for kind, _ in choices}
    if len(kinds) == 1:
        address = reverse("admin:credentials_credential_create", args=[kinds.pop()])
        return HttpResponseRedirect(f"{address}?{request.GET.urlencode()}" if request.GET else address)
    return views.page(request, "choose_kind", title="Create credential", systems=found, query=_query(request))


@views.may_connect
@sensitive_post_parameters()
@views.get_or_post
def create(request: HttpRequest, kind: str) -> HttpResponse:
    declared = views.kind_or_404(kind)
    start = {"system": request.GET.get("system", declared.systems[0])}
    form = CredentialForm(declared, *_given(request), new=True, initial=start)
    return _answer(request, form, lambda: _created(request, form), title="Create credential", system=declared.systems[0])


def _created(request: HttpRequest, form: CredentialForm) -> HttpResponse:
    given = {"kind": form.kind, "name": form.cleaned_data["name"], "data": form.values(), "user": views.person(request)}
    given["system"] = form.cleaned_data.get("system", "")
    if form.kind.consent:
        return redirect(pages.onward(request, pages.address("consent", consent.create(**given))))
    if form.generates:
        credential = service.create_draft(**given)
        return redirect(pages.onward(request, pages.address("connect", credential)))
    credential = service.create(certificate=form.certificate(), **given)
    views.tell(request, credential, "is connected")
    return redirect(pages.next_address(request, pages.address("change", credential)))


@views.may_connect
@sensitive_post_parameters()
@views.get_or_post
def connect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Connects a draft, replaces the secrets of a connected one, or connects a disconnected one again."""
    credential = get_object_or_404(Credential, pk=pk)
    waiting = bool(credential.new_certificate) and "key" not in request.GET
    start = initial(credential, request.GET.get("key", ""))
    form = CredentialForm(views.kind_or_404(credential.kind), *_given(request), waiting=waiting, initial=start)
    certificate = pages.certificate_facts(credential.new_certificate) if waiting else None
    shown: dict[str, Any] = {"title": _task(credential), "system": credential.system, "credential": credential, "certificate": certificate}
    return _answer(request, form, lambda: _connected(request, credential, form), **shown)


def _connected(request: HttpRequest, credential: Credential, form: CredentialForm) -> HttpResponse:
    if form.kind.consent:
        consent.prepare(credential, form.values(), views.person(request))
        return redirect(pages.onward(request, pages.address("consent", credential)))
    if form.generates:
        service.make_key_pair(credential, views.person(request))
        return redirect(pages.onward(request, pages.address("connect", credential)))
    service.replace_secrets(credential, form.values(), views.person(request), form.certificate())
    views.tell(request, credential, "is connected")
    return redirect(pages.next_address(request, pages.address("change", credential)))


def _given(request: HttpRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _answer(request: HttpRequest, form: CredentialForm, act: Callable[[], HttpResponse], *, system: str, **shown: Any) -> HttpResponse:
    """What `act` answers to a valid form, else the form with the reasons."""
    failure = ""
    if form.is_valid():
        try:
            return act()
        except FormErrors as wrong:
            form.refuse(wrong)
        except errors.DeliveryError as refused:
            failure = refused.sentence
    aside = {"kind": form.kind, "steps": pages.steps(form.kind), "openssl": key_pair.OPENSSL, "system_label": registry.system_label(system)}
    shown["callback"] = consent.redirect_uri() if form.kind.consent else ""
    return views.page(request, "form", form=form, failure=failure, **aside, **shown)


def _task(credential: Credential) -> str:
    connected = credential.status in (Credential.Status.VERIFIED, Credential.Status.AUTH_FAILED)
    return f"Replace the secrets of {credential}" if connected else f"Connect {credential}"


def _query(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("system", None)
    query.pop("key", None)
    return query.urlencode()
