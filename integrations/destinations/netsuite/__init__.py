"""NetSuite: Bills become invoices, or credit memos when they are negative, through its REST record API."""

import datetime as dt

from integrations.contract import Destination, System, Table
from integrations.destinations.netsuite.answers import NOUNS
from integrations.destinations.netsuite.auth import NETSUITE_AUTH
from integrations.destinations.netsuite.client import connect, released
from integrations.destinations.netsuite.customer_search import CUSTOMERS
from integrations.destinations.netsuite.file_lane import FILE_LANE
from integrations.destinations.netsuite.options import OPTIONS
from integrations.destinations.netsuite.payload import build, chained
from integrations.destinations.netsuite.preflight import PREFLIGHT
from integrations.destinations.netsuite.steps import FOLDED, STEPS
from integrations.destinations.netsuite.tba import NETSUITE_TOKEN
from integrations.destinations.netsuite.verifying import LABEL, SYSTEM

DESTINATION = Destination(
    slug="netsuite",
    label=LABEL,
    systems=(System(name=SYSTEM, label=LABEL),),
    tables=(
        Table(name="Customer", label="Customer", entities=("Account",)),
        Table(name="Item", label="Item", entities=("Product", "AccountingProduct", "Aggregation", "CompoundAggregation", "PricingBand")),
        Table(name="Currency", label="Currency", entities=("Currency",), by_code=True),
        Table(name="Subsidiary", label="Subsidiary"),
        Table(name="Department", label="Department"),
        Table(name="Location", label="Location"),
        Table(name="Class", label="Class"),
        Table(name="TaxCode", label="Tax code", entities=("Tax",)),
        Table(name="Account", label="Account"),
        Table(name="CustomField", label="Custom field"),
        Table(name="PaymentMethod", label="Payment method"),
    ),
    entity_types=("Bill",),
    credential_kinds=(NETSUITE_AUTH, NETSUITE_TOKEN),
    options=OPTIONS,
    build=build,
    chained=chained,
    released=released,
    connect=connect,
    nouns=NOUNS,
    custom_fields={
        "Account": "netsuite_internal_customer_id",
        "Product": "netsuite_internal_item_id",
        "Contract": "netsuite_sales_order_id",
    },
    replay_window=dt.timedelta(days=3650),
    settle=dt.timedelta(seconds=60),
    batch_size=100,
    file_lane=FILE_LANE,
    preflight=PREFLIGHT,
    steps=STEPS,
    folded=FOLDED,
    parallel=5,
    customers=CUSTOMERS,
)
