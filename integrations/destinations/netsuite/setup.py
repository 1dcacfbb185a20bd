"""What an administrator does in NetSuite before connecting: the customer's own instructions, step by step."""

from integrations.contract import SetupStep
from integrations.destinations.netsuite.role import WITH_ORDERS

_ACCOUNT = SetupStep(
    title="Copy the account id",
    where="Setup > Company > Company Information",
    actions=("Copy the Account ID, for example 1234567, or 1234567_SB1 in a sandbox.",),
    copies="accountId",
    warning="A sandbox's account id has an underscore where its web address has a hyphen. Both spellings are accepted here.",
)

STEPS = (
    SetupStep(
        title="Switch OAuth 2.0 on",
        where="Setup > Company > Enable Features > SuiteCloud",
        actions=("Select OAuth 2.0 and REST Web Services.", "Accept the OAuth 2.0 terms and conditions.", "Save."),
    ),
    SetupStep(
        title="Create a role for the integration",
        where="Setup > Users/Roles > Manage Roles > New",
        actions=(
            "Name it, for example Billpost integration, and select Web Services Only Role.",
            "Transactions: Invoice Full, Credit Memo Full, Find Transaction View.",
            "Lists: Customers View, Items View, Currency View, Subsidiaries View, Departments, Locations and Classes View.",
            "Setup: REST Web Services Full, Log in using OAuth 2.0 Access Tokens Full, Manage Accounting Periods View.",
            "Reports: SuiteAnalytics Workbook View.",
            *WITH_ORDERS,
            "With subsidiaries, select those that are billed, or Allow cross-subsidiary record viewing.",
        ),
        warning="The Administrator role works too, but a role of its own can do no more than invoices and shows who did it.",
    ),
    SetupStep(
        title="Create a user with that role",
        where="Setup > Users/Roles > Manage Users > New",
        actions=("Create a user for the integration.", "Give it the role that you just created."),
    ),
    SetupStep(
        title="Create the line field that carries the Bill line's id",
        where="Customization > Lists, Records, & Fields > Transaction Line Fields > New",
        actions=(
            "Label: m3ter External ID.",
            "ID: _m3ter_external_line_item, which NetSuite completes to custcol_m3ter_external_line_item.",
            "Type: Free-Form Text.",
            "Under Applies to, select Sale Item.",
            "Save and apply to forms.",
        ),
        warning="Without this field, empty the option Netsuite external line item field, or NetSuite refuses every invoice.",
    ),
    SetupStep(
        title="Create the integration record",
        where="Setup > Integration > Manage Integrations > New",
        actions=(
            "Enter a name, for example m3ter Integration.",
            "Under OAuth 2.0, select Client Credentials (Machine to Machine) Grant.",
            "Under Scope, select RESTlets and REST Web Services.",
            "Save, and copy the Client ID from Client Credentials.",
        ),
        copies="clientId",
        warning="NetSuite displays the client credentials only once. If they are lost, open the record and select Reset Credentials.",
    ),
    SetupStep(
        title="Make a key pair",
        where="A command line, or the button here that makes the pair for you",
        actions=(
            "openssl req -x509 -newkey rsa:4096 -sha256 -keyout m3ter-key.pem -out m3ter-cert.pem -nodes -days 730",
            "m3ter-cert.pem is uploaded to NetSuite; m3ter-key.pem is entered here as the private key.",
        ),
        copies="privateKey",
        warning="The certificate ends after 730 days: make the next pair before then. Delete the key file from your machine afterwards.",
    ),
    SetupStep(
        title="Give the certificate to NetSuite",
        where="Setup > Integration > OAuth 2.0 Client Credentials (M2M) Setup > Create New",
        actions=(
            "Entity: the user for the integration.",
            "Role: the role for the integration.",
            "Application: the integration record.",
            "Certificate: choose m3ter-cert.pem, then Save.",
            "Copy the Certificate ID from the list.",
        ),
        copies="certificateId",
        warning="A sandbox refresh removes this mapping; create it again afterwards.",
    ),
    _ACCOUNT,
)

TOKEN_STEPS = (
    _ACCOUNT,
    SetupStep(
        title="Create the integration record",
        where="Setup > Integration > Manage Integrations > New",
        actions=(
            "Enter a name, for example Billpost, and leave the state Enabled.",
            "Under Authentication, select Token-Based Authentication.",
            "Save, and copy the Consumer Key and the Consumer Secret.",
        ),
        copies="consumerKey",
        warning="From release 2027.1 NetSuite creates no new integrations of this kind; existing ones go on. For a new one choose "
        "OAuth 2.0 (client credentials).",
    ),
    SetupStep(
        title="Switch token-based authentication on",
        where="Setup > Company > Enable Features > SuiteCloud",
        actions=("Under Manage Authentication, select Token-Based Authentication.", "Select REST Web Services.", "Save."),
    ),
    SetupStep(
        title="Create a token role",
        where="Setup > Users/Roles > Manage Roles > New",
        actions=(
            "Transactions: Invoice Full, Credit Memo Full, Find Transaction View.",
            "Lists: Customers View, Items View, Currency View, Subsidiaries View, Departments, Locations and Classes View.",
            "Setup: REST Web Services Full, Log in using Access Tokens Full, Manage Accounting Periods View.",
            "Reports: SuiteAnalytics Workbook View.",
            *WITH_ORDERS,
            "With subsidiaries, select those that are billed.",
        ),
    ),
    SetupStep(
        title="Give the role to a user",
        where="Lists > Employees > Employees",
        actions=("Edit the employee that the integration works as.", "Under Access, add the role that you just created.", "Save."),
    ),
    SetupStep(
        title="Create the access token",
        where="Setup > Users/Roles > Access Tokens > New",
        actions=(
            "Application name: the integration record. User: that employee. Role: the token role.",
            "Save, and copy the Token ID and the Token Secret.",
        ),
        copies="tokenId",
        warning="NetSuite shows the four keys only once.",
    ),
)
