import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from billing.models import Bill, Source
from config.navigation import current_address
from tests.theme.pages import make_bills

pytestmark = [pytest.mark.urls("tests.theme.pages"), pytest.mark.django_db]


@pytest.fixture
def bills() -> None:
    make_bills(Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter"))


def side(html: str) -> str:
    return html.split('<div id="side">')[1].split("</nav>")[0]


def links(html: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "", label).strip() for label in re.findall(r"<a [^>]+>(.*?)</a>", side(html))]


def test_the_navigation_lists_what_has_a_page(admin_client: Client) -> None:
    assert links(admin_client.get("/parts/").text) == ["Overview", "Bills"]


def test_the_navigation_hides_what_a_person_may_not_see(client: Client) -> None:
    user = User.objects.create_user("clerk", is_staff=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert links(client.get("/parts/").text) == ["Overview"]
    user.user_permissions.add(Permission.objects.get(codename="view_bill"))
    assert links(client.get("/parts/").text) == ["Overview", "Bills"]


def test_the_page_one_is_on_is_marked(admin_client: Client) -> None:
    html = admin_client.get("/admin/billing/bill/").text
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', side(html)) == ["/admin/billing/bill/"]


@pytest.mark.parametrize(
    ("path", "address"),
    [("/admin/", "/admin/"), ("/admin/bills/7/", "/admin/bills/"), ("/admin/elsewhere/", ""), ("/admin/bills/old/", "/admin/bills/old/")],
)
def test_the_longest_address_above_a_page_is_current(path: str, address: str) -> None:
    assert current_address(path, ["/admin/", "/admin/bills/", "/admin/bills/old/"]) == address


def test_a_page_has_one_heading_and_its_landmarks(admin_client: Client) -> None:
    html = admin_client.get("/parts/").text
    assert len(re.findall(r"<h1", html)) == 1
    assert [html.count(landmark) for landmark in ("<header id=", "<main ", 'class="skip-to-content-link"')] == [1, 1, 1]
    assert "All of them." in html
    assert 'action="/admin/search/"' in html


def test_the_demo_says_so(admin_client: Client, settings: Settings) -> None:
    assert "Demo: emulators only" not in admin_client.get("/parts/").text
    settings.EMULATOR_URL = "http://127.0.0.1:9100"
    assert "Demo: emulators only" in admin_client.get("/parts/").text


def test_logging_out_is_a_post(admin_client: Client) -> None:
    assert '<form class="logout" method="post" action="/admin/logout/">' in admin_client.get("/parts/").text


def test_a_page_that_is_not_there_says_what_to_do(client: Client) -> None:
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is no page at this address" in response.text


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/password_change/", "/admin/password_change/done/", "/admin/billing/"])
def test_djangos_own_pages_have_one_heading(admin_client: Client, client: Client, path: str) -> None:
    html = (client if "login" in path else admin_client).get(path).text
    assert len(re.findall(r"<h1", html)) == 1
    assert "billpost/theme.css" in html


def test_a_list_shows_search_filters_views_and_money(admin_client: Client, bills: None) -> None:
    html = admin_client.get("/admin/billing/bill/").text
    assert "One row per Bill." in html
    assert 'placeholder="Bill number"' in html
    assert '<details class="pill" data-filter-title="status"' in html
    assert '<th scope="col" class="num column-amount">' in html
    assert html.count('<td class="num field-source_version">') == 5
    assert "1 to 5 of 10 bills" in html
    assert "<style" not in html


def test_a_truth_value_is_a_word(admin_client: Client, bills: None) -> None:
    html = admin_client.get("/admin/billing/bill/").text
    assert html.count('<td class="field-locked">no</td>') == 5
    assert "<img" not in html


def test_a_filter_names_its_value_and_can_be_left(admin_client: Client, bills: None) -> None:
    html = admin_client.get("/admin/billing/bill/?status__exact=VOID").text
    assert '<details class="pill active"' in html
    assert "<b>Void</b>" in html
    assert '<a class="pill-x" href="?">' in html
    assert "4 bills" in html


def test_pages_are_newer_and_older(admin_client: Client, bills: None) -> None:
    first, second = (admin_client.get(f"/admin/billing/bill/?p={page}").text for page in (1, 2))
    assert '<a href="?p=2" rel="next">Older</a>' in first
    assert '<a href="?p=1" rel="prev">Newer</a>' in second
    assert "6 to 10 of 10 bills" in second


def test_an_empty_list_says_why(admin_client: Client, bills: None) -> None:
    assert "No bill matches these filters." in admin_client.get("/admin/billing/bill/?q=zzz").text


def test_the_buttons_of_the_bulk_bar_are_djangos_actions(admin_client: Client, bills: None) -> None:
    html = admin_client.get("/admin/billing/bill/").text
    ticks = re.findall(r'name="_selected_action" value="(\d+)"', html)[:2]
    assert 'name="action" value="retry" data-label="Retry selected Bills" class="button primary"' in html
    data = {"index": "0", "select_across": "0", "action": "retry", "_selected_action": ticks}
    assert "2 Bills are queued." in admin_client.post("/admin/billing/bill/", data, follow=True).text


def test_all_pages_can_be_selected_at_once(admin_client: Client, bills: None) -> None:
    data = {"index": "0", "select_across": "1", "action": "retry", "_selected_action": "1"}
    assert "10 Bills are queued." in admin_client.post("/admin/billing/bill/", data, follow=True).text


def test_deleting_names_what_goes(admin_client: Client, bills: None) -> None:
    chosen = [str(pk) for pk in Bill.objects.order_by("pk").values_list("pk", flat=True)[:2]]
    data = {"index": "0", "action": "delete_selected", "_selected_action": chosen}
    html = admin_client.post("/admin/billing/bill/", data).text
    assert "Delete 2 bills" in html
    assert "Keep them" in html


def test_the_navigation_is_counted_once(admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(8):
        admin_client.get("/parts/")
