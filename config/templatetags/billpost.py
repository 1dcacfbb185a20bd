"""Template tags and filters of the admin: `{% load billpost %}`."""

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms, template
from django.conf import settings
from django.forms import BoundField
from django.http import QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from config import format as written
from config.chart import Chart, bar_chart

register = template.Library()

Amount = Decimal | int | str
TRUTH = re.compile(r'<img src="[^"]*/icon-(yes|no|unknown)[^"]*\.svg" alt="[^"]*">')
TRUTH_WORDS = {"yes": "yes", "no": "no", "unknown": "not known"}


def _decimal(value: Amount) -> Decimal:
    if isinstance(value, float):
        raise TypeError("money is never a float")
    return Decimal(value)


def _money_html(amount: Amount, currency: str, *, exact: bool) -> SafeString:
    number = written.money_figure(_decimal(amount), currency, exact=exact)
    return format_html(
        '<data class="money d{}" value="{}">{}{}<i>{}</i>\N{NO-BREAK SPACE}<b>{}</b></data>',
        written.minor_digits(currency),
        f"{_decimal(amount):f}",
        number.sign,
        number.whole,
        number.fraction,
        currency,
    )


@register.filter
def money(amount: Amount | None, currency: str) -> SafeString | str:
    """`{{ amount|money:currency }}`: for columns; rounded to the minor unit, decimal points and codes line up."""
    return "" if amount is None else _money_html(amount, currency, exact=False)


@register.filter
def money_exact(amount: Amount | None, currency: str) -> SafeString | str:
    """Like `money` with every digit."""
    return "" if amount is None else _money_html(amount, currency, exact=True)


@register.filter
def money_text(amount: Amount | None, currency: str) -> str:
    """For sentences: "4,190.21 USD"."""
    return "" if amount is None else written.money_text(_decimal(amount), currency)


@register.filter
def money_sentence(amounts: Mapping[str, Decimal]) -> str:
    """For sentences: "61,706.56 USD and 4,900.00 EUR"."""
    return written.money_sentence(amounts)


@register.filter
def money_list(amounts: Mapping[str, Decimal]) -> SafeString:
    """`{{ amounts|money_list }}`: a {currency: amount} stacked in the order given (most Bills first)."""
    if not amounts:
        return format_html('<span class="quiet">{}</span>', written.NOTHING)
    rows = format_html_join("", "{}", ((_money_html(amount, code, exact=False),) for code, amount in amounts.items()))
    return format_html('<span class="moneys">{}</span>', rows)


@register.filter
def decimals(amount: Amount | None, currency: str = "") -> str:
    """A figure without its code, every digit: "2,002.45232", "1,500.00"."""
    return "" if amount is None else str(written.figure(_decimal(amount), written.minor_digits(currency) if currency else 0))


@register.filter
def plain_number(value: Amount | None) -> str:
    """A quantity or a rate with every digit: "18,204,112", "3,517.5", "0.00011"."""
    return decimals(value)


@register.filter
def signed(amount: Amount | None, currency: str = "") -> str:
    """A change: "+120.00", "−0.01"."""
    return "" if amount is None else written.signed(_decimal(amount), written.minor_digits(currency) if currency else 0)


@register.filter
def status_badge(status: str) -> SafeString:
    """`{{ run.status|status_badge }}`: tint, shape and word of a run's status."""
    return format_html('<span class="badge" data-status="{}">{}</span>', status, written.status_words(status))


@register.filter
def state_badge(state: str) -> SafeString:
    """`{{ state|state_badge }}`: dot and capitals, for integrations and credentials."""
    words = written.status_words(state).upper()
    return format_html('<span class="state" data-state="{}">{}</span>', words.replace(" ", "_"), words)


@register.filter
def ago(when: datetime.datetime | None) -> SafeString | str:
    """`<time>` that reads "2 min ago" up to a day, then "3 Nov 14:18"."""
    return _time_html(when, written.ago(when, timezone.now())) if when else ""


@register.filter
def moment(when: datetime.datetime | None) -> SafeString | str:
    """`<time>` that reads "3 Nov 14:18"."""
    return _time_html(when, written.moment(when, timezone.now())) if when else ""


@register.filter
def clock(when: datetime.datetime | None) -> SafeString | str:
    """`<time>` that reads "14:18:35", for timelines."""
    return _time_html(when, f"{when:%H:%M:%S}") if when else ""


def _time_html(when: datetime.datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', when.isoformat(), f"{when:%Y-%m-%d %H:%M:%S}", words)


@register.filter
def day(date: datetime.date | None) -> SafeString | str:
    """`<time>` that reads "31 Oct 2026"."""
    return format_html('<time datetime="{}">{}</time>', f"{date:%Y-%m-%d}", written.day(date)) if date else ""


@register.filter
def age(when: datetime.datetime | None) -> str:
    """How long since: "2 d 4 h"."""
    return written.duration((timezone.now() - when).total_seconds()) if when else ""


@register.filter
def milliseconds(duration: int | None) -> str:
    """ "412 ms", "1.3 s"."""
    if duration is None:
        return ""
    return f"{duration} ms" if duration < 1000 else f"{Decimal(duration) / 1000:.1f} s"


WHY_KINDS = frozenset({"mapping", "setting", "default", "failed", "left-out"})


@register.simple_tag
def why_chip(kind: str, words: str, note: str = "") -> SafeString:
    """`{% why_chip "mapping" "Linked mapping" "Only for this integration" %}`; kinds: mapping, setting, default, failed, left-out."""
    if kind not in WHY_KINDS:
        raise template.TemplateSyntaxError(f"unknown kind of why chip: {kind}")
    small = format_html("<small>{}</small>", note) if note else ""
    return format_html('<span class="why {}">{}</span>{}', kind, words, small)


@register.filter
def copyable(value: object) -> SafeString:
    """An id in monospace with its Copy button."""
    return format_html(
        '<span class="copyable"><code>{0}</code>'
        '<button type="button" class="link" data-copy="{0}">Copy<span class="visually-hidden"> {0}</span></button></span>',
        value,
    )


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> str:
    """The page's query string with parameters changed; None or "" removes one: `<a href="{% query_with status=None %}">`."""
    query: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return f"?{urlencode(sorted(query.lists()), doseq=True)}"


@register.simple_tag
def url_if_any(name: str, *args: Any) -> str:
    """The address of a URL name, or "" when this installation has none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.simple_tag
def demo() -> bool:
    """Whether every destination is an emulator."""
    return bool(settings.EMULATOR_URL)


@register.inclusion_tag("parts/chart.html")
def run_chart(title: str, rows: list[Mapping[str, Any]], note: str = "") -> dict[str, Chart | str]:
    """`{% run_chart "Posted and failed per day" rows %}`; rows: [{"label": "21 Oct", "posted": 18, "failed": 0}]."""
    return {"title": title, "note": note, "chart": bar_chart(rows)}


@register.filter
def without_colon(label: SafeString) -> SafeString:
    """A rendered label as our own forms write it."""
    return mark_safe(conditional_escape(label).replace(":</label>", "</label>"))  # noqa: S308


@register.filter
def in_words(html: SafeString | str) -> SafeString:
    """Django's picture of a truth value as a word: "yes", "no", "not known"."""
    return mark_safe(TRUTH.sub(lambda found: TRUTH_WORDS[found[1]], conditional_escape(html)))  # noqa: S308


@register.simple_tag
def widget_kind(field: BoundField) -> str:
    """How parts/field.html lays a field out: "check" (box beside its label), "group" (radio tiles) or "box"."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    return "group" if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple) else "box"
