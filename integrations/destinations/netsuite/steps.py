"""The four steps in which the customer sets an integration with NetSuite up, and what of them stands closed on one page."""

from integrations.contract import OptionStep
from integrations.destinations.netsuite.order_options import ORDER_OPTIONS

ITEM_TYPES = {"InvtPart": "Inventory", "NonInvtPart": "Non-inventory", "Service": "Service", "Assembly": "Assembly", "Kit": "Kit"}
"""SuiteQL's word for each type of item that the two workflows know."""
DISCOUNT, PAYMENT = "Advanced Billing Discount", "Advanced Billing Payment"

STEPS = (
    OptionStep(
        title="Credentials",
        purpose="How to log in to NetSuite. The connection is tested when a credential is saved.",
        connects=True,
    ),
    OptionStep(
        title="Products and items",
        purpose="The item for taxes, and the item of each product. An item is of type Inventory, Non-inventory, Service, Assembly or Kit.",
        keys=("taxItemId", "lineTaxCustomField", "discountItemId", "netsuiteDefaultItemId"),
        more=("netsuiteCommitmentItemId", "netsuiteMinimumSpendId", "netsuiteItemMapping"),
        maps=("Product",),
        table="Item",
        kinds=ITEM_TYPES,
        makes={"discountItemId": ("discountItem", f"Create “{DISCOUNT}”")},
    ),
    OptionStep(
        title="Invoice sync settings",
        purpose="Which invoices are sent, and what they become in NetSuite.",
        keys=("sendZeroTotalBills", "billConsolidation", "documentFlow", "revenueRecognitionFields"),
        panels=("entity", "destination"),
    ),
    OptionStep(
        title="General sync settings",
        purpose="How customers are found, what payments and orders carry, and when everything is sent.",
        keys=(
            "customerMatch",
            "createMissingCustomers",
            "paymentInstruments",
            "paymentMethodId",
            "refundAccountId",
            "refundReceivableAccountId",
            "salesOrderCustomForm",
            "syncStartDate",
            "departmentId",
            "subsidiaryId",
            "locationId",
            "classId",
            "customFields",
            "triggerType",
            "scheduleMinutes",
        ),
        panels=("global",),
        makes={"paymentMethodId": ("paymentMethod", f"Create “{PAYMENT}”")},
    ),
)
FOLDED = tuple(dict.fromkeys(option.group for option in ORDER_OPTIONS))
