"""What a source's answer is: a record of the shape that was asked for, or an error of ours. Pure."""

from typing import TypeVar

import msgspec

from integrations import errors
from integrations.contract import Answer
from integrations.http import redact_text
from integrations.sources.asking import retry_after

_LONGEST_WORDS = 300
_TOO_MANY = 429


_T = TypeVar("_T")


class _Refusal(msgspec.Struct):
    """The three ways in which refusals are worded."""

    message: str = ""
    error: str = ""
    errors: list[str] | str = ""


def words(answer: Answer) -> str:
    """What the source itself says about a refusal, or ""."""
    try:
        said = msgspec.json.decode(answer.body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    several = said.errors if isinstance(said.errors, str) else " ".join(said.errors)
    return redact_text(said.message or said.error or several)[:_LONGEST_WORDS]


def failure(answer: Answer, label: str, remedy: str) -> errors.DeliveryError:
    """errors.Misconfigured with `remedy` when we may not see it, errors.Retry when there may be an answer later, else errors.Refused."""
    status, said = answer.status, words(answer)
    if status in (401, 403):
        return errors.Misconfigured(f"{label} does not let us in (HTTP {status}). {remedy}", code="PERMISSION", detail=said)
    if status == _TOO_MANY:
        after = retry_after(answer)
        return errors.Retry(f"{label} takes no more requests for now.", code="SOURCE_RATE", detail=said, after=after, rate=True)
    if status >= 500:
        return errors.Retry(f"{label} could not answer (HTTP {status}).", code="SOURCE_BUSY", detail=said, after=retry_after(answer))
    sentence = f"{label} refused to answer (HTTP {status}){f': {said}' if said else ''}"
    return errors.Refused(f"{sentence.rstrip('.')}.", code="SOURCE_REFUSED", detail=said)


def decoded(answer: Answer, shape: type[_T], label: str, remedy: str) -> _T:
    """Raises `failure` for another status than 200, and errors.Retry for a body of another shape."""
    if answer.status != 200:
        raise failure(answer, label, remedy)
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        detail = redact_text(str(error))[:_LONGEST_WORDS]
        raise errors.Retry(f"{label}'s answer is not what we asked for.", code="SOURCE_UNREADABLE", detail=detail) from error


def text_of(record: msgspec.Raw) -> str:
    """A record's own JSON text."""
    return bytes(record).decode(errors="surrogateescape")
