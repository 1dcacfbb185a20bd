"""Salesforce: Bills become invoice records with line records, of our own package or of the org's objects."""

import datetime as dt

from integrations.contract import Destination, System, Table
from integrations.destinations.salesforce.answers import NOUNS, usage
from integrations.destinations.salesforce.auth import LABEL, SANDBOX, SYSTEM
from integrations.destinations.salesforce.client import BATCH_SIZE, connect
from integrations.destinations.salesforce.describe import misfits
from integrations.destinations.salesforce.kinds import SALESFORCE_CLIENT_CREDENTIALS, SALESFORCE_JWT
from integrations.destinations.salesforce.options import FIELD_TABLE, OPTIONS
from integrations.destinations.salesforce.payload import ACCOUNT, ENTITIES, PRODUCT, build

DESTINATION = Destination(
    slug="salesforce",
    label=LABEL,
    systems=(System(name=SYSTEM, label=LABEL), System(name=SANDBOX, label="Salesforce sandbox", sandbox=True)),
    tables=(
        Table(name=ACCOUNT, label="Account", entities=("Account",)),
        Table(name=PRODUCT, label="Product", entities=ENTITIES),
        Table(name=FIELD_TABLE, label="Field", by_options=True),
    ),
    entity_types=("Bill",),
    credential_kinds=(SALESFORCE_JWT, SALESFORCE_CLIENT_CREDENTIALS),
    options=OPTIONS,
    build=build,
    connect=connect,
    nouns=NOUNS,
    custom_fields={"Account": "salesforce_account_id", "Product": "salesforce_product_id"},
    replay_window=dt.timedelta(days=3650),
    settle=dt.timedelta(seconds=60),
    batch_size=BATCH_SIZE,
    parallel=5,
    usage=usage,
    misfits=misfits,
)
