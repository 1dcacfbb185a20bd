"""`{% load mappings %}`: the mappings of one entity, for any page about it."""

from typing import Any

from django import template
from django.db.models import Q

from mappings import entities
from mappings.models import ExternalMapping
from mappings.shown import shown

register = template.Library()


@register.inclusion_tag("mappings/panel.html", takes_context=True)
def mapping_panel(context: template.Context, entity_type: str, entity_id: str, source: int | None = None) -> dict[str, Any]:
    """`{% mapping_panel "Account" account.uid account.source_id %}`: what an entity is mapped to, as a card with its own links."""
    found = ExternalMapping.objects.filter(entity_type=entity_type, entity_id=entity_id).select_related("integration__credential", "source")
    own = found.filter(Q(source=None) | Q(source=source)) if source else found
    request = context["request"]
    return {
        "rows": shown(own),
        "entity_type": entity_type,
        "entity_id": entity_id,
        "noun": entities.noun(entity_type),
        "here": request.get_full_path(),
        "may_map": request.user.has_perm("mappings.map"),
    }
