"""The admin's navigation: what is listed, who sees it, and what still waits for a person."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from django.apps import apps
from django.db.models import Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from config.format import capped
from credentials.expiry import SOON

MOST_COUNTED = 99


@dataclass(frozen=True)
class Counter:
    """How many rows of a model match; counted up to one more than is ever shown."""

    model: str
    matches: Callable[[], Q]
    words: str
    tone: str = "amber"

    def count(self) -> int:
        try:
            model = apps.get_model(self.model)
        except LookupError:
            return 0
        return int(model._default_manager.filter(self.matches()).order_by()[: MOST_COUNTED + 1].count())


@dataclass(frozen=True)
class Entry:
    """One link. `permission` is "app.code" or the label of an app of which any permission is enough; empty means everyone."""

    label: str
    url: str
    permission: str = ""
    args: tuple[str, ...] = ()
    counter: Counter | None = None

    def address(self) -> str:
        try:
            return reverse(self.url, args=self.args)
        except NoReverseMatch:
            return ""

    def visible(self, request: HttpRequest) -> bool:
        if not self.permission:
            return True
        if "." in self.permission:
            return request.user.has_perm(self.permission)
        return request.user.has_module_perms(self.permission)


@dataclass(frozen=True)
class Section:
    label: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Link:
    """An entry as one person sees it on one page."""

    label: str
    name: str
    address: str
    current: bool = False
    count: str = ""
    words: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Group:
    label: str
    links: list[Link] = field(default_factory=list)


def open_problems() -> Q:
    return Q(state="open")


def missing_mappings() -> Q:
    return Q(state="open", code="MISSING_MAPPING")


def failing_credentials() -> Q:
    return Q(status="AUTH_FAILED") | Q(status="VERIFIED", expires_at__lt=timezone.now() + SOON)


SECTIONS = (
    Section(
        "",
        (
            Entry("Overview", "admin:index"),
            Entry(
                "Problems",
                "admin:runs_problem_changelist",
                "runs.view_problem",
                counter=Counter("runs.Problem", open_problems, "open problems", "red"),
            ),
            Entry("Runs", "admin:runs_integrationrun_changelist", "runs.view_integrationrun"),
            Entry("Bills", "admin:billing_bill_changelist", "billing.view_bill"),
            Entry("Reconciliation", "admin:reconciliation", "runs.view_integrationrun"),
        ),
    ),
    Section(
        "Integrations",
        (
            Entry("External systems", "admin:integrations_integrationconfig_systems", "integrations.view_integrationconfig"),
            Entry("Configurations", "admin:integrations_integrationconfig_changelist", "integrations.view_integrationconfig"),
            Entry(
                "External mappings",
                "admin:mappings_externalmapping_changelist",
                "mappings.view_externalmapping",
                counter=Counter("runs.Problem", missing_mappings, "missing"),
            ),
            Entry(
                "Credentials",
                "admin:credentials_credential_changelist",
                "credentials.view_credential",
                counter=Counter("credentials.Credential", failing_credentials, "to renew"),
            ),
        ),
    ),
    Section(
        "Source data",
        (
            Entry("Accounts", "admin:billing_account_changelist", "billing.view_account"),
            Entry("Products", "admin:billing_catalogueitem_changelist", "billing.view_catalogueitem"),
            Entry("Sources", "admin:billing_source_changelist", "billing.view_source"),
        ),
    ),
    Section(
        "Administration",
        (
            Entry("Users and groups", "admin:app_list", "auth", ("auth",)),
            Entry("History", "admin:runs_event_changelist", "runs.view_event"),
            Entry("Background jobs", "admin:app_list", "django_q", ("django_q",)),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[Group]:
    """The groups a person may see, with counters, the link of the page marked as current; entries without a page are left out."""
    groups = [Group(section.label, list(_links(request, section.entries))) for section in SECTIONS]
    current = current_address(request.path, [link.address for group in groups for link in group.links])
    return [_marked(group, current) for group in groups if group.links]


def current_address(path: str, addresses: list[str]) -> str:
    """The longest address that the path lies under; the shortest of all (the Overview) only when it is the path itself."""
    home = min(addresses, key=len, default="")
    under = [address for address in addresses if path.startswith(address) and (address != home or path == home)]
    return max(under, key=len, default="")


def _links(request: HttpRequest, entries: tuple[Entry, ...]) -> Iterator[Link]:
    for entry in entries:
        address = entry.address()
        if address and entry.visible(request):
            link = Link(entry.label, entry.url, address)
            yield _counted(link, entry.counter) if entry.counter else link


def _counted(link: Link, counter: Counter) -> Link:
    count = counter.count()
    return replace(link, count=capped(count, MOST_COUNTED), words=counter.words, tone=counter.tone) if count else link


def _marked(group: Group, current: str) -> Group:
    return Group(group.label, [replace(link, current=link.address == current) for link in group.links])


def application_titles() -> dict[str, str]:
    """What the navigation calls an application that it lists as a whole."""
    return {entry.args[0]: entry.label for section in SECTIONS for entry in section.entries if entry.args}
