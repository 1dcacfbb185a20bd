"""Pigeon Books: a bookkeeping service with invoices and one API key. The worked example of docs/adding_a_destination.md."""

import datetime as dt

from integrations.contract import CredentialKind, Destination, System, Table
from integrations.destinations.pigeon import credentials
from integrations.destinations.pigeon.client import Client
from integrations.destinations.pigeon.options import OPTIONS
from integrations.destinations.pigeon.payload import build

DESTINATION = Destination(
    slug="pigeon",
    label="Pigeon Books",
    systems=(System(name="Pigeon", label="Pigeon Books"),),
    tables=(Table(name="Customer", label="Customer", entities=("Account",)), Table(name="Item", label="Item", entities=("Product",))),
    entity_types=("Bill",),
    credential_kinds=(
        CredentialKind(
            kind="PIGEON_KEY",
            label="Pigeon Books API key",
            systems=("Pigeon",),
            fields=credentials.FIELDS,
            clean=credentials.clean,
            obtain=credentials.obtain,
            verify=credentials.verify,
            authorise=credentials.authorise,
        ),
    ),
    options=OPTIONS,
    build=build,
    connect=Client,
    nouns={"invoice": "Invoice"},
    custom_fields={},
    replay_window=dt.timedelta(hours=24),
    settle=dt.timedelta(minutes=1),
)
