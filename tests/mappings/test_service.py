from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from billing.models import Source
from integrations.models import IntegrationConfig
from mappings import service
from mappings.models import ExternalMapping
from runs.models import Event
from tests.mappings.conftest import day, mapping, stored

pytestmark = pytest.mark.django_db
Heard = list[tuple[str, Any, Any, Any]]


def test_a_mapping_is_created_changed_and_left_alone(priya: User, heard: Heard) -> None:
    assert service.save(mapping(), priya) == "created"
    assert service.save(mapping(), priya) == "unchanged"
    assert service.save(mapping(external_id="2021"), None, ExternalMapping.Origin.FILE) == "updated"
    kept = ExternalMapping.objects.get()
    assert (kept.external_id, kept.version, kept.origin, kept.created_by, kept.changed_by) == ("2021", 2, "file", "Priya Nair", "")
    assert [(verb, actor) for verb, actor, _, _ in heard] == [("created", priya), ("changed", None)]
    assert (heard[1][2]["external_id"], heard[1][3]["external_id"]) == ("2003", "2021")


def test_history_tells_who_when_before_and_after(priya: User, integration: IntegrationConfig) -> None:
    service.save(mapping(integration=integration), priya)
    made = ExternalMapping.objects.get()
    service.change(made, mapping(integration=integration, external_id="2001", valid_from=day("2026-11-01")), priya)
    service.delete(ExternalMapping.objects.get(), priya)
    events = list(Event.objects.filter(subject_type="mappings.externalmapping").order_by("when"))
    assert [(event.verb, event.who) for event in events] == [("created", priya), ("changed", priya), ("deleted", priya)]
    assert events[1].before == {
        "entity": "Product gpu",
        "external_table": "Netsuite Item",
        "external_id": "2003",
        "integration": "NetSuite US",
        "source": "",
        "valid_from": "",
        "valid_to": "",
    }
    assert events[1].after == events[1].before | {"external_id": "2001", "valid_from": "2026-11-01"}
    assert events[2].after is None and events[2].before == events[1].after


def test_the_same_entity_twice_is_a_sentence(integration: IntegrationConfig) -> None:
    service.create(mapping())
    with pytest.raises(service.TakenError, match=r"It is mapped to Item 2003 already\. Change that mapping, or let this one begin"):
        service.create(mapping(external_id="2001"))
    service.create(mapping(external_id="2001", integration=integration))
    with pytest.raises(service.TakenError, match="Item 2001 for NetSuite US already"):
        service.create(mapping(external_id="2002", integration=integration))
    service.create(mapping(external_id="2001", valid_from=day("2026-11-01")))
    with pytest.raises(service.TakenError, match="Item 2001 from 2026-11-01 on already"):
        service.change(ExternalMapping.objects.get(external_id="2003"), mapping(valid_from=day("2026-11-01")))
    assert ExternalMapping.objects.count() == 3


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("sourced", [True, False])
def test_the_database_holds_each_key_once(linked: bool, sourced: bool, integration: IntegrationConfig, source: Source) -> None:
    owner = {"integration": integration if linked else None, "source": source if sourced else None}
    stored(**owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        stored(**owner, external_id="2001")
    stored(**owner, valid_from=day("2026-11-01"))


def test_a_race_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    stored()
    monkeypatch.setattr(service, "same_key", lambda wanted: None)
    with pytest.raises(ValueError, match="Somebody else has just mapped the same entity"):
        service.create(mapping())


def test_a_change_over_somebody_elses_is_refused_once(priya: User) -> None:
    service.create(mapping(), priya)
    made = ExternalMapping.objects.get()
    service.change(made, mapping(external_id="2001"), priya, version=1)
    with pytest.raises(service.StaleError, match="Priya Nair has changed it meanwhile"):
        service.change(made, mapping(external_id="2002"), version=1)
    assert service.change(made, mapping(external_id="2002"), version=2)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"external_id": ""}, "cannot be an id"),
        ({"uid": " "}, "cannot be an id"),
        ({"external_id": "1\n2"}, "cannot be an id"),
        ({"external_id": "x" * 201}, "cannot be an id"),
        ({"valid_from": "2026-11-02", "valid_to": "2026-11-01"}, "It would end on 2026-11-01 before it begins on 2026-11-02."),
    ],
)
def test_what_cannot_be_a_mapping_says_why(facts: dict[str, Any], sentence: str) -> None:
    given = {key: day(value) if key.startswith("valid") else value for key, value in facts.items()}
    with pytest.raises(ValueError, match=sentence):
        service.save(mapping(**given))
    assert not ExternalMapping.objects.exists()
