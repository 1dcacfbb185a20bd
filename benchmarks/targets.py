"""What the benchmarks need to know of a destination, and finding those that say so: packages under benchmarks/destinations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from benchmarks import destinations
from benchmarks.emulator import Emulator

LOW_CAP = 2
"""How many requests a destination takes at once while its cap dips."""

CallRow = Mapping[str, Any]
"""One row of the emulator's counted calls: system, method, path, status, count."""


@dataclass(frozen=True, kw_only=True)
class Bare:
    """The same documents as a script would post them: what `request(number, prefix)` gives as method, path and body, one by one.

    `host` is the real one, which the emulator looks at; `accepted` are the statuses of success.
    """

    host: str
    request: Callable[[int, str], tuple[str, str, dict[str, Any]]]
    accepted: tuple[int, ...] = (200, 201, 204)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another client that posts the bare documents.

    `script` reads {url, login (headers), documents, at_once} as JSON and prints {seconds, cpu (seconds), failed, count}.
    `package` is installed into an environment of its own; empty when the developers' packages have it. `at_once` is tried one by one.
    """

    name: str
    script: Path
    package: str = ""
    at_once: tuple[int, ...] = (1,)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A destination under measurement.

    `tables` gives by entity the table to map to and the external id of the n-th Account or Product in its emulator. `single` and `bulk`
    are the options that make it post one by one (None: it never does) and many at once; `chain`, where it has one, those under which a
    paid Bill becomes an order, an invoice made of it, and a payment. `writes` tells a call that carries documents
    from one that asks; `documents` are the record types that count as posted. `prepare` puts into the emulator what is not there from
    the start. `goals` by figure: "single", "bulk" and "chain" are API calls per Bill.
    """

    slug: str
    system: str
    kind: str
    tables: Mapping[str, tuple[str, Callable[[int], str]]]
    single: Mapping[str, Any] | None
    bulk: Mapping[str, Any]
    documents: tuple[str, ...]
    writes: Callable[[CallRow], bool]
    bare: Bare
    goals: Mapping[str, float]
    batches: tuple[int, ...]
    peers: tuple[Peer, ...] = ()
    chain: Mapping[str, Any] | None = None
    prepare: Callable[[Emulator], None] = field(default=lambda emulator: None)

    def options(self, mode: str) -> Mapping[str, Any]:
        """The integration's options in a mode; in bulk where the destination has no other."""
        chosen = {"single": self.single, "chain": self.chain}.get(mode)
        return self.bulk if chosen is None else chosen


def all_targets() -> list[Target]:
    """The targets of every package under benchmarks/destinations, by name."""
    names = sorted(found.name for found in iter_modules(destinations.__path__))
    return [import_module(f"{destinations.__name__}.{name}").TARGET for name in names]


def target(slug: str) -> Target:
    return next(found for found in all_targets() if found.slug == slug)
