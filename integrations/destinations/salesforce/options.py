"""What an integration with Salesforce asks for beyond the common options."""

from integrations.contract import Kind, Option
from integrations.destinations.salesforce.fields import (
    BILL_OBJECT,
    EXTERNAL_IDS,
    FIELDS,
    LINE_OBJECT,
    Names,
    defaults,
    wrong_name,
    wrong_names,
)

BULK_THRESHOLD = 2000
FIELD_TABLE = "Field"
_OBJECTS, _SENDING = "Objects and fields", "Sending"


def _threshold(value: int) -> str:
    return "" if value >= 1 else "Bulk threshold is a number of Bills from 1 upwards."


OPTIONS = (
    Option(
        key="billObject",
        label="Bill object",
        kind=Kind.TEXT,
        help="API name of the object that holds a Bill. Empty: Invoice__c, which our package brings.",
        default=BILL_OBJECT,
        group=_OBJECTS,
        validate=wrong_name,
    ),
    Option(
        key="billLineObject",
        label="Bill line object",
        kind=Kind.TEXT,
        help="API name of the object that holds its lines. Empty: Invoice_Line__c, which our package brings.",
        default=LINE_OBJECT,
        group=_OBJECTS,
        validate=wrong_name,
    ),
    Option(
        key="externalIdFields",
        label="External id fields",
        kind=Kind.TEXT_BY_KEY,
        help=(
            "Fields flagged External ID and Unique that carry the source’s own ids. The Account’s is used when an Account has no "
            "mapping; empty there: the source’s id is sent as the Salesforce id."
        ),
        default={key: name for key, (_, name) in EXTERNAL_IDS.items()},
        choices=tuple((key, label) for key, (label, _) in EXTERNAL_IDS.items()),
        group=_OBJECTS,
        validate=wrong_names,
    ),
    Option(
        key="fieldMapping",
        label="Field mapping",
        kind=Kind.EXTERNAL_BY_KEY,
        table=FIELD_TABLE,
        help=(
            "The field for each value. The lists show the fields that the integration user may write, of the objects that are saved "
            "above. Empty: the value is not sent; total, revision tag, the line’s invoice and its amount always go."
        ),
        default=defaults(),
        choices=tuple((key, row[0]) for key, row in FIELDS.items()),
        effects={"": "Not sent"},
        group=_OBJECTS,
        validate=wrong_names,
        within=lambda options: Names.of(options).objects(),
    ),
    Option(
        key="bulkThreshold",
        label="Bulk threshold",
        kind=Kind.NUMBER,
        help="Above this many Bills at once they go as a Bulk API 2.0 job instead of up to 75 to a call.",
        default=BULK_THRESHOLD,
        group=_SENDING,
        validate=_threshold,
    ),
)
