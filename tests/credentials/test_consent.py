"""A credential that a person connects by consenting at the vendor."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from credentials import consent, hand_out, service
from credentials.models import Credential
from integrations import errors, registry
from integrations import service as integrations
from integrations.contract import CredentialKind
from integrations.models import IntegrationConfig, Status
from tests.credentials.conftest import CANARY, DATA
from tests.credentials.consenting import CODE, ConsentVault, asked, come_back, consent_kind, from_file, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(vault: Any, monkeypatch: pytest.MonkeyPatch, settings: Any) -> ConsentVault:
    settings.BASE_URL = "http://testserver"
    books = ConsentVault()
    monkeypatch.setattr(registry, "credential_kinds", lambda: (consent_kind(books),))
    return books


@pytest.fixture
def kind(books: ConsentVault) -> CredentialKind:
    return registry.credential_kind("VAULT_CONSENT")


@pytest.fixture
def visitor(books: ConsentVault, priya: User) -> Client:
    return browser(priya)


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(answer: Any) -> str:
    page = answer.content.decode()
    assert CANARY not in page
    return page


@pytest.fixture
def waiting(kind: CredentialKind) -> Credential:
    return consent.create(kind, "Vault US", DATA)


@pytest.fixture
def connected(visitor: Client, waiting: Credential) -> Credential:
    come_back(visitor, asked(visitor, waiting)["state"])
    return stored()


def stored() -> Credential:
    return Credential.objects.get()


# --- the way there and back ---------------------------------------------------------------------------------------------------------------


def test_from_the_form_to_the_vendor_and_back(visitor: Client, books: ConsentVault, heard: list[Any]) -> None:
    page = text(visitor.get(url("create", "VAULT_CONSENT")))
    assert ("Refresh token" in page, "http://testserver/admin/credentials/credential/callback/" in page) == (False, True)
    answer = visitor.post(url("create", "VAULT_CONSENT") + "?next=/admin/", {"name": "Vault US", **DATA})
    credential = stored()
    assert answer.url == url("consent", credential.pk) + "?next=%2Fadmin%2F"
    assert (credential.status, books.redeemed, books.obtained) == ("DRAFT", [], 0)
    there = asked(visitor, credential, next="/admin/")
    assert (there["client"], there["to"]) == ("T-1", "http://testserver/admin/credentials/credential/callback/")
    back = come_back(visitor, there["state"])
    assert back.redirect_chain[-1][0] == "/admin/"
    assert "Vault US is connected to The Vault T-1." in text(back)
    credential = stored()
    assert (credential.status, credential.tenant, credential.settings) == ("VERIFIED", "T-1", {"accountId": "T-1", "books": "T-1"})
    assert (credential.secrets, credential.new_key) == ({"clientSecret": CANARY}, None)
    assert credential.token and credential.token.refresh == "r1"
    assert [verb for verb, *_ in heard] == ["created", "connected"]
    assert books.systems == ["Vault"]


def test_the_verifier_belongs_to_the_challenge_and_the_answer_is_complete(
    visitor: Client, books: ConsentVault, waiting: Credential
) -> None:
    there = asked(visitor, waiting)
    come_back(visitor, there["state"], code=CODE, books="T-1", scope="all")
    [redeemed] = books.redeemed
    digest = base64.urlsafe_b64encode(hashlib.sha256(redeemed.verifier.encode()).digest()).decode().rstrip("=")
    assert (digest, redeemed.redirect_uri) == (there["challenge"], there["to"])
    assert redeemed.answer == {"books": "T-1", "scope": "all"}
    assert 43 <= len(redeemed.verifier) <= 128


def test_what_the_books_settings_mean_for_bills_is_told_at_once(visitor: Client, books: ConsentVault, waiting: Credential) -> None:
    books.note = "The home currency is USD, so Bills in any other are refused."
    assert books.note in text(come_back(visitor, asked(visitor, waiting)["state"]))
    assert books.note in text(visitor.post(url("test", waiting.pk), follow=True))
    assert stored().note == books.note


def test_a_state_is_good_once(visitor: Client, books: ConsentVault, waiting: Credential) -> None:
    state = asked(visitor, waiting)["state"]
    come_back(visitor, state)
    again = come_back(visitor, state)
    assert (again.status_code, len(books.redeemed)) == (400, 1)
    assert "was not started here" in text(again)


@pytest.mark.parametrize("state", ["", "guessed"])
def test_a_state_that_nobody_started_is_not_read(visitor: Client, books: ConsentVault, waiting: Credential, state: str) -> None:
    asked(visitor, waiting)
    assert come_back(visitor, state).status_code == 400
    assert (books.redeemed, stored().status) == ([], "DRAFT")


def test_another_browser_cannot_finish_it(visitor: Client, books: ConsentVault, waiting: Credential, priya: User) -> None:
    state = asked(visitor, waiting)["state"]
    assert come_back(browser(priya), state).status_code == 400
    assert books.redeemed == []
    come_back(visitor, state)
    assert stored().status == "VERIFIED"


def test_it_is_too_late_after_an_hour(visitor: Client, books: ConsentVault, waiting: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    state = asked(visitor, waiting)["state"]
    monkeypatch.setattr(consent, "LIFETIME", -1)
    assert (come_back(visitor, state).status_code, books.redeemed) == (400, [])


def test_five_tabs_may_be_open_and_no_more(visitor: Client, waiting: Credential) -> None:
    states = [asked(visitor, waiting)["state"] for _ in range(6)]
    assert list(visitor.session[consent.KEY]) == states[1:]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"error": "access_denied"}, "The Vault was not connected, because the permission was not given there. Nothing changed here."),
        ({"error": "temporarily_unavailable"}, "The Vault could not connect just now."),
        ({"error": "invalid_scope", "error_description": "No <such> scope"}, "It said: &quot;No &lt;such&gt; scope&quot;."),
        ({"books": "T-1"}, "The Vault sent no permission back, so nothing changed here."),
        ({"code": "wrong", "books": "T-1"}, "Vault does not know this code."),
    ],
)
def test_a_no_is_explained_and_leads_to_another_try(
    visitor: Client, books: ConsentVault, waiting: Credential, said: dict[str, str], sentence: str
) -> None:
    back = come_back(visitor, asked(visitor, waiting)["state"], **said)
    assert back.redirect_chain == [(url("consent", waiting.pk), 302)]
    assert sentence in text(back)
    assert (books.redeemed, stored().status) == ([], "DRAFT")


def test_a_stranger_may_neither_start_nor_finish(books: ConsentVault, waiting: Credential) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_credential"))
    client = browser(reader)
    assert client.get(url("consent", waiting.pk)).status_code == 403
    assert client.get(url("callback"), {"state": "x"}).status_code == 403
    assert "connect to the vault" not in text(client.get(url("change", waiting.pk))).lower()


def test_opened_at_another_address_the_page_says_so(visitor: Client, waiting: Credential, settings: Any) -> None:
    settings.BASE_URL = "https://billpost.example"
    page = text(visitor.get(url("consent", waiting.pk)))
    assert f'href="https://billpost.example{url("consent", waiting.pk)}"' in page


def test_a_form_is_told_what_is_missing_before_anybody_is_led_anywhere(visitor: Client, books: ConsentVault) -> None:
    page = text(visitor.post(url("create", "VAULT_CONSENT"), {"name": "Vault", "accountId": "x-1"}))
    assert "An account id does not start with X." in page
    assert "Client secret is missing." in page
    assert "Books is missing" not in page
    assert not Credential.objects.exists()


def test_nothing_of_it_is_stored_in_plain(connected: Credential) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM credentials_credential")
        whole = " ".join(map(str, cursor.fetchall()[0]))
    assert "T-1" in whole
    assert (CANARY in whole, '"r1"' in whole) == (False, False)


# --- connecting again ---------------------------------------------------------------------------------------------------------------------


def test_reconnecting_keeps_the_credential_and_its_integrations(
    visitor: Client, books: ConsentVault, connected: Credential, heard: list[Any]
) -> None:
    integration = IntegrationConfig.objects.create(name="Vault US", entity_type="Bill", system="Vault", credential=connected)
    Credential.objects.update(status="AUTH_FAILED", status_reason="The connection expired.")
    page = text(visitor.get(url("change", connected.pk)))
    assert ("The connection expired. Its integrations wait" in page, f'href="{url("consent", connected.pk)}"' in page) == (True, True)
    assert "Choose <b>T-1</b> again" in text(visitor.get(url("consent", connected.pk)))
    come_back(visitor, asked(visitor, connected)["state"])
    integration.refresh_from_db()
    assert (integration.credential, integration.status) == (stored(), Status.CONNECTED)
    assert [verb for verb, *_ in heard] == ["reconnected"]


def test_other_books_are_refused_and_the_present_login_stays(visitor: Client, books: ConsentVault, connected: Credential) -> None:
    back = come_back(visitor, asked(visitor, connected)["state"], code=CODE, books="T-2")
    assert "This login opens the books of T-2, but Vault US stands for T-1. Create another credential for other books." in text(back)
    assert (stored().tenant, stored().token, stored().status) == ("T-1", connected.token, "VERIFIED")


def test_new_secrets_wait_until_the_vendor_was_asked_with_them(visitor: Client, books: ConsentVault, connected: Credential) -> None:
    answer = visitor.post(url("connect", connected.pk), {"accountId": "t-9", "clientSecret": "newer"})
    assert answer.url == url("consent", connected.pk)
    assert "New secrets wait." in text(visitor.get(url("change", connected.pk)))
    assert (stored().secrets, stored().token) == ({"clientSecret": CANARY}, connected.token)
    books.accepted = "newer"
    there = asked(visitor, connected)
    assert there["client"] == "T-9"
    come_back(visitor, there["state"])
    assert (stored().secrets, stored().settings["accountId"], stored().new_key) == ({"clientSecret": "newer"}, "T-9", None)


def test_a_disconnected_one_is_asked_for_its_secrets_first(visitor: Client, connected: Credential) -> None:
    service.disconnect(connected)
    assert visitor.get(url("consent", connected.pk)).url == url("connect", connected.pk)
    assert visitor.get(url("consent", connected.pk), {"next": "/admin/"}).url == url("connect", connected.pk) + "?next=%2Fadmin%2F"


def test_a_kind_without_consent_has_no_such_page(visitor: Client, connected: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = registry.credential_kind("VAULT_CONSENT")
    object.__setattr__(plain, "consent", None)
    monkeypatch.setattr(registry, "credential_kinds", lambda: (plain,))
    assert visitor.get(url("consent", connected.pk)).status_code == 404


def test_a_file_that_carries_the_tokens_needs_no_browser(kind: CredentialKind, books: ConsentVault) -> None:
    credential = from_file(kind)
    assert (credential.status, credential.tenant, books.tried) == ("VERIFIED", "T-1", ["r0"])
    assert credential.secrets == {"clientSecret": CANARY}
    assert credential.token and credential.token.refresh == "r1"
    with pytest.raises(ValueError, match="Refresh token is missing"):
        service.create(kind, "Other", DATA)


# --- the end of a login -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "state", "sentence"),
    [
        (31, "VERIFIED", "Expires on"),
        (12, "EXPIRES SOON", "The connection expires in 12 days."),
        (-1, "EXPIRED", "The connection has expired."),
    ],
)
def test_the_end_of_the_refresh_token_is_told_before(visitor: Client, connected: Credential, days: int, state: str, sentence: str) -> None:
    Credential.objects.update(expires_at=timezone.now() + timezone.timedelta(days=days))
    page = text(visitor.get(url("change", connected.pk)))
    assert (state in page, sentence in page) == (True, True)
    counted = {link.words: link.count for group in visitor.get("/admin/").context["navigation"] for link in group.links}
    assert counted.get("to renew") == (None if days > 30 else "1")


def test_disconnecting_an_integration_only_unlinks(connected: Credential, books: ConsentVault) -> None:
    integration = IntegrationConfig.objects.create(name="Vault US", entity_type="Bill", system="Vault", credential=connected)
    integrations.disconnect(integration, None)
    assert (books.revoked, stored().status, stored().token) == ([], "VERIFIED", connected.token)


@pytest.mark.parametrize("action", ["disconnect", "remove"])
def test_the_login_is_given_back_after_naming_whom_it_stops(
    visitor: Client, connected: Credential, books: ConsentVault, kind: CredentialKind, action: str
) -> None:
    books.good, books.tenant = {"r0"}, "T-1"
    other = from_file(kind, "Vault again")
    if action == "disconnect":
        IntegrationConfig.objects.create(name="Vault EU", entity_type="Bill", system="Vault", credential=connected)
    page = text(visitor.get(url(action, connected.pk)))
    assert "its login at The Vault ends" in page
    assert (other.name in page, "<b>Vault EU</b>" in page) == (True, action == "disconnect")
    assert books.revoked == []
    visitor.post(url(action, connected.pk))
    assert books.revoked == ["r1"]
    assert not Credential.objects.filter(pk=connected.pk, status="VERIFIED").exists()


def test_a_used_one_is_neither_deleted_nor_given_back(visitor: Client, connected: Credential, books: ConsentVault) -> None:
    IntegrationConfig.objects.create(name="Vault EU", entity_type="Bill", system="Vault", credential=connected)
    visitor.post(url("remove", connected.pk))
    assert (books.revoked, stored().status) == ([], "VERIFIED")


def test_when_the_vendor_does_not_take_it_back_the_person_is_told(visitor: Client, connected: Credential, books: ConsentVault) -> None:
    books.failure = errors.Retry("The Vault could not be reached.")
    page = text(visitor.post(url("disconnect", connected.pk), follow=True))
    assert "The Vault did not take the login back, so it may still be valid there: The Vault could not be reached." in page
    assert (stored().status, stored().tokens) == ("DISCONNECTED", None)


# --- refreshing ---------------------------------------------------------------------------------------------------------------------------


def refresh(credential: Credential) -> None:
    Credential.objects.filter(pk=credential.pk).update(tokens_expire_at=timezone.now())
    hand_out._kept.clear()
    hand_out.auth(credential.pk).headers()


def test_each_refresh_stores_the_newest_and_keeps_the_one_before(connected: Credential, books: ConsentVault) -> None:
    before = stored().expires_at
    refresh(connected)
    refresh(connected)
    token = stored().token
    assert token and (token.refresh, token.previous, books.tried) == ("r3", "r2", ["r1", "r2"])
    assert before and stored().expires_at > before


def test_the_one_before_is_tried_once_when_the_newest_is_refused(connected: Credential, books: ConsentVault) -> None:
    refresh(connected)
    books.good, books.tried = {"r1"}, []
    refresh(connected)
    token = stored().token
    assert books.tried == ["r2", "r1"]
    assert token and (token.refresh, token.previous, stored().status) == ("r3", "r1", "VERIFIED")


def test_when_both_are_refused_the_newest_ones_reason_counts(connected: Credential, books: ConsentVault) -> None:
    refresh(connected)
    books.good, books.tried = set(), []
    with pytest.raises(errors.Misconfigured, match="does not accept r2"):
        refresh(connected)
    assert (books.tried, stored().status, stored().status_reason) == (["r2", "r1"], "AUTH_FAILED", "Vault does not accept r2.")


Change = Callable[[], Any]


def during_refresh(books: ConsentVault, monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Lets something happen while a refresh is under way."""
    plain = registry.credential_kind("VAULT_CONSENT")
    refreshing = books.refresh

    def interrupted(*given: Any) -> Any:
        token = refreshing(*given)
        change()
        return token

    object.__setattr__(plain, "refresh", interrupted)
    monkeypatch.setattr(registry, "credential_kinds", lambda: (plain,))


def test_a_refresh_token_that_comes_after_the_lease_is_stored_all_the_same(
    connected: Credential, books: ConsentVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    during_refresh(books, monkeypatch, lambda: Credential.objects.update(fence=99, lease_until=timezone.now()))
    refresh(connected)
    token = stored().token
    assert token and token.refresh == "r2"


def test_but_never_over_a_newer_login(connected: Credential, books: ConsentVault, monkeypatch: pytest.MonkeyPatch) -> None:
    during_refresh(books, monkeypatch, lambda: service.disconnect(stored()))
    with pytest.raises(errors.Retry, match="changed while we logged in"):
        refresh(connected)
    assert (stored().status, stored().tokens) == ("DISCONNECTED", None)
