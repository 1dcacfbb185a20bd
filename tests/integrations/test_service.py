import pytest
from django.contrib.auth.models import User

from billing.models import Source
from integrations import service
from integrations.models import ConfigVersion, IntegrationConfig, Status
from integrations.options import OptionErrors
from integrations.service import NotAllowed
from runs.models import Exchange
from tests.integrations.conftest import credential
from tests.integrations.test_options import DEFAULTS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger")]


def made(name: str = "Ledger US", **config_data: object) -> IntegrationConfig:
    return service.create("Bill", "LedgerOne", name, config_data)


def exchange(integration: IntegrationConfig, tenant: str, state: str = "INTENT") -> Exchange:
    return Exchange.objects.create(
        system="LedgerOne",
        tenant=tenant,
        integration=integration,
        state=state,
        method="POST",
        url="/",
        key=tenant,
        body=b"",
        body_digest="",
    )


def test_create_stores_every_option_and_announces_it(priya: User, heard: list) -> None:
    source = Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")
    login = credential()
    integration = service.create("Bill", "LedgerOne", " Ledger US ", {"triggerType": "SCHEDULE"}, login, [source], priya)
    integration.refresh_from_db()
    assert (integration.name, integration.trigger_type, integration.status) == ("Ledger US", "SCHEDULE", Status.CONNECTED)
    assert integration.options == DEFAULTS | {"triggerType": "SCHEDULE"}
    assert integration.current_version is not None
    assert (integration.current_version.number, integration.current_version.who, integration.created_by) == (1, priya, priya)
    assert list(integration.sources.all()) == [source]
    after = {"name": "Ledger US", "entity_type": "Bill", "system": "LedgerOne", "credential": "Ledger production", "sources": ["m3ter"]}
    assert heard == [("created", priya, None, after | {"options": integration.options})]


def test_create_tells_every_mistake_and_stores_nothing() -> None:
    with pytest.raises(OptionErrors) as caught:
        service.create("Bill", "LedgerOne", " ", {"nam": 1, "triggerType": "X"}, credential(system="LedgerSandbox"))
    assert caught.value.errors == {
        "name": "Give the integration a name.",
        "nam": "There is no option nam.",
        "triggerType": 'Trigger type: expected EVENT or SCHEDULE, not "X".',
        "integrationCredentialsId": "Ledger production is a credential of Ledger sandbox; choose one of Ledger One.",
    }
    assert not IntegrationConfig.objects.exists()


@pytest.mark.parametrize(
    ("entity_type", "system", "errors"),
    [
        ("Bill", "LedgerOn", {"destination": "There is no destination LedgerOn; did you mean LedgerOne?"}),
        ("Contract", "LedgerOne", {"entityType": "Ledger One takes Bill, not Contract."}),
    ],
)
def test_create_knows_only_declared_destinations_and_entities(entity_type: str, system: str, errors: dict[str, str]) -> None:
    with pytest.raises(OptionErrors) as caught:
        service.create(entity_type, system, "A", {})
    assert caught.value.errors == errors


def test_a_name_is_unique_per_system_and_free_again_after_archiving() -> None:
    first = made()
    service.create("Bill", "LedgerSandbox", "Ledger US", {})
    with pytest.raises(OptionErrors) as caught:
        made()
    assert caught.value.errors == {"name": "Another Bill integration with Ledger One is called Ledger US; choose a different name."}
    service.archive(first, None)
    assert made().pk != first.pk


def test_options_change_only_when_they_differ(priya: User, heard: list) -> None:
    integration = made(accountIds=["a"])
    assert service.change_options(integration, {"accountIds": ["a"]}, priya) is None
    heard.clear()
    version = service.change_options(integration, {"triggerType": "SCHEDULE"}, priya)
    integration.refresh_from_db()
    assert version == integration.current_version == ConfigVersion.objects.get(integration=integration, number=2, who=priya)
    assert (integration.trigger_type, integration.options["accountIds"]) == ("SCHEDULE", [])
    assert heard == [
        ("changed options", priya, {"triggerType": "EVENT", "accountIds": ["a"]}, {"triggerType": "SCHEDULE", "accountIds": []})
    ]


def test_an_integration_never_waits_for_itself() -> None:
    first = made("First")
    second = made("Second", runAfterIntegrationId=str(first.pk))
    for target in (first, second):
        with pytest.raises(OptionErrors, match="wait for itself"):
            service.change_options(first, {"runAfterIntegrationId": str(target.pk)}, None)
    assert first.versions.count() == 1


def test_connect_takes_only_a_credential_of_the_system(heard: list) -> None:
    integration = made()
    with pytest.raises(NotAllowed, match="is a credential of Ledger sandbox; choose one of Ledger One"):
        service.connect(integration, credential("Sandbox", "LedgerSandbox"), None)
    assert integration.status == Status.NOT_CONNECTED
    service.connect(integration, credential(), None)
    integration.refresh_from_db()
    assert integration.status == Status.CONNECTED
    assert heard[-1] == ("connected", None, {"credential": None}, {"credential": "Ledger production"})
    service.disconnect(integration, None)
    integration.refresh_from_db()
    assert (integration.status, heard[-1][0]) == (Status.NOT_CONNECTED, "disconnected")


def test_the_books_do_not_change_while_answers_are_open() -> None:
    integration = made()
    service.connect(integration, credential(), None)
    open_exchange = exchange(integration, "T-1")
    other = credential("Other books", tenant="T-2")
    service.connect(integration, credential("Same books"), None)
    service.disconnect(integration, None)
    with pytest.raises(NotAllowed, match="still waits for answers from Ledger One T-1"):
        service.connect(integration, other, None)
    with pytest.raises(NotAllowed, match="still waits for answers"):
        service.archive(integration, None)
    Exchange.objects.filter(pk=open_exchange.pk).update(state="SETTLED")
    service.connect(integration, other, None)
    service.archive(integration, None)
    integration.refresh_from_db()
    assert integration.archived_at is not None
    assert not integration.enabled
    with pytest.raises(NotAllowed, match="is archived"):
        service.enable(integration, None)


def test_enabling_resets_what_disabling_set(priya: User, heard: list) -> None:
    integration = made()
    IntegrationConfig.objects.filter(pk=integration.pk).update(consecutive_errors=10)
    integration.refresh_from_db()
    service.disable(integration, "Ten errors in a row.", None)
    service.disable(integration, "Again.", None)
    integration.refresh_from_db()
    assert (integration.enabled, integration.disabled_reason) == (False, "Ten errors in a row.")
    assert integration.disabled_at is not None
    service.enable(integration, priya)
    service.enable(integration, priya)
    integration.refresh_from_db()
    assert (integration.enabled, integration.disabled_reason, integration.disabled_at, integration.consecutive_errors) == (
        True,
        "",
        None,
        0,
    )
    assert [(verb, actor) for verb, actor, _, _ in heard] == [("created", None), ("disabled", None), ("enabled", priya)]


def test_rename_and_sources(heard: list) -> None:
    integration, source = made(), Source.objects.create(slug="maxio", platform="maxio", name="Maxio")
    made("Taken")
    heard.clear()
    service.rename(integration, "Ledger US", None)
    service.change_sources(integration, [], None)
    assert heard == []
    service.rename(integration, "Ledger EU", None)
    service.change_sources(integration, [source], None)
    assert [event[0] for event in heard] == ["renamed", "changed sources"]
    with pytest.raises(OptionErrors, match="choose a different name"):
        service.rename(integration, "Taken", None)
