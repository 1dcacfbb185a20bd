"""Reads the records of a destination for names and drop-downs: table by table, so that one refusal does not hide the others."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from credentials import hand_out
from credentials.models import Credential
from integrations import options, registry
from integrations.contract import CatalogueRow, Client, Destination, Options, Table
from integrations.errors import DeliveryError, Retry, Unknown
from integrations.http import Wire
from integrations.models import IntegrationConfig
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
            done.left = [table.name for table in tables[number:]]
            break
        try:
            done.records[table.name] = (
                _by_options(credential, destination, table) if table.by_options else _table(credential, client, table.name)
            )
        except DeliveryError as error:
            done.failed[table.name] = error.sentence
            catalogue.note_failure(credential.system, credential.tenant, table.name, error.sentence)
            if isinstance(error, Retry | Unknown):
                break
    return done


def _table(credential: Credential, client: Client, table: str) -> int:
    """What changed in a table since it was read; the whole of it when that is a day ago. How many records came."""
    since = catalogue.changed_since(credential.system, credential.tenant, table)
    keep = catalogue.store if since is None else catalogue.add
    return keep(credential.system, credential.tenant, table, list(client.catalogue(table, since)))


def _by_options(credential: Credential, destination: Destination, table: Table) -> int:
    """A table that is another one for each integration, read for all of them; how many records came."""
    found: dict[str, CatalogueRow] = {}
    for chosen in _options_of(credential, destination, table):
        found |= {row.id: row for row in _client(credential, destination, chosen).catalogue(table.name)}
    return catalogue.store(credential.system, credential.tenant, table.name, found.values())


def _options_of(credential: Credential, destination: Destination, table: Table) -> list[Options]:
    """The defaults, and the options of integrations with the same books, where they look at other parts of the table."""
    asked = [option for option in destination.options if option.table == table.name and option.within]
    same = IntegrationConfig.objects.filter(credential__system=credential.system, credential__tenant=credential.tenant, archived_at=None)
    every = [_defaults(destination), *(each.options for each in same.select_related("current_version"))]
    parts = {frozenset(part for option in asked if option.within for part in option.within(chosen).values()): chosen for chosen in every}
    return list(parts.values())


def _tables(credential: Credential, destination: Destination) -> list[Table]:
    readings = CatalogueReading.objects.filter(system=credential.system, tenant=credential.tenant, read_at__isnull=False)
    read_at = {table: when.timestamp() for table, when in readings.values_list("table", "read_at") if when}
    return sorted(destination.tables, key=lambda table: read_at.get(table.name, 0))


def _client(credential: Credential, destination: Destination, chosen: Options | None = None) -> Client:
    """A client for reading; most tables are the same for every integration, and the defaults stand in for its options."""
    wire = Wire(hand_out.auth(credential.pk), credential.system)
    return destination.connect(wire, credential.tenant, _defaults(destination) if chosen is None else chosen)


def _defaults(destination: Destination) -> Options:
    return options.defaults(destination, destination.entity_types[0])


def readable(credentials: Iterable[Credential]) -> list[Credential]:
    """The usable credentials of destinations, one for each tenant."""
    served = {system.name for system in registry.systems()}
    found = {(each.system, each.tenant): each for each in credentials if each.usable and each.system in served}
    return list(found.values())
