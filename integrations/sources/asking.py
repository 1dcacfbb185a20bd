"""Asking a source's API again when it could not answer, as long as it asks us to wait or ever longer."""

import datetime as dt
import random
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from time import sleep
from typing import TypeVar

from integrations import errors
from integrations.contract import Answer

TRIES = 6
LONGEST = dt.timedelta(minutes=2)

_T = TypeVar("_T")


def patiently(ask: Callable[[], _T]) -> _T:
    """What `ask` answers at one of six tries. errors.Retry when it never does, or names a wait of more than two minutes."""
    for attempt in range(TRIES - 1):
        try:
            return ask()
        except errors.Retry as failure:
            if failure.after is not None and failure.after > LONGEST:
                raise
            sleep(max(_growing(attempt), (failure.after or dt.timedelta()).total_seconds()))
    return ask()


def retry_after(answer: Answer) -> dt.timedelta | None:
    """How long the other system wants us to wait: its Retry-After, in seconds or as a date."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return dt.timedelta(seconds=min(int(text), 86_400))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(dt.timedelta(), (until if until.tzinfo else until.replace(tzinfo=dt.UTC)) - dt.datetime.now(dt.UTC))


def _growing(attempt: int) -> float:
    """1, 2, 4, 8 and 16 seconds, each a fifth shorter or longer."""
    return 2.0**attempt * random.uniform(0.8, 1.2)  # noqa: S311 (jitter, not a secret)
