"""JSON with exact numbers: Decimals in, Decimals out."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from integrations.emulation.contract import Response

_encoder = msgspec.json.Encoder(decimal_format="number")


def load(body: bytes) -> Any:
    """Parsed JSON, every fraction a Decimal. Raises ValueError for anything else, NaN and Infinity included."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (RecursionError, InvalidOperation) as error:
        raise ValueError("The JSON is nested too deeply or holds a number beyond all measure.") from error


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON.")


def dump(value: Any) -> bytes:
    return _encoder.encode(value)


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None, media: str = "application/json") -> Response:
    """An HTTP answer whose body is `value` as JSON."""
    return Response(status, {"Content-Type": media, **(headers or {})}, dump(value))
