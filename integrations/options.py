"""The options of an integration, `config_data`: what every Bill integration asks, with the destination's own, checked as JSON."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from integrations import option_values, registry
from integrations.common_options import BILL, CUSTOM_FIELD_MAPPING, ENTITIES, GLOBAL
from integrations.contract import Destination, Option

__all__ = ["BILL", "GLOBAL", "OptionErrors", "clean", "default", "defaults", "proposed", "schema"]


class OptionErrors(ValueError):
    """What is wrong with a configuration, all of it: `errors` is {key: sentence}."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("\n".join(f"{key}: {sentence}" for key, sentence in self.errors.items()))


def schema(destination: Destination, entity_type: str) -> tuple[Option, ...]:
    """Every option in the order it is asked: global, the entity's, the destination's.

    A destination that declares a key of the first two replaces it in its place: another default, another panel, another wording.
    """
    own = {option.key: option for option in destination.options}
    shared = [*GLOBAL, *ENTITIES.get(entity_type, ())]
    first = [own.pop(option.key, _with_custom_fields(option, destination)) for option in shared]
    return (*first, *own.values())


def defaults(destination: Destination, entity_type: str) -> dict[str, Any]:
    return {option.key: option_values.default(option) for option in schema(destination, entity_type)}


def default(option: Option) -> Any:
    return option_values.default(option)


def proposed(schema: Iterable[Option], platforms: Collection[str]) -> dict[str, Any]:
    """What the one platform proposes, where all of it is asked; nothing for several platforms, which want different things."""
    declared = [source.proposals for source in registry.sources() if source.platform in platforms]
    whole = len(platforms) == len(declared) == 1 and declared[0].keys() <= {option.key for option in schema}
    return dict(declared[0]) if whole else {}


def clean(config_data: Mapping[str, Any], destination: Destination, entity_type: str) -> dict[str, Any]:
    """The whole `config_data`, JSON values, every key present. OptionErrors with a sentence for each key that is not accepted."""
    known = {option.key: option for option in schema(destination, entity_type)}
    errors = {key: f"There is no option {key}{option_values.meant(key, known) or '.'}" for key in config_data if key not in known}
    values = {}
    for key, option in known.items():
        try:
            values[key] = option_values.value(option, config_data.get(key))
        except ValueError as error:
            errors[key] = str(error)
    if errors:
        raise OptionErrors(errors)
    return values


def _with_custom_fields(option: Option, destination: Destination) -> Option:
    if option.key != CUSTOM_FIELD_MAPPING:
        return option
    return replace(option, default={key: destination.custom_fields[key] for key, _ in option.choices if key in destination.custom_fields})
