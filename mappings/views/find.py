"""What the search fields of the forms are answered: {"results": [{"id", "text"}]}."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from mappings import catalogue, entities
from mappings.views.asked import MAP

MOST_FOUND = 50


@require_safe
def find_entities(request: HttpRequest) -> JsonResponse:
    """Entities of a type by name, code or id."""
    found = entities.search(_asked(request, "entity_type"), _asked(request, "q"), MOST_FOUND)
    return _results((entity.id, str(entity)) for entity in found)


@require_safe
def find_records(request: HttpRequest) -> JsonResponse:
    """Active records of a table by name, code or id."""
    system, tenant, table = (_asked(request, name) for name in ("system", "tenant", "table"))
    return _results(catalogue.listing(catalogue.search(system, tenant, table, _asked(request, "q"))[:MOST_FOUND]))


def _asked(request: HttpRequest, name: str) -> str:
    if not request.user.has_perm(MAP):
        raise PermissionDenied
    return request.GET.get(name, "").strip()


def _results(found: Iterable[tuple[str, str]]) -> JsonResponse:
    return JsonResponse({"results": [{"id": value, "text": text} for value, text in found]})
