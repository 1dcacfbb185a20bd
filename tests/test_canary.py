"""Planted secrets go through every door, everything goes wrong that can, and none of them is found anywhere afterwards."""

import base64
import json
import logging
from collections.abc import Iterator
from multiprocessing import Value
from pathlib import Path
from queue import Queue
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Task
from django_q.monitor import save_task
from django_q.worker import worker

from credentials import hand_out, key_pair
from credentials.models import Credential
from integrations.models import IntegrationConfig
from runs.build import Kit
from runs.models import Exchange
from tests import canary
from tests.end_to_end.conftest import Done, Installation, emulators, emulators_process, installation
from tests.end_to_end.emulators import ACCOUNT
from tests.end_to_end.raw import a_bill

__all__ = ["emulators", "emulators_process", "installation"]

CREATE = "/admin/credentials/credential/create/{}/"
PASSWORD = "canary-password-7f3e91c2d4"
API_SECRET = "canary-api-secret-b81f02aa6c"
BAD_UID = "no-such-customer"


class Story:
    """Everything that happens to a credential in its life, with what was printed on the way."""

    def __init__(self, installation: Installation) -> None:
        self.installation, self.watch, self.printed, self.pages = installation, canary.Watch(), [], []
        self.client = Client(raise_request_exception=False)
        for name, secret in canary.keys_of_this_installation().items():
            self.watch.text(name, secret)

    def run(self, *arguments: str) -> Done:
        done = self.installation.run(*arguments, LOG_LEVEL="DEBUG")
        self.printed.append(done.stdout + done.stderr)
        for token in (credential.token for credential in Credential.objects.all()):
            if token is not None:
                self.watch.text("an access token", token.value)
        return done

    def post(self, address: str, **data: Any) -> str:
        page = self.client.post(address, data, follow=True).content.decode()
        self.pages.append(page)
        return page

    def tell(self) -> None:
        self._by_command()
        self._by_hand()
        self._through_failures()

    def _by_command(self) -> None:
        """A credential as m3ter shapes it, and one that is refused."""
        file = self.installation.emulators.credentials / "NETSUITE_AUTH.json"
        given = json.loads(file.read_text())
        self.watch.key("the key of the file", base64.b64decode(given["privateKey"]).decode())
        assert self.run("create_credential", "--file", str(file)).returncode == 0
        other = key_pair.generate("other").private_key
        self.watch.key("the refused key", other)
        assert self.run("create_credential", "--file", self.installation.file("other.json", given | {"privateKey": other})).returncode == 1
        cut = self.installation.file("cut.json", given | {"name": "Cut", "privateKey": other[:1500]})
        assert self.run("create_credential", "--file", cut).returncode == 1

    def _by_hand(self) -> None:
        """A login, a pasted key, an uploaded one, a refused one, one made here, and a secret of another kind."""
        User.objects.create_superuser("priya", "priya@example.com", PASSWORD)
        self.watch.text("the password", PASSWORD)
        self.post("/admin/login/?next=/admin/", username="priya", password=PASSWORD + "!")
        assert "Log out" in self.post("/admin/login/?next=/admin/", username="priya", password=PASSWORD)
        known = {"accountId": ACCOUNT, "clientId": "client-1", "certificateId": "cert-1", "key_source": "upload"}
        pair, refused = key_pair.generate("pasted"), key_pair.generate("refused")
        for name, key in (("the pasted key", pair.private_key), ("the key refused in the browser", refused.private_key)):
            self.watch.key(name, key)
        self.installation.emulators.add("certificate", {**known, "certificate": pair.certificate})
        create = CREATE.format("NETSUITE_AUTH")
        assert "refused the login" in self.post(create, name="Refused", privateKey=refused.private_key, **known)
        assert "is connected to" in self.post(create, name="Pasted", privateKey=pair.private_key, **known)
        upload = SimpleUploadedFile("key.pem", pair.private_key.encode())
        assert "is connected to" in self.post(create, name="Uploaded", privateKey_file=upload, **known)
        self.post(create, name="", privateKey=refused.private_key, **known)
        self.post(create, name="Made here", **known | {"key_source": "generate"})
        self.watch.key("the key made here", Credential.objects.get(name="Made here").new_key["privateKey"])
        self.watch.text("an API secret", API_SECRET)
        self.post(CREATE.format("M3TER_ACCESS_KEY"), name="m3ter", organizationId="org", accessKeyId="key", apiSecret=API_SECRET)

    def _through_failures(self) -> None:
        """A 401 in the middle, a refused Bill, lost answers, a job that breaks, and a login refused for good."""
        credential = Credential.objects.get(name="NetSuite sandbox")
        self.installation.integration(str(credential.pk))
        self.installation.customers(acc_1="1001")
        self.installation.bills(*(a_bill(f"b-{number}") for number in range(4)), a_bill("refused", account=BAD_UID))
        for fault in ({"kind": "status", "status": 401}, {"kind": "commit_then_drop"}, {"kind": "truncated"}):
            self.installation.emulators.configure(faults=[{"match": "/invoice/"} | fault])
            self.run("sync", "--wait", "--timeout", "4")
            self.installation.bills(*(a_bill(f"{fault['kind']}-{number}") for number in range(2)))
        self._break_a_job()
        self.installation.emulators.configure(faults=[{"match": "/invoice/", "kind": "status", "status": 401, "times": 1000}])
        self.installation.bills(a_bill("last"))
        self.run("sync", "--wait", "--timeout", "4")
        for arguments in (("runs",), ("rotate_keys",), ("replay", "--failed")):
            self.run(*arguments)

    def _break_a_job(self) -> None:
        """A job fails with the login in its hands and in its message; django-q keeps the traceback."""
        integration = IntegrationConfig.objects.get()

        def broken(kit: Kit, *_: Any) -> None:
            held = kit.login.headers(), hand_out.secrets(kit.integration.credential_id)
            raise RuntimeError(f"broken with {kit!r} and {integration.credential!r} and {len(held)} secrets at hand")

        self.installation.bills(a_bill("breaks"))
        self.installation.call("sync")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("runs.deliver.perform", broken)
            done = carried_out("runs.tasks.look", str(integration.pk))
        assert done["success"] is False and "broken with Kit(" in done["result"]


