from collections.abc import Iterator
from typing import Any

import pytest

from credentials import service as credentials
from credentials.models import Credential
from integrations import registry
from integrations import service as integrations
from integrations.destinations.salesforce import kinds
from integrations.destinations.salesforce.emulation.catalogue import account_id
from integrations.emulation.hub import Hub
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from tests.destinations.salesforce.org import Login, Org
from tests.wire import emulated

KINDS = {kind.kind: kind for kind in (kinds.SALESFORCE_JWT, kinds.SALESFORCE_CLIENT_CREDENTIALS)}


@pytest.fixture(scope="session")
def the_hub() -> Hub:
    return Hub()


@pytest.fixture(scope="session")
def credential_files(the_hub: Hub) -> dict[str, dict[str, Any]]:
    """What the emulator's credential files hold; their apps are known to the emulator."""
    return the_hub.emulators["salesforce"].credential_files(None)


@pytest.fixture
def org(the_hub: Hub, credential_files: dict[str, dict[str, Any]]) -> Iterator[Org]:
    the_hub.reset()
    with emulated(the_hub):
        yield Org(the_hub, login_of("SALESFORCE_JWT", credential_files))


@pytest.fixture
def credential(db: None, org: Org, credential_files: dict[str, dict[str, Any]]) -> Credential:
    login = login_of("SALESFORCE_JWT", credential_files)
    return credentials.create(registry.credential_kind("SALESFORCE_JWT"), "Salesforce", {**login.settings, **login.secrets})


@pytest.fixture
def integration(credential: Credential) -> IntegrationConfig:
    ExternalMapping.objects.create(
        entity_type="Account", entity_id="acc-1", external_system="Salesforce", external_table="Account", external_id=account_id(1)
    )
    return integrations.create("Bill", "Salesforce", "CRM", {"bulkThreshold": 3}, credential=credential)


def login_of(name: str, files: dict[str, dict[str, Any]]) -> Login:
    kind = KINDS[name]
    given = {each.name: files[name][each.name] for each in kind.fields}
    secret = {each.name for each in kind.fields if each.secret}
    settings = {name: value for name, value in given.items() if name not in secret}
    return Login(kind, *kind.clean(settings, {name: given[name] for name in secret}))
