"""import_bills as a stranger calls it: every form of file, twice, and what is broken."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from billing.models import Account, Bill, BillRevision
from tests.end_to_end.conftest import Done, Installation
from tests.end_to_end.raw import a_bill, a_line

CSV = """\
id,accountId,accountCode,currency,billTotal,billDate,status,sequentialInvoiceNumber,lineItems.id,lineItems.lineItemType,lineItems.description,\
lineItems.quantity,lineItems.currency,lineItems.subtotal,lineItems.convertedSubtotal,lineItems.productId
csv-1,acc-1,ACME,USD,15.83,2026-10-31,APPROVED,INV-C1,c1,USAGE,"Calls, metered",10,USD,10.333,10.333,p-1
csv-1,acc-1,ACME,USD,15.83,2026-10-31,APPROVED,INV-C1,c2,STANDING_CHARGE,Fee,,USD,5.5,5.5,p-2
csv-2,acc-1,ACME,USD,7,2026-10-31,APPROVED,INV-C2,c3,USAGE,Calls,1,USD,7,7,p-1
"""


def load(installation: Installation, *files: str, stdin: str = "") -> Done:
    return installation.run("import_bills", "--source", "m3ter", *files, stdin=stdin)


def counts(done: Done) -> tuple[int, int, int, int, int]:
    told = json.loads(done.stdout)
    assert told.keys() == {"received", "created", "revised", "unchanged", "rejected"}
    assert all(entry.keys() == {"where", "why"} for entry in told["rejected"])
    assert done.returncode == (1 if told["rejected"] else 0), done.stderr
    return told["received"], told["created"], told["revised"], told["unchanged"], len(told["rejected"])


def forms() -> dict[str, str]:
    """Two Bills in every form that a file may have."""
    bills = [a_bill("b-1"), a_bill("b-2")]
    collections = {"accounts": [{"id": "acc-1", "name": "Acme", "code": "ACME"}], "products": [{"id": "p-1", "name": "API", "code": "api"}]}
    others = {"aggregations": [{"id": "agg-1", "name": "Calls", "code": "calls"}]}
    return {
        "array.json": json.dumps(bills, indent=1),
        "object.json": json.dumps(collections | others | {"bills": bills}),
        "bills first.json": json.dumps({"bills": bills} | collections),
        "lines.jsonl": "\n".join(json.dumps(bill) for bill in bills),
        "objects.jsonl": "\n".join(json.dumps({"bills": [bill]}) for bill in bills) + "\n\n",
        "bills.csv": CSV,
        "spreadsheet.csv": "\ufeff" + CSV.replace("\n", "\r\n"),
        "no ending": json.dumps(bills),
    }


@pytest.mark.parametrize("name", forms())
def test_every_form_of_file_is_read_and_the_second_time_changes_nothing(installation: Installation, name: str) -> None:
    file = installation.file(name, forms()[name])
    assert counts(load(installation, file)) == (2, 2, 0, 0, 0)
    assert installation.call("import_bills", "--source", "m3ter", file)[0]["unchanged"] == 2


def test_standard_input_and_several_files_are_one_import(installation: Installation) -> None:
    files = [installation.file(f"{number}.json", [a_bill(f"f-{number}")]) for number in range(2)]
    assert counts(load(installation, *files, "-", stdin=CSV)) == (4, 4, 0, 0, 0)
    assert counts(load(installation, "-", stdin="\n".join(json.dumps(a_bill(f"f-{number}")) for number in range(3)))) == (3, 1, 0, 2, 0)


def test_a_recalculated_bill_is_revised_and_an_older_one_never_becomes_current(connected: Installation) -> None:
    older, newer = a_bill("b-1", version=1), a_bill("b-1", [a_line("l", 130)], version=2)
    assert counts(load(connected, connected.file("newer.json", [newer]))) == (1, 1, 0, 0, 0)
    assert counts(load(connected, connected.file("older.json", [older])))[:2] == (1, 0)
    connected.sync()
    assert connected.emulators.by_bill()["b-1"]["total"] == 130
    assert counts(load(connected, connected.file("newest.json", [a_bill("b-1", [a_line("l", 140)], version=3)]))) == (1, 0, 1, 0, 0)
    connected.sync()
    assert connected.emulators.by_bill()["b-1"]["total"] == 140


def test_importers_at_once_make_no_second_bill_and_the_newest_is_current(installation: Installation) -> None:
    """Three processes bring three versions of the same Bills, and of their Accounts, each in an order of its own."""
    files = []
    for version in (1, 2, 3):
        bills = [a_bill(f"b-{number}", [a_line("l-1", version)], f"acc-{number % 9}", version=version) for number in range(300)]
        random.Random(version).shuffle(bills)
        files.append(installation.file(f"{version}.jsonl", "\n".join(map(json.dumps, bills))))
    with ThreadPoolExecutor(3) as pool:
        told = [json.loads(done.stdout) for done in pool.map(partial(load, installation), files)]
    assert sum(each["created"] for each in told) == Bill.objects.count() == 300 and Account.objects.count() == 9
    assert sum(each["created"] + each["revised"] for each in told) == BillRevision.objects.count() == 900
    assert set(Bill.objects.values_list("total", "current_revision__source_version", "source_version")) == {(Decimal(3), 3, 3)}


def test_a_bill_may_come_without_its_account_and_products(connected: Installation) -> None:
    assert counts(load(connected, connected.file("bill.json", a_bill("b-1")))) == (1, 1, 0, 0, 0)
    assert connected.sync() == {"COMPLETE": 1}


@pytest.mark.parametrize(
    ("content", "kept", "where"),
    [
        ('[{"id": "x"', 0, "bad.json: line 1, column 12"),
        (json.dumps([a_bill("b-1")])[:-1], 1, "bad.json: line 1"),
        ("nonsense", 0, "bad.json: line 1, column 1"),
        ("[1, null, " + json.dumps(a_bill("b-1")) + "]", 1, "bad.json: bill 1"),
        ("{}", 0, ""),
        ('{"bills": {"id": "x"}}', 0, "bad.json: bill 1"),
        ('{"bills": [], "invoices": [{"id": 1}]}', 0, "bad.json"),
    ],
)  # fmt: skip
def test_broken_json_is_told_by_position_and_what_stood_before_it_is_kept(
    installation: Installation, content: str, kept: int, where: str
) -> None:
    done = load(installation, installation.file("bad.json", content))
    told: dict[str, Any] = json.loads(done.stdout)
    assert "Traceback" not in done.stderr
    assert (told["created"], bool(told["rejected"])) == (kept, bool(where))
    assert not where or told["rejected"][0]["where"].startswith(where)


def test_a_bad_record_is_rejected_and_the_rest_is_kept(installation: Installation) -> None:
    bad = [a_bill("b-2", currency=None), {"id": 3}, a_bill("b-4", billDate="tomorrow")]
    done = load(installation, installation.file("bills.json", [a_bill("b-1"), *bad, a_bill("b-5")]))
    assert counts(done) == (5, 2, 0, 0, 3)
    wheres = [entry["where"] for entry in json.loads(done.stdout)["rejected"]]
    assert wheres == ["bills.json: bill 2 (id b-2)", "bills.json: bill 3 (id 3)", "bills.json: bill 4 (id b-4)"]
    assert "3 records were rejected; the others are kept." in done.stderr


def test_a_file_that_is_not_there_is_rejected_like_a_record(installation: Installation) -> None:
    done = load(installation, "/nowhere/bills.json", installation.file("bills.json", [a_bill("b-1")]))
    assert counts(done) == (1, 1, 0, 0, 1)
    assert json.loads(done.stdout)["rejected"] == [
        {"where": "/nowhere/bills.json", "why": "The file cannot be read: No such file or directory."}
    ]


def test_an_unknown_source_is_told_with_those_that_are_known(installation: Installation) -> None:
    told = installation.refusal("import_bills", "--source", "m4ter", installation.file("bills.json", "[]"))
    assert "No source is called “m4ter”. Known are files, focus, m3ter, maxio, metronome" in told


def test_an_empty_file_holds_nothing_and_is_no_error(installation: Installation) -> None:
    assert counts(load(installation, installation.file("empty.json", ""), installation.file("none.json", "[]"))) == (0, 0, 0, 0, 0)
