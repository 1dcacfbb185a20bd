"""A NetSuite client as small as can be, for asking the emulator."""

import base64
import time
from typing import Any

import jwt
import requests

from integrations.emulation.hub import Hub
from tests.wire import emulated

ACCOUNT = "1234567_SB1"
HOST = "https://1234567-sb1.suitetalk.api.netsuite.com"
TOKEN_URL = f"{HOST}/services/rest/auth/oauth2/v1/token"
FORM = {"grant_type": "client_credentials", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}

__all__ = ["ACCOUNT", "FORM", "HOST", "TOKEN_URL", "Books", "emulated", "invoice", "line"]


def line(item: str = "2001", **fields: Any) -> dict[str, Any]:
    return {"item": {"id": item}, **({"amount": 10} if not {"amount", "rate"} & fields.keys() else {}), **fields}


def invoice(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A minimal invoice of customer 1001 dated in the open September of 2026."""
    return {"entity": {"id": "1001"}, "tranDate": "2026-09-30", "item": {"items": list(lines) or [line()]}, **fields}


class Books:
    """A logged-in session on one account."""

    def __init__(self, hub: Hub, base: str = HOST) -> None:
        self.hub, self.base = hub, base
        self.secret = hub.emulators["netsuite"].credential_files(None)["NETSUITE_AUTH"]
        self.session = requests.Session()
        self.session.headers["Host"] = HOST.removeprefix("https://")
        self.session.headers["X-NetSuite-PropertyNameValidation"] = "Error"

    def assertion(self, algorithm: str = "PS256", key: Any = None, kid: str = "", **claims: Any) -> str:
        now = int(time.time())
        whole = {"iss": self.secret["clientId"], "aud": TOKEN_URL, "scope": ["rest_webservices"], "iat": now, "exp": now + 300, **claims}
        whole = {name: value for name, value in whole.items() if value is not None}
        key = key or base64.b64decode(self.secret["privateKey"])
        return jwt.encode(whole, key, algorithm=algorithm, headers={"kid": kid or self.secret["certificateId"]})

    def ask_token(self, assertion: str, **form: str) -> requests.Response:
        path = f"{self.base}/services/rest/auth/oauth2/v1/token"
        return self.session.post(path, data={**FORM, "client_assertion": assertion, **form})

    def login(self) -> "Books":
        self.session.headers["Authorization"] = f"Bearer {self.ask_token(self.assertion()).json()['access_token']}"
        return self

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, f"{self.base}/services/rest/{path}", json=body, headers=sent)

    def put(self, external_id: str, body: Any, replace: str = "?replace=item") -> requests.Response:
        return self.call("PUT", f"record/v1/invoice/eid:{external_id}{replace}", body)

    def get(self, external_id: str, kind: str = "invoice") -> dict[str, Any]:
        return self.call("GET", f"record/v1/{kind}/eid:{external_id}?expandSubResources=true").json()

    def query(self, sql: str, *params: Any) -> list[dict[str, str]]:
        answer = self.call("POST", "query/v1/suiteql", {"q": sql, "params": list(params)}, Prefer="transient")
        assert answer.status_code == 200, answer.text
        return [{name: value for name, value in row.items() if name != "links"} for row in answer.json()["items"]]

    def control(self, path: str, body: Any = None) -> requests.Response:
        return requests.request("GET" if body is None else "POST", f"{self.base}/_emulator/{path}", json=body)

    def records(self, kind: str, *records: dict[str, Any], tenant: str = ACCOUNT) -> list[str]:
        answer = self.control("records", {"system": "netsuite", "tenant": tenant, "type": kind, "records": list(records)})
        assert answer.status_code == 200, answer.text
        return answer.json()["ids"]

    def configure(self, **settings: Any) -> None:
        answer = self.control("configure", {"netsuite": settings})
        assert answer.status_code == 200, answer.text

    def state(self, kind: str = "invoice", tenant: str = ACCOUNT) -> list[dict[str, Any]]:
        return self.control("state").json()["netsuite"][tenant][kind]


def detail(answer: requests.Response) -> tuple[int, str, str, str]:
    """(status, code, sentence, path) of an error envelope, whose shape is checked on the way."""
    envelope = answer.json()
    assert set(envelope) == {"type", "title", "status", "o:errorDetails"} and envelope["status"] == answer.status_code
    (only,) = envelope["o:errorDetails"]
    return answer.status_code, only["o:errorCode"], only["detail"], only.get("o:errorPath", "")
