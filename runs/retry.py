"""How often and how soon: one row per class of failure."""

import datetime as dt
import random
from dataclasses import dataclass

from integrations.contract import Fault
from runs.models import Status


@dataclass(frozen=True)
class Policy:
    """Tries in all, and the waits between them: `first` seconds, doubled each time up to `longest`."""

    status: Status
    tries: int
    first: float
    longest: float

    def wait(self, attempts: int) -> dt.timedelta:
        seconds = min(self.longest, self.first * 2 ** max(0, attempts - 1))
        return dt.timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 (jitter, not a secret)


POLICIES = {
    "retry": Policy(Status.AWAITING_RETRY, tries=8, first=2, longest=900),
    "rate": Policy(Status.RATE_LIMIT_RETRY, tries=30, first=1, longest=120),
}
LOOKS = Policy(Status.UNKNOWN, tries=0, first=1, longest=300)
"""When to ask again about an exchange whose answer was lost: never given up."""


def after(fault: Fault, attempts: int) -> tuple[Status, dt.timedelta | None]:
    """The run's next status and how long until the next try; None when only a person can move it."""
    policy = POLICIES.get(fault.next)
    if policy is None:
        return (Status.AUTH_FAILED, dt.timedelta()) if fault.next == "auth" else (Status(fault.status), None)
    if attempts >= policy.tries:
        return Status.TIMEOUT_LIMIT_EXCEEDED, None
    return policy.status, max(fault.after or dt.timedelta(), policy.wait(attempts))
