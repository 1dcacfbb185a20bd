"""What people type into a source's credential: trimmed, checked, and never repeated in a sentence. Pure."""

from collections.abc import Callable, Mapping, Sequence

from integrations.contract import CredentialField

LONGEST = 500

Values = dict[str, str]
Check = Callable[[str], str]
"""Why a value cannot be right, as a sentence that does not repeat it, or ""."""


def one_word(label: str, vendor: str) -> Check:
    def check(value: str) -> str:
        good = value and len(value) <= LONGEST and value.isascii() and value.isprintable() and " " not in value
        return "" if good else f"{label} is one word: copy it again from {vendor}."

    return check


def cleaned(fields: Sequence[CredentialField], checks: Mapping[str, Check], settings: Values, secrets: Values) -> tuple[Values, Values]:
    """Settings and secrets as they are stored. ValueError({field: sentence}) when one of them cannot be right."""
    given = {name: value.strip() for name, value in (settings | secrets).items()}
    values = {field.name: given.get(field.name, "") for field in fields}
    needed = [field.name for field in fields if field.required or values[field.name]]
    wrong = {name: sentence for name in needed if (sentence := checks[name](values[name]))}
    if wrong:
        raise ValueError(wrong)
    hidden = {field.name for field in fields if field.secret}
    kept = {name: value for name, value in values.items() if value}
    return {n: v for n, v in kept.items() if n not in hidden}, {n: v for n, v in kept.items() if n in hidden}
