"""import_mappings as a stranger calls it."""

import json

import pytest

from tests.end_to_end.conftest import HEADER, Done, Installation

HEAD = ",".join(HEADER)
GOOD = "Account,acc-1,Netsuite,Customer,1001,"


def load(installation: Installation, *rows: str, head: str = HEAD) -> Done:
    return installation.run("import_mappings", installation.file("mappings.csv", "\n".join([head, *rows]) + "\n"))


def test_mappings_are_created_updated_and_left_alone(installation: Installation) -> None:
    assert json.loads(load(installation, GOOD, "Product,p-1,Netsuite,Item,2001,").stdout) == {
        "created": 2, "updated": 0, "unchanged": 0, "rejected": [],
    }  # fmt: skip
    again = load(installation, GOOD, "Product,p-1,Netsuite,Item,2002,")
    assert (again.returncode, json.loads(again.stdout)) == (0, {"created": 0, "updated": 1, "unchanged": 1, "rejected": []})


def test_bad_rows_are_rejected_with_their_line_and_the_rest_is_kept(installation: Installation) -> None:
    linked = installation.integration()
    done = load(
        installation,
        GOOD,
        "Account,,Netsuite,Customer,1001,",
        "Account,acc-2,Xero,Contact,1,",
        "Account,acc-2,Netsuite,Vendor,1,",
        "Product,p-1,Netsuite,Customer,1,",
        "Product,p-1,Netsuite,Item,2001,7",
        "Product,p-1,Netsuite,Item,2001,,extra",
        '"Product","p,1","Netsuite","Item","20""01",',
        f"Product,p-2,Netsuite,Item,2002,{linked}",
    )
    told = json.loads(done.stdout)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert (told["created"], [entry["where"] for entry in told["rejected"]]) == (3, [f"line {number}" for number in range(3, 9)])
    words = (
        "m3terId is empty",
        "“Xero” is not known",
        "“Vendor” is not one of",
        "cannot be mapped to Customer",
        "“7” names no",
        "more values",
    )
    assert all(word in entry["why"] for word, entry in zip(words, told["rejected"], strict=True))


def test_optional_columns_are_a_source_and_the_days_that_it_holds(installation: Installation) -> None:
    installation.bills()
    head = HEAD + ",source,validFrom,validTo"
    rows = (GOOD + ",m3ter,2026-01-01,2026-12-31", GOOD + ",nowhere,,", GOOD + ",,01/02/2026,", GOOD + ",,,")
    told = json.loads(load(installation, *rows, head=head).stdout)
    assert told["created"] == 2 and [entry["where"] for entry in told["rejected"]] == ["line 3", "line 4"]
    assert "“nowhere” is not known" in told["rejected"][0]["why"] and "not a date like" in told["rejected"][1]["why"]


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("m3terEntity,m3terId,externalSystem", "The header lacks externalTable, externalId"),
        (HEAD + ",colour", "columns that are not known: colour"),
    ],
)
def test_a_header_that_is_none_is_told(installation: Installation, head: str, why: str) -> None:
    done = load(installation, GOOD, head=head)
    assert (done.returncode, done.stdout) == (1, "") and why in done.stderr


def test_a_file_from_a_spreadsheet_and_standard_input_are_read_alike(installation: Installation) -> None:
    text = f"\ufeff{HEAD}\r\n{GOOD}\r\n\r\n"
    assert json.loads(installation.run("import_mappings", "-", stdin=text).stdout)["created"] == 1
    assert json.loads(installation.run("import_mappings", installation.file("bom.csv", text)).stdout)["unchanged"] == 1


@pytest.mark.parametrize("content", ["", HEAD])
def test_an_empty_file_is_no_accident(installation: Installation, content: str) -> None:
    done = installation.run("import_mappings", installation.file("empty.csv", content))
    assert "Traceback" not in done.stderr and done.returncode == (0 if content else 1)


def test_bytes_that_are_no_text_are_told(installation: Installation) -> None:
    path = installation.folder / "latin.csv"
    path.write_bytes(f"{HEAD}\nAccount,caf\xe9,Netsuite,Customer,1001,\n".encode("latin-1"))
    done = installation.run("import_mappings", str(path))
    assert done.returncode == 1 and "Traceback" not in done.stderr and "UTF-8" in done.stderr
