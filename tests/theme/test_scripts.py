import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from billing.models import Source
from tests.theme.pages import make_bills

pytestmark = pytest.mark.urls("tests.theme.pages")


@pytest.fixture
def parts(page: Page, log_in: Callable[[User], None], live_server: LiveServer) -> Page:
    log_in(User.objects.create_superuser("admin", "admin@example.com", "password"))
    page.goto("/parts/")
    return page


def chosen(page: Page, name: str) -> list[str]:
    return page.locator(f"select[name={name}]").evaluate("select => [...select.selectedOptions].map(option => option.value)")


def test_a_slash_searches_unless_one_is_typing(parts: Page) -> None:
    parts.keyboard.press("/")
    expect(parts.locator("#find")).to_be_focused()
    parts.keyboard.type("a/b")
    expect(parts.locator("#find")).to_have_value("a/b")
    parts.keyboard.press("Enter")
    expect(parts.locator("body")).to_have_text("Found a/b")


def test_a_dialog_opens_closes_and_gives_the_focus_back(parts: Page) -> None:
    opener = parts.get_by_role("link", name="Connect credential")
    opener.click()
    expect(parts.get_by_role("dialog")).to_be_visible()
    parts.get_by_role("button", name="Cancel").click()
    expect(parts.get_by_role("dialog")).to_be_hidden()
    expect(opener).to_be_focused()
    assert parts.url.endswith("/parts/")


def test_enter_decides_nothing_in_a_dialog_that_only_asks(parts: Page) -> None:
    parts.get_by_role("link", name="Connect credential").press("Enter")
    dialog = parts.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_be_focused()
    parts.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    with parts.expect_request(lambda request: request.method == "POST" and request.url.endswith("/there/")):
        dialog.get_by_role("button", name="Confirm").press("Enter")


def test_enter_in_a_field_of_a_dialog_presses_the_primary_button(parts: Page) -> None:
    parts.evaluate("document.querySelector('dialog .dialog-body').append(document.createElement('input'))")
    parts.get_by_role("link", name="Connect credential").click()
    field = parts.get_by_role("dialog").locator(".dialog-body input")
    expect(field).to_be_focused()
    with parts.expect_request(lambda request: request.method == "POST" and request.url.endswith("/there/")):
        field.press("Enter")


def test_chips_are_added_and_removed_by_keyboard(parts: Page) -> None:
    field = parts.get_by_label("Accounts", exact=True)
    expect(field).to_have_attribute("role", "combobox")
    field.type("clou")
    parts.keyboard.press("Enter")
    assert chosen(parts, "accounts") == ["1", "2"]
    parts.keyboard.press("Backspace")
    assert chosen(parts, "accounts") == ["1"]
    parts.get_by_role("button", name="Remove Acme Cloud").click()
    assert chosen(parts, "accounts") == []
    parts.keyboard.press("ArrowDown")
    parts.keyboard.press("ArrowDown")
    parts.keyboard.press("Enter")
    assert len(chosen(parts, "accounts")) == 1
    parts.keyboard.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")


def test_chips_are_searched_on_the_server(parts: Page) -> None:
    parts.get_by_label("Found").type("delphi")
    parts.get_by_role("option", name="Delphi Health").click()
    assert chosen(parts, "found") == ["8"]


def test_a_link_to_a_chip_field_leads_into_its_search(parts: Page) -> None:
    """As the links of parts/errors.html do."""
    parts.evaluate("location.hash = '#id_found'")
    expect(parts.get_by_label("Found")).to_be_focused()


def slow_search(page: Page) -> None:
    """Every answer of the search comes 0.7 seconds late; the other fields are filled in."""
    page.get_by_label("Account filter").fill("country == UK")
    page.get_by_label("Approval").check()
    late = "new Promise((go) => setTimeout(go, 700))"
    page.evaluate(f"{{ const now = fetch; window.fetch = async (...asked) => {{ await {late}; return now(...asked) }} }}")


def test_enter_during_a_search_takes_the_first_match_wherever_one_is_by_then(parts: Page) -> None:
    slow_search(parts)
    field = parts.get_by_label("Found")
    field.press_sequentially("delphi")
    field.press("Enter")
    expect(parts.get_by_text("Searching delphi")).to_be_visible()
    field.press_sequentially("étoile")
    field.press("Enter")
    field.press("Tab")
    expect(parts.get_by_role("button", name="Remove Étoile Média")).to_be_visible()
    assert (sorted(chosen(parts, "found")), field.input_value()) == (["8", "9"], "")
    expect(parts.locator(".chip.waiting")).to_have_count(0)


