"""The records of the external systems as last read: names for ids, choices for drop-downs, and what is no longer of use."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations import registry
from integrations.contract import CatalogueRow
from integrations.errors import Refused
from mappings.models import CatalogueReading, CatalogueRecord

LOOKED_UP_AT_ONCE = 5_000
WHOLE_EVERY = timedelta(days=1)
OVERLAP = timedelta(minutes=10)
_READ = ("name", "code", "email", "currencies", "kind", "within", "facts", "active", "listed")
_LONGEST = {"name": 300, "code": 200, "email": 320, "within": 200, "kind": 50}

Key = tuple[str, str, str]
"""(system, table, external id)."""


class Standing(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    DELETED = "deleted"
    ABSENT = "not there"
    UNREAD = "not read yet"


@dataclass(frozen=True)
class Seen:
    """What the catalogue knows of one id. `since` when it is inactive or deleted, `tenant` where, `currencies` its only ones."""

    external_id: str
    name: str = ""
    standing: Standing = Standing.UNREAD
    since: datetime | None = None
    tenant: str = ""
    currencies: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        return self.standing in (Standing.ACTIVE, Standing.UNREAD)

    def __str__(self) -> str:
        return titled(self.external_id, self.name)


def titled(external_id: str, name: str) -> str:
    """ "GPU Compute (2003)", or the bare id when nobody knows its name."""
    return f"{name} ({external_id})" if name else external_id


# --- keeping what was read ---------------------------------------------------------------------------------------------------------------


def store(system: str, tenant: str, table: str, rows: Iterable[CatalogueRow]) -> int:
    """Keeps all the rows of one table, writing only what changed; what is no longer listed becomes inactive. Returns how many were read.

    errors.Refused, and nothing is changed, when a table that had records comes back empty: that is a lost permission, not news.
    """
    read = {row.id: row for row in rows}
    with transaction.atomic():
        known = {record.external_id: record for record in records(system, tenant, table)}
        had = sum(record.listed for record in known.values())
        if had and not read:
            label = registry.system_label(system)
            raise Refused(f"{label} listed no {table} at all, though it had {had}. Check that the credential's role may still see them.")
        changed = [record for row in read.values() if (record := _changed(known.get(row.id), system, tenant, table, row))]
        changed += [gone for external_id, record in known.items() if external_id not in read and (gone := _gone(record))]
        _write(changed)
        now = timezone.now()
        reading = {"read_at": now, "whole_at": now, "records": len(read), "error": ""}
        CatalogueReading.objects.update_or_create(system=system, tenant=tenant, table=table, defaults=reading)
    return len(read)


def add(system: str, tenant: str, table: str, rows: Iterable[CatalogueRow]) -> int:
    """Keeps those rows of one table that changed lately and leaves the others as they are. Returns how many were read."""
    read = {row.id: row for row in rows}
    with transaction.atomic():
        known = {record.external_id: record for record in records(system, tenant, table).filter(external_id__in=read)}
        _write([record for row in read.values() if (record := _changed(known.get(row.id), system, tenant, table, row))])
        listed = records(system, tenant, table).filter(listed=True).count()
        reading = {"read_at": timezone.now(), "records": listed, "error": ""}
        CatalogueReading.objects.update_or_create(system=system, tenant=tenant, table=table, defaults=reading)
    return len(read)


def changed_since(system: str, tenant: str, table: str) -> datetime | None:
    """From when on changes are wanted; None when every record is, because it is a day since all were read."""
    reading = CatalogueReading.objects.filter(system=system, tenant=tenant, table=table).first()
    if reading is None or reading.whole_at is None or reading.read_at is None or timezone.now() - reading.whole_at > WHOLE_EVERY:
        return None
    return reading.read_at - OVERLAP


def note_failure(system: str, tenant: str, table: str, sentence: str) -> None:
    """The table could not be read; what was read before stays."""
    CatalogueReading.objects.update_or_create(system=system, tenant=tenant, table=table, defaults={"error": sentence})


def _changed(known: CatalogueRecord | None, system: str, tenant: str, table: str, row: CatalogueRow) -> CatalogueRecord | None:
    """The record as it is to be stored, None when it is stored so already."""
    values = {"name": row.name or row.id, "code": row.code, "email": row.email, "within": row.within, "kind": row.kind}
    fresh = {name: value[: _LONGEST[name]] for name, value in values.items()} | {
        "currencies": list(row.currencies),
        "facts": [list(fact) for fact in row.facts],
        "active": row.active,
        "listed": True,
    }
    record = known or CatalogueRecord(system=system, tenant=tenant, table=table, external_id=row.id)
    if known is not None and all(getattr(known, name) == value for name, value in fresh.items()):
        return None
    for name, value in fresh.items():
        setattr(record, name, value)
    record.inactive_since = None if row.active else record.inactive_since or timezone.now()
    return record


def _gone(record: CatalogueRecord) -> CatalogueRecord | None:
    if not record.listed:
        return None
    record.active, record.listed, record.inactive_since = False, False, record.inactive_since or timezone.now()
    return record


def _write(changed: list[CatalogueRecord]) -> None:
    """Where another worker was first with a row, the newer reading is written over it."""
    for record in changed:
        record.pk = None
    CatalogueRecord.objects.bulk_create(
        changed,
        update_conflicts=True,
        update_fields=[*_READ, "inactive_since", "read_at"],
        unique_fields=["system", "tenant", "table", "external_id"],
        batch_size=500,
    )


# --- asking it ----------------------------------------------------------------------------------------------------------------------


def records(system: str, tenant: str = "", table: str = "") -> QuerySet[CatalogueRecord]:
    """Of one tenant, or of all when none is named."""
    given = {"tenant": tenant, "table": table}
    return CatalogueRecord.objects.filter(system=system, **{name: value for name, value in given.items() if value})


def is_known(system: str, table: str, tenant: str = "") -> bool:
    """Whether the table was ever read, so that an id which is not among its records is wrong or new."""
    read = CatalogueReading.objects.filter(system=system, table=table, read_at__isnull=False)
    return (read.filter(tenant=tenant) if tenant else read).exists()


def search(system: str, tenant: str, table: str, text: str) -> QuerySet[CatalogueRecord]:
    """Active records by name, code or id."""
    found = records(system, tenant, table).filter(active=True)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(code__icontains=text) | Q(external_id=text))
    return found.order_by("name", "external_id")


def listing(found: Iterable[CatalogueRecord]) -> list[tuple[str, str]]:
    """Ids and titles for a drop-down; the tenant is named where there are several."""
    rows = list(found)
    several = len({record.tenant for record in rows}) > 1
    return list({record.external_id: f"{record}, {record.tenant}" if several else str(record) for record in rows}.items())


def seen(keys: Iterable[Key], tenant: str = "") -> dict[Key, Seen]:
    """What is known of each id, in two queries. Of several tenants the one that is worst off speaks."""
    wanted = set(keys)
    systems, tables = {system for system, _, _ in wanted}, {table for _, table, _ in wanted}
    read = CatalogueReading.objects.filter(system__in=systems, table__in=tables, read_at__isnull=False)
    rows = CatalogueRecord.objects.filter(system__in=systems, table__in=tables, external_id__in={key[2] for key in wanted})
    if tenant:
        read, rows = read.filter(tenant=tenant), rows.filter(tenant=tenant)
    known = set(read.values_list("system", "table"))
    found: dict[Key, list[CatalogueRecord]] = defaultdict(list)
    for record in rows:
        found[record.system, record.table, record.external_id].append(record)
    return {key: _seen(key, found.get(key, []), (key[0], key[1]) in known) for key in wanted}


def _seen(key: Key, found: list[CatalogueRecord], known: bool) -> Seen:
    if not found:
        return Seen(key[2], standing=Standing.ABSENT if known else Standing.UNREAD)
    return seen_of(min(found, key=lambda record: (record.active, record.listed)))


def seen_of(record: CatalogueRecord) -> Seen:
    standing = Standing.ACTIVE if record.active else Standing.INACTIVE if record.listed else Standing.DELETED
    return Seen(record.external_id, record.name, standing, record.inactive_since, record.tenant, tuple(record.currencies))


def unusable(system: str, tenant: str) -> Mapping[tuple[str, str], Seen]:
    """The inactive and deleted records of one tenant, by (table, id)."""
    return {(record.table, record.external_id): seen_of(record) for record in records(system, tenant).filter(active=False)}
