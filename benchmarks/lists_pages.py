"""Opens the pages of the long lists as a person would, through Django's test client."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.lists_seed import seed
from billing.models import Source
from credentials.models import Credential
from integrations.models import IntegrationConfig

LISTS = {"runs": "/admin/runs/integrationrun/", "bills": "/admin/billing/bill/"}
CHOSEN = {
    "runs": {
        "filter by status": "?status=ERROR",
        "filter by Account": "?account=ACC-000007",
        "filter by date": "?since=2020-01-01&until=2020-01-03",
        "filter by amount": "?least=100&most=1000",
        "view needs a person": "?view=person",
        "view unknown": "?view=unknown",
        "search a number": "?q=INV-00000500",
        "search an Account": "?q=Customer+000007",
        "search nothing": "?q=zzzzzz",
    },
    "bills": {
        "filter by status": "?status__exact=PENDING",
        "filter by Account": "?account=ACC-000007",
        "filter by date": "?since=2020-01-01&until=2020-06-30",
        "view without a run": "?view=nowhere",
        "search a number": "?q=INV-00000500",
        "search an Account": "?q=Customer+000007",
        "search nothing": "?q=zzzzzz",
    },
}
OTHERS = {
    "overview": "/admin/",
    "problems": "/admin/runs/problem/",
    "a run with its exchanges": "/admin/runs/integrationrun/00000000-0000-0000-0000-000000000064/change/",
}


def measure(rows: int, repeat: int, explain: bool = False) -> dict[str, dict[str, Any]]:
    """By page: median milliseconds, number of statements, and with `explain` its slowest statement and how PostgreSQL runs it."""
    settings.ALLOWED_HOSTS = ["*"]
    source = Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")
    credential = Credential.objects.create(name="Bench", system="Netsuite", kind="NETSUITE_AUTH", tenant="1234567_SB1", status="VERIFIED")
    integration = IntegrationConfig.objects.create(name="Bench", entity_type="Bill", system="Netsuite", credential=credential)
    seed(rows, integration, source.pk)
    client = Client()
    client.force_login(User.objects.create_superuser("bench"), backend="django.contrib.auth.backends.ModelBackend")
    return {name: _page(client, url, repeat, explain) for name, url in _pages(client)}


def _pages(client: Client) -> Iterator[tuple[str, str]]:
    for name, url in LISTS.items():
        answer: Any = client.get(url)
        last = answer.context_data["cl"].paginator.num_pages
        yield f"{name}, first page", url
        yield f"{name}, middle page", f"{url}?p={max(1, last // 2)}"
        yield f"{name}, last page", f"{url}?p={last}"
        for what, query in CHOSEN[name].items():
            yield f"{name}, {what}", f"{url}{query}"
    yield from OTHERS.items()


def _page(client: Client, url: str, repeat: int, explain: bool) -> dict[str, Any]:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url)
    asked = list(captured.captured_queries)
    if answer.status_code != 200:
        raise RuntimeError(f"{url} answered {answer.status_code}.")
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        client.get(url)
        times.append((time.perf_counter() - started) * 1000)
    found: dict[str, Any] = {"ms": statistics.median(times), "min": min(times), "max": max(times), "sql": len(asked)}
    if explain:
        slowest = max(asked, key=lambda query: float(query["time"]))
        found |= {"slowest": slowest["sql"], "slowest_ms": float(slowest["time"]) * 1000, "plan": _plan(slowest["sql"])}
    return found


def _plan(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}")
        return [row[0] for row in cursor.fetchall()]
