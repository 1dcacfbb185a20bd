"""Every source against the emulator that its package ships, from a credential file to a revised Bill: by its lists, and by its hook."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from pytest import CaptureFixture, MonkeyPatch

from billing.models import Bill, Source
from credentials import hand_out
from integrations import contract, registry
from integrations.emulation import credential_files, posting
from integrations.emulation.contract import Request
from integrations.emulation.hub import Hub
from runs import inbox_work
from runs.models import Inbound
from tests.sources.emulators import emulator, fault

every = pytest.mark.parametrize("source", [source for source in registry.sources() if source.pull], ids=lambda source: source.platform)
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(hub: Hub, db: None, capsys: CaptureFixture[str], monkeypatch: MonkeyPatch) -> Iterator[Run]:
    """A command's JSON."""
    monkeypatch.setattr(hand_out, "_kept", {})

    def run(*arguments: str) -> dict[str, Any]:
        call_command(*arguments)
        return dict(json.loads(capsys.readouterr().out))

    with time_machine.travel("2026-11-21T09:00:00Z"):
        yield run


@pytest.fixture
def connected(hub: Hub, run: Run, tmp_path: Path) -> Callable[[contract.Source], None]:
    def connect(source: contract.Source) -> None:
        credential_files.write([emulator(hub, source.platform)], tmp_path)
        for kind in source.credential_kinds:
            assert run("create_credential", "--file", str(tmp_path / f"{kind.kind}.json"))["status"] == "VERIFIED"

    return connect


def newest(hub: Hub, source: contract.Source) -> Bill:
    return Bill.objects.filter(source__platform=source.platform, status="APPROVED").order_by("-bill_date", "uid")[0]


def change(hub: Hub, platform: str, uid: str, amount: str) -> Any:
    answer = hub.handle(Request.build("POST", "/_emulator/change", {}, json.dumps({"system": platform, "id": uid, "amount": amount})))
    return answer.status, json.loads(answer.body)


@every
def test_credential_files_for_every_kind_that_stay_when_they_are_there(source: contract.Source, tmp_path: Path) -> None:
    one, other = Hub(), Hub()
    written = credential_files.write([emulator(one, source.platform)], tmp_path)
    assert {path.stem for path in written} == {kind.kind for kind in source.credential_kinds}
    credential_files.write([emulator(other, source.platform)], tmp_path)
    assert emulator(other, source.platform).credentials == emulator(one, source.platform).credentials


@every
def test_a_changed_bill_is_found_by_the_next_pull(
    source: contract.Source, hub: Hub, run: Run, connected: Callable[[contract.Source], None]
) -> None:
    connected(source)
    first = run("pull", "--source", source.platform)
    assert first["created"] == first["received"] > 0 and first["rejected"] == []
    again = run("pull", "--source", source.platform)
    assert (again["created"], again["revised"]) == (0, 0)

    bill = newest(hub, source)
    assert change(hub, source.platform, bill.uid, "4321.09") == (200, {"hook": 0})
    assert run("pull", "--source", source.platform)["revised"] == 1
    bill.refresh_from_db()
    assert bill.current_revision is not None and bill.current_revision.number == 2
    assert Decimal(bill.current_revision.document["lines"][0]["amount"]) in (Decimal("4321.09"), Decimal("43.2109"))


@every
def test_a_changed_bill_follows_its_hook(
    source: contract.Source, hub: Hub, run: Run, connected: Callable[[contract.Source], None], monkeypatch: MonkeyPatch
) -> None:
    connected(source)
    run("pull", "--source", source.platform)
    bill = newest(hub, source)
    monkeypatch.setattr(posting, "post", _into_the_inbox)
    settings = {source.platform: {"hook_url": f"http://127.0.0.1:8000/hooks/{source.platform}/"}}
    assert hub.handle(Request.build("POST", "/_emulator/configure", {}, json.dumps(settings))).status == 200

    assert change(hub, source.platform, bill.uid, "4321.09") == (200, {"hook": 200})
    assert Inbound.objects.get().state == Inbound.State.WAITING
    assert inbox_work.work(Source.objects.get(slug=source.platform), 5) == 1
    assert Inbound.objects.get().state == Inbound.State.DONE
    bill.refresh_from_db()
    assert bill.current_revision is not None and bill.current_revision.number == 2


def _into_the_inbox(url: str, headers: dict[str, str], body: bytes) -> int:
    kind = headers["Content-Type"]
    sent = {name: value for name, value in headers.items() if name != "Content-Type"}
    return int(Client(enforce_csrf_checks=True).post(urlsplit(url).path, body, content_type=kind, headers=sent).status_code)


@every
def test_a_limit_in_the_middle_loses_nothing(
    source: contract.Source, hub: Hub, run: Run, connected: Callable[[contract.Source], None], waits: list[float]
) -> None:
    connected(source)
    fault(hub, source.platform, "", 429, times=4)
    pulled = run("pull", "--source", source.platform)
    assert (pulled["received"], len(waits)) == (len(emulator(hub, source.platform).records["bills"]), 4)


@every
def test_nobody_gets_in_without_the_credential(source: contract.Source, hub: Hub) -> None:
    for path in ("/organizations/x/bills", "/v1/customers", "/invoices.json"):
        host = {"m3ter": "api.m3ter.com", "metronome": "api.metronome.com", "maxio": "demo.chargify.com"}[source.platform]
        for login in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp4"}):
            assert hub.handle(Request.build("GET", f"https://{host}{path}", login)).status in (401, 403)


@every
def test_people_see_the_bills_and_change_one(source: contract.Source, hub: Hub) -> None:
    platform = emulator(hub, source.platform)
    uid = next(iter(platform.records["bills"]))
    page = hub.handle(Request.build("GET", f"/{source.platform}/", {})).body.decode()
    assert uid in page and "Change a Bill" in page
    for amount, said in (("77.70", "No hook was sent"), ("NaN", "must be a number"), ("1e99", "must be a number")):
        answer = hub.handle(Request.build("POST", f"/{source.platform}/", {}, f"id={uid}&amount={amount}"))
        assert said in answer.body.decode()
    assert "has no Bill none" in hub.handle(Request.build("POST", f"/{source.platform}/", {}, "id=none&amount=1")).body.decode()


@every
def test_the_control_api_keeps_records_and_resets(source: contract.Source, hub: Hub) -> None:
    platform = emulator(hub, source.platform)
    first = platform.state()
    (tenant,) = first
    bill = json.loads(json.dumps(first[tenant]["bills"][0], default=float))
    assert platform.add_records(tenant, "bills", [bill]) == [platform.uid("bills", bill)]
    with pytest.raises(ValueError, match="but no ledgers"):
        platform.add_records(tenant, "ledgers", [{}])
    platform.configure({"hook_url": ""})
    with pytest.raises(ValueError, match="has no setting latency"):
        platform.configure({"latency": 1})
    assert change(hub, source.platform, "none", "1")[0] == 400
    hub.reset()
    assert platform.state() == first


def test_hooks_stay_on_this_machine_and_destinations_have_no_bills(hub: Hub) -> None:
    for url in ("http://example.test/hooks/m3ter/", "https://127.0.0.1/x", "ftp://localhost/x"):
        with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
            posting.post(url, {}, b"")
    assert posting.post("http://127.0.0.1:9/x", {}, b"") == 0
    destination = next(slug for slug in hub.emulators if slug not in {source.platform for source in registry.sources()})
    assert change(hub, destination, "x", "1") == (400, {"error": f"{destination} has no Bills to change."})
