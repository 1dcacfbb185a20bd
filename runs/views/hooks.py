"""The addresses that sources post their events to: no session, no detail in any answer."""

import logging

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from runs import inbox

WAIT = 30
"""Seconds after which to post again what could not be taken."""

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def hook(request: HttpRequest, slug: str) -> HttpResponse:
    """200 for what is stored, now or before; 429 and 503 with Retry-After; anything else is refused without a word."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    post = inbox.Post(headers=headers, length=_length(headers), read=request.read)
    try:
        status = inbox.STATUSES[inbox.receive(slug, post)]
    except OperationalError as error:
        log.warning("A post to the hook of %s could not be stored: %s", slug, error)
        status = 503
    return HttpResponse(status=status, headers={"Retry-After": str(WAIT)} if status in (429, 503) else None)


def _length(headers: dict[str, str]) -> int:
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdecimal() else 0
