import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing.models import Account, CatalogueItem, Source
from credentials.models import Credential
from integrations import contract
from integrations import service as integrations
from integrations.models import IntegrationConfig
from mappings.models import CatalogueReading, CatalogueRecord, ExternalMapping

TENANT = "1234567_SB1"
ITEMS = {"2001": "API Usage", "2002": "Storage Usage", "2003": "GPU Compute", "2021": "Vector Search 2"}


@pytest.fixture
def priya(db: None) -> User:
    return User.objects.create_superuser("priya", "priya@example.com", "pw", first_name="Priya", last_name="Nair")


@pytest.fixture
def desk(client: Client, priya: User) -> Client:
    client.force_login(priya)
    return client


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")


@pytest.fixture
def login(db: None) -> Credential:
    facts = {"tenant": TENANT, "status": Credential.Status.VERIFIED, "kind": "NETSUITE_AUTH"}
    return Credential.objects.create(name="NetSuite sandbox", system="Netsuite", **facts)


@pytest.fixture
def integration(login: Credential) -> IntegrationConfig:
    return integrations.create("Bill", "Netsuite", "NetSuite US", {}, credential=login)


@pytest.fixture
def items(db: None) -> None:
    """The Items of the account as the catalogue last read them."""
    read("Item", ITEMS)


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any, Any, Any]]]:
    """What `contract.changed` announced: (verb, actor, before, after)."""
    events: list[tuple[str, Any, Any, Any]] = []

    def listen(actor: Any, verb: str, before: Any, after: Any, **rest: Any) -> None:
        events.append((verb, actor, before, after))

    contract.changed.connect(listen)
    yield events
    contract.changed.disconnect(listen)


def read(table: str, records: dict[str, str], tenant: str = TENANT, **facts: Any) -> None:
    CatalogueReading.objects.update_or_create(system="Netsuite", tenant=tenant, table=table, defaults={"read_at": timezone.now()})
    for external_id, name in records.items():
        CatalogueRecord.objects.create(system="Netsuite", tenant=tenant, table=table, external_id=external_id, name=name, **facts)


def product(source: Source, uid: str, name: str = "", code: str = "", kind: str = "Product", **facts: Any) -> CatalogueItem:
    return CatalogueItem.objects.create(source=source, kind=kind, uid=uid, name=name, code=code, **facts)


def account(source: Source, uid: str = "acc-1", name: str = "Borealis AI", code: str = "BOR", **facts: Any) -> Account:
    return Account.objects.create(source=source, uid=uid, name=name, code=code, **facts)


def mapping(entity: str = "Product", uid: str = "gpu", external_id: str = "2003", **facts: Any) -> ExternalMapping:
    table = "Customer" if entity == "Account" else "Item"
    given = {"entity_type": entity, "entity_id": uid, "external_system": "Netsuite", "external_table": table, "external_id": external_id}
    return ExternalMapping(**(given | facts))


def stored(*args: Any, **facts: Any) -> ExternalMapping:
    made = mapping(*args, **facts)
    made.save()
    return made


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
