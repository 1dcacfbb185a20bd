import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import render_to_string
from django.test import RequestFactory

from runs.models import Status

NOW = dt.datetime(2026, 11, 3, 14, 20, tzinfo=dt.UTC)


def rendered(source: str, **context: Any) -> str:
    return Template("{% load billpost %}" + source).render(Context(context))


def test_money_lines_up_and_keeps_its_exact_value() -> None:
    assert rendered("{{ amount|money:currency }}", amount=Decimal("-1204000.0"), currency="JPY") == (
        '<data class="money d0" value="-1204000.0">−1,204,000<i></i>\N{NO-BREAK SPACE}<b>JPY</b></data>'
    )
    assert rendered("{{ amount|money:'USD' }}", amount="617.4028").startswith('<data class="money d2" value="617.4028">617<i>.40</i>')
    assert ">617<i>.4028</i>" in rendered("{{ amount|money_exact:'USD' }}", amount="617.4028")
    assert rendered("{{ amount|money:'USD' }}", amount=None) == ""


def test_money_is_never_a_float() -> None:
    with pytest.raises(TypeError):
        rendered("{{ amount|money:'USD' }}", amount=0.1)


def test_amounts_stack_in_the_order_given() -> None:
    html = rendered("{{ amounts|money_list }}", amounts={"USD": Decimal(1), "EUR": Decimal(2)})
    assert html.index("USD") < html.index("EUR")
    assert rendered("{{ amounts|money_list }}", amounts={}) == '<span class="quiet">nothing</span>'


def test_figures_without_code() -> None:
    assert rendered("{{ a|decimals:'USD' }} {{ b|plain_number }} {{ c|signed:'USD' }}", a=Decimal("2002.45232"), b=18204112, c=-120) == (
        "2,002.45232 18,204,112 −120.00"
    )


@pytest.mark.parametrize("status", list(Status.values))
def test_every_status_has_its_badge(status: str) -> None:
    html = rendered("{% include 'parts/badge.html' %}", status=status)
    assert html.strip() == f'<span class="badge" data-status="{status}">{status.replace("_", " ")}</span>'


@pytest.mark.parametrize("state", ["NOT CONNECTED", "NOT_CONNECTED", "not connected"])
def test_a_state_is_written_in_capitals(state: str) -> None:
    assert rendered("{{ state|state_badge }}", state=state) == '<span class="state" data-state="NOT_CONNECTED">NOT CONNECTED</span>'


ESCAPED = [*(f"{{{{ x|{name} }}}}" for name in ("in_words", "without_colon", "copyable", "status_badge", "state_badge")), "{{ 1|money:x }}"]


@pytest.mark.parametrize("source", [*ESCAPED, "{% why_chip 'mapping' x x %}"])
def test_what_a_source_says_is_escaped(source: str) -> None:
    assert "<script" not in rendered(source, x="<script>").lower()


@time_machine.travel(NOW, tick=False)
def test_times_keep_the_exact_moment() -> None:
    assert rendered("{{ when|ago }}", when=NOW - dt.timedelta(minutes=2)) == (
        '<time datetime="2026-11-03T14:18:00+00:00" title="2026-11-03 14:18:00 UTC">2 min ago</time>'
    )
    assert rendered("{{ when|ago }}{{ when|age }}{{ when|day }}", when=None) == ""
    assert rendered("{{ date|day }}", date=dt.date(2026, 10, 31)) == '<time datetime="2026-10-31">31 Oct 2026</time>'


@pytest.mark.parametrize(("duration", "text"), [(412, "412 ms"), (1300, "1.3 s"), (None, "")])
def test_milliseconds(duration: int | None, text: str) -> None:
    assert rendered("{{ duration|milliseconds }}", duration=duration) == text


def test_a_why_chip_has_one_of_five_kinds() -> None:
    assert rendered("{% why_chip 'default' 'Default item' 'No mapping' %}") == (
        '<span class="why default">Default item</span><small>No mapping</small>'
    )
    with pytest.raises(TemplateSyntaxError):
        rendered("{% why_chip 'other' 'Other' %}")


def test_a_query_keeps_the_other_parameters() -> None:
    request = RequestFactory().get("/", {"status": ["ERROR", "UNKNOWN"], "p": "2", "q": "a b"})
    assert rendered("{% query_with p=3 q=None status='COMPLETE' %}", request=request) == "?p=3&amp;status=COMPLETE"
    assert rendered("{% query_with p='' %}", request=request) == "?q=a+b&amp;status=ERROR&amp;status=UNKNOWN"


def test_an_address_that_does_not_exist_is_empty() -> None:
    assert rendered("{% url_if_any 'admin:nowhere' %}|{% url_if_any 'admin:index' %}") == "|/admin/"


def test_the_chart_draws_with_attributes_and_has_a_table() -> None:
    html = rendered("{% run_chart 'Runs' rows 'UTC' %}", rows=[{"label": "1 Nov", "posted": 5, "failed": 2}])
    assert "style=" not in html
    assert html.count("<rect") == 2
    assert '<th scope="row">1 Nov</th><td class="num">5</td><td class="num">2</td>' in html


class Asked(forms.Form):
    name = forms.CharField()
    chips = forms.MultipleChoiceField(widget=forms.SelectMultiple({"data-chips": ""}))
    how = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)


def test_each_error_links_to_something_that_takes_the_focus() -> None:
    form = Asked({})
    summary, fields = render_to_string("parts/errors.html", {"form": form}), form.as_div()
    links = re.findall(r'href="#([^"]+)"', summary)
    assert len(links) == 3
    assert [link for link in links if f'id="{link}"' not in re.sub("<div[^>]*>", "", fields)] == []
