import contextlib
import datetime
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from credentials import hand_out, login, service
from credentials.models import Credential
from integrations import errors, registry
from integrations.contract import Auth, CredentialKind
from tests.credentials.conftest import CANARY, DATA, Vault
from tests.credentials.consenting import ConsentVault, consent_kind, from_file

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def credential(kind: CredentialKind, vault: Vault) -> Credential:
    credential = service.create(kind, "Vault production", DATA)
    vault.obtained = 0
    return credential


def expire(credential: Credential, left: datetime.timedelta = datetime.timedelta(seconds=-1)) -> None:
    Credential.objects.filter(pk=credential.pk).update(tokens_expire_at=timezone.now() + left)


def together(count: int, work: Callable[[], Any]) -> list[Any]:
    """Runs `work` in that many threads at once; answers and errors."""
    barrier = threading.Barrier(count)

    def one() -> Any:
        barrier.wait()
        try:
            return work()
        except errors.DeliveryError as failure:
            return failure
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(one) for _ in range(count)]]


def stored(credential: Credential) -> Credential:
    return Credential.objects.get(pk=credential.pk)


def test_a_stored_token_is_handed_out_without_asking(credential: Credential, vault: Vault) -> None:
    assert hand_out.auth(credential.pk).headers() == {"Authorization": f"Bearer token-1-{CANARY}"}
    assert vault.obtained == 0


def test_a_token_is_asked_for_two_minutes_before_its_end(credential: Credential, vault: Vault) -> None:
    expire(credential, datetime.timedelta(seconds=121))
    assert "token-1" in hand_out.auth(credential.pk).headers()["Authorization"]
    expire(credential, datetime.timedelta(seconds=119))
    hand_out._kept.clear()
    assert "token-2" in hand_out.auth(credential.pk).headers()["Authorization"]
    assert stored(credential).token.value == f"token-2-{CANARY}"
    assert (vault.obtained, stored(credential).lease_until) == (1, None)


def test_sixteen_workers_ask_once(credential: Credential, vault: Vault) -> None:
    expire(credential)
    vault.pause = 0.3
    answers = together(16, lambda: hand_out.auth(credential.pk).headers())
    assert answers == [{"Authorization": f"Bearer token-2-{CANARY}"}] * 16
    assert vault.obtained == 1


