"""One process at a time reads a source's API, and one works on its events: a lease on the source's feed, kept by telling how it goes."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from runs import lease
from runs.models_intake import Feed

LENGTH = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Hold:
    """The names of the two columns of a lease. Every method is one conditional UPDATE; `values` go with it."""

    owner: str
    until: str

    def take(self, feed: Feed, **values: Any) -> bool:
        """Whether it was free, or its owner had not been heard of for ten minutes."""
        now = timezone.now()
        free = Q(**{self.owner: ""}) | Q(**{f"{self.until}__lt": now})
        return self._set(Feed.objects.filter(free, pk=feed.pk), lease.me(), now + LENGTH, values)

    def keep(self, feed: Feed, **values: Any) -> bool:
        """Whether it is still ours."""
        return self._set(self._ours(feed), lease.me(), timezone.now() + LENGTH, values)

    def leave(self, feed: Feed, **values: Any) -> None:
        self._set(self._ours(feed), "", None, values)

    def free(self) -> Q:
        """For a query of feeds: nobody holds it."""
        return Q(**{self.owner: ""}) | Q(**{f"{self.until}__lt": timezone.now()})

    def free_dead(self) -> int:
        """Takes it from processes of this machine that are gone; how many."""
        held = Feed.objects.exclude(**{self.owner: ""}).values_list("pk", self.owner)
        gone = [pk for pk, owner in held if lease.is_dead(owner)]
        return Feed.objects.filter(pk__in=gone).update(**{self.owner: "", self.until: None}) if gone else 0

    def _ours(self, feed: Feed) -> Any:
        return Feed.objects.filter(pk=feed.pk, **{self.owner: lease.me()})

    def _set(self, feeds: Any, owner: str, until: dt.datetime | None, values: dict[str, Any]) -> bool:
        return bool(feeds.update(**{self.owner: owner, self.until: until}, **values))


READING = Hold("owner", "lease_until")
INBOX = Hold("inbox_owner", "inbox_until")
