"""The whole way with a real kind: files, pairs made here, refusals, one token for many workers."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from credentials import hand_out, service
from credentials.key_pair import KeyPair
from credentials.models import Credential
from integrations import errors, registry
from integrations.emulation import credential_files
from integrations.emulation.hub import Hub
from tests.wire import emulated

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"


@pytest.fixture
def hub() -> Hub:
    with emulated() as hub:
        yield hub


@pytest.fixture
def file(hub: Hub, tmp_path: Path) -> Path:
    credential_files.write(hub.emulators.values(), tmp_path)
    return tmp_path / "NETSUITE_AUTH.json"


def tokens_asked(hub: Hub) -> int:
    return sum(row["count"] for row in hub.calls.report()["by"] if row["path"] == TOKEN_PATH)


def created(file: Path) -> Credential:
    call_command("create_credential", file=file)
    return Credential.objects.get()


@pytest.mark.django_db
def test_the_emulators_file_is_taken_as_it_is(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    credential = created(file)
    printed = capsys.readouterr().out.splitlines()[-1]
    assert json.loads(printed) == {"id": str(credential.pk), "status": "VERIFIED"}
    assert (credential.system, credential.tenant, credential.name) == ("Netsuite", "1234567_SB1", "NetSuite sandbox")
    assert hand_out.auth(credential.pk).headers()["Authorization"].startswith("Bearer ")


@pytest.mark.django_db
def test_a_wrong_certificate_id_is_refused_in_a_sentence_and_nothing_is_stored(file: Path) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | {"certificateId": "cert-unknown"}))
    with pytest.raises(CommandError, match=r"Nothing was stored. NetSuite refused the login .* certificate id"):
        call_command("create_credential", file=file)
    assert not Credential.objects.exists()


@pytest.mark.django_db
def test_a_pair_made_here_logs_in_once_its_certificate_is_there(hub: Hub, quick_pair: KeyPair) -> None:
    kind = registry.credential_kind("NETSUITE_AUTH")
    draft = service.create_draft(kind, "NetSuite", {"accountId": "7654321-sb2"})
    values = {"accountId": "7654321-sb2", "clientId": "client", "certificateId": "mine"}
    with pytest.raises(errors.Misconfigured):
        service.replace_secrets(draft, values)
    entry = {"certificateId": "mine", "clientId": "client", "certificate": draft.new_certificate}
    hub.emulators["netsuite"].add_records("7654321_SB2", "certificate", [entry])
    service.replace_secrets(draft, values)
    credential = Credential.objects.get()
    assert (credential.status, credential.tenant, credential.settings["accountId"]) == ("VERIFIED", "7654321_SB2", "7654321_SB2")
    assert credential.expires_at is not None


@pytest.mark.django_db(transaction=True)
def test_eight_workers_share_one_login(hub: Hub, file: Path) -> None:
    credential = created(file)
    Credential.objects.update(tokens_expire_at=None)
    hand_out._kept.clear()
    before, barrier = tokens_asked(hub), threading.Barrier(8)

    def work(_: int) -> str:
        barrier.wait()
        try:
            return hand_out.auth(credential.pk).headers()["Authorization"]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(work, range(8)))) == 1
    assert tokens_asked(hub) == before + 1
