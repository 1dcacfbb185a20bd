"""Every main page under axe, in light and dark, and on a phone: nothing serious, nothing that scrolls sideways."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page

from billing.bill import Movement
from billing.models import Account, Bill, Source
from credentials.models import Credential
from integrations.models import IntegrationConfig
from runs import preflight, problem_orders, reconcile_kept
from runs.models import Delivery, Difference, Feed, FileImport, Inbound, IntegrationRun, Problem
from tests.end_to_end.conftest import Installation
from tests.end_to_end.raw import a_bill, a_line
from tests.runs.factories import a_bill as a_paid_bill
from tests.runs.factories import arrive

SCHEMES = ["light", pytest.param("dark", marks=pytest.mark.slow)]

DAY = dt.date(2026, 11, 5)
GRAVE = ("serious", "critical")


@pytest.fixture
def lived_in(installation: Installation) -> Installation:
    """With Bills that are posted, refused, left out and recalculated."""
    installation.integration(useExternalMappingAccountCode=True, onlySendBillOnApproval=True)
    installation.customers(acc_1="1001")
    rows = [a_line("l1", 2002.45232, description="API calls"), a_line("l2", 617.4028, "OVERAGE_USAGE", description="Overage")]
    installation.bills(a_bill("b-1", rows), a_bill("b-2", account="acc-2"), a_bill("b-3", status="PENDING"))
    installation.sync()
    installation.bills(a_bill("b-1", [rows[0]], version=2))
    installation.sync()
    arrive(a_paid_bill("b-4", movements=(Movement(uid="p1", kind="payment", date=DAY, currency="USD", amount=Decimal("100.00")),)))
    installation.sync()
    problem = Problem.objects.get()
    problem_orders.comment(problem, "Asked accounting.", None)
    problem_orders.retry(problem)
    installation.sync()
    source = Source.objects.get()
    Feed.objects.create(source=source, failure="The source could not answer.", owner="a worker", records=1500)
    Inbound.objects.create(source=source, event_id="ev-1", type="billing.bill.updated", subject="b-1", state="FAILED", error="No.")
    FileImport.objects.create(slug="m3ter", name="bills.csv", size=100, read=40, state="READING", seen_at=timezone.now())
    facts = {"received": 2, "created": 1, "rejected_count": 1, "rejected": [["bills.csv: line 2", "currency is missing."]]}
    FileImport.objects.create(slug="m3ter", name="bills.csv", size=100, state="DONE", **facts)
    preflight.check(IntegrationConfig.objects.get(), None)
    record = reconcile_kept.ask(IntegrationConfig.objects.get(), dt.date(2026, 11, 1), dt.date(2026, 11, 30), None)
    reconcile_kept.work(record)
    assert record.rows.exists(), record.failure
    return installation


def addresses() -> dict[str, str]:
    """The main pages by name."""
    integration, bill = IntegrationConfig.objects.get(), Bill.objects.get(uid="b-1")
    runs = {run.status: run.pk for run in IntegrationRun.objects.filter(delivery__slot="main", parent=None)}
    chain = IntegrationRun.objects.get(delivery__slot="chain")
    own, of_bill = f"/admin/integrations/integrationconfig/{integration.pk}", f"/admin/billing/bill/{bill.pk}"
    problem = Problem.objects.get()
    of_problem = f"/admin/runs/problem/{problem.pk}"
    return {
        "overview": "/admin/", "problems": "/admin/runs/problem/", "runs": "/admin/runs/integrationrun/", "bills": "/admin/billing/bill/",
        "problem": f"{of_problem}/change/", "progress": f"{of_problem}/progress/", "closed problems": "/admin/runs/problem/?state=closed",
        "my problems": "/admin/runs/problem/?state=mine", "mark as synced": f"/admin/runs/problem/run/{runs['ERROR']}/mark-as-synced/",
        "posted run": f"/admin/runs/integrationrun/{runs['COMPLETE']}/change/",
        "chain": f"/admin/runs/integrationrun/{chain.pk}/change/", "chain's bill": f"/admin/billing/bill/{chain.bill_id}/change/",
        "step": f"/admin/runs/integrationrun/{chain.children.latest('sequence').pk}/change/",
        "chain's preview": f"/admin/billing/bill/{chain.bill_id}/preview/{integration.pk}/",
        "failed run": f"/admin/runs/integrationrun/{runs['ERROR']}/change/",
        "bill": f"{of_bill}/change/", "preview": f"{of_bill}/preview/{integration.pk}/", "import": "/admin/billing/bill/import/",
        "integrations": "/admin/integrations/integrationconfig/", "integration": f"{own}/change/", "options": f"{own}/options/",
        "versions": f"{own}/versions/", "external systems": "/admin/integrations/integrationconfig/systems/",
        "external system": "/admin/integrations/integrationconfig/systems/Netsuite/",
        "choose credential": f"{own}/connect/", "wizard": "/admin/integrations/integrationconfig/add/",
        "mappings": "/admin/mappings/externalmapping/", "new mapping": "/admin/mappings/externalmapping/add/",
        "credentials": "/admin/credentials/credential/",
        "credential": f"/admin/credentials/credential/{Credential.objects.get().pk}/change/",
        "new credential": "/admin/credentials/credential/create/NETSUITE_AUTH/",
        "set-up": "/admin/credentials/credential/setup/NETSUITE_AUTH/",
        "account": f"/admin/billing/account/{Account.objects.get(uid='acc-1').pk}/change/", "events": "/admin/runs/event/",
        "source": f"/admin/billing/source/{Source.objects.get().pk}/change/", "sources": "/admin/billing/source/",
        "imported": f"/admin/billing/bill/import/{FileImport.objects.get(state='DONE').pk}/",
        "importing": f"/admin/billing/bill/import/{FileImport.objects.get(state='READING').pk}/",
        "file": f"/admin/runs/integrationrun/export/{integration.pk}/",
        "reconciliation": f"/admin/runs/reconciliation/?integration={integration.pk}&month=2026-11",
        "nothing compared": f"/admin/runs/reconciliation/?integration={integration.pk}&month=2026-01",
        "explain": f"/admin/runs/reconciliation/row/{Difference.objects.earliest('pk').pk}/explain/",
        "calendar": f"/admin/runs/reconciliation/calendar/{integration.pk}/",
        "search": "/admin/runs/integrationrun/search/?q=b", "checklist": f"/admin/runs/integrationrun/checklist/{integration.pk}/",
    }  # fmt: skip


def third_stage(page: Page) -> None:
    page.goto("/admin/integrations/integrationconfig/add/")
    page.get_by_label("Entity Type").select_option("Bill")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Destination").select_option("Netsuite")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Name", exact=True).wait_for()


def steps(page: Page) -> None:
    """The second step of the set-up: products beside their items."""
    page.goto("/admin/integrations/integrationconfig/add/?entity_type=Bill&system=Netsuite")
    page.get_by_role("button", name="Set up in steps").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Step 2").wait_for()


def compared(page: Page) -> None:
    """A document that another Bill has already, beside the Bill that failed."""
    page.goto(addresses()["mark as synced"])
    page.get_by_label("Number or id").fill(Delivery.objects.get(bill__uid="b-1").external_id)
    page.get_by_role("button", name="Look at it").click()
    page.get_by_role("heading", name="What was found").wait_for()


def grave(page: Page) -> list[str]:
    """What axe finds serious or critical, each with the first element."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found if each["impact"] in GRAVE]


