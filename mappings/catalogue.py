"""The records of the external systems as last read: names for ids, choices for drop-downs."""

from collections.abc import Iterable

from integrations.contract import CatalogueRow
from mappings.models import CatalogueRecord

FIELDS = ["name", "code", "email", "active", "read_at"]
KEY = ["system", "tenant", "table", "external_id"]


def store(system: str, tenant: str, table: str, rows: Iterable[CatalogueRow]) -> int:
    """Keeps the rows of one table; records that are no longer listed become inactive. Returns how many rows were read."""
    records = [_record(system, tenant, table, row) for row in rows]
    CatalogueRecord.objects.bulk_create(records, update_conflicts=True, update_fields=FIELDS, unique_fields=KEY, batch_size=500)
    seen = {record.external_id for record in records}
    known = CatalogueRecord.objects.filter(system=system, tenant=tenant, table=table, active=True)
    gone = [pk for pk, external_id in known.values_list("pk", "external_id") if external_id not in seen]
    CatalogueRecord.objects.filter(pk__in=gone).update(active=False)
    return len(seen)


def _record(system: str, tenant: str, table: str, row: CatalogueRow) -> CatalogueRecord:
    return CatalogueRecord(
        system=system,
        tenant=tenant,
        table=table,
        external_id=row.id,
        name=row.name[:300],
        code=row.code,
        email=row.email,
        active=row.active,
    )
