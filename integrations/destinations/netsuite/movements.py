"""Payments, deposits, credits and refunds of a Bill as NetSuite records. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.bill import Movement
from billing.document import facts_digest
from integrations.contract import Document, DocumentLine, Match
from integrations.destinations.netsuite.allocation import Allocation, allocate
from integrations.destinations.netsuite.deposits import APPLICATION
from integrations.destinations.netsuite.draft import CREDIT_MEMO, INVOICE, Body, Draft, segments, shown
from integrations.destinations.netsuite.identity import document_key
from integrations.destinations.netsuite.items import setting
from integrations.destinations.netsuite.order_options import FULFILMENT
from integrations.lines import money_text

PAYMENT, DEPOSIT, REFUND = "customerPayment", "customerDeposit", "customerRefund"
_PREFIXES = {"payment": "pay", "deposit": "dep", "credit": "cm", "refund": "ref"}


def documents(draft: Draft, flow: str) -> tuple[tuple[Document, ...], tuple[Document, ...]]:
    """What goes before the invoice and what after it: deposits; credits, payments, refunds."""
    if not draft.bill.movements or draft.kind == CREDIT_MEMO:
        return (), ()
    made = _Movements(draft, flow, allocate(draft.planned.target, draft.bill.movements))
    return tuple(made.deposits()), (*made.credits(), *made.payments(), *made.refunds())


def notes(draft: Draft) -> tuple[str, ...]:
    if not draft.bill.movements or draft.kind != CREDIT_MEMO:
        return ()
    return ("What was paid or given back on a negative Bill is not posted: book it in NetSuite against the credit memo.",)


@dataclass(frozen=True)
class _Movements:
    draft: Draft
    flow: str
    allocation: Allocation

    def deposits(self) -> Iterator[Document]:
        """Money that came before there was an invoice to pay."""
        for each in self._of("payment"):
            if self._early(each):
                key = self._key("deposit", each)
                body = self._receipt(each, key) | {"salesOrder": self._there("order", f"so-{self.draft.key}")}
                yield self._document("deposit", each, DEPOSIT, key, body, each.amount)

    def payments(self) -> Iterator[Document]:
        """Money for the invoice: paid now, or deposited before and applied now."""
        for each in self._of("payment"):
            key, applied = self._key("payment", each), self.allocation.applied[each.uid]
            onto = _apply([(self._there("main", self.draft.key), applied)])
            if not self._early(each):
                yield self._document("payment", each, PAYMENT, key, self._receipt(each, key) | onto, each.amount, applied)
            elif applied:
                body = self._head(each, key) | {"deposit": self._there(f"deposit:{each.uid}", self._key("deposit", each))} | onto
                yield self._document("payment", each, APPLICATION, key, body, applied, applied)

    def credits(self) -> Iterator[Document]:
        """Credit notes against the invoice, and debit notes as invoices of their own."""
        for each in self._of("credit"):
            kind, line_type = (CREDIT_MEMO, "CREDIT_MEMO") if each.amount > 0 else (INVOICE, "DEBIT_MEMO")
            key, applied = self._key("credit", each), self.allocation.applied.get(each.uid, Decimal(0))
            item = setting(line_type, self.draft.options)
            line = DocumentLine(
                line_key=each.uid,
                type=line_type,
                description=each.memo or ("Credit note" if each.amount > 0 else "Debit note"),
                unrounded=-each.amount,
                amount=-each.amount,
                item=item,
            )
            onto = _apply([(self._there("main", self.draft.key), applied)]) if each.amount > 0 else {}
            body = self._head(each, key, "entity") | segments(self.draft.options) | {"item": {"items": [_credit_line(line)]}} | onto
            noun = line.description.lower()
            lacks = "" if item else f"the {noun} has no item; choose one for {line_type} lines, or a default item."
            yield self._document("credit", each, kind, key, body, -each.amount, applied, lines=(line,), lacks=lacks)

    def refunds(self) -> Iterator[Document]:
        """Money given back: from what the invoice does not need, or from a payment that is taken off it for that."""
        by_uid = {each.uid: each for each in self.draft.bill.movements}
        for each in self._of("refund"):
            options, key = self.draft.options, self._key("refund", each)
            given = [(self._source(by_uid[uid]), amount) for uid, amount in self.allocation.returned[each.uid]]
            fields = {"account": options.get("refundAccountId"), "arAcct": options.get("refundReceivableAccountId")}
            body = self._head(each, key) | {name: {"id": str(value)} for name, value in fields.items() if value}
            lacks = "" if fields["account"] else "the refund has no account; choose the account for refunds."
            yield self._document("refund", each, REFUND, key, body | self._method() | _apply(given), each.amount, lacks=lacks)

    def _of(self, kind: str) -> list[Movement]:
        return [each for each in self.draft.bill.movements if each.kind == kind]

    def _early(self, payment: Movement) -> bool:
        """Whether it is a deposit: it came before the invoice of an order that is yet to be fulfilled."""
        standing = self.draft.stamp.standing
        return self.flow == FULFILMENT and (f"deposit:{payment.uid}" in standing or not {"main", f"payment:{payment.uid}"} & set(standing))

    def _source(self, movement: Movement) -> Body:
        slot = "deposit" if movement.kind == "payment" and self._early(movement) else str(movement.kind)
        return self._there(f"{slot}:{movement.uid}", self._key(slot, movement))

    def _there(self, slot: str, key: str) -> Body:
        """A record of this Bill: by NetSuite's id once it stands, by ours before."""
        number = self.draft.stamp.standing.get(slot)
        return {"id": number} if number else {"externalId": key}

    def _key(self, slot: str, movement: Movement) -> str:
        return f"{_PREFIXES[slot]}-{self.draft.key}-{document_key(movement.uid)}"

    def _head(self, movement: Movement, key: str, party: str = "customer") -> Body:
        fields: Body = {
            "externalId": key,
            party: self.draft.party,
            "currency": self.draft.money,
            "tranDate": movement.date.isoformat(),
            "memo": self.draft.tag,
        }
        return {name: value for name, value in fields.items() if value}

    def _receipt(self, movement: Movement, key: str) -> Body:
        """Without an account NetSuite keeps it under undeposited funds, its default, until the bank has it."""
        return self._head(movement, key) | {"payment": movement.amount} | self._method()

    def _method(self) -> Body:
        """With Payment Instruments on, NetSuite takes no payment method."""
        method = self.draft.options.get("paymentMethodId")
        return {"paymentMethod": {"id": str(method)}} if method and not self.draft.options.get("paymentInstruments") else {}

    def _document(
        self,
        slot: str,
        movement: Movement,
        kind: str,
        key: str,
        body: Body,
        total: Decimal,
        applied: Decimal = Decimal(0),
        lines: tuple[DocumentLine, ...] = (),
        lacks: str = "",
    ) -> Document:
        returned = [f"{uid}:{amount}" for uid, amount in self.allocation.returned.get(movement.uid, ())]
        facts = (
            movement.uid,
            movement.kind,
            movement.date.isoformat(),
            movement.currency,
            movement.amount.normalize(),
            applied.normalize(),
        )
        return Document(
            slot=f"{slot}:{movement.uid}",
            kind=kind,
            key=key,
            tag=self.draft.tag,
            body=body,
            lines=lines,
            total=total,
            currency=movement.currency,
            customer=self.draft.customer,
            facts=self._facts(movement, applied),
            lacks=lacks,
            may_stand=kind == APPLICATION,
            slice=facts_digest(*map(str, facts), *returned),
        )

    def _facts(self, movement: Movement, applied: Decimal) -> tuple[tuple[str, str], ...]:
        told = [("Date", shown(movement.date)), ("Amount", money_text(movement.amount, movement.currency))]
        if movement.kind != "refund":
            told.append(("On the invoice", money_text(applied, movement.currency)))
        return (*told, *([("Memo", movement.memo)] if movement.memo else []))


def _credit_line(line: DocumentLine) -> Body:
    item: Match | None = line.item
    fields: Body = {"line": 1, "quantity": 1, "amount": abs(line.amount), "description": line.description}
    return fields | ({"item": {"id": item.id}} if item else {})


def _apply(targets: Sequence[tuple[Body, Decimal]]) -> Body:
    """What a record settles; nothing, for none."""
    return {"apply": {"items": [{"doc": doc, "apply": True, "amount": amount} for doc, amount in targets if amount]}}
