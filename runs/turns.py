"""Whose turn it is: first what a person asked for, then every integration that has something to do, one batch each."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from integrations.models import IntegrationConfig
from runs import budget, ledger
from runs.models import Exchange


def ask(integration: IntegrationConfig) -> None:
    """A person waits for what this integration owes."""
    IntegrationConfig.objects.filter(pk=integration.pk).update(asked_at=timezone.now())


def has_work(integration: IntegrationConfig) -> bool:
    return integration.connected and _with_work().filter(pk=integration.pk).exists()


def waiting(own: UUID | None = None) -> list[IntegrationConfig]:
    """Those with something due: what people asked for first, `own`, and every other whose tenant nobody works for at this moment."""
    held = budget.held(OuterRef("system"), OuterRef("credential__tenant"))
    found = _with_work().filter(Q(asked_at__isnull=False) | Q(pk=own) | ~Exists(held))
    return [each for each in found.order_by(F("asked_at").asc(nulls_last=True), "name") if each.connected]


def _with_work() -> QuerySet[IntegrationConfig]:
    """A run that is due, or an answer of the destination that is to be looked for, which is done even while it is off."""
    now = timezone.now()
    answers = Exchange.objects.filter(integration=OuterRef("pk"), next_look_at__lte=now).exclude(state=Exchange.State.SETTLED)
    due = Exists(ledger.due(OuterRef("pk"), now)) | Exists(ledger.folded(OuterRef("pk"), now))
    found = IntegrationConfig.objects.filter(Q(enabled=True) & due | Exists(answers), archived_at=None)
    return found.select_related("credential", "current_version")


@dataclass
class Turns:
    """The turns of one job, which is there for the integration `own`, or with None only for people. Others have one for each of its own."""

    own: UUID | None = None
    _had: set[UUID] = field(default_factory=set)

    def next(self) -> IntegrationConfig | None:
        """Whose batch is the next; None when nobody has asked for anything and `own` has nothing more to do."""
        found = waiting(self.own)
        asked = next((each for each in found if each.asked_at and _taken_up(each)), None)
        return asked or self._in_turn(found)

    def _in_turn(self, found: list[IntegrationConfig]) -> IntegrationConfig | None:
        own = next((each for each in found if each.pk == self.own), None)
        if own is None:
            return None
        left = [each for each in found if each.pk not in self._had]
        if not self._had or not left:
            self._had, left = set(), [own]
        self._had.add(left[0].pk)
        return left[0]


def _taken_up(integration: IntegrationConfig) -> bool:
    """Only one worker takes an order up."""
    return bool(IntegrationConfig.objects.filter(pk=integration.pk, asked_at=integration.asked_at).update(asked_at=None))
