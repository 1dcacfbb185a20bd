"""Lists of records: GET /services/rest/record/v1/{type}?q=&limit=&offset=, links and ids only."""

from urllib.parse import urlencode

from integrations.destinations.netsuite.emulation import render
from integrations.destinations.netsuite.emulation.books import Books
from integrations.destinations.netsuite.emulation.errors import NetSuiteError
from integrations.destinations.netsuite.emulation.filters import compile_filter
from integrations.destinations.netsuite.emulation.schema import RecordType
from integrations.emulation import jsons
from integrations.emulation.contract import Request, Response

MOST = 1000
MEDIA = "application/vnd.oracle.resource+json; type=collection"


def handle(books: Books, kind: RecordType, request: Request) -> Response:
    """Answers a list call. Hold the books' lock."""
    limit, offset = page_of(request)
    stored = sorted(books.records[kind.name].values(), key=lambda record: int(record["id"]))
    if request.query.get("q"):
        test = compile_filter(request.query["q"])
        stored = [record for record in stored if test(record)]
    items = [{"links": render.links(render.url(books, kind.name, record["id"])), "id": record["id"]} for record in stored]
    shape = {
        "links": _links(f"{render.base_url(books)}/{kind.name}", request, limit, offset, len(items)),
        "count": len(items[offset : offset + limit]),
        "hasMore": offset + limit < len(items),
        "items": items[offset : offset + limit],
        "offset": offset,
        "totalResults": len(items),
    }
    return jsons.answer(shape, media=MEDIA)


def page_of(request: Request) -> tuple[int, int]:
    """`limit` and `offset`; the offset must be a multiple of the limit. Raises NetSuiteError."""
    limit, offset = _whole(request, "limit", MOST), _whole(request, "offset", 0)
    if not 1 <= limit <= MOST or offset % limit:
        raise NetSuiteError(400, "INVALID_PARAMETER", f"limit is at most {MOST} and offset must be divisible by limit.")
    return limit, offset


def _whole(request: Request, name: str, default: int) -> int:
    value = request.query.get(name, str(default))
    if not value.isdecimal():
        raise NetSuiteError(400, "INVALID_PARAMETER", f"{name} must be a whole number.")
    return int(value)


def _links(here: str, request: Request, limit: int, offset: int, total: int) -> list[dict[str, str]]:
    """self, and the neighbouring pages where there are any."""
    pages = {"self": offset, "previous": offset - limit, "next": offset + limit}
    return [
        {"rel": rel, "href": f"{here}?{urlencode({**request.query, 'limit': limit, 'offset': start})}"}
        for rel, start in pages.items()
        if rel == "self" or 0 <= start < total
    ]
