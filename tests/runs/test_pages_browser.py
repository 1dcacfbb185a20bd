"""The pages in a real browser: the bulk bar, the dialog, the search by keyboard, and narrow screens."""

import re

import pytest
from playwright.sync_api import Page, expect

from integrations.models import IntegrationConfig
from runs.models import IntegrationRun, Status
from tests.runs.factories import a_bill, arrive
from tests.runs.pages import BILLS, RUNS, a_run, preview_page, run_page, work


def test_ticked_runs_are_counted_summed_and_retried(admin_page: Page, integration: IntegrationConfig) -> None:
    for _ in range(3):
        a_run(integration, Status.ERROR, error="It was refused.")
    admin_page.goto(RUNS)
    expect(admin_page.get_by_role("button", name="Retry")).to_be_hidden()

    for box in admin_page.locator(".action-select").all()[:2]:
        box.check()
    expect(admin_page.locator(".bulk")).to_contain_text("2 selected")
    expect(admin_page.locator(".bulk")).to_contain_text("200.00 USD")
    admin_page.get_by_role("button", name="Retry 2 runs").click()

    expect(admin_page.locator(".messagelist")).to_contain_text("2 runs are on the way again.")
    assert IntegrationRun.objects.filter(status=Status.WAITING).count() == 2


def test_a_failed_run_is_retried_from_its_page(admin_page: Page, integration: IntegrationConfig) -> None:
    run = a_run(integration, Status.ERROR, error="It was refused.")
    admin_page.goto(run_page(run))

    admin_page.get_by_role("button", name="Retry", exact=True).click()

    expect(admin_page.locator(".messagelist")).to_contain_text("is on its way")
    expect(admin_page.get_by_role("heading", name="This Bill is next in line for NetSuite.")).to_be_visible()


def test_the_exact_request_is_a_dialog_and_a_page(admin_page: Page, integration: IntegrationConfig) -> None:
    admin_page.goto(preview_page(arrive(a_bill("b-1"))[0], integration))
    opener = admin_page.get_by_role("link", name="Exact request")

    opener.focus()
    admin_page.keyboard.press("Enter")
    dialog = admin_page.get_by_role("dialog", name="Exact request")
    expect(dialog).to_contain_text("PUT https://")
    admin_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()

    opener.press("Enter")
    dialog.get_by_role("link", name="Open as a page").click()
    expect(admin_page).to_have_url(re.compile("/request/$"))


def test_the_search_opens_the_only_hit_by_keyboard(admin_page: Page, integration: IntegrationConfig) -> None:
    bill = arrive(a_bill(number="INV-777"))[0]
    admin_page.goto(BILLS)

    admin_page.keyboard.press("/")
    admin_page.keyboard.type("inv-777")
    admin_page.keyboard.press("Enter")

    expect(admin_page).to_have_url(re.compile(rf"/admin/billing/bill/{bill.pk}/change/$"))


def test_a_filter_is_a_small_form(admin_page: Page, integration: IntegrationConfig) -> None:
    a_run(integration, Status.ERROR)
    admin_page.goto(RUNS)

    admin_page.locator("summary", has_text="Created").click()
    admin_page.get_by_label("From", exact=True).first.fill("2030-01-01")
    admin_page.locator(".pill[open]").get_by_role("button", name="Filter").click()

    expect(admin_page.get_by_text("No run matches these filters.")).to_be_visible()
    expect(admin_page.locator(".pill.active")).to_contain_text("since 1 Jan 2030")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways_on_a_phone(scheme: str, admin_page: Page, integration: IntegrationConfig) -> None:
    bill = arrive(a_bill("b-1", number="INV-2026-10417"))[0]
    work(integration)
    posted = IntegrationRun.objects.get()
    failed = a_run(integration, Status.ERROR, error="NetSuite refused the invoice because item 2014 is inactive.")
    admin_page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    admin_page.set_viewport_size({"width": 390, "height": 844})

    pages = [RUNS, BILLS, f"{BILLS}{bill.pk}/change/", preview_page(bill, integration), run_page(failed), "/admin/runs/problem/"]
    for address in [*pages, run_page(posted), f"/admin/billing/account/{bill.account_id}/change/"]:
        admin_page.goto(address)
        wide = admin_page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, address
