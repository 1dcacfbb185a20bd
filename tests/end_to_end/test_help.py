"""Each command says in --help what it takes and what it prints."""

import pytest
from django.core.management import ManagementUtility

TOLD = {
    "create_credential": ("--file", "{id, status}", "privateKey", "NETSUITE_AUTH", "@path", "Base64"),
    "create_integration": ("--file", "{entityType, destination, name, configData, integrationCredentialsId, sources}", "{id}"),
    "import_mappings": (
        "m3terEntity,m3terId,externalSystem,externalTable,externalId,integrationConfigId,source,validFrom,validTo",
        "{created, updated, unchanged, rejected: [{where, why}]}",
    ),
    "import_bills": ("--source SLUG", "{received, created, revised, unchanged, rejected: [{where, why}]}", ".jsonl", "standard input"),
    "sync": ("--integration ID", "--wait", "--timeout", "{status: count}"),
    "runs": (
        "--status", "--integration ID",
        "id, integration, bill, status, attempts, error_code, error, external_id, url, amount, currency",
    ),
    "replay": ("--failed", "{replayed: [{run, new, status}]}"),
    "readiness": ("--integration ID", "{goes, goes_money, blocked: [{bill, code, why}], blocked_money, left_out: [{bill, why}], not_able}"),
    "rotate_keys": ("{credentials}",),
    "emulators": ("--port", "--write-credentials", "/_emulator/state"),
    "worker": ("watchdog",),
}  # fmt: skip


@pytest.mark.parametrize("command", TOLD)
def test_help_tells_the_shape_of_what_goes_in_and_out(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as done:
        ManagementUtility(["manage.py", command, "--help"]).execute()
    assert done.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert [words for words in TOLD[command] if words not in told] == []
