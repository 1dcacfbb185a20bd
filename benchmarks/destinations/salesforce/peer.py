"""Posts invoices with simple-salesforce, one composite call each; knows nothing of ours. Its requests go to the emulator."""

import json
import resource
import sys
import time
from typing import Any

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

HOST = "demo.my.salesforce.com"


class ToEmulator(requests.adapters.HTTPAdapter):
    """Sends what was meant for the org to the emulator, with the real Host."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        request.url = str(request.url).replace(f"https://{HOST}", self.url)
        request.headers["Host"] = HOST
        return super().send(request, **options)


def main(url: str, login: dict[str, str], documents: list[dict[str, Any]], at_once: int) -> dict[str, float]:
    session = requests.Session()
    session.mount(f"https://{HOST}", ToEmulator(url))
    client = Salesforce(instance=HOST, session_id=login["Authorization"].removeprefix("Bearer "), session=session, version="62.0")
    cpu, started = _cpu(), time.perf_counter()
    failed = sum(not _posted(client, document) for document in documents)
    return {"seconds": time.perf_counter() - started, "cpu": _cpu() - cpu, "failed": failed, "count": len(documents)}


def _posted(client: Salesforce, document: dict[str, Any]) -> bool:
    try:
        answer: Any = client.restful("composite", method="POST", json=document)
    except SalesforceError:
        return False
    return all(part["httpStatusCode"] in (200, 201, 204) for part in answer["compositeResponse"])


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(**json.load(sys.stdin))) + "\n")
