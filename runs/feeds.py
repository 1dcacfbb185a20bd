"""The feeds of the connected sources: every login to a billing platform has its source, which is read by itself from then on."""

from django.db.models import QuerySet
from django.utils import timezone

from billing.models import Source as StoredSource
from credentials.models import Credential
from integrations import errors, registry
from runs.models import Feed


def pull_kinds() -> dict[str, str]:
    """The platforms whose API is read, by the kind of credential that opens it."""
    return {source.pull.kind.kind: source.platform for source in registry.sources() if source.pull is not None}


def meet() -> list[Feed]:
    """Makes the source and the feed of every connected login that has none yet; the new ones."""
    kinds = pull_kinds()
    logins = Credential.objects.filter(kind__in=kinds, status=Credential.Status.VERIFIED).exclude(tenant="").order_by("created_at")
    made = [_feed_of(kinds[kind], tenant) for kind, tenant in logins.values_list("kind", "tenant")]
    return [feed for feed in made if feed is not None]


def _feed_of(platform: str, tenant: str) -> Feed | None:
    """None when it is there already."""
    known = StoredSource.objects.filter(platform=platform)
    stored = known.filter(tenant=tenant).first() or _nobodys(known, tenant) or _source(platform, tenant)
    feed, new = Feed.objects.get_or_create(source=stored)
    return feed if new else None


def _nobodys(known: QuerySet[StoredSource], tenant: str) -> StoredSource | None:
    """A source that files or events made, before any login said whose it is."""
    stored = known.filter(tenant="").first()
    if stored is not None:
        stored.tenant = tenant
        stored.save(update_fields=["tenant"])
    return stored


def _source(platform: str, tenant: str) -> StoredSource:
    taken = set(StoredSource.objects.values_list("slug", flat=True))
    number = next(number for number in range(1, len(taken) + 2) if _slug(platform, number) not in taken)
    label = registry.source(platform).label
    name = label if number == 1 else f"{label} ({tenant})"
    return StoredSource.objects.create(slug=_slug(platform, number), platform=platform, tenant=tenant, name=name[:200])


def _slug(platform: str, number: int) -> str:
    return platform if number == 1 else f"{platform}-{number}"


def note_failure(feed: Feed, failure: errors.DeliveryError) -> None:
    Feed.objects.filter(pk=feed.pk).update(tried_at=timezone.now(), failure=failure.sentence)
