"""Addresses of pages that other rooms own: "" where this installation has none."""

from urllib.parse import parse_qsl, quote, unquote, urlencode

from django.urls import NoReverseMatch, reverse

from integrations import registry
from integrations.contract import Missing
from integrations.missing import LINE_TYPE
from integrations.models import IntegrationConfig

MAPPINGS = "mappings_externalmapping_"


def url_if_any(name: str, *args: object, **query: object) -> str:
    """The address of an admin page by its URL name, with a query string of what is not empty."""
    try:
        address = reverse(f"admin:{name}", args=args)
    except NoReverseMatch:
        return ""
    asked = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{address}?{urlencode(asked)}" if asked else address


def stored(name: str, *args: object, **query: object) -> str:
    """An admin page as it is kept: its URL name, its arguments after slashes, a query string of what is not empty."""
    path = "/".join([name, *(quote(str(arg), safe="") for arg in args)])
    asked = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(asked)}" if asked else path


def opened(kept: str, back: str = "") -> str:
    """The address of a page kept by `stored`; a form of mappings comes back to where it was asked for."""
    path, _, query = kept.partition("?")
    name, *args = path.split("/")
    more = {"next": back} if name.startswith(MAPPINGS) else {}
    return url_if_any(name, *map(unquote, args), **dict(parse_qsl(query)), **more)


def to_run(pk: object) -> str:
    return url_if_any("runs_integrationrun_change", pk)


def to_bill(pk: object) -> str:
    return url_if_any("billing_bill_change", pk)


def to_integration(pk: object) -> str:
    return url_if_any("integrations_integrationconfig_change", pk)


def new_mapping(entity: str, entity_id: str, system: str, table: str) -> str:
    """The form of a new mapping, filled in as far as is known, as `stored`."""
    return stored("mappings_externalmapping_add", entity_type=entity, entity_id=entity_id, system=system, table=table)


def missing_page(missing: Missing, integration: IntegrationConfig) -> str:
    """Where what is missing is chosen, as `stored`: the form of its mapping; for a line type, which no mapping names, the options."""
    if missing.entity == LINE_TYPE:
        return stored("integrations_integrationconfig_options", integration.pk)
    return new_mapping(missing.entity, missing.ref.id, integration.system, missing.table)


def to_new_mapping(entity: str, entity_id: str, system: str, table: str, back: str) -> str:
    return opened(new_mapping(entity, entity_id, system, table), back)


def to_missing(missing: Missing, integration: IntegrationConfig, back: str) -> str:
    return opened(missing_page(missing, integration), back)


def table_for(system: str, entity: str) -> str:
    """The table that an entity is mapped to; "" when there is none."""
    try:
        return next((table.name for table in registry.tables(system, entity)), "")
    except KeyError:
        return ""
