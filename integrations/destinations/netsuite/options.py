"""What an integration with NetSuite asks for beyond the common options. Labels and help are the customer's own."""

import re
from collections.abc import Mapping

from billing.bill import LINE_TYPES
from integrations.contract import Kind, Option
from integrations.destinations.netsuite.order_options import ORDER_OPTIONS
from integrations.lines import SPLIT_OPTION
from integrations.periods import FIRST_OPEN_DAY, HOLD

BULK_THRESHOLD = 20
EXTERNAL_LINE_FIELD = "custcol_m3ter_external_line_item"
PERIOD_FIELDS = ("servicePeriodStart", "servicePeriodEnd")
_LINE_FIELD = re.compile(r"custcol[a-z0-9_]+")
_ITEMS, _LINES = "Items", "Lines"


def _line_field(value: str) -> str:
    """Why the text is not the id of a custom line field, "" when it is or is empty."""
    if not value or _LINE_FIELD.fullmatch(value):
        return ""
    return f"“{value}” is not the id of a line field: in NetSuite that begins with custcol_ and has only small letters, digits and _."


def _line_fields(value: Mapping[str, str]) -> str:
    return next((wrong for entry in value.values() if (wrong := _line_field(entry))), "")


OPTIONS = (
    SPLIT_OPTION,
    Option(
        key="netsuiteSendDueDate",
        label="Netsuite send due date",
        kind=Kind.BOOL,
        help="Sends the Bill's due date. Off: NetSuite derives it from the customer's terms.",
        default=False,
        group="Dates",
    ),
    Option(
        key="netsuiteDefaultItemId",
        label="Netsuite default item id",
        kind=Kind.EXTERNAL,
        table="Item",
        help="Used when nothing else names an item, for example for “Other”. Empty: such a Bill is not sent.",
        default="",
        group=_ITEMS,
    ),
    Option(
        key="netsuiteCommitmentItemId",
        label="Netsuite commitment item id",
        kind=Kind.EXTERNAL,
        table="Item",
        help="The item that stands for Commitments. Empty: the line item type's or the default item is used.",
        default="",
        group=_ITEMS,
    ),
    Option(
        key="netsuiteMinimumSpendId",
        label="Netsuite minimum spend id",
        kind=Kind.EXTERNAL,
        table="Item",
        help="The item that stands for Minimum Spends. Empty: the line item type's or the default item is used.",
        default="",
        group=_ITEMS,
    ),
    Option(
        key="netsuiteItemMapping",
        label="Netsuite item mapping",
        kind=Kind.EXTERNAL_BY_KEY,
        table="Item",
        help="The item of each line item type, used if there is no external mapping. Empty: the default item is used.",
        default={},
        choices=tuple(LINE_TYPES.items()),
        effects={"": "Default item"},
        group=_ITEMS,
    ),
    Option(
        key="netsuiteItemCustomFieldMapping",
        label="Netsuite item custom field mapping",
        kind=Kind.TEXT_BY_KEY,
        help="Custom line fields for the service period, custcol_…; the invoice shows the last day, not the day after. Empty: not sent.",
        default={},
        choices=((PERIOD_FIELDS[0], "Service period start goes to"), (PERIOD_FIELDS[1], "Service period end goes to")),
        group=_LINES,
        validate=_line_fields,
    ),
    Option(
        key="netsuiteExternalLineItemField",
        label="Netsuite external line item field",
        kind=Kind.EXTERNAL,
        table="CustomField",
        help="The custom line field that carries the Bill line's id. Empty: the id is not sent.",
        default=EXTERNAL_LINE_FIELD,
        group=_LINES,
        validate=_line_field,
    ),
    Option(
        key="closedPeriodPolicy",
        label="When the accounting period is closed",
        kind=Kind.CHOICE,
        help="What happens to a Bill whose date lies in a closed period.",
        default=HOLD,
        choices=((HOLD, "Hold the Bill"), (FIRST_OPEN_DAY, "Post on the first open day")),
        effects={HOLD: "until a person decides", FIRST_OPEN_DAY: "the run shows the new date"},
        group="Dates",
    ),
    Option(
        key="bulkThreshold",
        label="Bulk threshold",
        kind=Kind.NUMBER,
        help="Above this many new Bills at once they go together, a hundred to a request, instead of one by one.",
        default=BULK_THRESHOLD,
        group="Sending",
    ),
    *ORDER_OPTIONS,
)