def test_a_form_waits_for_the_choice_that_was_hurried(parts: Page) -> None:
    slow_search(parts)
    field = parts.get_by_label("Found")
    field.press_sequentially("delphi")
    field.press("Enter")
    with parts.expect_request(lambda request: request.method == "POST" and "check" not in request.url) as sent:
        parts.get_by_role("button", name="Save").click()
        assert chosen(parts, "found") == []
    assert "found=8" in (sent.value.post_data or "")


def test_a_form_is_not_sent_when_nothing_matches_and_one_is_back_in_the_field(parts: Page) -> None:
    slow_search(parts)
    posts: list[str] = []
    parts.on("request", lambda request: posts.append(request.url) if request.method == "POST" and "check" not in request.url else None)
    field = parts.get_by_label("Found")
    field.press_sequentially("nobody")
    field.press("Enter")
    parts.get_by_role("button", name="Save").click()
    expect(parts.get_by_text("Nothing matches.")).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_value("nobody")
    field.press("Enter")
    expect(parts.locator(".chip.waiting")).to_have_count(0)
    assert posts == []


def test_what_is_typed_is_checked_and_every_target_replaced(parts: Page) -> None:
    parts.get_by_label("Account filter").fill("country == UK")
    expect(parts.locator("#answer")).to_have_text("Checked country == UK for 2")
    expect(parts.locator("#other")).to_have_text("and this")


def test_a_fragment_is_refreshed_until_it_is_done(parts: Page) -> None:
    expect(parts.locator("#work")).to_have_text("1 of 3 posted")
    expect(parts.locator("#work")).to_have_text("All 3 are posted", timeout=10000)
    assert parts.locator("#work").get_attribute("data-refresh-url") is None


def test_an_id_is_copied(parts: Page) -> None:
    parts.context.grant_permissions(["clipboard-read", "clipboard-write"])
    parts.locator("[data-copy]").click()
    expect(parts.locator("[data-copy]")).to_contain_text("Copied")
    assert parts.evaluate("navigator.clipboard.readText()") == "7c1f0a52"


def test_the_bulk_bar_counts_rows_and_adds_money_exactly(parts: Page) -> None:
    make_bills(Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter"))
    parts.goto("/admin/billing/bill/")
    bar, boxes = parts.locator(".bulk"), parts.locator(".action-select")
    expect(bar).to_be_hidden()
    boxes.nth(0).click()
    expect(parts.get_by_role("button", name="Retry 1")).to_be_visible()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(bar.locator(".bulk-count")).to_have_text("5 selected")
    expect(bar.locator(".bulk-money")).to_have_text("4,177.76 USD, 1,204,000 JPY, 812.405 KWD")
    expect(parts.get_by_role("button", name="Retry 5 Bills")).to_be_visible()
    parts.get_by_role("button", name="Select all 10").click()
    expect(parts.get_by_role("button", name="Retry 10 Bills")).to_be_visible()
    parts.get_by_role("button", name="Retry 10 Bills").click()
    expect(parts.locator(".messagelist")).to_have_text("10 Bills are queued.")


@pytest.mark.parametrize("width", [390, 768, 1024, 1440])
@pytest.mark.parametrize("path", ["/parts/", "/admin/billing/bill/"])
def test_no_page_scrolls_sideways(parts: Page, path: str, width: int) -> None:
    make_bills(Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter"))
    parts.set_viewport_size({"width": width, "height": 800})
    parts.goto(path)
    assert parts.evaluate("document.documentElement.scrollWidth") <= width


def test_the_menu_of_a_narrow_screen_is_the_same_navigation(parts: Page) -> None:
    parts.set_viewport_size({"width": 390, "height": 800})
    expect(parts.locator("#side")).to_be_hidden()
    parts.get_by_text(re.compile("^Menu")).first.click()
    expect(parts.get_by_role("navigation", name="Menu").get_by_role("link", name="Bills")).to_be_visible()
    expect(parts.locator("#find-in-menu")).to_be_visible()