def test_sixteen_workers_refresh_once_and_one_rotated_token_is_kept(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    books = ConsentVault()
    monkeypatch.setattr(registry, "credential_kinds", lambda: (consent_kind(books),))
    credential = from_file(consent_kind(books))
    expire(credential)
    books.pause, books.tried = 0.3, []
    answers = together(16, lambda: hand_out.auth(credential.pk).headers())
    assert answers == [{"Authorization": f"Bearer token-2-{CANARY}"}] * 16
    token = stored(credential).token
    assert token and (books.tried, token.refresh, token.previous) == (["r1"], "r2", "r1")


def test_sixteen_refused_requests_renew_once(credential: Credential, vault: Vault) -> None:
    vault.pause = 0.3
    shared = hand_out.auth(credential.pk)

    def refused() -> str:
        shared.headers()
        everybody_has_headers.wait()
        shared.renew()
        return shared.headers()["Authorization"]

    everybody_has_headers = threading.Barrier(16)
    assert together(16, refused) == [f"Bearer token-2-{CANARY}"] * 16
    assert vault.obtained == 1


def test_renewing_an_older_token_only_reads(credential: Credential, vault: Vault) -> None:
    first, second = hand_out.auth(credential.pk), hand_out.auth(credential.pk)
    first.headers(), second.headers()
    first.renew()
    second.renew()
    assert first.headers() == second.headers() == {"Authorization": f"Bearer token-2-{CANARY}"}
    assert vault.obtained == 1


def test_a_refused_login_is_tried_once_by_sixteen_workers_and_never_again(credential: Credential, vault: Vault) -> None:
    expire(credential)
    vault.pause, vault.failure = 0.3, errors.Misconfigured("Vault does not know this client secret.")
    answers = together(16, lambda: hand_out.auth(credential.pk).headers())
    assert {type(answer) for answer in answers} == {errors.Misconfigured}
    assert {answer.sentence for answer in answers} == {"Vault does not know this client secret."}
    with pytest.raises(errors.Misconfigured, match="Vault does not know"):
        hand_out.auth(credential.pk).headers()
    assert vault.obtained == 1
    assert (stored(credential).status, stored(credential).status_reason) == ("AUTH_FAILED", "Vault does not know this client secret.")


def test_when_the_vendor_is_down_the_others_do_not_queue_up_to_ask_it(credential: Credential, vault: Vault) -> None:
    expire(credential)
    vault.pause, vault.failure = 0.5, errors.Retry("The Vault did not answer.")
    answers = together(16, lambda: hand_out.auth(credential.pk).headers())
    assert {type(answer) for answer in answers} == {errors.Retry}
    assert (vault.obtained, stored(credential).status, stored(credential).lease_until) == (1, "VERIFIED", None)


def test_a_dead_workers_lease_is_waited_for_and_then_taken(credential: Credential, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "PATIENCE", 0.2)
    expire(credential)
    Credential.objects.filter(pk=credential.pk).update(lease_until=timezone.now() + datetime.timedelta(minutes=1))
    with pytest.raises(errors.Retry, match="Another worker is logging in with Vault production"):
        hand_out.auth(credential.pk).headers()
    Credential.objects.filter(pk=credential.pk).update(lease_until=timezone.now())
    assert "token-2" in hand_out.auth(credential.pk).headers()["Authorization"]


def test_a_late_worker_does_not_record_over_new_secrets(credential: Credential, kind: CredentialKind, vault: Vault) -> None:
    expire(credential)
    old = login.read(credential.pk)
    assert login._lease(old)
    vault.accepted = "newer"
    service.replace_secrets(stored(credential), DATA | {"clientSecret": "newer"})
    vault.accepted = CANARY
    with pytest.raises(errors.Retry, match="changed while we logged in"):
        login._obtain(old)
    assert stored(credential).token.value == f"token-2-{CANARY}"
    assert stored(credential).secrets == {"clientSecret": "newer"}


@pytest.mark.parametrize("failure", [None, errors.Retry("The Vault did not answer.")])
def test_what_was_read_during_anothers_lease_takes_none_after_it(
    credential: Credential, vault: Vault, failure: errors.DeliveryError | None
) -> None:
    expire(credential)
    first = login.read(credential.pk)
    assert login._lease(first)
    second = login.read(credential.pk)
    vault.failure = failure
    with contextlib.suppress(errors.Retry):
        login._obtain(first)
    assert not login._lease(second)
    assert login._lease(login.read(credential.pk))


def test_a_process_stops_using_a_token_soon_after_a_disconnect(credential: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = hand_out.auth(credential.pk)
    auth.headers()
    service.disconnect(stored(credential))
    auth.headers()
    with pytest.raises(errors.Misconfigured, match="not connected"):
        hand_out.auth(credential.pk).headers()
    monkeypatch.setattr(hand_out, "CHECK_EVERY", 0)
    with pytest.raises(errors.Misconfigured, match="not connected"):
        auth.headers()


def test_new_secrets_of_the_same_credential_reach_a_running_process(credential: Credential, vault: Vault) -> None:
    hand_out.auth(credential.pk).headers()
    service.replace_secrets(stored(credential), DATA)
    assert "token-2" in hand_out.auth(credential.pk).headers()["Authorization"]


def test_headers_cost_no_query_within_ten_seconds(credential: Credential, django_assert_num_queries: Any) -> None:
    auth: Auth = hand_out.auth(credential.pk)
    auth.headers()
    with django_assert_num_queries(0):
        auth.headers()
    with django_assert_num_queries(1):
        hand_out.auth(credential.pk).headers()


def test_a_rotating_refresh_token_is_stored_before_the_token_is_used(
    credential: Credential, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    refreshing = credential.declaration
    object.__setattr__(refreshing, "refresh", vault.refresh)
    monkeypatch.setattr(registry, "credential_kinds", lambda: (refreshing,))
    row = stored(credential)
    row.tokens = row.tokens | {"refresh": "r1"}
    row.save()
    expire(credential)
    hand_out.auth(credential.pk).headers()
    assert (vault.refreshed, vault.obtained, stored(credential).token.refresh) == (1, 0, "after r1")


def test_a_gone_credential_and_a_gone_package_are_sentences(credential: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.registry.credential_kinds", lambda: ())
    with pytest.raises(errors.Misconfigured, match="No installed package knows the credential kind 'VAULT_SECRET'"):
        hand_out.auth(credential.pk).headers()
    credential.delete()
    with pytest.raises(errors.Misconfigured, match="no longer exists"):
        hand_out.auth(credential.pk).headers()


def test_secrets_for_hooks_come_only_from_a_connected_credential(credential: Credential) -> None:
    assert hand_out.secrets(credential.pk) == {"clientSecret": CANARY}
    service.disconnect(stored(credential))
    with pytest.raises(errors.Misconfigured, match="not connected"):
        hand_out.secrets(credential.pk)


def test_a_failure_reported_late_does_not_undo_a_new_verification(credential: Credential) -> None:
    before = stored(credential)
    service.verify(stored(credential))
    login.mark_failed(before, "The login was refused.")
    assert stored(credential).status == "VERIFIED"
    login.mark_failed(stored(credential), "The login was refused.")
    assert (stored(credential).status, stored(credential).status_reason) == ("AUTH_FAILED", "The login was refused.")
