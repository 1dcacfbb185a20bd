import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from config.navigation import Counter, missing_mappings, open_problems
from credentials.models import Credential
from runs.models import Problem
from tests.runs.factories import an_integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def problems() -> None:
    integration = an_integration()
    for number, (code, state) in enumerate([("MISSING_MAPPING", "open"), ("AUTH_FAILED", "open"), ("MISSING_MAPPING", "closed")]):
        Problem.objects.create(integration=integration, fingerprint=str(number), code=code, title="Something is wrong", state=state)


def test_problems_and_missing_mappings_are_counted(problems: None) -> None:
    assert Counter("runs.Problem", open_problems, "open problems").count() == 2
    assert Counter("runs.Problem", missing_mappings, "missing").count() == 1
    assert Counter("runs.Nothing", open_problems, "open problems").count() == 0


def test_credentials_that_fail_or_end_soon_are_counted(admin_client: Client) -> None:
    soon, late = timezone.now() + dt.timedelta(days=3), timezone.now() + dt.timedelta(days=90)
    for name, status, expires in [("a", "AUTH_FAILED", None), ("b", "VERIFIED", soon), ("c", "VERIFIED", late), ("d", "DRAFT", None)]:
        Credential.objects.create(name=name, system="Netsuite", kind="NETSUITE_AUTH", status=status, expires_at=expires)
    html = admin_client.get("/admin/password_change/").text
    assert '<span class="count amber">2<span class="visually-hidden"> to renew</span></span>' in html
