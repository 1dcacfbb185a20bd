"""Gives clients their login. The only way from a stored secret to a request."""

import threading
import time
from collections.abc import Mapping
from uuid import UUID

from credentials.login import demand_usable, fresh, logged_in, read
from credentials.models import Credential
from integrations.contract import Auth, Request, Token

CHECK_EVERY = 10.0
_kept: dict[UUID, Credential] = {}


def auth(credential_id: UUID) -> Auth:
    """The login of a credential, to be made anew for each batch. Both methods raise errors.Misconfigured or errors.Retry."""
    return _CredentialAuth(credential_id)


def secrets(credential_id: UUID) -> Mapping[str, str]:
    """The secrets themselves, for what needs no login: checking the signature of a hook. errors.Misconfigured when not connected."""
    credential = read(credential_id)
    demand_usable(credential)
    return dict(credential.secrets)


class _CredentialAuth:
    """Keeps the decrypted credential in the process and asks the database at most every ten seconds whether it is still the same."""

    def __init__(self, credential_id: UUID) -> None:
        self._id = credential_id
        self._checked = float("-inf")
        self._thread = threading.local()

    def headers(self, request: Request | None = None) -> Mapping[str, str]:
        credential = self._current()
        self._thread.serial = credential.serial
        kind, given = credential.declaration, (credential.settings, credential.secrets, _token(credential))
        if kind.sign is not None and request is not None:
            return kind.sign(*given, request)
        return kind.authorise(*given)

    def renew(self) -> None:
        """Does nothing more than read when another worker has renewed since this thread last asked for headers."""
        rejected = getattr(self._thread, "serial", None)
        self._keep(logged_in(self._id, read(self._id).serial if rejected is None else rejected))

    def _current(self) -> Credential:
        kept = _kept.get(self._id)
        if kept is not None and fresh(kept) and self._unchanged(kept):
            return kept
        return self._keep(logged_in(self._id))

    def _unchanged(self, kept: Credential) -> bool:
        if time.monotonic() - self._checked < CHECK_EVERY:
            return True
        self._checked = time.monotonic()
        return Credential.objects.filter(pk=self._id, serial=kept.serial, status=Credential.Status.VERIFIED).exists()

    def _keep(self, credential: Credential) -> Credential:
        _kept[self._id] = credential
        self._checked = time.monotonic()
        return credential


def _token(credential: Credential) -> Token:
    if credential.token is None:
        raise RuntimeError(f"credential {credential.pk} was handed out without a token")
    return credential.token
