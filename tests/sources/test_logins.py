"""The logins of Metronome and Maxio: what is typed, what is asked, what a refusal says, and that the pages take them."""

import pytest
from django.test import Client
from django.urls import reverse

from credentials import service
from credentials.models import Credential
from integrations import errors, registry
from integrations.contract import CredentialKind
from integrations.emulation.hub import Hub
from integrations.sources.maxio.auth import MAXIO_API_KEY
from integrations.sources.maxio.webhook import MAXIO_WEBHOOK
from integrations.sources.metronome.auth import METRONOME_TOKEN
from integrations.sources.metronome.webhook import METRONOME_WEBHOOK
from tests.sources.emulators import emulator, fault

LOGINS = [("metronome", METRONOME_TOKEN, "demo"), ("maxio", MAXIO_API_KEY, "demo.chargify.com")]
HOOKS = [("metronome", METRONOME_WEBHOOK, "demo"), ("maxio", MAXIO_WEBHOOK, "demo.chargify.com")]
logins = pytest.mark.parametrize(("platform", "kind", "tenant"), LOGINS, ids=["metronome", "maxio"])
either = pytest.mark.parametrize(("platform", "kind", "tenant"), [*LOGINS, *HOOKS], ids=lambda value: getattr(value, "kind", ""))


def data(hub: Hub, platform: str, kind: CredentialKind) -> dict[str, str]:
    content = emulator(hub, platform).credential_files(None)[kind.kind]
    return {name: str(value) for name, value in content.items() if name not in ("kind", "name")}


@pytest.mark.django_db
@either
def test_the_credential_is_stored_for_its_tenant(hub: Hub, platform: str, kind: CredentialKind, tenant: str) -> None:
    made = service.create(kind, "production", data(hub, platform, kind))
    assert (made.system.lower(), made.tenant, made.status) == (platform, tenant, "VERIFIED")
    if kind.kind not in ("METRONOME_WEBHOOK", "MAXIO_WEBHOOK"):
        assert service.verify(made).status == "VERIFIED"


@pytest.mark.django_db
@logins
def test_a_wrong_secret_is_the_persons_to_correct(hub: Hub, platform: str, kind: CredentialKind, tenant: str) -> None:
    secret = next(field.name for field in kind.fields if field.secret)
    with pytest.raises(errors.Misconfigured, match="does not let us in") as refused:
        service.create(kind, "production", data(hub, platform, kind) | {secret: "canary-1"})
    assert "canary" not in refused.value.sentence + refused.value.detail
    assert not Credential.objects.exists()


@pytest.mark.django_db
@logins
def test_a_busy_platform_is_tried_again(hub: Hub, platform: str, kind: CredentialKind, tenant: str) -> None:
    fault(hub, platform, "", 502)
    with pytest.raises(errors.Retry):
        service.create(kind, "production", data(hub, platform, kind))


@pytest.mark.parametrize(
    ("kind", "given", "wrong"),
    [
        (METRONOME_TOKEN, {"account": "a b", "token": "two words"}, {"account", "token"}),
        (METRONOME_TOKEN, {"account": "", "token": ""}, {"account", "token"}),
        (METRONOME_WEBHOOK, {"account": "a", "secret": "s", "previousSecret": "two words"}, {"previousSecret"}),
        (MAXIO_API_KEY, {"site": "evil.test", "apiKey": "é"}, {"site", "apiKey"}),
        (MAXIO_WEBHOOK, {"site": "acme", "secret": "x" * 501}, {"secret"}),
    ],
)
def test_what_cannot_be_right_is_refused_field_by_field(kind: CredentialKind, given: dict[str, str], wrong: set[str]) -> None:
    with pytest.raises(ValueError) as refused:
        kind.clean({}, given)
    assert set(refused.value.args[0]) == wrong


def test_what_is_typed_is_trimmed_and_a_site_becomes_its_host() -> None:
    assert METRONOME_TOKEN.clean({"account": " acme "}, {"token": "\tt1 "}) == ({"account": "acme"}, {"token": "t1"})
    assert MAXIO_API_KEY.clean({"site": "Acme"}, {"apiKey": "k"}) == ({"site": "acme.chargify.com"}, {"apiKey": "k"})
    kept = MAXIO_WEBHOOK.clean({"site": "acme-eu.ebilling.maxio.com"}, {"secret": "s", "previousSecret": ""})
    assert kept == ({"site": "acme-eu.ebilling.maxio.com"}, {"secret": "s"})


@pytest.mark.django_db
@either
def test_it_is_made_in_the_browser(hub: Hub, admin_client: Client, platform: str, kind: CredentialKind, tenant: str) -> None:
    address = reverse("admin:credentials_credential_create", args=[kind.kind])
    assert kind.setup[-1].title in admin_client.get(address).content.decode()
    given = data(hub, platform, kind)
    answer = admin_client.post(address, {"name": "production", **given}, follow=True).content.decode()
    assert Credential.objects.get().tenant == tenant
    assert not any(given[field.name] in answer for field in kind.fields if field.secret and field.name in given)


def test_the_set_up_of_metronome_says_how_to_have_finalized_invoices_announced() -> None:
    steps = registry.credential_kind("METRONOME_WEBHOOK").setup
    assert steps[0].title == "Have invoice.finalized enabled" and "representative" in " ".join(steps[0].actions)
