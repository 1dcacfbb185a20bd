"""What an integration with the options on its form would do now: the answer to integrations.estimate.asked."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef
from django.dispatch import receiver

from billing.models import Bill, Source
from integrations.estimate import Estimate, asked
from integrations.models import IntegrationConfig
from runs.models import IntegrationRun
from runs.select import Selector

MOST_BILLS = 5_000


@receiver(asked, dispatch_uid="runs.estimate")
def estimate(sender: Any, integration: IntegrationConfig, options: Mapping[str, Any], sources: Collection[Source], **_: Any) -> Estimate:
    """Looks at the 5,000 newest Bills that have no run in this integration yet. One that only waits for another integration counts."""
    selector = Selector(integration, {**options, "runAfterIntegrationId": ""}, frozenset(source.pk for source in sources))
    had_run = IntegrationRun.objects.filter(integration=integration.pk, revision=OuterRef("current_revision"))
    bills = Bill.objects.filter(~Exists(had_run), current_revision__isnull=False)
    bills = bills.select_related("account", "source", "current_revision").defer("current_revision__raw", "current_revision__document")
    bills = bills.order_by("-id")[:MOST_BILLS]
    ready, money = Counter[str](), defaultdict[str, Decimal](Decimal)
    held = 0
    for bill in bills:
        if selector.not_wanted(bill):
            held += 1
        else:
            ready[bill.currency] += 1
            money[bill.currency] += bill.total
    order = [currency for currency, _ in ready.most_common()]
    return Estimate(ready=ready.total(), held=held, money={currency: money[currency] for currency in order})
