"""Logging in at the emulator: from a file, by consent, again and again, and giving it back."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations import errors
from integrations.contract import Consent, Redeemed, Token
from integrations.destinations.quickbooks import oauth
from integrations.emulation.faults import Order
from integrations.emulation.hub import Hub
from tests.wire import emulated

CALLBACK = "https://billpost.example.test/credentials/callback"


@dataclass
class App:
    """A registered app and the settings and secrets of its credential file."""

    hub: Hub
    settings: dict[str, str]
    secrets: dict[str, str]

    def configure(self, **settings: Any) -> None:
        self.hub.emulators["quickbooks"].configure(settings)

    def asked(self, **changes: str) -> requests.Response:
        address = oauth.consent(self.settings, self.secrets, Consent(state="n0nce", redirect_uri=CALLBACK))
        return requests.get(address, params=changes, timeout=5)

    def consented(self, realm: str = "9130", answer: str = "yes") -> dict[str, str]:
        """A person presses the button on Intuit's page; what comes back to the callback."""
        address = oauth.consent(self.settings, self.secrets, Consent(state="n0nce", redirect_uri=CALLBACK))
        form = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        page = requests.post(oauth.AUTHORISE_URL, data={**form, "realm": realm, "answer": answer}, allow_redirects=False, timeout=5)
        assert page.status_code == 302 and page.headers["Location"].startswith(f"{CALLBACK}?")
        return {name: values[0] for name, values in parse_qs(urlsplit(page.headers["Location"]).query).items()}


@pytest.fixture
def app() -> Iterator[App]:
    with emulated() as hub:
        content = hub.emulators["quickbooks"].credential_files(None)["QUICKBOOKS_OAUTH"]
        yield App(hub, *oauth.clean(content, content))


def redeemed(answer: dict[str, str]) -> Redeemed:
    return Redeemed(code=answer["code"], redirect_uri=CALLBACK, answer=answer)


def test_a_file_with_tokens_needs_no_browser(app: App) -> None:
    token = oauth.obtain(app.settings, app.secrets)
    verified = oauth.verify(app.settings, app.secrets, token)
    assert verified.tenant == "9130" and verified.note == ""
    left = token.expires_at - dt.datetime.now(dt.UTC)
    assert dt.timedelta(minutes=59) < left <= dt.timedelta(hours=1)
    assert token.refresh_expires_at is not None
    assert 99 < (token.refresh_expires_at - dt.datetime.now(dt.UTC)).days <= 101


def test_the_authorise_page_asks_a_person(app: App) -> None:
    page = app.asked()
    assert page.status_code == 200 and "Connect" in page.text and 'value="9130"' in page.text


@pytest.mark.parametrize("wrong", [{"client_id": "nobody"}, {"scope": "openid"}, {"response_type": "token"}, {"state": ""}])
def test_the_authorise_page_refuses_what_intuit_refuses(app: App, wrong: dict[str, str]) -> None:
    address = urlsplit(oauth.consent(app.settings, app.secrets, Consent(state="n0nce", redirect_uri=CALLBACK)))
    query = {name: values[0] for name, values in parse_qs(address.query).items()} | wrong
    assert requests.get(oauth.AUTHORISE_URL, params=query, timeout=5).status_code == 400


def test_consent_gives_the_company_and_the_first_token(app: App) -> None:
    answer = app.consented("4711")
    assert answer["state"] == "n0nce"
    settings, token = oauth.redeem(app.settings, app.secrets, redeemed(answer))
    assert settings == {"realmId": "4711"} and token.refresh
    assert oauth.verify({**app.settings, **settings}, app.secrets, token).tenant == "4711"


def test_a_code_is_good_once(app: App) -> None:
    answer = app.consented()
    oauth.redeem(app.settings, app.secrets, redeemed(answer))
    with pytest.raises(errors.Misconfigured):
        oauth.redeem(app.settings, app.secrets, redeemed(answer))


def test_who_declines_comes_back_without_a_code(app: App) -> None:
    assert app.consented(answer="no") == {"error": "access_denied", "state": "n0nce"}


def test_a_token_opens_its_own_company_only(app: App) -> None:
    token = oauth.obtain(app.settings, app.secrets)
    with pytest.raises(errors.Misconfigured, match="no longer lets us into this company"):
        oauth.verify({**app.settings, "realmId": "9131"}, app.secrets, token)


def test_refresh_tokens_rotate_and_the_one_before_lives_on_for_a_while(app: App) -> None:
    app.configure(rotate_seconds=0)
    first = oauth.obtain(app.settings, app.secrets)
    second = oauth.refresh(app.settings, app.secrets, first)
    assert len({app.secrets["refreshToken"], first.refresh, second.refresh}) == 3
    assert oauth.refresh(app.settings, app.secrets, first).refresh == second.refresh
    with pytest.raises(errors.Misconfigured, match="Press Reconnect") as ended:
        oauth.obtain(app.settings, app.secrets)
    assert ended.value.code == "CONNECTION_EXPIRED"


def test_the_token_stays_the_same_within_a_day(app: App) -> None:
    assert oauth.obtain(app.settings, app.secrets).refresh == app.secrets["refreshToken"]


def test_what_was_given_back_opens_nothing(app: App) -> None:
    token = oauth.obtain(app.settings, app.secrets)
    oauth.revoke(app.settings, app.secrets, token)
    with pytest.raises(errors.Misconfigured):
        oauth.refresh(app.settings, app.secrets, token)
    with pytest.raises(errors.Misconfigured):
        oauth.verify(app.settings, app.secrets, token)


def test_a_wrong_secret_is_the_apps_fault(app: App) -> None:
    with pytest.raises(errors.Misconfigured, match="refused the app itself") as refused:
        oauth.obtain(app.settings, app.secrets | {"clientSecret": "guess"})
    assert "guess" not in refused.value.sentence


def test_a_login_service_that_fails_is_asked_again(app: App) -> None:
    app.hub.faults["quickbooks"].replace([Order("status", "bearer", 503)])
    with pytest.raises(errors.Retry):
        oauth.obtain(app.settings, app.secrets)


def test_a_company_with_one_currency_is_told(app: App) -> None:
    app.configure(multicurrency=False, home_currency="GBP")
    verified = oauth.verify(app.settings, app.secrets, oauth.obtain(app.settings, app.secrets))
    note = verified.note
    assert verified.currencies == ("GBP",)
    assert "home currency is GBP" in note and "Settings > Account and settings > Advanced > Currency" in note


def test_nobody_has_consented_yet(app: App) -> None:
    settings, secrets = oauth.clean({"clientId": "AB1"}, {"clientSecret": "s3cret"})
    with pytest.raises(errors.Misconfigured, match="Nobody has let us into QuickBooks yet"):
        oauth.obtain(settings, secrets)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"clientId": "two words"}, "clientId"), ({"clientSecret": ""}, "clientSecret"), ({"realmId": "abc"}, "realmId"),
     ({"realmId": ""}, "realmId"), ({"refreshToken": ""}, "refreshToken")],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_by_field(app: App, changes: dict[str, str], field: str) -> None:
    given = {**app.settings, **app.secrets, **changes}
    with pytest.raises(ValueError) as wrong:
        oauth.clean(given, given)
    assert set(wrong.value.args[0]) == {field}


def test_a_token_says_when_a_person_has_to_consent_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth, "LONGEST_CONSENT", dt.timedelta(days=3))
    _, token = oauth.redeem(app.settings, app.secrets, redeemed(app.consented()))
    assert isinstance(token, Token) and token.refresh_expires_at is not None
    assert (token.refresh_expires_at - dt.datetime.now(dt.UTC)).days == 2
