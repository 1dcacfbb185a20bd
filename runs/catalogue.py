"""Reads the records of a destination for names and drop-downs: table by table, so that one refusal does not hide the others."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from credentials import hand_out
from credentials.models import Credential
from integrations import options, registry
from integrations.contract import Client, Destination
from integrations.errors import DeliveryError, Retry, Unknown
from integrations.http import Wire
from mappings import catalogue
from mappings.models import CatalogueReading

SECONDS = 60
"""After which no further table is begun: a task has two minutes."""


@dataclass
class Read:
    """Records read by table, why other tables could not be read, and the tables that there was no time for."""

    records: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


def read(credential: Credential) -> Read:
    """The tables of the destination that the credential opens, those first that were not read for longest.

    After a lost connection no further table is tried.
    """
    destination, end, done = registry.destination(credential.system), time.monotonic() + SECONDS, Read()
    client, tables = _client(credential, destination), _tables(credential, destination)
    for number, table in enumerate(tables):
        if time.monotonic() > end:
            done.left = tables[number:]
            break
        try:
            done.records[table] = _table(credential, client, table)
        except DeliveryError as error:
            done.failed[table] = error.sentence
            catalogue.note_failure(credential.system, credential.tenant, table, error.sentence)
            if isinstance(error, Retry | Unknown):
                break
    return done


def _table(credential: Credential, client: Client, table: str) -> int:
    """What changed in a table since it was read; the whole of it when that is a day ago. How many records came."""
    since = catalogue.changed_since(credential.system, credential.tenant, table)
    keep = catalogue.store if since is None else catalogue.add
    return keep(credential.system, credential.tenant, table, list(client.catalogue(table, since)))


def _tables(credential: Credential, destination: Destination) -> list[str]:
    readings = CatalogueReading.objects.filter(system=credential.system, tenant=credential.tenant, read_at__isnull=False)
    read_at = {table: when.timestamp() for table, when in readings.values_list("table", "read_at") if when}
    return sorted((table.name for table in destination.tables), key=lambda name: read_at.get(name, 0))


def _client(credential: Credential, destination: Destination) -> Client:
    """A client for reading; no integration's options matter for that, so the defaults stand in."""
    defaults = options.defaults(destination, destination.entity_types[0])
    return destination.connect(Wire(hand_out.auth(credential.pk), credential.system), credential.tenant, defaults)


def readable(credentials: Iterable[Credential]) -> list[Credential]:
    """The usable credentials of destinations, one for each tenant."""
    served = {system.name for system in registry.systems()}
    found = {(each.system, each.tenant): each for each in credentials if each.usable and each.system in served}
    return list(found.values())
