"""What a test can change about all accounts: POST /_emulator/configure."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any


@dataclass
class Settings:
    """`closed_before`: days before it are closed; `required_fields`: header fields or labels that every sale must carry.

    `token_seconds` is how long an access token is good, `job_ms` how long an asynchronous job takes,
    `unique_tran_id` whether a document number may exist once only. `payment_instruments` is the feature that takes the field
    paymentMethod away; `auto_apply_deposits` applies an order's deposits to its invoice when that is made.
    """

    closed_before: date | None = None
    required_fields: tuple[str, ...] = ()
    token_seconds: int = 3600
    job_ms: int = 0
    unique_tran_id: bool = True
    payment_instruments: bool = False
    auto_apply_deposits: bool = False

    def change(self, values: dict[str, Any]) -> None:
        """Takes new values; null brings a default back. Raises ValueError with a sentence and changes nothing."""
        defaults = Settings()
        if unknown := values.keys() - {field.name for field in fields(self)}:
            raise ValueError(f"There is no setting {', '.join(sorted(unknown))}.")
        checked = {name: getattr(defaults, name) if value is None else _check(name, value) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)


def _check(name: str, value: Any) -> Any:
    if name == "closed_before":
        return _day(value)
    if name == "required_fields":
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise ValueError("required_fields must be a list of field names.")
        return tuple(value)
    if isinstance(getattr(Settings, name), bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false.")
        return value
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} must be a whole number that is not negative.")
    return value


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError("closed_before must be a date such as 2026-09-01.") from error
