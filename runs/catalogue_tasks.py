"""When catalogues are read: as soon as a credential is connected, every hour, and when a person asks. Ids only, safe to run twice."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django_q.tasks import async_task

from credentials.models import Credential
from integrations import registry
from integrations.models import IntegrationConfig
from runs import catalogue
from runs.tasks import job

FUNCTION = "runs.catalogue_tasks.read"
SCHEDULE = {"name": "catalogues", "func": "runs.catalogue_tasks.read_all", "minutes": 60}
OPENED = {"created", "connected", "replaced secrets", "reconnected"}
OTHER_OPTIONS = "changed options"


def wake(credential: Credential) -> bool:
    """Asks a worker to read what a credential opens, once the transaction is committed; whether there is anything to read."""
    wanted, name = bool(catalogue.readable([credential])), str(credential.pk)
    if wanted:
        transaction.on_commit(lambda: async_task(FUNCTION, name))
    return wanted


def read(credential_id: str | UUID) -> int:
    """One catalogue; how many records. A credential that is gone or no longer logs in has none."""
    with job(f"catalogue {credential_id}"):
        done = [(each, catalogue.read(each)) for each in catalogue.readable(Credential.objects.filter(pk=credential_id))]
        for credential, result in done:
            if result.left:
                wake(credential)
        return sum(sum(result.records.values()) for _, result in done)


def read_all() -> int:
    """Wakes one reading per tenant; how many."""
    with job("catalogues"):
        return sum(wake(credential) for credential in catalogue.readable(Credential.objects.all()))


def connected(sender: Any, *, subject: Any, verb: str, **_: Any) -> None:
    """A new login, an integration that begins to use one, or options that name other tables: names and choices are read at once."""
    if verb not in OPENED and not (verb == OTHER_OPTIONS and _by_options(subject)):
        return
    if isinstance(subject, IntegrationConfig) and subject.credential is not None:
        wake(subject.credential)
    elif isinstance(subject, Credential):
        wake(subject)


def _by_options(integration: IntegrationConfig) -> bool:
    return any(table.by_options for table in registry.tables(integration.system))
