"""Posts invoices with the `netsuite` client from PyPI; runs in an environment of its own and knows nothing of ours.

Its requests go to the emulator with the real Host, and carry the bench's login, after the client has signed them itself.
"""

import asyncio
import json
import resource
import sys
import time
from typing import Any

import httpx  # type: ignore[import-not-found]
from netsuite import Config, NetSuiteRestApi, TokenAuth  # type: ignore[import-not-found]

ACCOUNT = "1234567_SB1"


class ToEmulator(httpx.AsyncHTTPTransport):  # type: ignore[misc]
    def __init__(self, url: str, login: dict[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.url, self.login = httpx.URL(url), login

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers.update(self.login)
        request.url = request.url.copy_with(scheme="http", host=self.url.host, port=self.url.port)
        return await super().handle_async_request(request)


def main(url: str, login: dict[str, str], documents: list[dict[str, Any]], at_once: int) -> dict[str, float]:
    client = httpx.AsyncClient

    def redirected(*arguments: Any, **options: Any) -> httpx.AsyncClient:
        return client(*arguments, **(options | {"transport": ToEmulator(url, login)}))

    httpx.AsyncClient = redirected
    auth = TokenAuth(consumer_key="a" * 64, consumer_secret="b" * 64, token_id="c" * 64, token_secret="d" * 64)
    api = NetSuiteRestApi(Config(account=ACCOUNT, auth=auth), concurrent_requests=at_once)
    cpu, started = _cpu(), time.perf_counter()
    failed = asyncio.run(_all(api, documents))
    return {"seconds": time.perf_counter() - started, "cpu": _cpu() - cpu, "failed": failed, "count": len(documents)}


async def _all(api: Any, invoices: list[dict[str, Any]]) -> int:
    calls = [api.put(f"/record/v1/invoice/eid:{invoice['externalId']}", json=invoice) for invoice in invoices]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    return sum(isinstance(answer, Exception) for answer in answers)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(**json.load(sys.stdin))) + "\n")