def carried_out(function: str, *arguments: Any) -> dict[str, Any]:
    """One job as django-q's worker does it and its monitor keeps it."""
    jobs: Queue[Any] = Queue()
    results: Queue[Any] = Queue()
    job = {"id": uuid4().hex, "name": "canary", "func": function, "args": arguments, "kwargs": {}, "started": timezone.now()}
    jobs.put(job)
    jobs.put("STOP")
    worker(jobs, results, Value("f", -1))
    done: dict[str, Any] = results.get()
    save_task(done, get_broker())
    return done


def places(story: Story, logged: str, broker_url: str) -> Iterator[tuple[str, bytes]]:
    yield "output", "".join(story.printed).encode()
    yield "log", logged.encode()
    yield "answers to forms", "".join(story.pages).encode()
    yield from canary.admin_pages(story.client)
    yield from canary.queue(broker_url)
    yield from canary.mails()
    yield canary.dump()
    yield from canary.rows()
    yield from canary.database_files()
    yield "the emulators' state", json.dumps(story.installation.emulators.ask("state"), default=str).encode()


def test_no_planted_secret_is_found_anywhere(
    installation: Installation, broker_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(key_pair, "BITS", 3072)
    monkeypatch.setattr(settings, "AXES_ENABLED", True)
    story = Story(installation)
    story.tell()
    found, looked_at = {}, {}
    for place, content in places(story, caplog.text, broker_url):
        looked_at[place] = looked_at.get(place, b"") + content
        if hits := story.watch.hits(content):
            found[place] = hits
    assert found == {}
    assert_everything_was_looked_at(looked_at)


def assert_everything_was_looked_at(looked_at: dict[str, bytes]) -> None:
    """Each place holds what it must hold, so that finding nothing means something."""
    marks = {
        "output": b"new token until", "log": b"/services/rest/auth", "dumpdata": b"NetSuite sandbox", "task done": b"broken with Kit(",
        "table credentials_credential": b"NetSuite sandbox", "table runs_exchange": b'"externalId"', "table django_q_task": b"look",
        "table runs_event": b"created", "/admin/": b"Overview", "answers to forms": b"Give the secrets again",
        "/admin/credentials/credential/": b"Made here", "the emulators' state": b"b-0",
    }  # fmt: skip
    assert [place for place, mark in marks.items() if mark not in looked_at.get(place, b"")] == []
    exchanges = [f"/admin/runs/integrationrun/{pk}/change/" for pk in Exchange.objects.values_list("members__run", flat=True)]
    assert exchanges and all(b"redacted" in looked_at[page] or b"externalId" in looked_at[page] for page in exchanges)
    assert len([place for place in looked_at if place.startswith("/admin/")]) > 60
    assert any(task.success is False for task in Task.objects.all())


def test_a_secret_would_be_found_however_it_is_written() -> None:
    pem = key_pair.generate("found").private_key
    watch = canary.Watch()
    watch.key("key", pem)
    watch.text("token", "eQ4-canary-token-0123456789-abcdefgh")
    for secret, name in ((pem, "key"), ("eQ4-canary-token-0123456789-abcdefgh", "token")):
        raw = secret.encode()
        written = [raw, raw.hex().encode(), canary.quote_from_bytes(raw).encode(), json.dumps(secret).encode(), repr(secret).encode()]
        written += [base64.b64encode(b"x" * before + raw + b"y") for before in range(3)]
        written += [base64.urlsafe_b64encode(json.dumps({"k": secret}).encode())]
        assert [text[:60] for text in written if watch.hits(b"before " + text + b" after") != {name}] == []
    assert watch.hits(b"nothing of it") == set()
    assert watch.hits(Path(key_pair.__file__).read_bytes()) == set()
