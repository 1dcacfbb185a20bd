"""What an administrator does in Salesforce before connecting, step by step. Since Spring '26 apps are External Client Apps."""

from pathlib import Path

from integrations.contract import SetupStep

_PACKAGE = SetupStep(
    title="Deploy the Billpost package",
    where="A command line with the Salesforce CLI",
    actions=(
        "Download mdapi.zip here, then: sf project deploy start --target-org <alias> --metadata-dir mdapi.zip",
        "Or without a command line in Workbench: migration > Deploy, choose the zip, tick Single Package.",
        "It brings the objects Invoice__c and Invoice_Line__c, an external id on Account, and the permission set Billpost Integration.",
    ),
    warning="With objects of your own, skip this step and name them and their fields in the integration's options.",
    files=Path(__file__).with_name("package") / "mdapi",
)
_USER = SetupStep(
    title="Create the integration user",
    where="Setup > Users > Users > New User",
    actions=(
        "User License: Salesforce Integration; Profile: Minimum Access - API Only Integrations.",
        "Permission Set License Assignments: Salesforce API Integration.",
        "Permission Set Assignments: Billpost Integration.",
    ),
    warning="Without the permission set the user sees neither the objects nor their fields, and every Bill is refused.",
)
_PAIR = SetupStep(
    title="Make a key pair",
    where="A command line, or the button here that makes the pair for you",
    actions=(
        "openssl req -x509 -newkey rsa:4096 -sha256 -keyout m3ter-key.pem -out m3ter-cert.pem -nodes -days 730",
        "m3ter-cert.pem is uploaded to Salesforce; m3ter-key.pem is entered here as the private key.",
    ),
    copies="privateKey",
    warning="The certificate ends after 730 days: make the next pair before then. Delete the key file from your machine afterwards.",
)


def _app(flow: tuple[str, ...]) -> SetupStep:
    return SetupStep(
        title="Create an External Client App",
        where="Setup > Apps > External Client Apps > External Client App Manager > New External Client App",
        actions=(
            "Name it, for example Billpost; Distribution State: Local.",
            "API (Enable OAuth Settings): Enable OAuth; Callback URL https://localhost, which is never called.",
            "OAuth Scopes: Manage user data via APIs (api); Perform requests at any time (refresh_token, offline_access).",
            *flow,
        ),
        warning="Connected Apps can no longer be created since Spring '26; an existing one goes on working.",
    )


def _policy(*actions: str) -> SetupStep:
    return SetupStep(title="Let the user in", where="External Client App Manager > Billpost > Policies > Edit", actions=actions)


_MY_DOMAIN = SetupStep(
    title="Copy the address of the org",
    where="Setup > Company Settings > My Domain",
    actions=("Copy Current My Domain URL, for example acme.my.salesforce.com, in a sandbox acme--uat.sandbox.my.salesforce.com.",),
    copies="loginUrl",
)
_KEY = SetupStep(
    title="Copy the consumer key",
    where="External Client App Manager > Billpost > Settings > OAuth Settings > Consumer Key and Secret",
    actions=("Confirm with the code that is mailed to you.", "Copy Consumer Key."),
    copies="consumerKey",
)
_SECRET = SetupStep(
    title="Copy the consumer key and secret",
    where="External Client App Manager > Billpost > Settings > OAuth Settings > Consumer Key and Secret",
    actions=("Confirm with the code that is mailed to you.", "Copy Consumer Key and Consumer Secret."),
    copies="consumerSecret",
    warning="A new secret takes up to ten minutes until Salesforce knows it everywhere.",
)

JWT_STEPS = (
    _PACKAGE,
    _USER,
    _PAIR,
    _app(("Flow Enablement: Enable JWT Bearer Flow, and upload m3ter-cert.pem.",)),
    _policy(
        "OAuth Policies: Permitted Users, Admin approved users are pre-authorized.",
        "App Policies: select the permission set Billpost Integration.",
    ),
    _KEY,
    _MY_DOMAIN,
)
CLIENT_CREDENTIALS_STEPS = (
    _PACKAGE,
    _USER,
    _app(("Flow Enablement: Enable Client Credentials Flow.",)),
    _policy("OAuth Flows and External Client App Enhancements: Enable Client Credentials Flow.", "Run As: the integration user."),
    _SECRET,
    _MY_DOMAIN,
)
