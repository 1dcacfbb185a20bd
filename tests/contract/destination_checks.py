"""What every destination package must do, as functions of its declaration. test_destinations.py calls them for each package."""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from billing.bill import Bill, Ref
from integrations import guard, options
from integrations.contract import (
    Answer,
    Client,
    CredentialKind,
    Destination,
    Document,
    Kind,
    Match,
    Option,
    Plan,
    Request,
    Rule,
    Sending,
    Stamp,
)
from integrations.emulation import jsons
from integrations.emulation.discovery import find_emulators
from integrations.registry import tables
from tests import strategies

TENANT = "1234567"
STAMP = Stamp(source="m3ter", revision=3, generation=2)
NEXT_STEPS = {"retry", "rate", "auth", "person", "unknown"}
GARBAGE = ("", " ", "\x00", "canary-ß-🦆", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "=" * 5000)
encode = msgspec.json.Encoder(decimal_format="number").encode
quiet = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class Everything:
    """A Lookup in which everything is mapped."""

    def find(self, table: str, entities: Sequence[str], refs: Mapping[str, Ref], on: dt.date) -> Match | None:
        found = next((entity for entity in entities if entity in refs), None)
        return Match(rule=Rule.MAPPING, id="2001", name="GPU hours", mapping=7, mapping_version=1) if found else None

    def name(self, table: str, external_id: str) -> str:
        return ""

    def currencies(self, table: str, external_id: str) -> Sequence[str]:
        return ()

    def kind(self, table: str, external_id: str) -> str:
        return ""


class Nothing:
    """A Lookup in which nothing is mapped."""

    def find(self, table: str, entities: Sequence[str], refs: Mapping[str, Ref], on: dt.date) -> Match | None:
        return None

    def name(self, table: str, external_id: str) -> str:
        return ""

    def currencies(self, table: str, external_id: str) -> Sequence[str]:
        return ()

    def kind(self, table: str, external_id: str) -> str:
        return ""


class NoWire:
    """A Transport that nothing may use: what is pure asks nobody."""

    system = ""

    def send(self, request: Request) -> Answer:
        raise AssertionError("pack and outcomes are pure, but the transport was used")


# --- the declaration --------------------------------------------------------------------------------------------------------------------


def check_declaration(destination: Destination) -> None:
    served = [system.name for system in destination.systems]
    assert served and len(set(served)) == len(served)
    assert destination.slug == destination.slug.lower() and destination.slug.isidentifier()
    assert destination.label and destination.entity_types and destination.nouns
    assert destination.batch_size >= 1 and destination.parallel >= 1
    assert destination.replay_window > dt.timedelta(0) and destination.settle >= dt.timedelta(0)
    assert len({table.name for table in destination.tables}) == len(destination.tables)
    assert all(tables(system) == destination.tables for system in served)
    for kind in destination.credential_kinds:
        assert set(kind.systems) <= set(served), f"{kind.kind} serves a system that is not this destination's"


def check_options_declared(destination: Destination) -> None:
    """Labels and help are sentences for people; tables exist; defaults are values that the form itself would accept."""
    keys = [option.key for option in destination.options]
    assert len(set(keys)) == len(keys)
    declared = {table.name for table in destination.tables}
    for option in destination.options:
        assert option.label and option.kind in Kind, option.key
        assert option.help or option.choices or option.effects, f"{option.key} says nothing to the person who sets it"
        assert not option.table or option.table in declared, f"{option.key} names the table {option.table}, which is not declared"
        assert bool(option.choices) or option.kind not in (Kind.CHOICE, Kind.CHOICES), f"{option.key} has nothing to choose from"


def check_steps(destination: Destination) -> None:
    """Steps ask every option once, and what they map and fold is declared."""
    groups = {option.group for option in destination.options}
    assert set(destination.folded) <= groups
    for entity_type in destination.entity_types if destination.steps else ():
        schema = {option.key: option for option in options.schema(destination, entity_type)}
        named = [key for step in destination.steps for key in (*step.keys, *step.more)]
        panels = [panel for step in destination.steps for panel in step.panels]
        assert len(set(named)) == len(named) and set(named) <= set(schema)
        assert {option.panel for key, option in schema.items() if key not in named} <= set(panels) and len(set(panels)) == len(panels)
    mapped = {table.name: table.entities for table in destination.tables}
    for step in destination.steps:
        assert step.title and step.purpose
        assert set(step.maps) <= set(mapped.get(step.table, ()))


def check_option_defaults(destination: Destination) -> None:
    """The defaults are accepted as they are, change nothing when stored again, and are JSON."""
    for entity_type in destination.entity_types:
        cleaned = options.clean({}, destination, entity_type)
        assert cleaned == options.defaults(destination, entity_type)
        assert options.clean(cleaned, destination, entity_type) == cleaned
        assert json.loads(json.dumps(cleaned)) == cleaned


