"""The header's search: Bills by number or source id, runs by id or external id, Accounts by name."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from billing.models import Account, Bill
from runs import finding
from runs.models import IntegrationRun
from runs.present import chain, links
from runs.present.result import result_of

MOST = 20


def search(request: HttpRequest) -> HttpResponse:
    """Goes straight to the only hit; lists several by kind."""
    asked = request.GET.get("q", "").strip()
    bills, runs, accounts = (_bills(request, asked), _runs(request, asked), _accounts(request, asked)) if asked else ([], [], [])
    addresses = [links.to_bill(bill.pk) for bill in bills] + [links.to_run(run.pk) for run in runs]
    addresses += [links.url_if_any("billing_account_change", account.pk) for account in accounts]
    if len(addresses) == 1:
        return HttpResponseRedirect(addresses[0])
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": f"Search for “{asked}”" if asked else "Search",
        "search_query": asked,
        "bills": bills,
        "runs": [(run, result_of(run)) for run in runs],
        "accounts": accounts,
        "found": len(addresses),
        "cut": MOST if MOST in (len(bills), len(runs), len(accounts)) else None,
        "nav_current": "none",
    }
    return render(request, "runs/search.html", context)


def _bills(request: HttpRequest, asked: str) -> list[Bill]:
    if not request.user.has_perm("billing.view_bill"):
        return []
    exact = Bill.objects.select_related("account").filter(Q(number__iexact=asked) | Q(uid=asked))[:MOST]
    return list(exact) or list(Bill.objects.select_related("account").filter(number__icontains=asked)[:MOST])


def _runs(request: HttpRequest, asked: str) -> list[IntegrationRun]:
    if not request.user.has_perm("runs.view_integrationrun"):
        return []
    runs = chain.with_steps(IntegrationRun.objects.select_related("bill__account", "integration", "delivery").defer("explanation"))
    try:
        return list(runs.filter(pk=UUID(asked)))
    except ValueError:
        wrote = finding.documents(IntegrationRun.objects.all(), asked).values("pk")
        return list(runs.filter(Q(pk__in=wrote) | Q(delivery__number=asked, status="COMPLETE"))[:MOST])


def _accounts(request: HttpRequest, asked: str) -> list[Account]:
    if not request.user.has_perm("billing.view_account"):
        return []
    return list(Account.objects.filter(Q(name__icontains=asked) | Q(code__iexact=asked) | Q(uid=asked))[:MOST])
