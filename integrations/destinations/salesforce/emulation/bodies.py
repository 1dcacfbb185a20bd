"""What a request carries."""

from collections.abc import Mapping
from typing import Any

from integrations.destinations.salesforce.emulation.errors import SalesforceError
from integrations.emulation import jsons
from integrations.emulation.contract import Request


def body_of(request: Request) -> Mapping[str, Any]:
    """Raises SalesforceError for what is no JSON object."""
    try:
        content = jsons.load(request.body)
    except ValueError as error:
        raise SalesforceError(400, "JSON_PARSER_ERROR", str(error)) from error
    if not isinstance(content, dict):
        raise SalesforceError(400, "JSON_PARSER_ERROR", "The HTTP entity body is required and must be an object.")
    return content
