"""What stands at the destination under the keys of requests that were sent: asked where an answer was lost or cannot be believed yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from integrations.contract import Fault, Held, Outcome, Sought
from integrations.errors import DeliveryError
from runs.build import Kit
from runs.models import Delivery, Member
from runs.points import point
from runs.send import look

Pair = tuple[Member, Outcome]


def told(member: Member) -> dict[str, Any]:
    """The document as it was built for this sending."""
    document: dict[str, Any] = (member.run.explanation or {})["documents"][0]
    return document


def held(kit: Kit, members: Sequence[Member]) -> Mapping[str, Held]:
    """What stands under the members' keys. Raises errors.DeliveryError."""
    if not members:
        return {}
    point("before asking")
    found = look(kit, [_sought(member) for member in members])
    point("asked")
    return found


def _sought(member: Member) -> Sought:
    document = told(member)
    return Sought(
        document["kind"],
        member.key,
        number=document.get("number", ""),
        external_id=member.delivery.external_id,
        since=member.exchange.first_sent_at,
    )


def adopted(kit: Kit, pairs: Sequence[Pair]) -> list[Pair]:
    """Refusals that name something in the way are looked into: our own document is taken over, somebody else's stays a refusal."""
    doubtful = [member for member, outcome in pairs if outcome.fault is not None and outcome.fault.look]
    try:
        there = held(kit, doubtful)
    except DeliveryError:
        return [(member, _ask_again(outcome) if member in doubtful else outcome) for member, outcome in pairs]
    ours = [member for member in doubtful if member.key in there and _in_the_way(member, there[member.key])]
    return [(member, _taken_over(member, there[member.key]) if member in ours else outcome) for member, outcome in pairs]


def _in_the_way(member: Member, there: Held) -> bool:
    """A document that we knew of and were about to change is not what stood in its own way."""
    return not member.delivery.delivered or there.tag == told(member)["tag"]


def _taken_over(member: Member, there: Held) -> Outcome:
    """The very document that we sent is an acceptance; one of an earlier sending is brought up to date by the next try."""
    document = told(member)
    if there.tag == document["tag"]:
        return Outcome(member=member.key, external_id=there.external_id, url=there.url, held=there)
    _adopt(member.delivery, document, there)
    title = f"It stands there as {there.number} from an earlier sending of ours; we bring it up to date."
    return Outcome(member=member.key, fault=Fault(code="ADOPTED", next="retry", title=title))


def _adopt(delivery: Delivery, document: Mapping[str, Any], there: Held) -> None:
    delivery.kind, delivery.key, delivery.tag = document["kind"], document["key"], there.tag
    delivery.external_id, delivery.url, delivery.origin = there.external_id, there.url, Delivery.Origin.ADOPTED
    delivery.total, delivery.currency = there.total or Decimal(0), there.currency


def _ask_again(outcome: Outcome) -> Outcome:
    """Nothing was accepted, and whether ours stands in the way could not be asked: it is tried again."""
    return outcome if outcome.fault is None else replace(outcome, fault=replace(outcome.fault, next="retry"))
