"""One NetSuite account: its id in both spellings, and its addresses."""

import re
from dataclasses import dataclass
from urllib.parse import quote

_ID = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)?")
_PAGES = {
    "invoice": "accounting/transactions/custinvc",
    "creditMemo": "accounting/transactions/custcred",
    "salesOrder": "accounting/transactions/salesord",
    "customerPayment": "accounting/transactions/custpymt",
    "customerDeposit": "accounting/transactions/custdep",
    "depositApplication": "accounting/transactions/depappl",
    "customerRefund": "accounting/transactions/custrfnd",
    "customer": "common/entity/custjob",
}
_WHOLE = {
    "customer": "addressBook",
    "customerPayment": "apply",
    "depositApplication": "apply",
    "customerRefund": "apply",
    "creditMemo": "item,apply",
}


def canonical(text: str) -> str:
    """`1234567_SB1` from either spelling, from a host name or from a whole address. ValueError with a sentence otherwise."""
    first = re.sub(r"^https?://", "", text.strip(), flags=re.IGNORECASE).split(".")[0].split("/")[0]
    account = first.upper().replace("-", "_")
    if not _ID.fullmatch(account):
        raise ValueError(
            "An account id is letters and digits such as 1234567, in a sandbox 1234567_SB1; "
            "NetSuite shows it under Setup > Company > Company Information."
        )
    return account


@dataclass(frozen=True)
class Account:
    """`id` in the canonical spelling: upper case, underscore."""

    id: str

    @property
    def host(self) -> str:
        return self.id.lower().replace("_", "-")

    @property
    def rest(self) -> str:
        return f"https://{self.host}.suitetalk.api.netsuite.com/services/rest"

    @property
    def token_url(self) -> str:
        return f"{self.rest}/auth/oauth2/v1/token"

    @property
    def suiteql_url(self) -> str:
        return f"{self.rest}/query/v1/suiteql"

    def upsert_url(self, kind: str, key: str) -> str:
        """Where a record of this type is created or, with its lines, replaced."""
        return f"{self.rest}/record/v1/{kind}/eid:{quote(key, safe='')}?replace={_WHOLE.get(kind, 'item')}"

    def record_url(self, kind: str, number: str, whole: str = "") -> str:
        """Where the record of this internal id is changed, a sublist as a whole."""
        return f"{self.rest}/record/v1/{kind}/{quote(number, safe='')}{f'?replace={whole}' if whole else ''}"

    def list_url(self, kind: str) -> str:
        """The first record of a type, for seeing whether there is a list at all."""
        return f"{self.rest}/record/v1/{kind}?limit=1"

    def transform_url(self, kind: str, address: str, made: str) -> str:
        """Where a record is made of another one, at an internal id or `eid:` and an external one."""
        return f"{self.rest}/record/v1/{kind}/{quote(address, safe=':')}/!transform/{made}"

    def page_url(self, kind: str, number: str) -> str:
        """Where a person sees the record."""
        return f"https://{self.host}.app.netsuite.com/app/{_PAGES[kind]}.nl?id={number}&c={self.id}"
