"""CSV and Excel, up and down: shown before anything is changed, wrong rows by their number, no cell a formula."""

import csv
import io
import zipfile
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from billing.models import Source
from integrations import service as integrations
from integrations.models import IntegrationConfig
from mappings import cells, files
from mappings.importer import BadFileError
from mappings.models import ExternalMapping
from runs.models import Event
from tests.mappings.conftest import account, day, product, stored

pytestmark = pytest.mark.django_db
PAGE = "/admin/mappings/externalmapping/transfer/"
EXPORT = "/admin/mappings/externalmapping/export/"
HEADER = "m3terEntity,m3terId,externalSystem,externalTable,externalId,integrationConfigId\n"


def upload(desk: Client, content: str | bytes, name: str = "mappings.csv", query: str = "") -> str:
    data = content.encode() if isinstance(content, str) else content
    answer = desk.post(PAGE + query, {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 200
    return answer.content.decode()


def kept(page: str) -> str:
    return page.split('<textarea name="rows" hidden>')[1].split("</textarea>")[0].replace("&#x27;", "'").replace("&quot;", '"')


def workbook(*rows: tuple[Any, ...]) -> bytes:
    book = Workbook()
    for row in (tuple(HEADER.strip().split(",")), *rows):
        book.active.append(row)  # type: ignore[union-attr]
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def exported(desk: Client, **query: str) -> list[dict[str, str]]:
    answer = desk.get(EXPORT, query)
    assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_file_is_shown_as_what_it_would_change_and_then_changes_it(desk: Client, source: Source, priya: User) -> None:
    product(source, "gpu", "GPU hours")
    stored(external_id="2003")
    stored("Product", "same", "1")
    page = upload(
        desk,
        HEADER + "Product,gpu,Netsuite,Item,2021,\nProduct,new,Netsuite,Item,2001,\nProduct,same,Netsuite,Item,1,\n"
        "Product,bad,Netsuite,Nowhere,1,\nProduct,later,Netsuite,Item,,\n",
    )
    for words in (
        "<b>1 would be created, 1 changed</b>, 1 are so already, 1 cannot be read, 1 without an externalId are passed over",
        "Row 5", "externalTable “Nowhere” is not one of Netsuite&#x27;s", "<del>2003</del>", "<ins>2021</ins>", "GPU hours",
        "Import 2 mappings",
    ):  # fmt: skip
        assert words in page
    assert ExternalMapping.objects.get(entity_id="gpu").external_id == "2003" and ExternalMapping.objects.count() == 2
    answer = desk.post(f"{PAGE}?next=/admin/", {"rows": kept(page), "confirm": "1"})
    assert answer["Location"] == "/admin/"
    changed = ExternalMapping.objects.get(entity_id="gpu")
    assert (changed.external_id, changed.origin, changed.changed_by, changed.version) == ("2021", "file", "Priya Nair", 2)
    assert ExternalMapping.objects.count() == 3
    assert {event.who for event in Event.objects.all()} == {priya}
    told = desk.get("/admin/").content.decode()
    assert "1 mappings are created, 1 changed, 1 were so already." in told and "1 rows were left out; the first: row 5" in told


def test_what_we_write_we_read_back_the_same(desk: Client, source: Source, integration: IntegrationConfig) -> None:
    account(source, "acc-1", "=HYPERLINK(1)")
    stored("Account", "acc-1", "0042", integration=integration, source=source, valid_from=day("2026-01-01"), valid_to=day("2026-12-31"))
    stored("Product", "-gpu", "@2003", external_name="+GPU")
    stored("Product", "'quoted", "2001")
    for kind in ("csv", "xlsx"):
        answer = desk.get(EXPORT, {"format": kind})
        assert answer["Content-Type"] == files.TYPES[kind] and f".{kind}" in answer["Content-Disposition"]
        page = upload(desk, answer.content, f"all.{kind}")
        assert "<b>0 would be created, 0 changed</b>, 3 are so already." in page and "Everything in the file is so already." in page
        rows = dict(files.read(answer.content, f"all.{kind}"))
        assert rows["row 2"]["m3terName"] == "=HYPERLINK(1)" and rows["row 2"]["externalId"] == "0042"
        assert rows["row 2"]["integrationName"] == "NetSuite US" and rows["row 2"]["validTo"] == "2026-12-31"


def test_no_cell_is_a_formula(desk: Client, source: Source) -> None:
    account(source, "acc-1", "=1+1")
    stored("Account", "acc-1", "@SUM(1)")
    [row] = exported(desk)
    assert (row["m3terName"], row["externalId"]) == ("'=1+1", "'@SUM(1)")
    sheet = load_workbook(io.BytesIO(desk.get(EXPORT, {"format": "xlsx"}).content)).worksheets[0]
    assert {cell.data_type for cells in sheet.iter_rows() for cell in cells if cell.value} == {"s"}


@given(st.text(max_size=30))
def test_a_cell_is_never_a_formula_and_comes_back(text: str) -> None:
    shown = cells.plain(text)
    assert not shown.startswith(("=", "+", "@", "\t", "\r")) and (not shown.startswith("-") or shown[1:].replace(".", "", 1).isdecimal())
    assert cells.meant(shown) == text


@pytest.mark.parametrize(("number", "written"), [("-12.50", "-12.50"), ("12", "12"), ("-1-1", "'-1-1"), (None, ""), ("-", "'-")])
def test_numbers_stay_numbers(number: str | None, written: str) -> None:
    assert cells.plain(number) == written


def test_excel_with_ids_as_numbers_and_days_as_dates(desk: Client) -> None:
    content = workbook(("Product", "gpu", "Netsuite", "Item", 2003, None), (None,) * 6, ("Product", 7.0, "Netsuite", "Item", "2001", ""))
    page = upload(desk, content, "from Excel.XLSX")
    assert "2 would be created" in page
    desk.post(PAGE, {"rows": kept(page), "confirm": "1"})
    assert set(ExternalMapping.objects.values_list("entity_id", "external_id")) == {("gpu", "2003"), ("7", "2001")}
    book = Workbook()
    book.active.append([*HEADER.strip().split(","), "validFrom"])  # type: ignore[union-attr]
    book.active.append(["Product", "dated", "Netsuite", "Item", "1", None, datetime(2026, 11, 1)])  # type: ignore[union-attr]
    content = io.BytesIO()
    book.save(content)  # type: ignore[arg-type]
    [(_, row)] = files.read(content.getvalue(), "dated.xlsx")  # type: ignore[attr-defined]
    assert row["validFrom"] == "2026-11-01"


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        ("a,b\n1,2\n", "x.csv", "The header lacks m3terEntity"),
        (HEADER, "x.csv", "a header but no rows"),
        ("", "x.csv", "The header lacks"),
        ('"' + HEADER + '"a"b,\n', "x.csv", "cannot be read as CSV"),
        (HEADER + '"a"b,1,1,1,1,1\n', "x.csv", "cannot be read as CSV"),
        (b"\xff\xfe\x00", "x.csv", "not UTF-8 text"),
        (b"no workbook", "x.xlsx", "not an Excel workbook"),
        (b"PK\x03\x04broken", "x.xlsx", "not an Excel workbook"),
    ],
)
def test_what_is_no_such_file_says_why(desk: Client, content: str | bytes, name: str, why: str) -> None:
    page = upload(desk, content, name)
    assert "Nothing was read." in page and why in page


