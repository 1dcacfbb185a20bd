"""Fills a PostgreSQL with as many Bills, runs, exchanges and problems as wanted, by INSERT … SELECT."""

import zlib
from typing import Any

from django.db import connection, models

from billing.models import Account, Bill, BillRevision
from integrations.models import IntegrationConfig
from runs.models import Delivery, Exchange, IntegrationRun, Member, Problem

BILLS_PER_ACCOUNT = 100
AT_HAND = 100
"""Runs in each unfinished status, and Bills without a run: what is at hand does not grow with the history behind it."""

AT = "timestamptz '2020-01-01' + n * interval '3 minutes'"
RUN_ID = "lpad(to_hex(n), 32, '0')::uuid"
STATUS = "CASE n % {every} WHEN 0 THEN 'ERROR' WHEN 1 THEN 'UNKNOWN' WHEN 2 THEN 'WAITING' ELSE 'COMPLETE' END"
BODY = f"'\\x{zlib.compress(b'{}').hex()}'::bytea"
EMPTY = {
    models.JSONField: "'{}'::jsonb",
    models.BinaryField: "''::bytea",
    models.BooleanField: "false",
    models.CharField: "''",
    models.TextField: "''",
    models.IntegerField: "0",
    models.DateTimeField: AT,
}


def seed(rows: int, integration: IntegrationConfig, source: int) -> None:
    """One Bill, revision, delivery, run and exchange per row, as if years of them had been posted; one problem per ten errors."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for model, count, values in _tables(rows, f"'{integration.pk}'::uuid", source):
            cursor.execute(_insert(model, count, values))
        cursor.execute("UPDATE billing_bill SET current_revision_id = id")
        every = rows // AT_HAND
        held = f"SELECT 1 + n / {every} % 10, {RUN_ID} FROM generate_series({every}, {rows}, {every}) AS n"  # noqa: S608
        cursor.execute(f"INSERT INTO runs_problem_runs (problem_id, integrationrun_id) {held}")
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")


def _tables(rows: int, integration: str, source: int) -> list[tuple[type[models.Model], int, dict[str, str]]]:
    accounts = max(1, rows // BILLS_PER_ACCOUNT)
    padded = "lpad(n::text, 6, '0')"
    number = "'INV-' || lpad(n::text, 8, '0')"
    day = f"date '2020-01-01' + (n * 2000 / {rows})::int"
    status = STATUS.format(every=rows // AT_HAND)
    money = {"currency": "'USD'", "total": "10 + n % 5000"}
    books = {"system": "'Netsuite'", "tenant": "'1234567_SB1'", "integration_id": integration}
    posted = {"external_id": "(100000 + n)::text", "url": "'https://example.test/' || n"}
    return [
        (
            Account,
            accounts,
            {"source_id": str(source), "uid": "'acc-' || n", "code": f"'ACC-' || {padded}", "name": f"'Customer ' || {padded}"},
        ),
        (
            Bill,
            rows,
            money
            | {"source_id": str(source), "uid": "'bill-' || n", "account_id": f"1 + n % {accounts}", "number": number, "bill_date": day}
            | {"status": "(ARRAY['APPROVED', 'PENDING'])[1 + (n % 10 = 0)::int]"},
        ),
        (BillRevision, rows, {"bill_id": "n", "number": "1", "schema": "1", "digest": "md5(n::text)"}),
        (
            Delivery,
            rows,
            books
            | money
            | posted
            | {"bill_id": "n", "slot": "'main'", "state": "'IDLE'", "key": "'bill-' || n", "number": number}
            | {"revision_id": "n", "origin": "'sent'", "verified_at": AT, "settled_by_id": RUN_ID},
        ),
        (
            IntegrationRun,
            rows,
            posted
            | {"id": RUN_ID, "integration_id": integration, "bill_id": "n", "revision_id": "n", "delivery_id": "n", "trigger": "'created'"}
            | {"automatic": "true", "status": status, "amount": "10 + n % 5000", "currency": "'USD'", "attempts": "1"}
            | {"dt_started": AT, "dt_completed": AT},
        ),
        (
            Exchange,
            rows,
            books | {"body": BODY, "state": "'SETTLED'", "method": "'PUT'", "key": "md5(n::text)", "status_code": "204", "sends": "1"},
        ),
        (Member, rows, {"exchange_id": "n", "run_id": RUN_ID, "delivery_id": "n", "key": "'bill-' || n", "accepted": "true"}),
        (
            Problem,
            10,
            {"integration_id": integration, "fingerprint": "md5(n::text)", "code": "'MISSING_MAPPING'", "state": "'open'"}
            | {"title": "'Product ' || n || ' has no Item.'"},
        ),
    ]


def _insert(model: type[models.Model], count: int, values: dict[str, str]) -> str:
    """All columns: those given, and an empty value of its type for every other that may not be null."""
    given: dict[str, str] = {}
    for field in model._meta.concrete_fields:
        column = str(field.column)
        if column in values or not field.null:
            given[column] = values.get(column) or ("n" if field.primary_key else _empty(field))
    names = ", ".join(f'"{name}"' for name in given)
    return f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT {", ".join(given.values())} FROM generate_series(1, {count}) AS n'  # noqa: S608


def _empty(field: Any) -> str:
    return next(empty for kind, empty in EMPTY.items() if isinstance(field, kind))
