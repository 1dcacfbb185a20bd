import sys
from typing import Any
from uuid import UUID

import msgspec
from django.core.management.base import CommandError

from integrations.models import IntegrationConfig

_encoder = msgspec.json.Encoder(decimal_format="string")


def write(value: Any) -> None:
    """One JSON value on one line of stdout: decimals as strings, dates in ISO form."""
    sys.stdout.write(_encoder.encode(value).decode() + "\n")
    sys.stdout.flush()


def find_integration(text: str) -> IntegrationConfig:
    """The integration with this id. CommandError with a sentence when there is none."""
    try:
        return IntegrationConfig.objects.select_related("credential", "current_version").get(pk=UUID(text))
    except (ValueError, IntegrationConfig.DoesNotExist):
        raise CommandError(f"No integration has the id “{text}”; the list is under Integrations, Configurations.") from None
