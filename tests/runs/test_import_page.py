"""A file of Bills imported in the browser: what became of each record, and nothing that a file says is ever markup."""

import json
import socket
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from billing.models import Account, Bill, BillRevision, Source
from integrations import registry
from runs import file_import, intake_tasks
from runs.models import Event, FileImport, FilePart
from runs.views import intake
from tests.runs.pages import a_client
from tests.source import ROOT

pytestmark = pytest.mark.django_db
PAGE = "/admin/billing/bill/import/"
SAMPLE = ROOT / "integrations" / "sources" / "m3ter" / "sample" / "demo.json"


def a_raw_bill(uid: str = "b-1", **changes: Any) -> dict[str, Any]:
    line = {"id": f"{uid}-l1", "lineItemType": "USAGE", "description": "API calls", "quantity": 10, "currency": "USD", "subtotal": 12.5}
    facts = {"id": uid, "accountId": "a-1", "currency": "USD", "billTotal": 12.5, "billDate": "2026-10-31", "status": "APPROVED"}
    return facts | {"lineItems": [line | {"convertedSubtotal": 12.5}]} | changes


def give(client: Client, content: bytes | str, name: str = "bills.json", source: str = "m3ter", **more: str) -> str:
    data = content.encode() if isinstance(content, str) else content
    answer: Any = client.post(PAGE, {"source": source, "file": SimpleUploadedFile(name, data)} | more, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture
def client() -> Client:
    return a_client("runs.operate", "billing.view_bill")


def figures(page: str) -> list[int]:
    """New, revised, unchanged, rejected."""
    return [int(part.partition("</p>")[0]) for part in page.split('<p class="big">')[1:]]


def test_a_file_is_imported_and_the_same_again_changes_nothing(client: Client) -> None:
    assert "Import Bills" in client.get(PAGE).content.decode()
    sample = SAMPLE.read_bytes()
    bills = len(json.loads(sample)["bills"])

    page = give(client, sample, "demo.json")
    assert figures(page) == [bills, 0, 0, 0] and f"demo.json: {bills} Bills came." in page
    assert Bill.objects.count() == bills and Source.objects.get().name == "m3ter"
    assert figures(give(client, sample, "demo.json")) == [0, 0, bills, 0]


def test_the_next_file_is_thought_to_come_from_where_the_last_one_did(client: Client) -> None:
    assert client.get(PAGE).context["form"].initial["source"] == ""
    give(client, json.dumps([a_raw_bill()]))
    assert client.get(PAGE).context["form"].initial["source"] == "m3ter"
    assert client.get(f"{PAGE}?source=focus").context["form"].initial["source"] == "focus"


def test_who_imported_what_is_kept(client: Client) -> None:
    give(client, json.dumps([a_raw_bill(), {"id": "b-2"}]))
    event = Event.objects.get(verb="imported")
    assert event.who is not None and event.subject == "m3ter"
    assert event.after == {"file": "bills.json", "rejected": 1, "received": 2, "created": 1, "revised": 0, "unchanged": 0}


def test_only_what_is_new_wakes_a_worker(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr("runs.tasks.wake_all", lambda: woken.append("woken"))
    for _ in range(2):
        give(client, json.dumps([a_raw_bill()]))
    assert woken == ["woken"]


def test_every_rejected_record_says_where_and_why(client: Client) -> None:
    page = give(client, json.dumps([a_raw_bill("b-1"), a_raw_bill("b-2", currency=None), a_raw_bill("b-3")]))
    assert figures(page) == [2, 0, 0, 1]
    assert "bills.json: bill 2 (id b-2)" in page and "currency is missing." in page


def test_a_changed_bill_is_a_revision(client: Client) -> None:
    give(client, json.dumps([a_raw_bill(version=1)]))
    line = a_raw_bill()["lineItems"][0] | {"subtotal": 13, "convertedSubtotal": 13}
    assert figures(give(client, json.dumps([a_raw_bill(version=2, billTotal=13, lineItems=[line])]))) == [0, 1, 0, 0]
    assert Bill.objects.get().revisions.count() == 2


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "photo.png", "There is no column"),
        (b"\xff\xfe" + "[]".encode("utf-16-le"), "utf16.json", "The JSON is broken here"),
        (b'{"bills": [', "cut.json", "The JSON is broken here"),
        (b"[" * 100_000, "deep.json", "nested too deeply"),
        (b"name,total\nAcme,3\n", "other.csv", "There is no column"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_bills_is_told_in_a_sentence(client: Client, content: bytes, name: str, why: str) -> None:
    page = give(client, content, name)
    assert figures(page) == [0, 0, 0, 1] and why in page


def test_what_a_file_says_is_never_markup(client: Client) -> None:
    evil = "<script>alert(1)</script>"
    page = give(client, json.dumps([a_raw_bill(evil, currency=evil)]), '"><img src=x>.json')
    assert evil not in page and "<img" not in page and "&lt;script&gt;" in page


def test_a_long_file_is_read_by_a_worker(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[int] = []
    monkeypatch.setattr(intake_tasks, "wake_file", woken.append)
    content = json.dumps([a_raw_bill(f"b-{number}", purchaseOrderNumber="x" * 3000) for number in range(1000)])
    page = give(client, content)
    file = FileImport.objects.get()
    assert woken == [file.pk] and "It waits for a worker." in page and "data-refresh-url" in page
    assert FilePart.objects.count() == 4 and not Bill.objects.exists()
    seen: list[int] = []
    file_import.work(file, lambda: seen.append(FileImport.objects.get().read))
    assert sorted(set(seen)) == [0, 1 << 20, 2 << 20, 3 << 20, file.size] and not FilePart.objects.exists()
    page = client.get(f"{PAGE}{file.pk}/").content.decode()
    assert figures(page) == [1000, 0, 0, 0] and "data-refresh-url" not in page


EXPORT = {
    "finalized_invoice.csv": "id,customer_id,status,total,credit_type_id,issued_at\ninv-1,cus-1,FINALIZED,150000,{cents},2026-07-02\n"
    "inv-2,,FINALIZED,1,{cents},2026-07-02\n",
    "line_item.csv": "id,invoice_id,product_id,total,credit_type_id\n"
    "li-1,inv-1,prd-9,150000,{cents}\nli-2,inv-1,prd-9,5,{cents}\n,,,,\n,,,7,\n",
    "product.csv": "id,name\nprd-9,Tokens\n",
}


def give_export(client: Client, names: list[str], **more: str) -> str:
    cents = "2714e483-4ff1-48e4-9e25-ac732e8f24f2"
    files = [SimpleUploadedFile(name, EXPORT[name].format(cents=cents).encode()) for name in names]
    answer: Any = client.post(PAGE, {"source": "metronome", "file": files} | more, follow=True)
    return str(answer.content.decode())


def test_the_files_of_an_export_are_taken_together(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at first, then stored; by a worker where they are long, in the order in which they were chosen or another."""
    page = give_export(client, list(EXPORT), dry="on")
    assert figures(page) == [1, 0, 0, 2] and "This was a dry run" in page and not Bill.objects.exists()
    assert "finalized_invoice.csv: line 3 (id inv-2)" in page and "customer_id is missing." in page
    assert "line_item.csv: line 5" in page and "id is missing." in page

    monkeypatch.setattr(intake_tasks, "wake_file", lambda pk: None)
    monkeypatch.setattr(intake, "AT_ONCE", 0)
    assert "It waits for a worker." in give_export(client, list(reversed(EXPORT)))
    file = FileImport.objects.first()
    assert file is not None and file.members == [[name, 1] for name in reversed(EXPORT)]
    seen: list[int] = []
    file_import.work(file, lambda: seen.append(FileImport.objects.get(pk=file.pk).read))
    assert seen == sorted(seen) and len(seen) == len(EXPORT)
    file.refresh_from_db()
    assert (file.state, file.created, file.rejected_count, file.read) == ("DONE", 1, 2, file.size)
    assert [line["amount"] for line in Bill.objects.get().current_revision.document["lines"]] == ["1500.00", "0.05"]  # type: ignore[union-attr]


def test_half_an_export_is_told_and_nothing_is_taken(client: Client) -> None:
    page = give_export(client, ["finalized_invoice.csv"])
    assert figures(page) == [0, 0, 0, 1] and "There is no file of the table line_item beside the others." in page


def test_several_files_of_bills_are_one_import(client: Client) -> None:
    files = [SimpleUploadedFile(f"{uid}.json", json.dumps([a_raw_bill(uid), {"id": uid}]).encode()) for uid in ("b-1", "b-2")]
    answer: Any = client.post(PAGE, {"source": "m3ter", "file": files}, follow=True)
    page = answer.content.decode()
    assert figures(page) == [2, 0, 0, 2] and "b-1.json, b-2.json: 4 Bills came." in page and "b-2.json: bill 2 (id b-2)" in page


def test_a_person_chooses_the_cost_that_is_billed(client: Client) -> None:
    rows = "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,ProviderName,ServiceName,"
    rows += "SubAccountId\n"
    rows += "10,7.5,USD,2024-09-01,2024-10-01,Usage,AWS,Queue,s-1\n"
    totals = []
    for amount in ({}, {"amount": "EffectiveCost"}, {"amount": "BilledCost"}):
        give(client, rows, "cost.csv", "focus", **amount)
        totals.append(str(Bill.objects.get().total.normalize()))
    assert totals == ["1E+1", "7.5", "1E+1"] and Bill.objects.get().revisions.count() == 3
    assert "Select a valid choice" in give(client, rows, "cost.csv", "focus", amount="Guess")
    assert figures(give(client, json.dumps([a_raw_bill()]), amount="EffectiveCost")) == [1, 0, 0, 0], "others have no such choice"
    assert FileImport.objects.first().amount == ""  # type: ignore[union-attr]


def test_a_file_whose_worker_died_is_read_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[int] = []
    monkeypatch.setattr(intake_tasks, "wake_file", woken.append)
    monkeypatch.setattr(intake, "AT_ONCE", 0)
    give(client, json.dumps([a_raw_bill()]))
    file = FileImport.objects.get()
    assert file_import.abandoned() == []
    FileImport.objects.update(state="READING", owner=f"{socket.gethostname()}/999999/0.00", seen_at=timezone.now())
    intake_tasks.pull_due()
    assert woken == [file.pk, file.pk]
    file.refresh_from_db()
    file_import.work(file)
    assert (FileImport.objects.get().state, Bill.objects.count()) == ("DONE", 1)
    file_import.work(file)
    assert FileImport.objects.get().unchanged == 0


def test_a_dry_run_says_what_would_be_and_changes_nothing(client: Client) -> None:
    page = give(client, json.dumps([a_raw_bill("b-1"), a_raw_bill("b-2", currency="??")]), dry="on")
    assert figures(page) == [1, 0, 0, 1] and "This was a dry run" in page and "bill 2 (id b-2)" in page
    assert (Source.objects.count(), Account.objects.count(), Event.objects.count()) == (0, 0, 0)
    give(client, json.dumps([a_raw_bill("b-1"), a_raw_bill("b-3")]))
    stored = list(BillRevision.objects.values_list("pk", flat=True))
    line = a_raw_bill()["lineItems"][0] | {"subtotal": 13, "convertedSubtotal": 13}
    changed = [a_raw_bill("b-1", billTotal=13, lineItems=[line]), a_raw_bill("b-3"), a_raw_bill("b-4"), a_raw_bill("b-4")]
    assert figures(give(client, json.dumps(changed), dry="on")) == [1, 1, 2, 0]
    assert list(BillRevision.objects.values_list("pk", flat=True)) == stored
    assert figures(give(client, json.dumps(changed))) == [1, 1, 2, 0]


def test_templates_are_there_to_download_and_are_taken_as_they_are(client: Client) -> None:
    """Each is a file that imports without a complaint; the JSON and the CSV of one form say the same."""
    page = client.get(PAGE).content.decode()
    for source in (source for source in registry.sources() if source.files):
        for path in source.files.templates if source.files else ():
            address = f"{PAGE}templates/{source.platform}/{path.name}"
            assert address in page
            assert figures(give(client, client.get(address).content, path.name, source.platform))[3] == 0
    assert client.get(f"{PAGE}templates/files/reader.py").status_code == 404
    assert client.get(f"{PAGE}templates/m3ter/template.csv").status_code == 404


def test_the_schema_is_open_to_everybody_and_describes_the_template() -> None:
    answer = Client().get("/schemas/files/bill.json")
    published = json.loads(answer.content)
    assert answer["Content-Type"] == "application/schema+json" and published["$ref"] == "#/$defs/Bill"
    assert published["$defs"]["Bill"]["required"] == ["id", "account", "currency", "bill_date"]
    assert set(json.loads((ROOT / "integrations/sources/files/sample/template.json").read_text())["bills"][0]) <= set(
        published["$defs"]["Bill"]["properties"]
    )
    assert Client().get("/schemas/focus/bill.json").status_code == 404


def test_nothing_is_read_without_a_file_or_beyond_the_limit(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Choose a file." in client.post(PAGE, {"source": "m3ter"}).content.decode()
    assert "The file is empty." in give(client, "")
    assert "is not one of the available choices" in give(client, "[]", source="nobody")
    monkeypatch.setattr(intake, "LARGEST", 10)
    assert "Split it, or import it with manage.py import_bills." in give(client, json.dumps([a_raw_bill()]))
    assert not Bill.objects.exists()


def test_only_who_may_operate_imports() -> None:
    reader = a_client("billing.view_bill")
    assert reader.get(PAGE).status_code == 403
    assert reader.post(PAGE, {"source": "m3ter"}).status_code == 403
    assert PAGE not in reader.get("/admin/billing/bill/").content.decode()
    assert PAGE in a_client("runs.operate", "billing.view_bill").get("/admin/billing/bill/").content.decode()
    assert Client().get(PAGE).status_code == 302
