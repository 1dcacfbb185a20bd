"""Comparisons as people keep them: what is stored, per period and currency, who explains and signs, and what a death leaves."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations import service as integrations
from integrations.models import IntegrationConfig
from runs import periods_calendar, reconcile_kept, reconcile_tasks
from runs.build import Kit
from runs.models import Calendar, Delivery, Difference, Event, Reconciliation
from runs.reconcile_kept import NotPossibleError
from runs.reconcile_sums import read
from tests.places import PLACES, Place
from tests.runs.conftest import ACCOUNT, Books
from tests.runs.factories import a_bill, a_line, arrive
from tests.runs.pages import a_run, work
from tests.runs.test_flow import later
from tests.wire import emulated

pytestmark = pytest.mark.django_db
FIRST, LAST = dt.date(2026, 10, 1), dt.date(2026, 10, 31)
BY_HAND = {"entity": "1003", "tranDate": "2026-10-12", "currency": "1", "item": {"items": [{"item": "2001", "amount": Decimal(310)}]}}


def asked(integration: IntegrationConfig, start: dt.date = FIRST, end: dt.date = LAST) -> Reconciliation:
    return reconcile_kept.ask(IntegrationConfig.objects.get(pk=integration.pk), start, end, None)


def made(integration: IntegrationConfig, start: dt.date = FIRST, end: dt.date = LAST) -> Reconciliation:
    """A comparison, made at once."""
    record = asked(integration, start, end)
    assert reconcile_kept.work(record), record.failure
    return record


def kinds(record: Reconciliation) -> list[tuple[str, str]]:
    return sorted((row.kind, row.bill.uid if row.bill else "") for row in record.rows.all())


def sums(record: Reconciliation) -> list[tuple[Any, ...]]:
    return [(each.period, each.subsidiary, each.currency, each.owed, each.there, each.counts) for each in read(record.sums)]


def people(name: str = "controller") -> User:
    return User.objects.create_user(name)


def test_what_differs_is_kept_and_all_is_added_up_per_currency(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("matched"), a_bill("changed"), a_bill("credit", [a_line("l1", "-40.10")]))
    work(integration)
    arrive(a_bill("changed", [a_line("l1", "90.00")]), a_bill("unsent", [a_line("l1", "12.34")], currency="EUR"))
    books.emulator.add_records(ACCOUNT, "invoice", [BY_HAND])
    record = made(integration)
    assert (record.state, record.matched, record.compared) == ("DONE", 2, 5)
    assert kinds(record) == [("differs", "changed"), ("extra", ""), ("missing", "unsent")]
    assert sums(record) == [
        ("Oct 2026", "1", "USD", Decimal("149.90"), Decimal("469.90"), {"matched": 2, "differs": 1, "extra": 1}),
        ("Oct 2026", "1", "EUR", Decimal("12.34"), Decimal(0), {"missing": 1}),
    ]
    extra = record.rows.get(kind="extra")
    assert (extra.held, extra.held_currency, extra.difference, extra.subsidiary) == (310, "USD", -310, "1")
    assert record.rows.get(kind="missing").subsidiary == "1", "where the Account's other documents stand"


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_destination_is_compared_by_a_worker(place: Place) -> None:
    with emulated() as hub:
        credential = place.credential(hub.emulators[place.slug].credential_files(None)[place.kind])
        place.map("acc-1", "1001")
        integration = place.integration(credential, "Usage bills")
        arrive(a_bill("b-1"), a_bill("b-2", [a_line("l1", "-40.10")]))
        work(integration)
        arrive(a_bill("b-3"))
        record = asked(integration)
        reconcile_tasks.compare(record.pk)
    record.refresh_from_db()
    assert (record.state, record.matched, kinds(record)) == ("DONE", 2, [("missing", "b-3")])
    [only] = read(record.sums)
    assert (only.period, only.currency, only.owed, only.there) == ("Oct 2026", "USD", Decimal("159.90"), Decimal("59.90"))


def test_a_document_in_another_period_is_told_and_one_by_policy_is_settled(integration: IntegrationConfig, books: Books) -> None:
    integrations.change_options(integration, integration.options | {"closedPeriodPolicy": "FIRST_OPEN_DAY"}, None)
    arrive(a_bill("moved"))
    work(integration)
    books.emulator.add_records(ACCOUNT, "invoice", [{"id": books.one()["id"], "tranDate": "2026-12-01"}])
    books.configure(closed_before="2026-11-01")
    arrive(a_bill("late"))
    work(integration)
    with later(5):
        work(integration)
    record = made(integration)
    rows = {row.bill.uid: row for row in record.rows.all() if row.bill}
    assert {uid: (row.kind, bool(row.settled)) for uid, row in rows.items()} == {"moved": ("other", False), "late": ("other", True)}
    assert rows["late"].settled == "Its own period was closed, so it was posted on the first open day, 1 Nov 2026, as NetSuite US says."
    assert [row.bill.uid for row in record.open_rows() if row.bill] == ["moved"]
    [october] = read(record.sums)
    assert (october.owed, october.there, october.counts) == (200, 0, {"other": 2})

    november = made(integration, dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    assert kinds(november) == [("other", "late")] and not november.open_rows().exists()


def test_the_period_counts_and_not_only_the_date(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    work(integration)
    period = next(each for each in books.documents("accountingPeriod") if each["periodName"] == "Nov 2026")
    books.emulator.add_records(ACCOUNT, "invoice", [{"id": books.one()["id"], "postingPeriod": {"id": period["id"]}}])
    record = made(integration)
    [row] = record.rows.all()
    assert (row.kind, row.why) == ("other", "Its day, 31 Oct 2026, lies in Oct 2026, but it posts to Nov 2026.")
    assert [(each.period, each.owed, each.there) for each in read(record.sums)] == [("Oct 2026", 100, 0), ("Nov 2026", 0, 100)]


def test_a_void_bill_that_is_credited_needs_nobody(integration: IntegrationConfig, books: Books) -> None:
    integrations.change_options(integration, integration.options | {"voidPolicy": "CREDIT_MEMO"}, None)
    arrive(a_bill("b-1"))
    work(integration)
    arrive(a_bill("b-1", status="VOID"))
    work(integration)
    record = made(integration)
    [credit] = books.documents("creditMemo")
    assert sorted((row.kind, row.settled) for row in record.rows.all()) == [
        ("extra", f"{credit['tranId']} credits it in full."),
        ("extra", "It credits the Bill in full."),
    ]
    assert not record.open_rows().exists()
    assert [(each.owed, each.there) for each in read(record.sums)] == [(0, 0)]


def test_what_belongs_to_a_document_is_not_compared_by_itself(integration: IntegrationConfig, books: Books) -> None:
    [bill] = arrive(a_bill("b-1"))
    work(integration)
    memo = {"externalId": "cm-b-1-7", "entity": "1001", "tranDate": "2026-10-20", "currency": "1"}
    books.emulator.add_records(ACCOUNT, "creditMemo", [memo | {"item": {"items": [{"item": "2001", "amount": Decimal(10)}]}}])
    books_of = {"system": integration.system, "tenant": ACCOUNT, "integration": integration, "origin": "sent"}
    Delivery.objects.create(**books_of, bill=bill, slot="credit:7", key="cm-b-1-7")
    record = made(integration)
    assert (record.matched, record.rows.count()) == (1, 0)


def test_rows_are_explained_as_long_as_exactly_that_is_found(integration: IntegrationConfig, books: Books) -> None:
    [number] = books.emulator.add_records(ACCOUNT, "invoice", [BY_HAND])
    first = made(integration)
    reconcile_kept.explain(first.rows.get(), "None of ours.", people())
    assert not first.open_rows().exists()
    again = made(integration)
    assert not again.open_rows().exists() and not Reconciliation.objects.filter(pk=first.pk).exists()
    books.emulator.add_records(ACCOUNT, "invoice", [{"id": number, "item": {"items": [{"item": "2001", "amount": Decimal(320)}]}}])
    assert made(integration).open_rows().count() == 1
    assert Event.objects.filter(verb="explained").count() == 1


def test_signing_off_needs_every_row_and_ends_when_something_else_is_found(integration: IntegrationConfig, books: Books) -> None:
    user = people()
    arrive(a_bill("b-1"))
    record = made(integration)
    with pytest.raises(NotPossibleError, match="1 row is neither fixed nor explained"):
        reconcile_kept.sign_off(record, user)
    work(integration)
    older, record = record, made(integration)
    reconcile_kept.sign_off(record, user, "Agreed.")
    with pytest.raises(NotPossibleError, match="signed off already"):
        reconcile_kept.sign_off(record, user)
    same = made(integration)
    signed = reconcile_kept.signature(same)
    assert signed == record and not Reconciliation.objects.filter(pk=older.pk).exists()

    books.emulator.add_records(ACCOUNT, "invoice", [BY_HAND])
    now = made(integration)
    assert reconcile_kept.signature(now) is None
    record.refresh_from_db()
    assert record.outdated_at is not None and record.signed_off_by == user
    verbs = Event.objects.filter(subject_type="runs.reconciliation").order_by("id").values_list("verb", "who")
    assert list(verbs) == [("signed off", user.pk), ("sign-off outdated", None)]
    with pytest.raises(NotPossibleError, match="newer comparison"):
        reconcile_kept.sign_off(same, user)


def test_a_name_is_taken_back(integration: IntegrationConfig, books: Books) -> None:
    user = people()
    books.emulator.add_records(ACCOUNT, "invoice", [BY_HAND])
    record = made(integration)
    reconcile_kept.explain(record.rows.get(), "None of ours.", user)
    reconcile_kept.sign_off(record, user)
    with pytest.raises(NotPossibleError, match="Take the sign-off back first"):
        reconcile_kept.take_back(record.rows.get(), user)
    reconcile_kept.withdraw(Reconciliation.objects.get(pk=record.pk), user)
    assert reconcile_kept.signature(record) is None
    reconcile_kept.take_back(record.rows.get(), user)
    assert record.open_rows().count() == 1
    with pytest.raises(NotPossibleError, match="not signed off"):
        reconcile_kept.withdraw(Reconciliation.objects.get(pk=record.pk), user)


def test_a_comparison_that_died_begins_again_and_the_third_death_is_told(integration: IntegrationConfig, books: Books) -> None:
    record = asked(integration)
    assert asked(integration).pk == record.pk, "one is under way"
    assert reconcile_kept.abandoned() == []
    died = {"state": "READING", "owner": "another-host/1/1.0", "seen_at": timezone.now() - dt.timedelta(minutes=11), "tries": 1}
    Reconciliation.objects.filter(pk=record.pk).update(**died)
    Difference.objects.create(reconciliation=record, kind="missing", currency="USD", mark="left by the dead")
    assert reconcile_kept.abandoned() == [record.pk]
    reconcile_tasks.compare(record.pk)
    record.refresh_from_db()
    assert (record.state, record.tries, record.rows.count()) == ("DONE", 2, 0)

    second = asked(integration)
    Reconciliation.objects.filter(pk=second.pk).update(**died | {"tries": 3})
    assert reconcile_kept.abandoned() == []
    second.refresh_from_db()
    assert (second.state, second.failure) == ("FAILED", "It stopped three times before its end. Compare again.")


def test_what_is_being_made_is_not_made_twice(integration: IntegrationConfig, books: Books) -> None:
    record = asked(integration)
    Reconciliation.objects.filter(pk=record.pk).update(state="READING", owner="another-host/1/1.0", seen_at=timezone.now(), tries=1)
    reconcile_tasks.compare(record.pk)
    record.refresh_from_db()
    assert (record.state, record.tries) == ("READING", 1)


def test_one_that_cannot_be_made_says_why_and_keeps_the_one_before(integration: IntegrationConfig, books: Books) -> None:
    before = made(integration)
    books.fault("status", times=20, match="suiteql", status=500)
    record = asked(integration)
    reconcile_kept.work(record)
    assert record.state == "FAILED" and record.failure
    assert Reconciliation.objects.filter(pk=before.pk, state="DONE").exists()
    alone = integrations.create("Bill", "Netsuite", "Alone", {})
    record = asked(alone)
    reconcile_kept.work(record)
    assert record.failure == "Alone is not connected. Connect its credential, then compare again."


# --- the calendar -----------------------------------------------------------------------------------------------------------------------


def test_the_calendar_is_read_and_kept(integration: IntegrationConfig, books: Books) -> None:
    books.configure(closed_before="2026-11-01")
    locked = next(each for each in books.documents("accountingPeriod") if each["periodName"] == "Nov 2026")
    books.emulator.add_records(ACCOUNT, "accountingPeriod", [{"id": locked["id"], "arLocked": True}])
    reconcile_tasks.read_calendar(str(integration.pk))
    calendar = Calendar.objects.get()
    found = {each.name: each for each in calendar.periods}
    assert [found[name].takes_documents for name in ("Oct 2026", "Nov 2026", "Dec 2026")] == [False, False, True]
    assert (found["Nov 2026"].open, found["Nov 2026"].receivables_locked, found["Oct 2026"].end) == (True, True, LAST)
    spans = periods_calendar.spans("Netsuite", ACCOUNT)
    assert (spans.name(LAST), spans.name(dt.date(1990, 1, 1)), spans.of(None)) == ("Oct 2026", "", None)

    books.fault("status", times=20, match="suiteql", status=500)
    again = periods_calendar.read(Kit.of(IntegrationConfig.objects.get(pk=integration.pk)))
    assert again.failure and again.read_at == calendar.read_at and again.periods == calendar.periods


def test_what_waits_for_a_period_is_counted_per_currency(integration: IntegrationConfig, books: Books) -> None:
    books.configure(closed_before="2026-11-01")
    arrive(a_bill("b-1"), a_bill("b-2", [a_line("l1", "20.00")]))
    work(integration)
    arrive(a_bill("b-3", [a_line("l1", "7.00")], currency="EUR"))
    a_run(integration, bill=arrive(a_bill("b-4", bill_date=dt.date(2026, 11, 3)))[0])
    a_run(integration, bill=arrive(a_bill("b-5", [a_line("l1", "1.00")], invoice_date=dt.date(2026, 11, 4)))[0])
    kit = Kit.of(IntegrationConfig.objects.get(pk=integration.pk))
    held = periods_calendar.held_up(kit.integration, periods_calendar.Spans(periods_calendar.read(kit).periods))
    october, november = held[FIRST], held[dt.date(2026, 11, 1)]
    assert (october.closed, october.closed_money, october.waiting) == (2, {"USD": Decimal(120)}, 0)
    assert (november.waiting, november.waiting_money, november.closed) == (2, {"USD": Decimal(101)}, 0)
