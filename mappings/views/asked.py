"""What a link to the form of a mapping says: how far it is filled in, and where it returns to."""

from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from mappings import choices

LIST = "admin:mappings_externalmapping_changelist"
ADD = "admin:mappings_externalmapping_add"
MAP = "mappings.map"


@dataclass(frozen=True)
class Asked:
    """The parameters of the link; `integration` is an id, `next` an address of this site or ""."""

    entity_type: str = ""
    entity_id: str = ""
    system: str = ""
    table: str = ""
    external_id: str = ""
    integration: str = ""
    next: str = ""

    @classmethod
    def of(cls, request: HttpRequest, query: QueryDict | None = None) -> "Asked":
        said = {each.name: (query or request.GET).get(each.name, "").strip() for each in fields(cls)}
        own = url_has_allowed_host_and_scheme(said["next"], {request.get_host()}, require_https=request.is_secure())
        asked = cls(**said | {"next": said["next"] if own else ""})
        return asked._completed()

    def _completed(self) -> "Asked":
        """With the system of its integration, and the only table where there is only one."""
        owner = self.owner
        system = owner.system if owner else self.system
        fitting = choices.tables(self.entity_type, system)
        table = fitting[0][0] if len(fitting) == 1 else self.table
        return replace(self, system=system, table=table)

    @property
    def owner(self) -> Any:
        return choices.integration(self.integration) if self.integration else None

    @property
    def typed(self) -> bool:
        """Whether stage 1 is answered."""
        return choices.fits(self.entity_type, self.system, self.table)

    @property
    def back(self) -> str:
        return self.next or reverse(LIST)

    def query(self, **more: str) -> str:
        said = {each.name: getattr(self, each.name) for each in fields(self)} | more
        return urlencode({name: value for name, value in said.items() if value})

    def url(self, **more: str) -> str:
        return f"{reverse(ADD)}?{self.query(**more)}"


def shell(request: HttpRequest, title: str) -> dict[str, Any]:
    """What every page of the mappings has: skeleton and its place in the navigation."""
    return admin.site.each_context(request) | {"title": title, "nav_current": LIST}
