"""One QuickBooks company: its realm id and its addresses."""

from dataclasses import dataclass
from urllib.parse import quote

LABEL = "QuickBooks"
SYSTEM, SANDBOX = "QuickBooks", "QuickBooksSandbox"
MINOR_VERSION = 75
"""Lower ones have been ignored since 1 August 2025 (Intuit's developer blog, 21 January 2025)."""

_API = {SYSTEM: "https://quickbooks.api.intuit.com", SANDBOX: "https://sandbox-quickbooks.api.intuit.com"}
_APP = {SYSTEM: "https://app.qbo.intuit.com", SANDBOX: "https://app.sandbox.qbo.intuit.com"}


@dataclass(frozen=True)
class Company:
    """`system` is the external system; any other than the sandbox is production."""

    realm: str
    system: str = SYSTEM

    @property
    def root(self) -> str:
        return f"{_API.get(self.system, _API[SYSTEM])}/v3/company/{quote(self.realm, safe='')}"

    def url(self, path: str, request_id: str = "") -> str:
        repeated = f"&requestid={quote(request_id)}" if request_id else ""
        return f"{self.root}/{path}{'&' if '?' in path else '?'}minorversion={MINOR_VERSION}{repeated}"

    def page_url(self, kind: str, number: str) -> str:
        """Where a person sees the document."""
        app = _APP.get(self.system, _APP[SYSTEM])
        return f"{app}/app/{kind.lower()}?txnId={quote(number, safe='')}&deeplinkcompanyid={quote(self.realm, safe='')}"
