"""QuickBooks Online: Bills become invoices, or credit memos when they are negative, through its accounting API."""

import datetime as dt

from integrations.contract import Destination, System, Table
from integrations.destinations.quickbooks.client import connect
from integrations.destinations.quickbooks.company import LABEL, SANDBOX, SYSTEM
from integrations.destinations.quickbooks.oauth import QUICKBOOKS_OAUTH
from integrations.destinations.quickbooks.options import BATCH_SIZE, OPTIONS
from integrations.destinations.quickbooks.payload import build
from integrations.destinations.quickbooks.records import NOUNS

DESTINATION = Destination(
    slug="quickbooks",
    label=LABEL,
    systems=(System(name=SYSTEM, label=LABEL), System(name=SANDBOX, label="QuickBooks Sandbox", sandbox=True)),
    tables=(
        Table(name="Customer", label="Customer", entities=("Account",)),
        Table(name="Item", label="Item", entities=("Product", "AccountingProduct", "Aggregation", "CompoundAggregation", "PricingBand")),
        Table(name="TaxCode", label="Tax code", entities=("Tax",)),
        Table(name="Class", label="Class"),
    ),
    entity_types=("Bill",),
    credential_kinds=(QUICKBOOKS_OAUTH,),
    options=OPTIONS,
    build=build,
    voids=("Invoice",),
    connect=connect,
    nouns=NOUNS,
    custom_fields={"Account": "quickbooks_internal_customer_id", "Product": "quickbooks_internal_item_id"},
    replay_window=dt.timedelta(hours=1),
    settle=dt.timedelta(seconds=60),
    batch_size=BATCH_SIZE,
    parallel=10,
)
