"""What a test can change about all accounts: POST /_emulator/configure."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

_DAYS = ("closed_before", "tax_closed_before")


@dataclass
class Settings:
    """`closed_before`, `tax_closed_before`: days before it have no open posting period, or tax period.

    `required_fields`: header fields or labels that every sale must carry; `permissions_missing`: record types and SuiteQL tables, and
    `hidden_subsidiaries`: ids, that the integration's role does not see.
    `token_seconds` is how long an access token is good, `job_ms` how long an asynchronous job takes.
    `unique_tran_id`, `unique_entity_id`: whether a document number, or a customer's id, may exist once only. `payment_instruments` is the
    feature that takes the field paymentMethod away; `auto_apply_deposits` applies an order's deposits to its invoice when that is made;
    `orders_need_approval` makes new sales orders wait for approval unless they say otherwise.
    """

    closed_before: date | None = None
    tax_closed_before: date | None = None
    required_fields: tuple[str, ...] = ()
    permissions_missing: tuple[str, ...] = ()
    hidden_subsidiaries: tuple[str, ...] = ()
    token_seconds: int = 3600
    job_ms: int = 0
    unique_tran_id: bool = True
    unique_entity_id: bool = False
    payment_instruments: bool = False
    auto_apply_deposits: bool = False
    orders_need_approval: bool = False

    def change(self, values: dict[str, Any]) -> None:
        """Takes new values; null brings a default back. Raises ValueError with a sentence and changes nothing."""
        defaults = Settings()
        if unknown := values.keys() - {field.name for field in fields(self)}:
            raise ValueError(f"There is no setting {', '.join(sorted(unknown))}.")
        checked = {
            name: getattr(defaults, name) if value is None else _check(name, value, getattr(defaults, name))
            for name, value in values.items()
        }
        for name, value in checked.items():
            setattr(self, name, value)


def _check(name: str, value: Any, default: Any) -> Any:
    """The value in the form of the setting's default."""
    if name in _DAYS:
        return _day(name, value)
    if isinstance(default, tuple):
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise ValueError(f"{name} must be a list of {'field names' if name == 'required_fields' else 'names'}.")
        return tuple(value)
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false.")
        return value
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} must be a whole number that is not negative.")
    return value


def _day(name: str, value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a date such as 2026-09-01.") from error
