"""m3ter: Bills, Accounts and the catalogue in the shapes of its API."""

from integrations.contract import Pull, Source
from integrations.sources.m3ter.auth import M3TER_ACCESS_KEY
from integrations.sources.m3ter.client import fetch
from integrations.sources.m3ter.reader import read_bill, read_item, read_party
from integrations.sources.m3ter.webhook import HOOK, M3TER_SIGNED_REQUEST

SOURCE = Source(
    platform="m3ter",
    label="m3ter",
    schema=1,
    read_bill=read_bill,
    read_party=read_party,
    read_item=read_item,
    items={"products": "Product", "aggregations": "Aggregation", "compoundAggregations": "CompoundAggregation"},
    credential_kinds=(M3TER_ACCESS_KEY, M3TER_SIGNED_REQUEST),
    pull=Pull(kind=M3TER_ACCESS_KEY, fetch=fetch),
    hook=HOOK,
)
