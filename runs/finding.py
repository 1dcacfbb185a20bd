"""What a typed text means, asked of one indexed table at a time: a condition across several would read all of a million rows."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Max, Q, QuerySet

from billing.models import Account, Bill
from runs.models import Delivery, IntegrationRun
from runs.slots import CHAIN

MOST = 500
RECENT = 10_000
"""Part of a Bill's number is looked for among so many of the newest Bills; a number in full is found however old it is."""

Rows = QuerySet[Any]


def bills(text: str) -> list[int]:
    """The Bills of this number or source id; else the newest whose number has the text in it. At most 500 ids."""
    said = Bill.objects.filter(Q(number__in={text, text.upper(), text.lower()}) | Q(uid=text))
    return _ids(said) or _ids(_recent().filter(number__icontains=text).order_by("-pk"))


def _recent() -> QuerySet[Bill]:
    newest = Bill.objects.aggregate(pk=Max("pk"))["pk"] or 0
    return Bill.objects.filter(pk__gt=newest - RECENT)


def accounts(text: str) -> Q:
    """A condition on Accounts: named so in part, or by code or id in full."""
    return Q(name__icontains=text) | Q(code__iexact=text) | Q(uid=text)


def of_accounts(text: str, path: str) -> Q | None:
    """The condition that a row's Account, which `path` leads to, is one of those; by ids, unless there are too many. None without any."""
    found = list(Account.objects.filter(accounts(text)).order_by().values_list("pk", flat=True)[: MOST + 1])
    if len(found) <= MOST:
        return Q(**{f"{path}__in": found}) if found else None
    return Q(**{f"{path}__name__icontains": text}) | Q(**{f"{path}__code__iexact": text}) | Q(**{f"{path}__uid": text})


def among_bills(rows: Rows, text: str) -> Rows:
    """The Bills that a text means: by number or id, and by Account."""
    return _either(rows, Q(pk__in=found) if (found := bills(text)) else None, text, "account")


def among_runs(rows: Rows, text: str) -> Rows:
    """The runs that a text means: by Bill and by Account; by the document's id or number at the destination, which of a chain is a step."""
    found, numbered = bills(text), _ids(Delivery.objects.filter(number=text))
    named = list(documents(IntegrationRun.objects.all(), text).values_list("pk", flat=True)[:MOST])
    ours = Q(bill__in=found, parent=None) | Q(delivery__in=numbered) | Q(pk__in=named)
    return _either(rows, ours if found or numbered or named else None, text, "bill__account", parent=None)


def documents(runs: Rows, text: str) -> Rows:
    """The runs that wrote the document of this id."""
    return runs.filter(external_id=text).exclude(delivery__slot=CHAIN)


def _either(rows: Rows, ours: Q | None, text: str, path: str, **whole: Any) -> Rows:
    """`whole` narrows those of an Account."""
    named = of_accounts(text, path)
    meant = [condition for condition in (ours, named and named & Q(**whole)) if condition is not None]
    return rows.filter(reduce(or_, meant)) if meant else rows.none()


def _ids(rows: Rows) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:MOST])
