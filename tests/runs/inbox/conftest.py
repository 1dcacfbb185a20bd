import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest import CaptureFixture, MonkeyPatch

from credentials import hand_out
from credentials.models import Credential
from integrations.sources import asking
from runs import inbox
from tests.runs.inbox.posting import CREDENTIAL
from tests.sources.m3ter import api


@pytest.fixture
def create(tmp_path: Path, capsys: CaptureFixture[str]) -> Callable[..., Credential]:
    def create(given: dict[str, str], **changes: str) -> Credential:
        file = tmp_path / "credential.json"
        file.write_text(json.dumps(given | changes))
        call_command("create_credential", file=file)
        return Credential.objects.get(pk=json.loads(capsys.readouterr().out)["id"])

    return create


@pytest.fixture
def hook_credential(db: None, create: Callable[..., Credential]) -> Credential:
    return create(CREDENTIAL)


@pytest.fixture
def m3ter(monkeypatch: MonkeyPatch) -> Iterator[api.M3ter]:
    monkeypatch.setattr(hand_out, "_kept", {})
    monkeypatch.setattr(asking, "sleep", lambda seconds: None)
    with api.serving(api.M3ter()) as served:
        yield served


@pytest.fixture
def api_credential(m3ter: api.M3ter, db: None, create: Callable[..., Credential]) -> Credential:
    return create(api.CREDENTIAL)


@pytest.fixture
def woken(monkeypatch: MonkeyPatch) -> list[int]:
    """The sources that a worker was asked to look at."""
    calls: list[int] = []
    monkeypatch.setattr(inbox, "wake", calls.append)
    return calls
