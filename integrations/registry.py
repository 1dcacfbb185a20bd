"""Finds the destination and source packages; there is no list to edit."""

import pkgutil
from functools import cache
from importlib import import_module

from integrations import destinations as destinations_package
from integrations import sources as sources_package
from integrations.contract import CredentialKind, Destination, Source, System, Table


@cache
def destinations() -> tuple[Destination, ...]:
    return tuple(import_module(name).DESTINATION for name in _packages(destinations_package.__path__, destinations_package.__name__))


@cache
def sources() -> tuple[Source, ...]:
    return tuple(import_module(name).SOURCE for name in _packages(sources_package.__path__, sources_package.__name__))


def _packages(path: list[str], prefix: str) -> list[str]:
    return sorted(f"{prefix}.{module.name}" for module in pkgutil.iter_modules(path) if module.ispkg)


def destination(system: str) -> Destination:
    """The destination that serves an external system. KeyError when no package declares it."""
    for candidate in destinations():
        if any(served.name == system for served in candidate.systems):
            return candidate
    raise KeyError(system)


def source(platform: str) -> Source:
    for candidate in sources():
        if candidate.platform == platform:
            return candidate
    raise KeyError(platform)


def systems() -> tuple[System, ...]:
    return tuple(system for destination in destinations() for system in destination.systems)


def system_choices() -> list[tuple[str, str]]:
    return [(system.name, system.label) for system in systems()]


def system_label(name: str) -> str:
    """The name for sentences; the raw name when nothing serves it any more."""
    return dict(system_choices()).get(name, name)


def entity_type_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted({name for destination in destinations() for name in destination.entity_types})]


def tables(system: str, entity_type: str = "") -> tuple[Table, ...]:
    """The tables of a system, or those that an entity type may be mapped to."""
    return tuple(table for table in destination(system).tables if not entity_type or entity_type in table.entities)


def credential_kinds() -> tuple[CredentialKind, ...]:
    declared: list[Destination | Source] = [*destinations(), *sources()]
    return tuple(kind for owner in declared for kind in owner.credential_kinds)


def credential_kind(name: str) -> CredentialKind:
    for kind in credential_kinds():
        if kind.kind == name:
            return kind
    raise KeyError(name)


def signs_hooks(kind: CredentialKind) -> bool:
    """Whether its secrets only sign what a source posts: nobody logs in with them."""
    return any(source.hook is not None and source.hook.kind.kind == kind.kind for source in sources())


def credential_kind_choices() -> list[tuple[str, str]]:
    return [(kind.kind, kind.label) for kind in credential_kinds()]
