"""The JSON Schema of one Bill in Billpost's own form, made from the canonical Bill itself."""

from typing import Any

import msgspec

from billing.bill import Bill

OPTIONAL = {"Bill": ("total", "status"), "Line": ("key", "type", "description"), "Movement": ("currency",)}
NUMBER = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[+-]?\d+(\.\d+)?([eE][+-]?\d{1,4})?$"}]}


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12. Amounts may be numbers or text; null and "" are a field not given."""
    _, definitions = msgspec.json.schema_components([Bill], ref_template="#/$defs/{name}")
    for name, definition in definitions.items():
        left_out = OPTIONAL.get(name, ())
        definition["description"] = " ".join(definition.get("description", "").split())
        definition["required"] = [each for each in definition.get("required", []) if each not in left_out]
    bill = definitions["Bill"]
    bill["properties"] = {"id": bill["properties"].pop("source_id")} | bill["properties"]
    bill["required"] = ["id", *(each for each in bill["required"] if each != "source_id")]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Billpost Bill", "$ref": "#/$defs/Bill"}
    return head | {"$defs": _numbers(definitions)}


def _numbers(value: Any) -> Any:
    """Decimals as this form takes them: exact text, or numbers that are read exactly."""
    if isinstance(value, dict):
        if value.get("format") == "decimal":
            return NUMBER
        return {name: _numbers(inner) for name, inner in value.items()}
    return [_numbers(inner) for inner in value] if isinstance(value, list) else value
