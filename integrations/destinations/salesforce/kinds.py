"""The two ways to log in, and what people type for them."""

from collections.abc import Callable, Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from integrations.contract import CredentialField, CredentialKind
from integrations.destinations.salesforce import setup
from integrations.destinations.salesforce.auth import LABEL, SANDBOX, SYSTEM, authorise, obtain_by_assertion, obtain_by_secret, verify
from integrations.destinations.salesforce.org import LOGIN_HOSTS, login_host
from integrations.pem import private_key_block

SMALLEST_RSA = 2048

Form = tuple[dict[str, str], dict[str, str]]


def private_key(text: str) -> str:
    """An RSA key as clean PEM, from PEM or Base64 of PEM. ValueError with a sentence when it is none that RS256 signs with."""
    pem = private_key_block(text, LABEL)
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("The private key is damaged or incomplete. Copy the whole file, both ----- lines included.") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("Salesforce takes RSA keys only; this is another kind. Make a new pair.")
    if key.key_size < SMALLEST_RSA:
        raise ValueError(f"Salesforce takes RSA keys of {SMALLEST_RSA} bits or more; this one has {key.key_size}. Make a new pair.")
    return pem


def _word(label: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        value = text.strip()
        if not value or not value.isprintable() or any(character.isspace() for character in value):
            raise ValueError(f"{label} is one word without spaces: copy it again from Salesforce.")
        return value

    return check


def _my_domain(text: str) -> str:
    """Client credentials are given out by a My Domain only."""
    host = login_host(text)
    if host in LOGIN_HOSTS:
        raise ValueError(f"{host} gives no token to client credentials: enter your My Domain, such as acme.my.salesforce.com.")
    return host


def _cleaner(cleaners: Mapping[str, Callable[[str], str]], secret: str) -> Callable[[dict[str, str], dict[str, str]], Form]:
    def clean(settings: dict[str, str], secrets: dict[str, str]) -> Form:
        """The values as they are stored. ValueError({field: sentence}) when one of them cannot be right."""
        given, values, wrong = {**settings, **secrets}, {}, {}
        for name, cleaner in cleaners.items():
            try:
                values[name] = cleaner(given.get(name, ""))
            except ValueError as error:
                wrong[name] = str(error)
        if wrong:
            raise ValueError(wrong)
        kept = {secret: values.pop(secret)}
        return values, kept

    return clean


_KEY_FIELD = CredentialField(name="consumerKey", label="Consumer key", help="Of the External Client App, under its OAuth settings.")

SALESFORCE_JWT = CredentialKind(
    kind="SALESFORCE_JWT",
    label="Salesforce JWT bearer (certificate)",
    systems=(SYSTEM, SANDBOX),
    fields=(
        CredentialField(
            name="loginUrl",
            label="My Domain or login address",
            help="acme.my.salesforce.com; or login.salesforce.com, in a sandbox test.salesforce.com.",
        ),
        _KEY_FIELD,
        CredentialField(name="username", label="Username", help="Of the integration user, for example billpost@acme.com."),
        CredentialField(
            name="privateKey",
            label="Private key",
            help="The m3ter-key.pem that belongs to the uploaded certificate, as PEM or Base64 of it. Never shown again.",
            secret=True,
            kind="private_key",
        ),
    ),
    clean=_cleaner(
        {
            "loginUrl": login_host,
            "consumerKey": _word("The consumer key"),
            "username": _word("The username"),
            "privateKey": private_key,
        },
        "privateKey",
    ),
    obtain=obtain_by_assertion,
    verify=verify,
    authorise=authorise,
    makes_key_pair=True,
    setup=setup.JWT_STEPS,
)
SALESFORCE_CLIENT_CREDENTIALS = CredentialKind(
    kind="SALESFORCE_CLIENT_CREDENTIALS",
    label="Salesforce client credentials",
    systems=(SYSTEM, SANDBOX),
    fields=(
        CredentialField(name="loginUrl", label="My Domain", help="acme.my.salesforce.com, or acme--uat.sandbox.my.salesforce.com."),
        _KEY_FIELD,
        CredentialField(name="consumerSecret", label="Consumer secret", help="Of the same app. Never shown again.", secret=True),
    ),
    clean=_cleaner(
        {"loginUrl": _my_domain, "consumerKey": _word("The consumer key"), "consumerSecret": _word("The consumer secret")}, "consumerSecret"
    ),
    obtain=obtain_by_secret,
    verify=verify,
    authorise=authorise,
    setup=setup.CLIENT_CREDENTIALS_STEPS,
)
