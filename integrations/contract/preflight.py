"""What a destination can tell of itself before the first document goes: what a set-up needs there, and what can be made."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from integrations.contract.credentials import SetupStep
from integrations.contract.options import Options
from integrations.contract.wire import Transport


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that is needed there, under the heading `group`. `level` is how far a permission has to go.

    `state`: there, missing, or the destination does not tell. `makes` is the name that `Preflight.create` takes to put it right, `button`
    what that does, in words; both empty where only a person can.
    """

    group: str
    label: str
    state: Literal["ok", "missing", "unknown"]
    level: str = ""
    why: str = ""
    remedy: str = ""
    makes: str = ""
    button: str = ""


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """`check(transport, tenant, options)` asks only, and tells what could not be asked as unknown. `create(…, name)` makes what is
    missing, or finds it, and gives the options that name it; called twice it makes nothing twice. Both raise errors.DeliveryError.

    `notice` says who is the master of what; `steps` are what a person does there first.
    """

    check: Callable[[Transport, str, Options], Iterable[Check]]
    create: Callable[[Transport, str, Options, str], Mapping[str, Any]]
    notice: str = ""
    steps: tuple[SetupStep, ...] = ()
