"""Tags of the generic change list: `{% load billpost_list %}`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import template
from django.contrib.admin.helpers import ActionForm
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db import models
from django.forms import ChoiceField
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()
MONEY = 'class="money'


@dataclass(frozen=True)
class Page:
    """What a page of a list says under it; an empty address is not a link."""

    words: str
    back: str
    forth: str
    back_word: str
    forth_word: str


@register.simple_tag
def page_of(cl: ChangeList) -> Page:
    pages = 1 if cl.show_all else cl.paginator.num_pages
    words = ("Newer", "Older") if newest_first(cl) else ("Previous", "Next")
    return Page(
        shown(cl, pages),
        cl.get_query_string({PAGE_VAR: cl.page_num - 1}) if cl.page_num > 1 else "",
        cl.get_query_string({PAGE_VAR: cl.page_num + 1}) if cl.page_num < pages else "",
        *words,
    )


def shown(cl: ChangeList, pages: int) -> str:
    """ "14 runs", "101 to 200 of 1,260 runs". A list whose name counts badly says `counted_as`: one and many."""
    one, many = getattr(cl.model_admin, "counted_as", (cl.opts.verbose_name, cl.opts.verbose_name_plural))
    name = one if cl.result_count == 1 else many
    if pages <= 1:
        return f"{cl.result_count:,} {name}"
    first = (cl.page_num - 1) * cl.list_per_page + 1
    return f"{first:,} to {first + len(cl.result_list) - 1:,} of {cl.result_count:,} {name}"


def newest_first(cl: ChangeList) -> bool:
    """Whether the list's own order is by a time, falling."""
    ordering = cl.model_admin.ordering or cl.opts.ordering
    first = str(ordering[0]) if ordering else ""
    fields = {field.name for field in cl.opts.get_fields() if isinstance(field, models.DateField)}
    return first.startswith("-") and first[1:] in fields


@register.simple_tag
def list_views(cl: ChangeList) -> list[dict[str, Any]]:
    """The tabs of a list: `ModelAdmin.list_views(cl)` if it has one."""
    views = getattr(cl.model_admin, "list_views", None)
    return views(cl) if views else []


@register.simple_tag
def list_empty(cl: ChangeList) -> str:
    """Why the table is empty."""
    name = cl.opts.verbose_name
    if cl.query or cl.has_active_filters:
        return f"No {name} matches these filters."
    return str(getattr(cl.model_admin, "empty_sentence", "")) or f"There is no {name} yet."


@register.simple_tag
def list_headers(cl: ChangeList, headers: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[SafeString]]) -> list[Mapping[str, Any]]:
    """Django's column heads; those over numbers and money are set right."""
    money = {index for row in rows for index, cell in enumerate(row) if MONEY in cell}
    return [
        {**header, "class_attrib": _right(header["class_attrib"]) if index in money or is_numeric(cl, index) else header["class_attrib"]}
        for index, header in enumerate(headers)
    ]


@register.simple_tag
def list_cells(cl: ChangeList, cells: Sequence[SafeString]) -> list[SafeString]:
    """Django's cells, numbers set right."""
    return [_right(cell) if is_numeric(cl, index) else cell for index, cell in enumerate(cells)]


def _right(html: SafeString) -> SafeString:
    return mark_safe(html.replace('class="', 'class="num ', 1))  # noqa: S308


def is_numeric(cl: ChangeList, index: int) -> bool:
    """Named in `numeric_columns`, or a field that holds a number nobody chooses from a list."""
    column = cl.list_display[index] if index < len(cl.list_display) else ""
    if column in getattr(cl.model_admin, "numeric_columns", ()):
        return True
    fields = {field.name: field for field in cl.opts.concrete_fields}
    field = fields.get(str(column))
    return isinstance(field, models.IntegerField | models.DecimalField) and not field.choices and not field.primary_key


@register.simple_tag
def active_choice(choices: Sequence[Mapping[str, Any]]) -> str:
    """The words of a filter's chosen value; "" while it stands at its first choice, which is "All"."""
    return next((str(choice["display"]) for choice in choices[1:] if choice["selected"]), "")


@register.simple_tag
def bulk_actions(form: ActionForm) -> list[tuple[str, str]]:
    """The actions a person may choose, deleting last: (name, label)."""
    field = cast(ChoiceField, form.fields["action"])
    choices = [(str(name), capfirst(str(label))) for name, label in cast(Iterable[tuple[str, str]], field.choices) if name]
    return sorted(choices, key=lambda choice: choice[0] == "delete_selected")
