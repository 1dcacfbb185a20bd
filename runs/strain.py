"""Ten refusals in a row, each for a cause of its own, switch an integration off: somebody has to look before more are tried."""

import logging
from collections.abc import Sequence
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse

from integrations import service
from integrations.contract import Fault
from integrations.models import IntegrationConfig

MOST = 10

log = logging.getLogger(__name__)


def count(integration: IntegrationConfig, faults: Sequence[Fault | None], opened: int) -> None:
    """`faults` of one batch of the destination's answers, None for what it accepted; `opened` says how many problems are new.

    An accepted document starts the count again. A cause that is known already counts once, so that a thousand Bills with one missing
    department do not switch anything off.
    """
    if any(fault is None for fault in faults):
        seen = 0
    else:
        seen = integration.consecutive_errors + opened
    if seen != integration.consecutive_errors:
        integration.consecutive_errors = seen
        integration.save(update_fields=["consecutive_errors"])
    if seen >= MOST and integration.enabled:
        last = next(fault.title for fault in reversed(faults) if fault is not None)
        service.disable(integration, f"{integration.system_label} refused {seen} times in a row, the last time because: {last}", None)
        transaction.on_commit(lambda: tell(integration))


def tell(integration: IntegrationConfig) -> None:
    """An e-mail to the users that the integration names. A mail server that fails stops nothing: the notice in the admin stands."""
    people = integration.options.get("integrationDisabledNotificationUsers") or []
    if not people:
        return
    page = settings.BASE_URL + reverse("admin:integrations_integrationconfig_change", args=[integration.pk])
    text = (
        f"Billpost has disabled the integration {integration}.\n\n{integration.disabled_reason}\n\n"
        f"Its Bills wait and nothing is lost. Solve the open problems, then enable it again:\n{page}\n"
    )
    try:
        send_mail(f"{integration} is disabled", text, None, people)
    except (OSError, SMTPException) as error:
        log.error("The e-mail about %s could not be sent: %s", integration.pk, error)
