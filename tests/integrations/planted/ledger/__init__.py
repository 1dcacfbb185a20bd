"""A destination that no product code knows: planted by the tests to show that a package is all it takes."""

import datetime as dt

from integrations.contract import CredentialKind, Destination, Kind, Option, Plan, System, Table


def _never(*args: object) -> Plan:
    raise AssertionError("the pages of an integration speak to nobody")


DESTINATION = Destination(
    slug="ledger",
    label="Ledger",
    systems=(System(name="LedgerOne", label="Ledger One"), System(name="LedgerSandbox", label="Ledger sandbox", sandbox=True)),
    tables=(Table(name="Item", label="Item", entities=("Product",)), Table(name="Customer", label="Customer", entities=("Account",))),
    entity_types=("Bill",),
    credential_kinds=(
        CredentialKind(
            kind="LEDGER_KEY",
            label="Ledger key",
            systems=("LedgerOne", "LedgerSandbox"),
            fields=(),
            clean=lambda settings, secrets: (settings, secrets),
            obtain=_never,
            verify=_never,
            authorise=_never,
        ),
    ),
    options=(
        Option(
            key="splitLines",
            label="Split lines",
            kind=Kind.CHOICE,
            choices=(("BAND", "Item per band"), ("PRODUCT", "Item per product")),
            effects={"BAND": "one line per price tier", "PRODUCT": "one line per Bill line"},
            default="PRODUCT",
        ),
        Option(
            key="defaultItemId", label="Default item id", kind=Kind.EXTERNAL, table="Item", help="Used when nothing else names an item."
        ),
        Option(
            key="itemMapping",
            label="Item mapping",
            kind=Kind.EXTERNAL_BY_KEY,
            table="Item",
            choices=(("USAGE", "USAGE"), ("AD_HOC", "AD_HOC"), ("CREDIT_MEMO", "CREDIT_MEMO")),
            effects={"": "Default item"},
            help="Only used for lines whose Product has no External mapping.",
        ),
        Option(key="bccEmail", label="Bcc email", kind=Kind.EMAIL, help="Empty: nobody gets a copy.", group="E-mail"),
        Option(
            key="lineFields",
            label="Line fields",
            kind=Kind.TEXT_BY_KEY,
            choices=(("start", "Service period start goes to"), ("end", "Service period end goes to")),
        ),
        Option(key="batchLimit", label="Batch limit", kind=Kind.NUMBER, default=20),
    ),
    build=_never,
    connect=_never,
    nouns={"invoice": "Invoice"},
    custom_fields={"Account": "ledger_customer", "Product": "ledger_item"},
    replay_window=dt.timedelta(days=1),
    settle=dt.timedelta(minutes=5),
)
