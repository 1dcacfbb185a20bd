"""Why something was not taken, as people read it."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row of a destination's faults table, filled in: what a person reads. `next` names the step, `status` the run's status.

    `who` can fix it, as people are called; empty when the code alone tells. `look`: what stands in the way may be our own document,
    sent before, so the destination is asked before the refusal is believed.
    """

    code: str
    next: Literal["retry", "rate", "auth", "person", "unknown"]
    title: str
    why: str = ""
    remedy: str = ""
    who: str = ""
    detail: str = ""
    status: str = "ERROR"
    field: str = ""
    entity: str = ""
    after: dt.timedelta | None = None
    look: bool = False
