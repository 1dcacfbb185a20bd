"""What must hold before secrets are worth anything. The numbers of the checks stay as they are."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

SHORTEST_KEY = 32
BUILT_IN = "insecure-only-for-development"
NEW_KEY = 'Make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"'


def encryption_keys(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Always: there is a key, each is long, none is the SECRET_KEY."""
    return list(_keys([str(key) for key in settings.FERNET_KEYS]))


def _keys(keys: list[str]) -> Iterator[Error]:
    if not any(keys):
        yield Error("FERNET_KEYS is empty, so no secret can be stored.", hint=NEW_KEY, id="billpost.E001")
    elif any(len(key) < SHORTEST_KEY for key in keys):
        yield Error(f"A key in FERNET_KEYS is shorter than {SHORTEST_KEY} characters.", hint=NEW_KEY, id="billpost.E002")
    if settings.SECRET_KEY in keys:
        hint = f"Whoever learns one would have both. {NEW_KEY}"
        yield Error("A key in FERNET_KEYS is the SECRET_KEY.", hint=hint, id="billpost.E003")


def production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """With --deploy: nothing that only a demo may have."""
    return list(_production())


def _production() -> Iterator[Error]:
    if not settings.DEBUG and not settings.EMULATOR_URL:
        if any(str(key).startswith(BUILT_IN) for key in settings.FERNET_KEYS):
            yield Error("FERNET_KEYS holds the built-in key, which everybody knows.", hint=NEW_KEY, id="billpost.E004")
        if settings.SECRET_KEY.startswith(BUILT_IN):
            yield Error("SECRET_KEY is the built-in key, which everybody knows.", hint=NEW_KEY, id="billpost.E005")
    if settings.EMULATOR_URL:
        hint = "Unset EMULATOR_URL, or nothing reaches the real systems."
        yield Error("EMULATOR_URL is set: Bills would go to emulators.", hint=hint, id="billpost.E006")
