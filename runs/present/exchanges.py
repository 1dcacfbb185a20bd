"""Requests and answers as people read them: redacted, laid out, the value that was refused marked on both sides."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from integrations.http import redact_headers, redact_text
from runs.models import Exchange, Member, Status

MOST_SHOWN = 20_000
_TOO_MANY, _SERVER = 429, 500
_OPEN: Mapping[str, Status] = {Exchange.State.INTENT: Status.UNKNOWN, Exchange.State.ACCEPTED: Status.STARTED}


@dataclass(frozen=True)
class Shown:
    """One exchange for parts/exchange.html; `badge` is a run status that gives tint and shape."""

    badge: str
    code: str
    method: str
    path: str
    note: str
    sent: SafeString
    answer: SafeString
    sent_more: str
    answer_more: str
    open: bool


def shown(members: Sequence[Member], refused: Iterable[str] = ()) -> list[Shown]:
    """Newest first, the last refused one open. `members` newest first with their exchanges; `refused` are values to mark."""
    marks = sorted(set(refused))
    badges = [badge_of(member) for member in members]
    opened = next((place for place, badge in enumerate(badges) if badge == Status.ERROR), None)
    return [
        _shown(member, badges[place], len(members) - place, marks if place == opened else [], place == opened)
        for place, member in enumerate(members)
    ]


def badge_of(member: Member) -> str:
    """The run status whose tint and shape an exchange has, as one member sees it."""
    status = member.exchange.status_code or 0
    if member.accepted:
        return Status.COMPLETE
    if status == _TOO_MANY:
        return Status.RATE_LIMIT_RETRY
    if member.accepted is None:
        return _OPEN.get(member.exchange.state, Status.AWAITING_RETRY)
    return Status.AWAITING_RETRY if status >= _SERVER or not status else Status.ERROR


def sent_text(exchange: Exchange) -> str:
    """Headers and body, laid out and without any secret."""
    headers = {"Authorization": "redacted"} | redact_headers(exchange.headers)
    lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
    return f"{lines}\n\n{laid_out(redact_text(exchange.text))}"


def answer_text(exchange: Exchange) -> str:
    """Status line, the vendor's own id of the call, and the answer as stored; "" while there is none."""
    if exchange.status_code is None:
        return ""
    trace = f"Trace: {exchange.trace}\n" if exchange.trace else ""
    return f"HTTP {status_words(exchange.status_code)}\n{trace}\n{laid_out(redact_text(exchange.answer))}"


def laid_out(text: str) -> str:
    """JSON on indented lines, every number as it was written; any other text as it is."""
    try:
        return msgspec.json.format(text, indent=1)
    except msgspec.DecodeError:
        return text


def status_words(code: int) -> str:
    """ "400 Bad Request"."""
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def short_path(url: str) -> str:
    """The last two parts of the path and the query: ".../invoice/eid:b7e2f4c1?replace=item"."""
    path, mark, query = url.partition("?")
    parts = path.split("/")
    return ("…/" if len(parts) > 5 else "") + "/".join(parts[-2:] if len(parts) > 5 else parts[3:]) + mark + query


def _shown(member: Member, badge: str, attempt: int, marks: list[str], opened: bool) -> Shown:
    exchange = member.exchange
    sent, answer = sent_text(exchange), answer_text(exchange)
    return Shown(
        badge=badge,
        code=str(exchange.status_code or ("no answer" if exchange.answered_at or exchange.note else "open")),
        method=exchange.method,
        path=short_path(exchange.url),
        note=_note(exchange, attempt),
        sent=_html(sent, [f'"{mark}"' for mark in marks]),
        answer=_html(answer or exchange.note, marks),
        sent_more=_download(exchange, "sent") if len(sent) > MOST_SHOWN else "",
        answer_more=_download(exchange, "answer") if len(answer) > MOST_SHOWN else "",
        open=opened,
    )


def _note(exchange: Exchange, attempt: int) -> str:
    again = f", sent {exchange.sends} times" if exchange.sends > 1 else ""
    took = f", {exchange.milliseconds} ms" if exchange.milliseconds is not None else ""
    return f"Attempt {attempt}{again}{took}"


def _download(exchange: Exchange, side: str) -> str:
    return reverse("admin:runs_exchange_download", args=(exchange.pk, side))


def _html(text: str, marks: Sequence[str]) -> SafeString:
    """The first part of a text, with the chips for what is redacted and the marks for what was refused."""
    html = str(conditional_escape(text[:MOST_SHOWN]))
    html = re.sub(r"\bredacted\b", str(format_html('<span class="redacted">{}</span>', "redacted")), html)
    for value in marks:
        escaped = re.escape(str(conditional_escape(value)))
        html = re.sub(rf"(?<![\w.]){escaped}(?!\w|\.\d)", lambda found: f"<mark>{found[0]}</mark>", html)
    return mark_safe(html)  # noqa: S308 (escaped above)
