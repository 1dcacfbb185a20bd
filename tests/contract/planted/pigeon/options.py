"""What an integration with Pigeon Books asks for beyond the common options."""

from integrations.contract import Kind, Option

OPTIONS = (
    Option(key="defaultItemId", label="Default item id", kind=Kind.EXTERNAL, table="Item", help="For lines that no mapping names."),
    Option(key="sendMemo", label="Send memo", kind=Kind.BOOL, default=True, help="Off: invoices carry no number of the Bill."),
)
