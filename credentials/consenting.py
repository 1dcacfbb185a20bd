"""The pages between here and a vendor where a person consents. The way there is a link: a form that ends elsewhere is blocked by the
Content-Security-Policy (form-action 'self')."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from credentials import consent, pages, views
from credentials.connection import FormErrors
from credentials.models import Credential
from integrations import errors

OURS = {"state", "code", "error", "error_description"}


@views.may_connect
@never_cache
@require_safe
def ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Leads to the vendor: connects a new credential, or connects one again for the same books."""
    credential = get_object_or_404(Credential, pk=pk)
    kind = views.kind_or_404(credential.kind)
    if kind.consent is None:
        raise Http404
    try:
        there = consent.start(request.session, credential, pages.next_address(request, ""))
    except FormErrors:
        return redirect(pages.onward(request, pages.address("connect", credential)))
    except errors.Misconfigured as lost:
        messages.error(request, lost.sentence)
        return redirect(pages.address("connect", credential))
    shown = {"there": there, "callback": consent.redirect_uri(), "elsewhere": _elsewhere(request), "steps": pages.steps(kind)}
    integrations = credential.integrations.filter(archived_at=None)
    title = f"{'Reconnect' if credential.tenant else 'Connect'} {credential}"
    return views.page(request, "consent", title=title, credential=credential, kind=kind, integrations=integrations, **shown)


@views.may_connect
@never_cache
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Where the vendor sends the person back to. What came without the state of this session is not even read."""
    started = consent.finish(request.session, request.GET.get("state", ""))
    credential = Credential.objects.filter(pk=started.credential).first() if started else None
    if started is None or credential is None:
        lost = views.page(request, "consent_lost", title="This connection was not started here")
        lost.status_code = 400
        return lost
    try:
        credential = _redeemed(request, credential, started)
    except errors.DeliveryError as refused:
        messages.error(request, refused.sentence)
        return redirect(pages.with_next(pages.address("consent", credential), started.back))
    views.tell(request, credential, "is connected")
    return redirect(started.back or pages.address("change", credential))


def _redeemed(request: HttpRequest, credential: Credential, started: consent.Started) -> Credential:
    said = request.GET.dict()
    code = said.get("code", "")
    if not code or "error" in said:
        raise consent.refusal(credential.system_label, said.get("error", ""), said.get("error_description", ""))
    answer = {name: value for name, value in said.items() if name not in OURS}
    return consent.redeem(credential, started, code, answer, views.person(request))


def _elsewhere(request: HttpRequest) -> str:
    """This page's address under BASE_URL, when it is open under another: the vendor leads back there, where this session is unknown."""
    here = request.build_absolute_uri("/").rstrip("/")
    return "" if here == settings.BASE_URL else settings.BASE_URL + request.get_full_path()
