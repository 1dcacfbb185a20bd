"""Pages for people: /<record id> shows a record with its lines."""

import re

from django.utils.html import format_html

from integrations.destinations.salesforce.emulation.books import Books, Record, whole_id
from integrations.destinations.salesforce.emulation.schema import Kind
from integrations.emulation import pages
from integrations.emulation.contract import Response

PATH = re.compile(r"/([a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?)")
KICKER = "Salesforce emulator"


def handle(books: Books, record_id: str) -> Response:
    with books.lock:
        for kind in books.kinds():
            if record := books.records[kind.name].get(whole_id(record_id)):
                return _page(books, kind, record)
    return pages.page("Not found", format_html("<p>The org {} has no record {}.</p>", books.name, record_id), KICKER, 404)


def _page(books: Books, kind: Kind, record: Record) -> Response:
    facts = pages.facts((name, _shown(books, kind, name, record.get(name))) for name in kind.fields)
    details = [_details(books, other, record) for other in books.kinds() if other.master and other.fields[other.master].target == kind.name]
    body = format_html("{}{}", facts, format_html("{}" * len(details), *details))
    return pages.page(f"{kind.name} {record.get('Name') or record['Id']}", body, f"{KICKER}: {books.name}")


def _shown(books: Books, kind: Kind, name: str, value: object) -> object:
    target = kind.fields[name].target
    if not target or value is None:
        return "" if value is None else value
    parent = books.records[target].get(str(value), {})
    return pages.link(f"/{value}", parent.get("Name") or value)


def _details(books: Books, kind: Kind, master: Record) -> object:
    rows = [record for record in books.records[kind.name].values() if record.get(kind.master) == master["Id"]]
    rows.sort(key=lambda record: (record.get("Position__c") is None, record.get("Position__c") or 0))
    columns = [name for name in kind.fields if name.endswith("__c") and name != kind.master]
    numbers = [at for at, name in enumerate(columns) if kind.fields[name].type in ("double", "currency")]
    cells = ([_shown(books, kind, name, record.get(name)) for name in columns] for record in rows)
    return format_html("<h2>{}</h2>{}", kind.name, pages.table(columns, cells, numbers))
