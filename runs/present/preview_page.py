"""The context of a preview: the Bill on the left, what would be sent on the right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst

from billing.bill import Bill as CanonicalBill
from billing.bill import Line, Ref
from billing.models import Bill
from integrations import registry
from integrations.contract import Document, DocumentLine, Match, Request, Rule
from integrations.models import IntegrationConfig
from mappings.catalogue import titled
from runs.present import bill_page, exchanges, links, plan, record
from runs.present.headline import NOT_ALLOWED, OPERATE
from runs.present.record import Record
from runs.present.result import NOTHING_SENT
from runs.preview import Preview, refs_of
from runs.slots import MAIN

UNCONNECTED = "Connect a credential first"


@dataclass(frozen=True)
class Shown:
    """One request as it would leave, but for the login; `noun` names the document that it makes."""

    noun: str
    method: str
    url: str
    text: str


@dataclass(frozen=True)
class Planned:
    """One of several documents: what the destination holds of it, and what it needs as clauses. `settled`: it does not go again."""

    document: Document
    noun: str
    record: Record | None
    needs: Sequence[str]
    settled: bool

    @property
    def title(self) -> str:
        return capfirst(self.noun)

    @property
    def moved(self) -> Decimal | None:
        return abs(self.document.total) if ":" in self.document.slot else None


def page(bill: Bill, integration: IntegrationConfig, preview: Preview, user: User | AnonymousUser) -> dict[str, Any]:
    document = plan.document_in(preview.plan, MAIN)
    pairs = _with_trails(plan.pairs_of(preview.bill, preview.plan, document), preview) if document else []
    held = record.of_delivery(preview.delivery) if preview.delivery else None
    return {
        "preview": preview,
        "period": bill_page.period_of(bill),
        "document": document,
        "noun": record.noun_of(integration.system, document.kind if document else ""),
        "columns": _halves(document.facts) if document else (),
        "pairs": pairs,
        "held": held,
        "left_out": plan.left_out_total(preview.plan),
        "counted": sum((line.amount for line in preview.bill.lines if line.counted), Decimal(0)),
        "agrees": agrees(document, preview.plan.target) if document else False,
        "adjusted": [pair.row for pair in pairs if pair.row and pair.row.line.adjustment],
        "defaults": _defaults(pairs, preview.bill, integration, reverse("admin:runs_preview", args=(bill.pk, integration.pk))),
        "documents": _documents(preview, integration) if len(preview.plan.documents) > 1 and not preview.plan.fault else (),
        "unread": _unread(preview, integration, user, reverse("admin:runs_preview", args=(bill.pk, integration.pk))),
        "missing": _missing(preview, integration, reverse("admin:runs_preview", args=(bill.pk, integration.pk))),
        "requests": _shown(preview, integration),
        "stopped": stopped(preview.fault.title) if preview.fault else "",
        "send": send_button(bill, integration, preview, user),
    }


def _with_trails(pairs: Sequence[plan.Pair], preview: Preview) -> list[plan.Pair]:
    lines = {line.key: line for line in preview.bill.lines}
    return [replace(pair, trail=_trail(pair.row.line, lines[pair.row.line.line_key], preview)) if pair.row else pair for pair in pairs]


def _trail(line: DocumentLine, source: Line, preview: Preview) -> list[tuple[str, str]]:
    """The rules in the order they were asked in, to the one that counted: its words, and the record that it named."""
    band = next((band.ref for band in source.bands if band.ref.id == line.band), None)
    refs = {**source.refs, "PricingBand": band} if band else source.refs
    heard = preview.heard.get(refs_of(refs), ())
    told = [(f"{rule} of {entity} {_called(refs[entity])}", _answer(match)) for rule, entity, match in heard]
    if line.item is not None and not any(match for _, _, match in heard):
        told.append((line.item.rule.value, _answer(line.item)))
    return told


def _called(ref: Ref) -> str:
    return ref.name or ref.code or ref.id


def _answer(match: Match | None) -> str:
    return titled(match.id, match.name) if match else "none"


def _halves(facts: Sequence[tuple[str, str]]) -> tuple[Sequence[tuple[str, str]], ...]:
    """The header in two columns."""
    half = (len(facts) + 1) // 2
    return facts[:half], facts[half:]


def agrees(document: Document, target: Decimal) -> bool:
    """Whether the lines add up to the document's total, and that to the Bill's total less what is left out."""
    return sum((line.amount for line in document.lines), Decimal(0)) == document.total == target


def stopped(title: str) -> str:
    """A refusal of ours, told before it happens."""
    said = title.removeprefix(NOTHING_SENT)
    return f"It would not be sent: {said[:1].lower()}{said[1:]}" if said != title else title


def _documents(preview: Preview, integration: IntegrationConfig) -> list[Planned]:
    nouns = {each.slot: record.noun_of(integration.system, each.kind) for each in preview.plan.documents}
    return [_planned(each, nouns, preview) for each in preview.plan.documents]


def _planned(document: Document, nouns: Mapping[str, str], preview: Preview) -> Planned:
    delivery = preview.deliveries.get(document.slot)
    origin, needs = document.made_from, []
    if origin is not None and not (delivery and delivery.delivered):
        needs.append(f"is made from the {nouns[origin.slot]}" if origin.slot in nouns else f"is made from {origin.kind} {origin.address}")
    if document.awaits and not (delivery and delivery.delivered):
        needs.append(f"waits until {document.awaits}")
    needs += [f"cannot go: {document.lacks}"] if document.lacks else []
    held = record.of_delivery(delivery) if delivery else None
    return Planned(document, nouns[document.slot], held, needs, document.slot in preview.settled)


def _unread(preview: Preview, integration: IntegrationConfig, user: User | AnonymousUser, back: str) -> dict[str, Any] | None:
    """parts/headline.html, where what decides about the documents has not been read yet: it is, before anything is sent."""
    if not preview.plan.unread:
        return None
    labels = {table.name: table.label.lower() for table in registry.tables(integration.system)}
    what = " and ".join(f"{labels.get(name, name)}s" for name in preview.plan.unread)
    buttons = []
    if integration.connected and user.has_perm("mappings.map"):
        url = f"{reverse('admin:runs_refresh_catalogue', args=(integration.credential_id,))}?{urlencode({'next': back})}"
        buttons = [{"label": "Refresh names", "post": True, "url": url}]
    return {
        "sentence": f"Not all {what} are read yet, so it is not known which documents this Bill becomes.",
        "why": f"Their types in {integration.system_label} decide.",
        "remedy": "Nothing has to be done: they are read before the Bill is sent. Refresh names reads them now, for this preview.",
        "buttons": buttons,
    }


def _shown(preview: Preview, integration: IntegrationConfig) -> list[Shown]:
    kinds = {document.key: document.kind for document in preview.plan.documents}
    return [shown(request, record.noun_of(integration.system, kinds[request.members[0]])) for request in preview.requests]


def shown(request: Request, noun: str) -> Shown:
    headers = "\n".join(f"{name}: {value}" for name, value in {"Authorization": "added when it is sent", **request.headers}.items())
    body = exchanges.laid_out(request.body.decode("utf-8", "replace"))
    return Shown(noun, request.method, request.url, f"{request.method} {request.url}\n{headers}\n\n{body}")


def send_button(bill: Bill, integration: IntegrationConfig, preview: Preview, user: User | AnonymousUser) -> dict[str, Any] | None:
    """None where our own check would stop it: then there is nothing to press."""
    if preview.fault is not None and not preview.plan.unread:
        return None
    button = {"label": "Send this Bill", "primary": True, "post": True, "url": reverse("admin:runs_send", args=(bill.pk, integration.pk))}
    if not user.has_perm(OPERATE):
        return button | {"disabled": NOT_ALLOWED}
    if not integration.connected:
        return button | {"disabled": UNCONNECTED}
    return button


def _defaults(pairs: list[plan.Pair], bill: CanonicalBill, integration: IntegrationConfig, back: str) -> list[dict[str, Any]]:
    """Lines that only the default item took in, with the form that maps them: a line's product once."""
    lines = {line.key: line for line in bill.lines}
    found: dict[str, dict[str, Any]] = {}
    for row in [pair.row for pair in pairs if pair.row]:
        if row.line.item is not None and row.line.item.rule is Rule.DEFAULT:
            refs = lines[row.line.line_key].refs
            entity = next((name for name in ("AccountingProduct", "Product") if name in refs), "")
            name = (refs[entity].name or refs[entity].id) if entity else row.line.description
            url = _map_url(entity, refs[entity].id, integration, back) if entity else ""
            found.setdefault(name, {"name": name, "row": row, "url": url})
    return list(found.values())


def _map_url(entity: str, uid: str, integration: IntegrationConfig, back: str) -> str:
    return links.to_new_mapping(entity, uid, integration.system, links.table_for(integration.system, entity), back)


def _missing(preview: Preview, integration: IntegrationConfig, back: str) -> list[dict[str, Any]]:
    return [{"missing": each, "url": links.to_missing(each, integration, back)} for each in preview.plan.missing]
