"""What a way to log in has to declare."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from integrations.contract.wire import Request


@dataclass(frozen=True, kw_only=True)
class CredentialField:
    """One value that a credential asks for. `name` is the vendor's API spelling; a secret is write-only for ever.

    `from_consent`: the vendor gives it when a person consents, so no form asks for it; a credential file may carry it.
    """

    name: str
    label: str
    help: str = ""
    secret: bool = False
    kind: Literal["text", "private_key"] = "text"
    required: bool = True
    from_consent: bool = False


@dataclass(frozen=True, kw_only=True)
class Token:
    """A login token and when it ends; `refresh` is stored before first use where the vendor rotates it.

    `refresh_expires_at`: when a person has to consent again, the earliest of the vendor's limits; None where it has none.
    """

    value: str = field(repr=False)
    expires_at: dt.datetime
    refresh: str = field(default="", repr=False)
    refresh_expires_at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What the vendor's authorise page is asked with (RFC 6749 4.1.1). `challenge`: PKCE, S256 (RFC 7636); "" for a kind without."""

    state: str
    redirect_uri: str
    challenge: str = ""


@dataclass(frozen=True, kw_only=True)
class Redeemed:
    """What the vendor's authorise page sent back, its state already checked: the code, and every other parameter in `answer`.

    `redirect_uri` is the one of the consent; `verifier` belongs to its challenge, "" for a kind without PKCE.
    """

    code: str = field(repr=False)
    redirect_uri: str
    verifier: str = field(default="", repr=False)
    answer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The answer of a successful connection test: whose books; `note` is a sentence on what their settings mean for Bills.

    `currencies`: the only ones that these books can bill in; empty for any.
    """

    tenant: str
    note: str = ""
    currencies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CredentialKind:
    """One way to log in. `clean` normalises settings and secrets or raises ValueError({field: sentence}); only `verify`, `obtain`,
    `refresh`, `redeem` and `revoke` speak HTTP, and raise errors.Misconfigured or errors.Retry. `renew_on`: the statuses that a token
    past its end gets. With `sign`, pure, each request carries a signature of its own instead of what `authorise` gives.

    With `consent` a person logs in at the vendor: `consent` makes the address of its authorise page, pure, as http.browser_url gives it;
    `redeem` turns what comes back into settings to keep beside the given ones (whose books) and the first token. `clean` then also
    accepts that the fields `from_consent` are empty; `obtain` serves a file that carries them. When the newest refresh token is refused,
    `refresh` is asked once with the one before it. `revoke` gives a token back. `verify` finds the chosen external system in its settings
    under `system`.
    """

    kind: str
    label: str
    systems: tuple[str, ...]
    fields: tuple[CredentialField, ...]
    clean: Callable[[dict[str, str], dict[str, str]], tuple[dict[str, str], dict[str, str]]]
    obtain: Callable[[Mapping[str, str], Mapping[str, str]], Token]
    verify: Callable[[Mapping[str, str], Mapping[str, str], Token], Verified]
    authorise: Callable[[Mapping[str, str], Mapping[str, str], Token], Mapping[str, str]]
    refresh: Callable[[Mapping[str, str], Mapping[str, str], Token], Token] | None = None
    sign: Callable[[Mapping[str, str], Mapping[str, str], Token, Request], Mapping[str, str]] | None = None
    consent: Callable[[Mapping[str, str], Mapping[str, str], Consent], str] | None = None
    redeem: Callable[[Mapping[str, str], Mapping[str, str], Redeemed], tuple[Mapping[str, str], Token]] | None = None
    revoke: Callable[[Mapping[str, str], Mapping[str, str], Token], None] | None = None
    pkce: bool = False
    renew_on: tuple[int, ...] = (401,)
    makes_key_pair: bool = False
    certificate_field: str = ""
    setup: tuple["SetupStep", ...] = ()


@dataclass(frozen=True, kw_only=True)
class SetupStep:
    """One step at the vendor before connecting: where to go, what to do, what to copy into which field here.

    `files`: a folder of what is brought there, offered as a zip of the folder's name.
    """

    title: str
    where: str = ""
    actions: tuple[str, ...] = ()
    copies: str = ""
    warning: str = ""
    files: Path | None = None