def wide(page: Page) -> list[str]:
    return ["scrolls sideways"] if page.evaluate("document.documentElement.scrollWidth > window.innerWidth") else []


def sticking_out(page: Page) -> list[str]:
    """Tables that are wider than the card around them, with nothing between the two that scrolls."""
    script = """() => [...document.querySelectorAll('.card table')].filter(table => {
        const card = table.closest('.card')
        let around = table.parentElement
        while (around !== card && getComputedStyle(around).overflowX !== 'auto') around = around.parentElement
        const scrolls = getComputedStyle(around).overflowX === 'auto'
        return !scrolls && table.getBoundingClientRect().right > card.getBoundingClientRect().right + 1
    }).map(table => `sticks out: ${table.className} ${table.rows[0].innerText}`)"""
    found: list[str] = page.evaluate(script)
    return found


def complaints(page: Page, check: Callable[[Page], list[str]]) -> dict[str, list[str]]:
    found = {}
    for name, address in addresses().items():
        answer = page.goto(address)
        assert answer is not None and answer.status == 200, f"{name}: {address}"
        found[name] = check(page)
    for name, go in {"third stage": third_stage, "steps": steps, "compared": compared}.items():
        go(page)
        found[name] = check(page)
    return {name: faults for name, faults in found.items() if faults}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_serious(lived_in: Installation, admin_page: Page, scheme: str) -> None:
    admin_page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert complaints(admin_page, grave) == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_page_scrolls_sideways_on_a_phone(lived_in: Installation, admin_page: Page, scheme: str) -> None:
    admin_page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    admin_page.set_viewport_size({"width": 390, "height": 844})
    assert complaints(admin_page, lambda page: wide(page) + (grave(page) if scheme == "light" else [])) == {}


def test_no_table_sticks_out_of_its_card_on_a_small_screen(lived_in: Installation, admin_page: Page) -> None:
    admin_page.set_viewport_size({"width": 1100, "height": 900})
    assert complaints(admin_page, lambda page: wide(page) + sticking_out(page)) == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_empty_installation_is_accessible_too(page: Page, admin_page: Page, scheme: str) -> None:
    admin_page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    pages = ("", "runs/integrationrun/", "billing/bill/", "runs/problem/", "mappings/externalmapping/", "credentials/credential/")
    found = {}
    for address in (*pages, "integrations/integrationconfig/"):
        admin_page.goto(f"/admin/{address}")
        found[address] = grave(admin_page)
    admin_page.context.clear_cookies()
    admin_page.goto("/admin/login/")
    found["login"] = grave(admin_page)
    assert {name: faults for name, faults in found.items() if faults} == {}
