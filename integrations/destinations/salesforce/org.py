"""One Salesforce org: the name of its My Domain, and its addresses."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

VERSION = "62.0"
LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")

_MY_DOMAIN = ".my.salesforce.com"
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.(sandbox|develop|scratch|trailblaze|demo|patch|free|stmfa|stm))?")
_VENDOR = (".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn")


def login_host(text: str) -> str:
    """The host that gives out tokens, from an address, a host or the name of a My Domain. ValueError with a sentence otherwise.

    The page people see, acme.lightning.force.com, stands for acme.my.salesforce.com.
    """
    host = re.sub(r"^https?://", "", text.strip(), flags=re.IGNORECASE).split("/")[0].lower()
    host = re.sub(r"\.(lightning\.force|my\.salesforce-setup|file\.force)\.com$", _MY_DOMAIN, host)
    if _NAME.fullmatch(host):
        host = f"{host}.salesforce.com" if host in ("login", "test") else f"{host}{_MY_DOMAIN}"
    if not _HOST.fullmatch(host) or not host.endswith(_VENDOR):
        raise ValueError(
            "A login address is login.salesforce.com, test.salesforce.com or your My Domain, such as acme.my.salesforce.com; "
            "Salesforce shows it under Setup > Company Settings > My Domain."
        )
    return host


def tenant_of(instance_url: str) -> str:
    """`acme` of https://acme.my.salesforce.com, `acme--uat.sandbox` of a sandbox; the whole host of any other address."""
    host = (urlsplit(instance_url).hostname or "").lower()
    return host.removesuffix(_MY_DOMAIN)


def is_sandbox(host: str) -> bool:
    return host == LOGIN_HOSTS[1] or ".sandbox." in host or host.startswith("test.")


@dataclass(frozen=True)
class Org:
    """`tenant` as `tenant_of` makes it."""

    tenant: str

    @property
    def root(self) -> str:
        whole = self.tenant if self.tenant.endswith(_VENDOR) else f"{self.tenant}{_MY_DOMAIN}"
        return f"https://{whole}"

    @property
    def path(self) -> str:
        """The data API's path, as composite requests name it."""
        return f"/services/data/v{VERSION}"

    @property
    def data(self) -> str:
        return f"{self.root}{self.path}"

    def page_url(self, record_id: str) -> str:
        """Where a person sees the record."""
        return f"{self.root}/{quote(record_id, safe='')}"
