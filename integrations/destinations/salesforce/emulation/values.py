"""What a field takes: the value as it is kept, or the refusal."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from integrations.destinations.salesforce.emulation.books import Books, whole_id
from integrations.destinations.salesforce.emulation.errors import SalesforceError
from integrations.destinations.salesforce.emulation.schema import Field

NUMBERS = ("double", "currency", "percent", "int")
TEXTS = ("string", "textarea", "picklist", "email", "url", "phone")


def kept(books: Books, field: Field, value: Any) -> Any:
    """The value as the org keeps it; an empty text is none. Raises SalesforceError."""
    if value is None or value == "":
        return False if field.type == "boolean" else None
    if field.type in NUMBERS:
        return _number(field, value)
    if field.type == "boolean":
        return _boolean(field, value)
    if not isinstance(value, str):
        raise _unreadable(field, value)
    if field.type == "date":
        return _day(field, value)
    if field.type == "reference":
        return _reference(books, field, value)
    return _text(field, value)


def _number(field: Field, value: Any) -> Decimal:
    """Rounded to the field's decimals, as the real system does without a word."""
    try:
        number = Decimal(value) if isinstance(value, int | Decimal | str) and not isinstance(value, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise _unreadable(field, value)
    if field.precision and number and number.adjusted() >= field.precision - field.scale:
        raise SalesforceError(
            400, "NUMBER_OUTSIDE_VALID_RANGE", f"{field.name}: value outside of valid range on numeric field: {value}", (field.name,)
        )
    exponent = int(number.as_tuple().exponent)
    return number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP) if -exponent > field.scale else number


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise _unreadable(field, value)
    return value


def _day(field: Field, value: str) -> str:
    try:
        return dt.date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        raise _unreadable(field, value) from None


def _reference(books: Books, field: Field, value: str) -> str:
    if len(value) not in (15, 18) or not value.isalnum():
        raise SalesforceError(400, "MALFORMED_ID", f"{field.name}: id value of incorrect type: {value}", (field.name,))
    if whole_id(value) not in books.records[field.target]:
        raise SalesforceError(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (field.name,))
    return whole_id(value)


def _text(field: Field, value: str) -> str:
    if field.length and len(value) > field.length:
        words = f"{field.name.removesuffix('__c').replace('_', ' ')}: data value too large: {value[:255]} (max length={field.length})"
        raise SalesforceError(400, "STRING_TOO_LONG", words, (field.name,))
    if field.restricted and value not in field.values:
        words = f"{field.name}: bad value for restricted picklist field: {value}"
        raise SalesforceError(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", words, (field.name,))
    return value


def _unreadable(field: Field, value: Any) -> SalesforceError:
    words = f"Cannot deserialize instance of {field.type} from value {value} or request may be missing a required field"
    return SalesforceError(400, "JSON_PARSER_ERROR", words, (field.name,))
