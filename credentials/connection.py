"""From what a person or a file gives to a tried login: cleaned, logged in, verified. Stores nothing."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from credentials import key_pair
from integrations import registry
from integrations.contract import CredentialKind, Token, Verified

NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)


class FormErrors(ValueError):
    """`sentences` says for each field what is wrong and what to give instead. Never holds a value."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__(" ".join(sentences.values()))
        self.sentences = dict(sentences)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A login that worked. `expires_at` is when its certificate (PEM, or "") ends, or its refresh token."""

    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    token: Token = field(repr=False)
    verified: Verified
    certificate: str = ""
    expires_at: datetime.datetime | None = None


def connect(kind: CredentialKind, system: str, data: Mapping[str, str], certificate: str = "") -> Connection:
    """Logs in with new data. FormErrors, errors.Misconfigured when the login is refused, errors.Retry when nobody answered."""
    settings, secrets = cleaned(kind, data)
    expires_at = _certificate_end(kind, certificate, secrets) if certificate else None
    token = first_token(kind, settings, secrets)
    return Connection(
        settings=settings,
        secrets=kept(kind, secrets),
        token=token,
        verified=verified(kind, system, settings, secrets, token),
        certificate=certificate,
        expires_at=expires_at or token.refresh_expires_at,
    )


def verified(kind: CredentialKind, system: str, settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> Verified:
    """Whose books a token opens, asked at the chosen system. errors.Misconfigured or errors.Retry."""
    return kind.verify({**settings, "system": system}, secrets, token)


def first_token(kind: CredentialKind, settings: Mapping[str, str], secrets: Mapping[str, str]) -> Token:
    """What the vendor grants for the secrets; for those that only sign hooks, an empty one that never ends."""
    return Token(value="", expires_at=NEVER) if registry.signs_hooks(kind) else kind.obtain(settings, secrets)


def kept(kind: CredentialKind, secrets: Mapping[str, str]) -> dict[str, str]:
    """The secrets to store. What the vendor gave by consent lives on in the token, which is renewed."""
    given = {each.name for each in kind.fields if each.from_consent}
    return {name: value for name, value in secrets.items() if name not in given}


def cleaned(kind: CredentialKind, data: Mapping[str, str], *, before_consent: bool = False) -> tuple[dict[str, str], dict[str, str]]:
    """Settings and secrets as the kind stores them. FormErrors with every sentence at once."""
    needed = [each for each in kind.fields if each.required and not (before_consent and each.from_consent)]
    missing = {each.name: f"{each.label} is missing." for each in needed if not data.get(each.name)}
    settings, secrets = split(kind, data)
    try:
        result = kind.clean(settings, secrets)
    except ValueError as wrong:
        raise FormErrors(_sentences(wrong) | missing) from None
    if missing:
        raise FormErrors(missing)
    return result


def split(kind: CredentialKind, data: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Every field of the kind, empty when not given. FormErrors for a field that it does not have."""
    if unknown := [name for name in data if name not in {each.name for each in kind.fields}]:
        known = ", ".join(each.name for each in kind.fields)
        raise FormErrors({name: f"{kind.kind} has no field {name}; it has {known}." for name in unknown})
    given = {secret: {each.name: data.get(each.name, "") for each in kind.fields if each.secret == secret} for secret in (False, True)}
    return given[False], given[True]


def private_key_field(kind: CredentialKind) -> str:
    """The name of the field that holds the private key, "" when there is none."""
    return next((each.name for each in kind.fields if each.kind == "private_key"), "")


def _sentences(wrong: ValueError) -> dict[str, str]:
    given = wrong.args[0] if wrong.args else ""
    return dict(given) if isinstance(given, Mapping) else {"": str(given)}


def _certificate_end(kind: CredentialKind, certificate: str, secrets: Mapping[str, str]) -> datetime.datetime:
    try:
        key_pair.check_pair(certificate, secrets.get(private_key_field(kind), ""))
        return key_pair.expires_at(certificate)
    except ValueError as wrong:
        raise FormErrors({"certificate": str(wrong)}) from None
