"""Refresh names: reads what a credential opens at once, because a person asks."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from credentials.models import Credential
from runs import catalogue_tasks
from runs.present import links


@require_POST
@permission_required("mappings.map", raise_exception=True)
def refresh(request: HttpRequest, credential: UUID) -> HttpResponse:
    """A task; returns to ?next=, an address of this site, else to the credential."""
    found = get_object_or_404(Credential, pk=credential)
    if catalogue_tasks.wake(found):
        messages.success(request, f"The names of {found.system_label} {found.tenant} are being read; that takes a minute.")
    else:
        messages.error(request, f"Nothing was read: {found} does not log in to an external system. Test or reconnect it first.")
    back = request.GET.get("next", "")
    own = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(back if own else links.url_if_any("credentials_credential_change", found.pk) or "/")
