"""The pages of a credential. Every one that changes anything is a POST and needs `credentials.connect`."""

import io
import zipfile
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from credentials import consent, pages, service
from credentials.models import Credential, State
from integrations import errors, registry
from integrations.contract import CredentialKind

may_connect = permission_required("credentials.connect", raise_exception=True)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def page(request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
    shown = admin.site.each_context(request) | {"nav_current": pages.LIST} | context
    return TemplateResponse(request, f"credentials/{template}.html", shown)


def tell(request: HttpRequest, credential: Credential, what: str) -> None:
    """That a login works, and what the vendor's settings mean for Bills, where they limit them."""
    messages.success(request, f"{credential} {what} to {credential.system_label} {credential.tenant}.")
    if credential.note:
        messages.warning(request, credential.note)


def person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def details(request: HttpRequest, credential: Credential) -> HttpResponse:
    """All that may be known of a credential, and what can be done with it."""
    allowed = request.user.has_perm("credentials.connect")
    lost = pages.unreadable(credential)
    return page(
        request,
        "details",
        title=str(credential),
        credential=credential,
        kind=pages.declared(credential),
        state=State.AUTH_FAILED if lost else credential.state,
        notices=pages.notices(credential, allowed),
        known=pages.known(credential),
        certificate=pages.certificate_facts(credential.certificate),
        consents=pages.consents(credential),
        waits=pages.waits_for_consent(credential),
        sends=credential.system in dict(registry.system_choices()),
        source_use=pages.source_use(credential),
        integrations=[each for each in credential.integrations.all() if not each.archived_at],
        may_connect=allowed,
    )


@may_connect
@require_POST
def test(request: HttpRequest, pk: UUID) -> HttpResponse:
    credential = get_object_or_404(Credential, pk=pk)
    try:
        credential = service.verify(credential, person(request))
        tell(request, credential, "logs in")
    except errors.DeliveryError as refused:
        messages.error(request, refused.sentence)
    return redirect(pages.address("change", credential))


@may_connect
@get_or_post
def disconnect(request: HttpRequest, pk: UUID) -> HttpResponse:
    credential = get_object_or_404(Credential, pk=pk)
    if request.method == "POST":
        left = service.disconnect(credential, person(request))
        messages.success(request, f"{credential} is disconnected and its secrets are deleted.")
        _warn(request, left)
        return redirect(pages.address("change", credential))
    integrations = credential.integrations.filter(archived_at=None)
    return page(
        request,
        "disconnect",
        title=f"Disconnect {credential}?",
        credential=credential,
        integrations=integrations,
        gives_back=pages.gives_back(credential),
        shared=pages.same_login(credential),
        source_use=pages.source_use(credential),
    )


@may_connect
@get_or_post
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    credential = get_object_or_404(Credential, pk=pk)
    integrations = credential.integrations.all()
    if request.method == "POST":
        try:
            left = service.delete(credential, person(request))
        except ProtectedError:
            messages.error(request, f"{credential} stays: integrations use it, or the log names it. Disconnect it instead.")
            return redirect(pages.address("change", credential))
        messages.success(request, f"{credential} is deleted.")
        _warn(request, left)
        return redirect(pages.LIST)
    shown = {"integrations": integrations, "gives_back": pages.gives_back(credential), "shared": pages.same_login(credential)}
    return page(request, "remove", title=f"Delete {credential}?", credential=credential, **shown)


def _warn(request: HttpRequest, sentence: str) -> None:
    if sentence:
        messages.warning(request, sentence)


@may_connect
@require_safe
def certificate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The certificate (PEM) to upload at the vendor: the waiting one if there is one. The private key never leaves."""
    credential = get_object_or_404(Credential, pk=pk)
    pem = credential.new_certificate or credential.certificate
    if not pem:
        raise Http404
    name = f"{slugify(credential.name) or 'credential'}-cert.pem"
    return HttpResponse(pem, content_type="application/x-pem-file", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@permission_required("credentials.view_credential", raise_exception=True)
@require_safe
def setup(request: HttpRequest, kind: str) -> HttpResponse:
    """What to do at the vendor before connecting."""
    declared = kind_or_404(kind)
    title = f"Set up {registry.system_label(declared.systems[0])}"
    callback = consent.redirect_uri() if declared.consent else ""
    return page(request, "setup", title=title, kind=declared, steps=pages.steps(declared), callback=callback)


@permission_required("credentials.view_credential", raise_exception=True)
@require_safe
def setup_files(request: HttpRequest, kind: str, place: int) -> HttpResponse:
    """What a step brings to the vendor, as a zip."""
    steps = kind_or_404(kind).setup
    folder = steps[place].files if place < len(steps) else None
    if folder is None:
        raise Http404
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            archive.write(file, file.relative_to(folder))
    headers = {"Content-Disposition": f'attachment; filename="{folder.name}.zip"'}
    return HttpResponse(packed.getvalue(), content_type="application/zip", headers=headers)


def kind_or_404(name: str) -> CredentialKind:
    try:
        return registry.credential_kind(name)
    except KeyError:
        raise Http404 from None
