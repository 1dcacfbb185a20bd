"""A cause is fixed once and all its Bills go: in a real browser, with scripts and without."""

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from runs.models import Problem
from tests.end_to_end.conftest import Installation
from tests.end_to_end.raw import a_bill


def refused(installation: Installation) -> Problem:
    """Two Bills that the destination's form refuses, until the form is changed there."""
    installation.integration()
    installation.customers(acc_1="1001")
    installation.emulators.configure(required_fields=["department"])
    installation.bills(a_bill("b-1"), a_bill("b-2"))
    installation.sync()
    installation.emulators.configure(required_fields=[])
    return Problem.objects.get()


def test_retry_all_shows_its_progress_and_the_problem_closes_itself(installation: Installation, admin_page: Page) -> None:
    problem = refused(installation)
    admin_page.goto("/admin/")
    admin_page.get_by_role("region", name="Open problems").get_by_role("link", name="View error log").click()
    admin_page.get_by_role("link", name=problem.title).first.click()
    admin_page.get_by_role("button", name="Retry all 2").click()
    progress = admin_page.locator(f"#progress-{problem.pk}")
    expect(progress).to_have_text("Retrying: 0 of 2 posted")

    installation.sync()

    expect(progress).to_have_text("Last retry: 2 of 2 posted", timeout=10_000)
    admin_page.reload()
    expect(admin_page.locator(".page-head")).to_contain_text("Closed")
    assert len(installation.emulators.documents()) == 2


def test_without_scripts_a_link_shows_the_progress(
    installation: Installation, admin_page: Page, browser: Browser, live_server: LiveServer
) -> None:
    problem = refused(installation)
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url, storage_state=admin_page.context.storage_state())
    page = context.new_page()
    page.goto(f"/admin/runs/problem/{problem.pk}/change/")
    page.get_by_role("button", name="Retry all 2").click()
    expect(page.locator(".progress")).to_contain_text("Retrying: 0 of 2 posted")

    installation.sync()
    page.get_by_role("link", name="Show progress").click()

    expect(page.locator(".progress")).to_have_text("Last retry: 2 of 2 posted")
    context.close()


def test_a_document_that_stands_there_is_compared_and_confirmed(installation: Installation, admin_page: Page) -> None:
    problem = refused(installation)
    header = {"tranId": "88190", "entity": {"id": "1001"}, "currency": {"id": "1"}, "subsidiary": {"id": "1"}}
    installation.emulators.add("invoice", header | {"item": {"items": [{"item": {"id": "2001"}, "amount": 100}]}})
    admin_page.goto(f"/admin/runs/problem/{problem.pk}/change/")
    admin_page.get_by_role("row", name="INV-b-1").get_by_role("link", name="Mark as synced").click()
    admin_page.get_by_label("Number or id").fill("88190")
    admin_page.get_by_role("button", name="Look at it").click()
    expect(admin_page.get_by_role("row", name="NetSuite 88190")).to_contain_text("88190")
    admin_page.get_by_role("button", name="as synced").dblclick()
    expect(admin_page.locator(".messagelist")).to_contain_text("nothing was sent")
    assert problem.runs.count() == 1 and len(installation.emulators.documents()) == 1
