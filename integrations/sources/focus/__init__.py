"""FOCUS 1.0 cost files: what a cloud provider charges, so that a reseller can bill it on."""

from pathlib import Path

from integrations.contract import FileFormat, Source
from integrations.sources.canonical import read_bill, read_item, read_party
from integrations.sources.focus.charges import ROWS

ABOUT = (
    "A cloud provider's cost and usage file in the FOCUS 1.0 format, as CSV. A sub account is an Account, a service a Product, and a "
    "billing period one Bill per provider and currency, with a line for each service and kind of charge. You choose which of its costs is "
    "billed: BilledCost, what the provider puts on its invoice; EffectiveCost, which spreads commitments over the months they are used "
    "in; ContractedCost, at your negotiated prices; or ListCost, at list prices. One file holds a Bill whole: a later file with the same "
    "months replaces them."
)

SOURCE = Source(
    platform="focus",
    label="FOCUS cost files",
    schema=1,
    read_bill=read_bill,
    read_party=read_party,
    read_item=read_item,
    items={"products": "Product"},
    files=FileFormat(about=ABOUT, templates=(Path(__file__).parent / "sample" / "template.csv",), rows=ROWS),
)