# --- payloads -----------------------------------------------------------------------------------------------------------------------------


def configurations(destination: Destination) -> SearchStrategy[dict[str, Any]]:
    """Any `config_data` that this destination's form can produce, as far as payloads read it."""
    drawn = {option.key: value for option in options.schema(destination, "Bill") if (value := _values(option)) is not None}
    return st.fixed_dictionaries({}, optional=drawn).map(lambda given: options.clean(given, destination, "Bill"))


def _values(option: Option) -> SearchStrategy[Any] | None:
    codes = [code for code, _ in option.choices]
    accepted = [*option.default.values()] if isinstance(option.default, dict) else [option.default]
    ids = st.sampled_from([*accepted, ""] if option.validate else ["", "2001", "2020"])
    known: dict[Kind, Callable[[], SearchStrategy[Any]]] = {
        Kind.BOOL: st.booleans,
        Kind.CHOICE: lambda: st.sampled_from(codes),
        Kind.CHOICES: lambda: st.lists(st.sampled_from(codes), unique=True, max_size=3),
        Kind.PRODUCTS: lambda: st.lists(st.sampled_from(strategies.PRODUCTS), unique=True),
        Kind.AGGREGATIONS: lambda: st.lists(st.sampled_from(strategies.AGGREGATIONS), unique=True),
        Kind.EXTERNAL: lambda: ids,
        Kind.EXTERNAL_BY_KEY: lambda: st.dictionaries(st.sampled_from(codes), ids, max_size=3),
    }
    return known[option.kind]() if option.kind in known else None


@quiet
@given(bill=strategies.bills(), data=st.data())
def check_payload_is_pure(destination: Destination, bill: Bill, data: st.DataObject) -> None:
    """The same arguments give the same plan, and nothing that was passed in is changed."""
    chosen = data.draw(configurations(destination))
    before = deepcopy(chosen)
    plan = destination.build(bill, chosen, Everything(), STAMP)
    assert plan == destination.build(bill, chosen, Everything(), STAMP)
    assert chosen == before


@quiet
@given(bill=strategies.bills(), data=st.data())
def check_money_is_exact(destination: Destination, bill: Bill, data: st.DataObject) -> None:
    """Lines add up to the target, no float is near them, and what goes over the wire is JSON with exact numbers."""
    plan = destination.build(bill, data.draw(configurations(destination)), Everything(), STAMP)
    left_out = sum((left.amount for left in plan.left_out if left.counted), Decimal(0))
    assert abs(bill.total - left_out - plan.target) < 1
    for document in plan.documents:
        assert floats(document.body) == []
        assert encode(document.body) == encode(deepcopy(document.body))
        assert document.slot and document.key and document.tag == STAMP.tag(bill)
        assert document.kind in destination.nouns
    refusal = None if plan.missing else guard.guard(bill, plan)
    assert refusal is None or refusal.code == "INVALID_BILL", refusal
    assert json.loads(encode(plan.documents[0].body)) if plan.documents else True


@quiet
@given(bill=strategies.bills())
def check_missing_mappings_are_named(destination: Destination, bill: Bill) -> None:
    """Without mappings nothing breaks: what is missing is told, each entity once, with lines that the Bill has."""
    plan = destination.build(bill, options.defaults(destination, "Bill"), Nothing(), STAMP)
    named = [(missing.entity, missing.ref.id, missing.table) for missing in plan.missing]
    assert len(set(named)) == len(named)
    assert {key for missing in plan.missing for key in missing.lines} <= {line.key for line in bill.lines}


def floats(value: Any) -> list[float]:
    if isinstance(value, float):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [found for part in inner for found in floats(part)]


# --- requests and answers -----------------------------------------------------------------------------------------------------------------


def plans(destination: Destination, drawn: Sequence[Bill]) -> Iterator[Plan]:
    for number, bill in enumerate(drawn):
        yield destination.build(replace(bill, source_id=f"bill-{number}"), options.defaults(destination, "Bill"), Everything(), STAMP)


def packed(destination: Destination, drawn: Sequence[Bill]) -> tuple[Client, list[Document], list[Request]]:
    documents = [document for plan in plans(destination, drawn) for document in plan.documents]
    client = destination.connect(NoWire(), TENANT, options.defaults(destination, "Bill"))
    return client, documents, client.pack([sending(document, number) for number, document in enumerate(documents)], request_key)


def sending(document: Document, number: int) -> Sending:
    """Every second document is an update."""
    return Sending(document=document, update=bool(number % 2), external_id="77" if number % 2 else "")


def request_key(members: Sequence[str], body: bytes) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "|".join(members) + body.hex()))


