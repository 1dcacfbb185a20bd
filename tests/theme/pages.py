"""An admin site and one page of parts for the theme's tests: `pytestmark = pytest.mark.urls("tests.theme.pages")`."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import RequestContext, Template
from django.template.loader import render_to_string
from django.urls import path

from billing.models import Account, Bill
from config.admin import BillpostAdminSite

site = BillpostAdminSite(name="admin")


@admin.register(Bill, site=site)
class BillAdmin(admin.ModelAdmin):
    list_display = ("number", "account", "status", "source_version", "locked", "amount")
    list_filter = ("status",)
    search_fields = ("number",)
    search_help_text = "Bill number"
    list_sentence = "One row per Bill."
    bulk_note = "A retry cannot post twice."
    list_per_page = 5
    actions = ("retry",)

    @admin.action(description="Retry selected Bills")
    def retry(self, request: HttpRequest, bills: QuerySet[Bill]) -> None:
        self.message_user(request, f"{bills.count()} Bills are queued.")

    @admin.display(description="Amount")
    def amount(self, bill: Bill) -> str:
        return render_to_string("parts/money.html", {"amount": bill.total, "currency": bill.currency})

    def list_views(self, cl: Any) -> list[dict[str, Any]]:
        return [{"label": "All", "url": "?", "current": True}, {"label": "Void", "url": "?status=VOID", "count": 3, "words": "Bills"}]


class OptionsForm(forms.Form):
    accounts = forms.MultipleChoiceField(
        required=False,
        choices=[("1", "Acme Cloud"), ("2", "Borealis AI"), ("3", "Cobalt Robotics")],
        initial=["2"],
        widget=forms.SelectMultiple(attrs={"data-chips": "", "data-placeholder": "All Accounts"}),
        help_text="Leave empty to include every Account.",
    )
    found = forms.MultipleChoiceField(required=False, widget=forms.SelectMultiple(attrs={"data-chips": "", "data-search-url": "/find/"}))
    account_filter = forms.CharField(widget=forms.Textarea(attrs={"data-check-url": "/check/", "data-check-target": "answer other"}))
    approval = forms.BooleanField(help_text="Off: a Bill is sent every time it is regenerated.")


PAGE = Template(
    """{% extends "admin/base_site.html" %}{% load billpost %}
    {% block badge %}{{ "ERROR"|status_badge }}{% endblock %}
    {% block head_actions %}<a class="button" href="/there/" data-dialog="choice">Connect credential</a>{% endblock %}
    {% block content %}
    <form method="post">{% csrf_token %}{% for field in form %}{% include "parts/field.html" %}{% endfor %}
    <button type="submit">Save</button></form>
    <p id="answer" role="status"></p><p id="other"></p>
    {% include "parts/progress.html" with progress_id="work" done=1 total=3 words="1 of 3 posted" refresh_url="/progress/" %}
    {{ "7c1f0a52"|copyable }}
    {% endblock %}
    {% block extrabody %}{% include "parts/dialog.html" with dialog_id="choice" dialog_action="/there/" %}{% endblock %}"""
)


def parts(request: HttpRequest) -> HttpResponse:
    context = site.each_context(request) | {"title": "Parts", "sentence": "All of them.", "form": OptionsForm()}
    return HttpResponse(PAGE.render(RequestContext(request, context)))


def find(request: HttpRequest) -> JsonResponse:
    names = {"9": "Étoile Média", "8": "Delphi Health"}
    return JsonResponse({"results": [{"id": key, "text": name} for key, name in names.items() if request.GET["q"].lower() in name.lower()]})


def check(request: HttpRequest) -> HttpResponse:
    words = f"Checked {request.POST['account_filter']} for {'+'.join(request.POST.getlist('accounts'))}"
    return HttpResponse(f'<p id="answer" role="status">{words}</p><p id="other">and this</p>')


def progress(request: HttpRequest) -> HttpResponse:
    done = {"progress_id": "work", "done": 3, "total": 3, "words": "All 3 are posted"}
    return HttpResponse(render_to_string("parts/progress.html", done))


def search(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Found {request.GET['q']}")


class SiteWithSearch:
    def urls(self) -> Any:
        patterns, app_name, name = site.urls
        return [path("search/", search, name="search"), *patterns], app_name, name


def make_bills(source: Any) -> None:
    account = Account.objects.create(source=source, uid="1", name="Borealis AI")
    amounts = [("4190.21", "USD"), ("0.05", "USD"), ("-12.5", "USD"), ("1204000", "JPY"), ("812.405", "KWD")]
    for number, (total, currency) in enumerate(amounts * 2):
        Bill.objects.create(
            source=source,
            account=account,
            uid=f"b{number}",
            number=f"INV-{number}",
            total=Decimal(total),
            currency=currency,
            bill_date=f"2026-10-{20 - number:02}",
            status="VOID" if number % 3 == 0 else "APPROVED",
        )


urlpatterns = [
    path("parts/", site.admin_view(parts)),
    path("find/", find),
    path("check/", check),
    path("progress/", progress),
    path("admin/", SiteWithSearch().urls()),
]
