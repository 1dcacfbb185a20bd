"""Posting to the hook address as m3ter does."""

import json
import time
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.test import Client

from integrations.sources.m3ter import webhook
from tests.sources.m3ter.api import ORGANIZATION

SECRET, OTHER = "hook-canary-1", "hook-canary-2"
CREDENTIAL = {"kind": "M3TER_SIGNED_REQUEST", "organizationId": ORGANIZATION, "apiKey": "billpost", "secret": SECRET}
ADDRESS = "/hooks/m3ter/"


@cache
def a_client() -> Client:
    """One for all posts: each loads the middleware anew, which takes longer than ten posts."""
    return Client(enforce_csrf_checks=True)


def an_event(uid: str = "ev-1", bill: str = "b1", name: str = "billing.bill.updated") -> dict[str, Any]:
    return {"id": uid, "eventName": name, "m3terEvent": {"new": {"id": bill}}}


def post(event: dict[str, Any] | bytes, secret: str = SECRET, address: str = ADDRESS, stamp: str = "") -> HttpResponse:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    stamp = stamp or str(int(time.time()))
    signed = {"X-M3ter-Timestamp": stamp, "X-M3ter-Signature": webhook.sign(secret, stamp, body)}
    answer: Any = a_client().post(address, body, content_type="application/json", headers=signed)
    return answer
