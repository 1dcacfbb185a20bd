"""What an administrator does at Intuit and in QuickBooks before connecting: the customer's own instructions, step by step."""

from integrations.contract import SetupStep

STEPS = (
    SetupStep(
        title="Create an app at Intuit",
        where="developer.intuit.com > My Hub > App dashboard > Create an app",
        actions=(
            "Choose QuickBooks Online and Payments.",
            "Select the scope com.intuit.quickbooks.accounting.",
            "Under Settings > Redirect URIs add the address that Connect shows here, for development or for production.",
        ),
        warning="Production takes only redirect addresses that begin with https.",
    ),
    SetupStep(
        title="Copy the client id and the client secret",
        where="The app > Keys & credentials, Development for a sandbox and Production for a real company",
        actions=("Copy the Client ID and the Client Secret.",),
        copies="clientId",
        warning="Development keys open sandbox companies only: choose the external system QuickBooksSandbox with them.",
    ),
    SetupStep(
        title="Create the customers",
        where="QuickBooks > Sales > Customers > New Customer",
        actions=("Enter the customer's name.", "With Multicurrency, choose its currency: it can never be changed."),
    ),
    SetupStep(
        title="Set the currencies",
        where="QuickBooks > Settings > Account and settings > Advanced > Currency",
        actions=(
            "Set Home Currency to the currency of most of your Bills.",
            "Turn on Multicurrency if you invoice in other currencies, and add them.",
        ),
        warning="Multicurrency cannot be turned off again.",
    ),
    SetupStep(
        title="Keep the Bills' numbers",
        where="QuickBooks > Settings > Account and settings > Sales > Sales form content",
        actions=("Turn on Custom transaction numbers.",),
        warning="While it is off, QuickBooks gives the invoices numbers of its own.",
    ),
    SetupStep(
        title="Connect",
        where="Here: Connect, then Intuit's page",
        actions=("Log in as an administrator of the company.", "Choose the company and select Connect."),
        copies="realmId",
        warning="The connection ends when it is not used for 100 days, and after five years in any case: then press Reconnect.",
    ),
)
