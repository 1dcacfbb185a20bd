import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.models import Source
from integrations.models import IntegrationConfig, Status
from tests.integrations.conftest import credential
from tests.integrations.test_options import DEFAULTS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger")]


def run(folder: Path, given: Any) -> Any:
    (folder / "integration.json").write_text(given if isinstance(given, str) else json.dumps(given))
    out = io.StringIO()
    call_command("create_integration", "--file", str(folder / "integration.json"), stdout=out)
    return json.loads(out.getvalue())


def test_everything_given(tmp_path: Path) -> None:
    Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")
    login = credential()
    given = {
        "entityType": "Bill",
        "destination": "LedgerOne",
        "name": "Ledger US",
        "configData": {"onlySendBillOnApproval": True, "itemMapping": {"USAGE": "2001"}},
        "integrationCredentialsId": str(login.pk),
        "sources": ["m3ter"],
    }
    printed = run(tmp_path, given)
    integration = IntegrationConfig.objects.get()
    assert printed == {"id": str(integration.pk)}
    assert (integration.name, integration.enabled, integration.status) == ("Ledger US", True, Status.CONNECTED)
    assert integration.options == DEFAULTS | given["configData"]
    assert [source.slug for source in integration.sources.all()] == ["m3ter"]


def test_the_least_that_is_needed_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"entityType": "Bill", "destination": "LedgerOne", "name": "A"}'))
    call_command("create_integration", "--file", "-", stdout=io.StringIO())
    assert (IntegrationConfig.objects.get().status, IntegrationConfig.objects.get().options) == (Status.NOT_CONNECTED, DEFAULTS)


def test_all_sentences_at_once(tmp_path: Path) -> None:
    given = {
        "entityType": "Bill",
        "destination": "LedgerOne",
        "nam": "A",
        "configData": {"voidPolicy": "DELETE"},
        "integrationCredentialsId": "7",
        "sources": ["m3tr"],
    }
    with pytest.raises(CommandError) as caught:
        run(tmp_path, given)
    assert json.loads(str(caught.value)) == {
        "errors": {
            "nam": "There is no nam here; did you mean name?",
            "name": "name is missing.",
            "voidPolicy": 'When a sent Bill is voided: expected NOTHING or VOID or CREDIT_MEMO, not "DELETE".',
            "integrationCredentialsId": "There is no credential 7; create_credential prints its id.",
            "sources": "There is no source m3tr.",
        }
    }
    assert not IntegrationConfig.objects.exists()


@pytest.mark.parametrize(("text", "words"), [("{", "is not JSON"), ("[]", "where an object is expected")])
def test_a_file_that_is_no_object(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(tmp_path, text)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(CommandError, match=r"nowhere\.json cannot be read: No such file"):
        call_command("create_integration", "--file", "nowhere.json")
