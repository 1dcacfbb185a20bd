"""The destinations that the engine is held to: how a test connects to each, spoils its writes, and reads its books as the judge."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from credentials import service as credentials
from credentials.models import Credential
from integrations import registry
from integrations import service as integrations
from integrations.destinations.salesforce.emulation import catalogue
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping

Records = Mapping[str, list[dict[str, Any]]]
PRODUCT, ITEM = "prod-api", "2001"


@dataclass(frozen=True)
class Found:
    """A document as it stands: our key, its id there, its total signed as ours, and how many lines it has."""

    key: str
    id: str
    total: Decimal
    lines: int


@dataclass(frozen=True)
class Place:
    """`write` is part of the path of every write, `login` the end of the token endpoint's, `method` that of a write.

    `named` makes the external id of a customer or item of the emulators' catalogue in one of the two `tables`.
    `unreached`: fault points that the flow never comes to with this destination.
    """

    slug: str
    system: str
    kind: str
    tenant: str
    write: str
    login: str
    method: str
    read: Callable[[Records], Iterator[Found]]
    options: Mapping[str, Any] = field(default_factory=dict)
    unreached: frozenset[str] = frozenset()
    tables: tuple[str, str] = ("Customer", "Item")
    named: Callable[[str], str] = str

    def __str__(self) -> str:
        return self.slug

    def found(self, state: Mapping[str, Any]) -> list[Found]:
        """What an emulator's state holds of it; fails when a document is there twice."""
        found = list(self.read(state[self.slug].get(self.tenant, {})))
        keys = [each.key for each in found]
        assert sorted(set(keys)) == sorted(keys), f"doubles: {sorted(keys)}"
        return found

    def credential(self, file: Mapping[str, Any] | Path) -> Credential:
        """Connected with what its emulator wrote."""
        content = json.loads(file.read_text()) if isinstance(file, Path) else file
        fields = {key: value for key, value in content.items() if key not in ("type", "kind", "name")}
        return credentials.create(registry.credential_kind(self.kind), f"{self.system} sandbox", fields)

    def integration(self, credential: Credential, name: str, **options: Any) -> IntegrationConfig:
        return integrations.create("Bill", self.system, name, {**self.options, **options}, credential=credential)

    def map(self, account: str, customer: str) -> None:
        for entity, uid, table, external_id in (("Account", account, self.tables[0], customer), ("Product", PRODUCT, self.tables[1], ITEM)):
            to = {"external_system": self.system, "external_table": table, "external_id": self.named(external_id)}
            ExternalMapping.objects.get_or_create(entity_type=entity, entity_id=uid, defaults=to, external_system=self.system)


def _netsuite(records: Records) -> Iterator[Found]:
    for kind in ("invoice", "creditMemo"):
        for each in records.get(kind, []):
            lines = each["item"]["items"]
            assert sum(Decimal(line["amount"]) for line in lines) == each["total"], each
            yield Found(each["externalId"], str(each["id"]), each["total"], len(lines))


def _quickbooks(records: Records) -> Iterator[Found]:
    for kind, sign in (("Invoice", 1), ("CreditMemo", -1)):
        for each in records.get(kind, []):
            assert sum(Decimal(line["Amount"]) for line in each["Line"]) == each["TotalAmt"], each
            key = each["PrivateNote"].rpartition(" r")[0]
            yield Found(key, each["Id"], sign * each["TotalAmt"], len(each["Line"]))


def _salesforce(records: Records) -> Iterator[Found]:
    for each in records.get("Invoice__c", []):
        lines = [line for line in records["Invoice_Line__c"] if line["Invoice__c"] == each["Id"]]
        if each["Complete__c"]:
            assert sum(Decimal(line["Amount__c"]) for line in lines) == each["Total__c"], each
        yield Found(each["Source_Bill_Id__c"], each["Id"], each["Total__c"], len(lines) if each["Complete__c"] else -1)


NETSUITE = Place(
    slug="netsuite",
    system="Netsuite",
    kind="NETSUITE_AUTH",
    tenant="1234567_SB1",
    write="/record/v1/",
    login="token",
    method="PUT",
    read=_netsuite,
    options={"netsuiteDefaultItemId": "2020"},
)
QUICKBOOKS = Place(
    slug="quickbooks",
    system="QuickBooks",
    kind="QUICKBOOKS_OAUTH",
    tenant="9130",
    write="/v3/company/",
    login="bearer",
    method="POST",
    read=_quickbooks,
    unreached=frozenset({"before following", "followed", "before looking", "looked"}),
)
SALESFORCE = Place(
    slug="salesforce",
    system="Salesforce",
    kind="SALESFORCE_JWT",
    tenant="demo",
    write="/services/data/",
    login="token",
    method="POST",
    read=_salesforce,
    unreached=frozenset({"before asking for a day"}),
    tables=("Account", "Product2"),
    named=lambda number: catalogue.account_id(int(number) - 1000) if number < "2000" else catalogue.product_id(int(number) - 2000),
)
PLACES = (NETSUITE, QUICKBOOKS, SALESFORCE)