def test_a_file_with_semicolons_as_european_spreadsheets_write_it(desk: Client) -> None:
    assert "1 would be created" in upload(desk, HEADER.replace(",", ";") + "Product;gpu;Netsuite;Item;2003;\n")


def test_too_much_is_refused_before_it_is_read(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_ROWS", 2)
    assert "more than 2 rows" in upload(desk, HEADER + "Product,gpu,Netsuite,Item,1,\n" * 3)
    monkeypatch.setattr("mappings.views.transfer.MOST_BYTES", 10)
    assert "larger than" in upload(desk, HEADER)
    assert "Choose a file first." in desk.post(PAGE).content.decode()


def test_a_workbook_that_unpacks_to_a_flood_is_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"0" * (files.MOST_UNPACKED + 1))
    with pytest.raises(BadFileError, match="too big"):
        files.read(content.getvalue(), "flood.xlsx")


def test_what_an_integration_may_use_and_what_it_lacks(desk: Client, source: Source, integration: IntegrationConfig) -> None:
    product(source, "gpu", "GPU hours")
    product(source, "search", "Vector search")
    account(source)
    integrations.change_options(integration, integration.options | {"useExternalMappingAccountCode": True}, None)
    other = integrations.create("Bill", "Netsuite", "NetSuite EU", {})
    stored()
    stored("Account", "acc-2", "1001", integration=integration)
    stored("Account", "acc-3", "1001", integration=other)
    assert len(exported(desk)) == 3
    assert {row["m3terId"] for row in exported(desk, integration=str(integration.pk))} == {"gpu", "acc-2"}
    lacking = exported(desk, integration=str(integration.pk), what="missing")
    assert {(row["m3terEntity"], row["m3terId"], row["m3terName"], row["externalTable"], row["externalId"]) for row in lacking} == {
        ("Product", "search", "Vector search", "Item", ""), ("Account", "acc-1", "Borealis AI", "Customer", ""),
    }  # fmt: skip
    page = desk.get(PAGE, {"integration": str(integration.pk)}).content.decode()
    assert "What NetSuite US may use" in page and "What NetSuite US lacks, to fill in" in page


def test_reading_is_not_writing(client: Client) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    client.force_login(user)
    assert client.get(PAGE).status_code == 403 and client.get(EXPORT).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_externalmapping"))
    client.force_login(User.objects.get(pk=user.pk))
    assert "Import</h2>" not in client.get(PAGE).content.decode() and client.get(EXPORT).status_code == 200
    assert client.post(PAGE, {"rows": HEADER + "Product,gpu,Netsuite,Item,1,\n", "confirm": "1"}).status_code == 403
    assert not ExternalMapping.objects.exists()
