"""What a test can change about all companies: POST /_emulator/configure."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any


@dataclass
class Settings:
    """`closed_before`: days before it are closed. `required_fields`: fields that every document must carry.

    `custom_numbers` off: QuickBooks numbers documents itself. `unique_numbers`: a document number may exist once only.
    `requests_per_minute` and `batches_per_minute`, of one company: none is no limit. `token_seconds` is how long an access token
    is good, `rotate_seconds` how old a refresh token is when the next one takes its place, `request_id_seconds` how long a request
    id is remembered.
    """

    closed_before: date | None = None
    required_fields: tuple[str, ...] = ()
    custom_numbers: bool = True
    unique_numbers: bool = True
    multicurrency: bool = True
    home_currency: str = "USD"
    allow_discount: bool = True
    requests_per_minute: int | None = None
    batches_per_minute: int | None = None
    largest_batch: int = 50
    token_seconds: int = 3600
    rotate_seconds: int = 86_400
    request_id_seconds: int = 86_400

    def change(self, values: dict[str, Any]) -> None:
        """Takes new values; null brings a default back. Raises ValueError with a sentence and changes nothing."""
        defaults = Settings()
        if unknown := values.keys() - {field.name for field in fields(self)}:
            raise ValueError(f"There is no setting {', '.join(sorted(unknown))}.")
        checked = {
            name: getattr(defaults, name) if value is None else _checked(name, value, getattr(defaults, name))
            for name, value in values.items()
        }
        for name, value in checked.items():
            setattr(self, name, value)


def _checked(name: str, value: Any, usual: Any) -> Any:
    if name == "closed_before":
        return _day(value)
    if name == "required_fields":
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise ValueError("required_fields must be a list of field names.")
        return tuple(value)
    if isinstance(usual, bool | str):
        if type(value) is not type(usual):
            raise ValueError(f"{name} must be {'true or false' if isinstance(usual, bool) else 'a text'}.")
        return value
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} must be a whole number that is not negative.")
    return value


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError("closed_before must be a date such as 2026-09-01.") from error
