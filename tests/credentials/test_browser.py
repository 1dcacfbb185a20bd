from pathlib import Path

from playwright.sync_api import Page, expect

from credentials.key_pair import KeyPair
from credentials.models import Credential
from integrations.emulation.hub import Hub
from tests.credentials.test_netsuite import hub

__all__ = ["hub"]
CREATE = "/admin/credentials/credential/create/NETSUITE_AUTH/"


def test_a_person_makes_a_pair_uploads_its_certificate_and_connects(
    admin_page: Page, hub: Hub, quick_pair: KeyPair, tmp_path: Path
) -> None:
    page = admin_page
    page.goto(CREATE)
    expect(page.get_by_label("Account id")).to_be_visible()
    page.get_by_label("Generate a key pair here").check()
    expect(page.get_by_label("Account id")).to_be_hidden()
    page.get_by_label("Name", exact=False).first.fill("NetSuite US")
    page.get_by_role("button", name="Generate key pair").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download certificate").click()
    download.value.save_as(tmp_path / "cert.pem")
    entry = {"certificateId": "cert-1", "clientId": "client-1", "certificate": (tmp_path / "cert.pem").read_text()}
    hub.emulators["netsuite"].add_records("1234567_SB1", "certificate", [entry])
    for label, value in (("Account id", "1234567_SB1"), ("Client id", "client-1"), ("Certificate id", "cert-1")):
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("status")).to_contain_text("NetSuite US is connected to NetSuite 1234567_SB1.")
    assert Credential.objects.get().status == "VERIFIED"


def test_after_a_refused_login_the_key_is_gone_from_the_page_and_the_rest_is_there(
    admin_page: Page, hub: Hub, pair: KeyPair, tmp_path: Path
) -> None:
    page = admin_page
    page.goto(CREATE)
    page.get_by_label("Name", exact=False).first.fill("NetSuite EU")
    for label, value in (("Account id", "1234567"), ("Client id", "client-1"), ("Certificate id", "cert-1")):
        page.get_by_label(label).fill(value)
    page.get_by_role("textbox", name="Private key").fill(pair.private_key)
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("alert")).to_contain_text("NetSuite refused the login")
    expect(page.get_by_text("Give the secrets again")).to_be_visible()
    expect(page.get_by_label("Client id")).to_have_value("client-1")
    expect(page.get_by_role("textbox", name="Private key")).to_have_value("")
    assert "PRIVATE KEY-----\n" not in page.content()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
