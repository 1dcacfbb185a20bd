"""m3ter's API as one organization sees it, for tests: it keeps records, gives them in pages, and can be made to fail."""

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import requests
import responses

ORGANIZATION = "b1f0c1de-0001-4000-8000-00000000aced"
KEY, SECRET = "access-key-1", "secret-canary-8c31"
CREDENTIAL = {"kind": "M3TER_ACCESS_KEY", "organizationId": ORGANIZATION, "accessKeyId": KEY, "apiSecret": SECRET}
TOKEN = "token-canary-{}"

Raw = dict[str, Any]
Answer = tuple[int, dict[str, str], str]
encode = msgspec.json.Encoder(decimal_format="number").encode


def a_bill(uid: str, day: str = "2026-10-31", status: str = "APPROVED", total: Any = 10.5, **more: Any) -> Raw:
    line = {"id": f"{uid}-1", "lineItemType": "USAGE", "description": "API", "convertedSubtotal": total, "productId": "p1"}
    about = {"id": uid, "version": 1, "accountId": "a1", "currency": "USD", "billDate": day, "status": status, "billTotal": total}
    return {**about, "lineItems": [line], **more}


@dataclass
class Fault:
    """The answer to the questions for a list whose address contains `match`: after so many good ones, so many times."""

    match: str
    status: int
    times: int = 1
    after: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"message": "no"}'


class M3ter:
    """`lists` holds the records by path, newest last. `asked` has path and parameters of every question for a list."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Raw]] = {path: [] for path in ("accounts", "products", "aggregations", "compoundaggregations", "bills")}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.faults: list[Fault] = []
        self.granted = 0
        self.valid: set[str] = set()
        self.secret = SECRET
        self.lasts: float = 18_000
        self.largest = 100
        self.watch: Callable[[str], None] = lambda path: None

    def put(self, *bills: Raw) -> None:
        """New Bills, or changed ones of which each counts as the next version."""
        for bill in bills:
            known = next((held for held in self.lists["bills"] if held["id"] == bill["id"]), None)
            if known is None:
                self.lists["bills"].append(dict(bill))
            else:
                known.update(bill | {"version": known["version"] + 1})

    def expire_tokens(self) -> None:
        self.valid.clear()

    def questions(self, path: str = "bills") -> list[dict[str, str]]:
        return [parameters for asked, parameters in self.asked if asked == path]

    def answer(self, sent: requests.PreparedRequest) -> Answer:
        url = urlsplit(str(sent.url))
        if url.path == "/oauth/token":
            return self._grant(sent)
        path = url.path.rpartition("/")[2]
        parameters = {name: values[0] for name, values in parse_qs(url.query, strict_parsing=True).items()}
        self.asked.append((path, parameters))
        self.watch(path)
        if fault := self._due(str(sent.url)):
            return fault.status, fault.headers, fault.body
        if sent.headers.get("Authorization", "").removeprefix("Bearer ") not in self.valid or f"/{ORGANIZATION}/" not in url.path:
            return 403, {}, '{"message": "User is not authorized to access this resource"}'
        return self._page(path, parameters)

    def _grant(self, sent: requests.PreparedRequest) -> Answer:
        pair = base64.b64encode(f"{KEY}:{self.secret}".encode()).decode()
        if fault := self._due("/oauth/token"):
            return fault.status, fault.headers, fault.body
        if sent.headers["Authorization"] != f"Basic {pair}" or sent.body != b'{"grant_type":"client_credentials"}':
            return 401, {}, '{"message": "Unauthorized"}'
        self.granted += 1
        token = TOKEN.format(self.granted)
        self.valid.add(token)
        return 200, {}, encode({"access_token": token, "token_type": "Bearer", "expires_in": self.lasts}).decode()

    def _page(self, path: str, parameters: dict[str, str]) -> Answer:
        size = int(parameters["pageSize"])
        assert 1 <= size <= 100
        if size > self.largest:
            return 413, {}, '{"message": "Response too large"}'
        records = [record for record in reversed(self.lists[path]) if _fits(record, parameters)]
        start = int(parameters.get("nextToken", "page-0").removeprefix("page-"))
        given = [_shown(record, parameters) for record in records[start : start + size]]
        following = f"page-{start + size}" if start + size < len(records) else None
        return 200, {}, encode({"data": given, "nextToken": following}).decode()

    def _due(self, url: str) -> Fault | None:
        for fault in self.faults:
            if fault.match in url and fault.times:
                if fault.after:
                    fault.after -= 1
                    return None
                fault.times -= 1
                return fault
        return None


def _fits(record: Raw, parameters: dict[str, str]) -> bool:
    return (
        parameters.get("billDateStart", "") <= record.get("billDate", "")
        and record.get("billDate", "") < parameters.get("billDateEnd", "9999")
        and parameters.get("status", record.get("status")) == record.get("status")
        and record["id"] in parameters.get("ids", record["id"]).split(",")
    )


def _shown(record: Raw, parameters: dict[str, str]) -> Raw:
    hidden = {"billTotal"} if parameters.get("includeBillTotal") != "true" else set()
    hidden |= {"lineItems"} if parameters.get("excludeLineItems") == "true" else set()
    return {name: value for name, value in record.items() if name not in hidden}


@contextmanager
def serving(api: M3ter) -> Iterator[M3ter]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        for method in ("GET", "POST"):
            wire.add_callback(method, re.compile(r"https://api\.m3ter\.com/.*"), callback=api.answer, content_type="application/json")
        yield api