@quiet
@given(drawn=st.lists(strategies.bills(), max_size=5))
def check_requests_carry_every_document(destination: Destination, drawn: list[Bill]) -> None:
    """Each document in exactly one request, no login in it, and the same documents make the same bytes."""
    _, documents, requests = packed(destination, drawn)
    assert sorted(member for request in requests for member in request.members) == sorted(document.key for document in documents)
    assert requests == packed(destination, drawn)[2]
    for request in requests:
        assert urlsplit(request.url).scheme == "https" and urlsplit(request.url).hostname
        assert not {"authorization", "cookie", "host"} & {name.lower() for name in request.headers}
        assert 1 <= len(request.members) <= destination.batch_size
        assert not request.safe


ANSWERS = {
    "html": (200, b"<!DOCTYPE html><html><body>Sign in</body></html>"),
    "garbage": (400, b"\xff\xfe\x00{]"),
    "login": (401, b'{"error":"invalid_token"}'),
    "forbidden": (403, b""),
    "not found": (404, b"<html>404</html>"),
    "busy": (429, b""),
    "broken": (500, b"Internal Server Error"),
    "gateway": (502, b"<html>bad gateway</html>"),
    "away": (503, b""),
    "cut": (500, b'{"type": "https://'),
    "null": (400, b"null"),
    "list": (400, b"[[[]]]"),
    "numbers": (400, b'{"title": 7, "o:errorDetails": {"detail": []}, "Fault": [], "Error": "x"}'),
    "nothing": (400, b""),
}


@quiet
@given(drawn=st.lists(strategies.bills(), min_size=1, max_size=3))
def check_any_answer_is_understood(destination: Destination, drawn: list[Bill]) -> None:
    """One outcome per member, in order, whatever came back; what is no acceptance is never taken for one."""
    client, _, requests = packed(destination, drawn)
    for request in requests:
        for name, (status, body) in ANSWERS.items():
            answer = Answer(status=status, headers={"content-type": "text/html"}, body=body, milliseconds=3)
            outcomes = client.outcomes(request, answer)
            assert [outcome.member for outcome in outcomes] == list(request.members), name
            for outcome in outcomes:
                assert outcome.fault is not None, f"{name} was taken for an acceptance"
                assert outcome.fault.next in NEXT_STEPS and outcome.fault.code and outcome.fault.title.endswith("."), name
                assert _right_step(status, outcome.fault.next), f"{name}: the next step is {outcome.fault.next}"


def _right_step(status: int, step: str) -> bool:
    """A lost login is the administrator's, a limit passes, and behind a 5xx anything may have happened."""
    return {401: step == "auth", 429: step == "rate"}.get(status, step in ("unknown", "retry", "rate") if status >= 500 else True)


# --- credentials and the emulator ---------------------------------------------------------------------------------------------------------


def check_credential_kinds(destination: Destination) -> None:
    for kind in destination.credential_kinds:
        check_credential_kind(kind)


def check_credential_kind(kind: CredentialKind) -> None:
    """Whatever is typed, the answer is a value or a ValueError with a sentence per field, in which no secret is repeated."""
    assert kind.kind == kind.kind.upper() and kind.label and kind.systems
    names = [field.name for field in kind.fields]
    assert len(set(names)) == len(names) and all(field.label for field in kind.fields)
    assert not kind.certificate_field or kind.certificate_field in names
    for text in GARBAGE:
        settings = {field.name: text for field in kind.fields if not field.secret}
        secrets = {field.name: text for field in kind.fields if field.secret}
        for given_settings, given_secrets in ((settings, secrets), ({}, {}), (settings, {}), ({}, secrets)):
            complaint = _complaint(kind, given_settings, given_secrets)
            assert set(complaint) <= {*names, ""}, complaint
            assert not any(text.strip() and text in sentence for sentence in complaint.values() if secrets), "a secret was repeated"


def _complaint(kind: CredentialKind, given_settings: dict[str, str], given_secrets: dict[str, str]) -> dict[str, str]:
    try:
        kind.clean(dict(given_settings), dict(given_secrets))
    except ValueError as error:
        assert isinstance(error.args[0], dict), f"{kind.kind} refuses without naming the field: {error}"
        return dict(error.args[0])
    return {}


def check_emulator(destination: Destination) -> None:
    """The package ships an emulator, which makes a credential file for each kind that its destination declares."""
    emulator = find_emulators()[destination.slug]
    files = emulator.credential_files(None)
    assert set(files) == {kind.kind for kind in destination.credential_kinds}
    assert all(content["kind"] == kind for kind, content in files.items())
    assert jsons.load(jsons.dump(emulator.state())) == emulator.state()


ALL: tuple[Callable[[Destination], None], ...] = (
    check_declaration,
    check_options_declared,
    check_steps,
    check_option_defaults,
    check_payload_is_pure,
    check_money_is_exact,
    check_missing_mappings_are_named,
    check_requests_carry_every_document,
    check_any_answer_is_understood,
    check_credential_kinds,
    check_emulator,
)
