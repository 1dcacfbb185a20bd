"""Posts invoices with python-quickbooks in batches of thirty; knows nothing of ours. Its requests go to the emulator."""

import json
import os
import resource
import sys
import time
from types import SimpleNamespace
from typing import Any

from quickbooks import QuickBooks
from quickbooks.batch import batch_create
from quickbooks.objects.invoice import Invoice

REALM = "9130"


def main(url: str, login: dict[str, str], documents: list[dict[str, Any]], at_once: int) -> dict[str, float]:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    QuickBooks.api_url_v3 = f"{url}/v3"
    token = login["Authorization"].removeprefix("Bearer ")
    auth = SimpleNamespace(client_id="bench", access_token=token, refresh_token="", environment="production")
    client = QuickBooks(auth_client=auth, refresh_token="", company_id=REALM, minorversion=75)
    invoices = [Invoice.from_json(document) for document in documents]
    cpu, started = _cpu(), time.perf_counter()
    failed = len(batch_create(invoices, qb=client).faults)
    return {"seconds": time.perf_counter() - started, "cpu": _cpu() - cpu, "failed": failed, "count": len(documents)}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(**json.load(sys.stdin))) + "\n")
