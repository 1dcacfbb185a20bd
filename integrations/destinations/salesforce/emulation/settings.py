"""What a test can change about all orgs: POST /_emulator/configure."""

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Refusal:
    """The next `times` writes of a record of `object` whose external id holds `match` are refused with this error."""

    errorCode: str
    message: str = "Refused by a test."
    object: str = ""
    match: str = ""
    fields: list[str] = field(default_factory=list)
    times: int = 1


@dataclass
class Settings:
    """`required_fields` and `hidden_fields` name fields as Invoice__c.Region__c; a required one that is not there is made.

    `daily_limit` is the org's allowance of calls, `token_seconds` how long a session is good, `job_ms` how long a bulk job takes,
    `refuse` a list of refusals. `closed_before` is taken as by the other systems and closes nothing: an org has no posting periods.
    """

    required_fields: tuple[str, ...] = ()
    hidden_fields: tuple[str, ...] = ()
    daily_limit: int = 100_000
    token_seconds: int = 7200
    job_ms: int = 0
    refuse: tuple[Refusal, ...] = ()
    closed_before: str | None = None

    def change(self, values: dict[str, Any]) -> None:
        """Takes new values; null brings a default back. Raises ValueError with a sentence and changes nothing."""
        defaults = Settings()
        if unknown := values.keys() - {each.name for each in fields(self)}:
            raise ValueError(f"There is no setting {', '.join(sorted(unknown))}.")
        checked = {name: getattr(defaults, name) if value is None else _check(name, value) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)


def _check(name: str, value: Any) -> Any:
    if name in ("required_fields", "hidden_fields"):
        if not isinstance(value, list) or not all(isinstance(entry, str) and entry for entry in value):
            raise ValueError(f"{name} must be a list of field names such as Invoice__c.Region__c.")
        return tuple(entry if "." in entry else f"Invoice__c.{entry}" for entry in value)
    if name == "closed_before":
        return str(value)
    if name == "refuse":
        return _refusals(value)
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} must be a whole number that is not negative.")
    return value


def _refusals(value: Any) -> tuple[Refusal, ...]:
    known = {each.name for each in fields(Refusal)}
    entries = value if isinstance(value, list) else [None]
    if not all(isinstance(entry, dict) and entry.get("errorCode") and not entry.keys() - known for entry in entries):
        raise ValueError(f"refuse must be a list of objects with errorCode and, as wanted, {', '.join(sorted(known - {'errorCode'}))}.")
    return tuple(Refusal(**entry) for entry in value)
