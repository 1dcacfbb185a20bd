"""The customer of an Account, kept as a mapping by its internal id for the integration whose books it is in."""

from contextlib import suppress

from django.db import transaction

from billing.models import Source
from credentials.models import Credential
from integrations import registry
from integrations.contract import CustomerRow
from integrations.models import IntegrationConfig
from mappings import service
from mappings.models import ExternalMapping
from runs.models import IntegrationRun

SLOT = "customer"
Origin = ExternalMapping.Origin


def table_of(integration: IntegrationConfig) -> str:
    """Where customers are at the destination."""
    return registry.tables(integration.system, "Account")[0].name


def pin(run: IntegrationRun) -> None:
    """A customer that was created is from now on the Account's, by its internal id. Safe to call again; nothing while it has no id."""
    if run.delivery.slot != SLOT:
        return
    told = next((each for each in (run.explanation or {}).get("documents", ()) if each["slot"] == SLOT), None)
    credential, customer = run.integration.credential, (told or {}).get("customer") or {}
    if told is None or customer.get("id") or credential is None or not run.external_id:
        return
    row = CustomerRow(id=run.external_id, name=customer.get("name", ""), external_id=told["key"])
    pin_to(run.integration, credential.tenant, run.bill.source, run.bill.account.uid, row, Origin.CREATED)


def pin_to(
    integration: IntegrationConfig, tenant: str, source: Source, account: str, row: CustomerRow, origin: str
) -> ExternalMapping | None:
    """Maps the Account to the customer for this integration; returns another Account's mapping when the customer is that one's.

    One worker at a time for each tenant. An Account that has been mapped meanwhile is left as it is.
    """
    wanted = ExternalMapping(
        source=source,
        entity_type="Account",
        entity_id=account,
        external_system=integration.system,
        external_table=table_of(integration),
        external_id=row.id,
        external_name=row.name[:300],
        integration=integration,
    )
    with transaction.atomic():
        list(Credential.objects.select_for_update().filter(system=integration.system, tenant=tenant))
        ours = ExternalMapping.objects.filter(integration=integration, external_table=wanted.external_table, external_id=row.id)
        other = ours.filter(origin__in=(Origin.MATCHED, Origin.CREATED)).exclude(source=source, entity_id=account).first()
        if other is None and service.same_key(wanted) is None:
            with suppress(ValueError):
                service.create(wanted, origin=origin)
    return other
