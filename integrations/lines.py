"""From a Bill to the lines of its document, for every destination alike: which lines go, in which order, with which amounts.

Pure: no storage, no HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing.bill import Band, Bill, Line, Ref
from billing.money import Share, round_half_up, share_out
from integrations.contract import DocumentLine, Kind, LeftOut, Match, Option, Options
from integrations.rates import quantity_and_rate

NOT_COUNTED = "Shown on the Bill but not part of its total"


class Split(StrEnum):
    """How usage lines become document lines: the option `splitUsageLineItems`."""

    BAND = "ITEM_PER_USAGE_BAND"
    PRODUCT = "ITEM_PER_PRODUCT"
    AGGREGATION = "ITEM_PER_AGGREGATION"


_BY_SPLIT: Mapping[Split, tuple[str, ...]] = {
    Split.BAND: ("PricingBand",),
    Split.PRODUCT: (),
    Split.AGGREGATION: ("Aggregation", "CompoundAggregation"),
}

SPLIT_OPTION = Option(
    key="splitUsageLineItems",
    label="Split usage line items",
    kind=Kind.CHOICE,
    help="How usage lines are split in the outgoing Bill.",
    default=Split.PRODUCT.value,
    choices=(
        (Split.BAND.value, "Item per usage band"),
        (Split.PRODUCT.value, "Item per product"),
        (Split.AGGREGATION.value, "Item per aggregation"),
    ),
    effects={
        Split.BAND.value: "one line per price tier",
        Split.PRODUCT.value: "one line per Bill line",
        Split.AGGREGATION.value: "item chosen by the meter",
    },
    group="Lines",
)
"""For destinations that let people choose how usage is split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLine:
    """One line before its item is known. `entities` are looked up in their order in `refs`; amounts in the Bill's currency.

    Quantity and rate inform; the share's rounded amount is what counts.
    """

    line: Line
    description: str
    entities: tuple[str, ...]
    refs: Mapping[str, Ref]
    share: Share
    band: Band | None = None
    quantity: Decimal | None = None
    rate: Decimal | None = None

    def document_line(self, item: Match | None) -> DocumentLine:
        return DocumentLine(
            line_key=self.line.key,
            band=self.band.ref.id if self.band else "",
            type=self.line.type,
            description=self.description,
            unrounded=self.share.amount,
            amount=self.share.rounded,
            adjustment=self.share.adjustment,
            remainder=self.share.remainder,
            quantity=self.quantity,
            rate=self.rate,
            item=item,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlan:
    """The lines that go, those that do not, and the total that must come out, rounded to the minor unit."""

    lines: tuple[PlannedLine, ...]
    left_out: tuple[LeftOut, ...]
    target: Decimal
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A whole line, or one band of it."""

    line: Line
    description: str
    amount: Decimal
    quantity: Decimal | None
    unit_price: Decimal | None
    refs: Mapping[str, Ref]
    band: Band | None = None


def plan_lines(bill: Bill, options: Options, split: Split = Split.PRODUCT) -> LinePlan:
    """One document line per counted Bill line, or per band of a usage line; what the options exclude is left out with its reason.

    Reads excludedLineItemTypes, excludedProducts, excludedAggregations and sortLineItemsBy. Amounts add up to the target exactly
    unless the lines disagree with the Bill's total; then each is rounded alone, for people to see, and guard.guard refuses.
    """
    judged = [(line, _reason(line, options)) for line in bill.lines]
    left_out = tuple(_left_out(line, reason) for line, reason in judged if reason)
    kept = _sorted([line for line, reason in judged if not reason], str(options.get("sortLineItemsBy") or "NONE"))
    parts = [part for line in kept for part in _parts(line, split, bill.currency)]
    target = _rounded(bill.total - sum((left.amount for left in left_out if left.counted), Decimal(0)), bill.currency)
    shares = _shares([part.amount for part in parts], target, bill.currency)
    return LinePlan(
        lines=tuple(_planned(part, share, split, bill.currency) for part, share in zip(parts, shares, strict=True)),
        left_out=left_out,
        target=target,
        notes=tuple(_band_note(line, bill.currency) for line in kept if _has_bands(line, split) and not _bands_agree(line, bill.currency)),
    )


# --- which lines, in which order -----------------------------------------------------------------------------------------------------


def _reason(line: Line, options: Options) -> str:
    """Why the line is left out, "" when it goes."""
    if not line.counted:
        return NOT_COUNTED
    if line.type in (options.get("excludedLineItemTypes") or ()):
        return f"{line.type} lines are excluded by this integration"
    product = line.refs.get("AccountingProduct") or line.refs.get("Product")
    if product and product.id in (options.get("excludedProducts") or ()):
        return f"Product {product.name or product.id} is excluded by this integration"
    for entity in _BY_SPLIT[Split.AGGREGATION]:
        if (found := line.refs.get(entity)) and found.id in (options.get("excludedAggregations") or ()):
            return f"Aggregation {found.name or found.id} is excluded by this integration"
    return ""


def _left_out(line: Line, reason: str) -> LeftOut:
    return LeftOut(line_key=line.key, type=line.type, description=line.description, amount=line.amount, counted=line.counted, reason=reason)


def _sorted(lines: list[Line], by: str) -> list[Line]:
    """In the order that the option asks for, lines without an aggregation last; ties keep the source's order.

    A line that belongs to another, as a discount does, stays below it.
    """
    if by == "SUBTOTAL":
        return _below(sorted(lines, key=lambda line: line.amount))
    if by == "AGGREGATION_ID":
        return _below(sorted(lines, key=lambda line: (not _aggregation(line), _aggregation(line))))
    return _below(lines)


def _below(lines: list[Line]) -> list[Line]:
    keys = {line.key for line in lines}
    belonging: dict[str, list[Line]] = {}
    for line in lines:
        owner = line.referenced_line if line.referenced_line in keys - {line.key} else ""
        belonging.setdefault(owner, []).append(line)
    placed = [each for line in belonging.pop("", []) for each in (line, *belonging.pop(line.key, []))]
    return [*placed, *(line for left in belonging.values() for line in left)]


def _aggregation(line: Line) -> str:
    return next((line.refs[entity].id for entity in _BY_SPLIT[Split.AGGREGATION] if entity in line.refs), "")


def _parts(line: Line, split: Split, currency: str) -> list[_Part]:
    """The line whole, or its bands in band mode."""
    if _has_bands(line, split) and _bands_agree(line, currency):
        return [_band_part(line, band, number) for number, band in enumerate(line.bands, 1)]
    whole = _Part(
        line=line, description=line.description, amount=line.amount, quantity=line.quantity, unit_price=line.unit_price, refs=line.refs
    )
    return [whole]


def _has_bands(line: Line, split: Split) -> bool:
    return split == Split.BAND and line.type == "USAGE" and bool(line.bands)


def _bands_agree(line: Line, currency: str) -> bool:
    """Bands that miss the line's amount by half a minor unit or more leave it whole."""
    return not _rounded(_banded(line) - line.amount, currency)


def _banded(line: Line) -> Decimal:
    return sum((band.amount for band in line.bands), Decimal(0))


def _band_note(line: Line, currency: str) -> str:
    banded, whole = money_text(_banded(line), currency), money_text(line.amount, currency)
    return f"“{line.description}” stays one line: its price bands come to {banded}, the line to {whole}."


def _band_part(line: Line, band: Band, number: int) -> _Part:
    return _Part(
        line=line,
        description=f"{line.description}, band {number}" if len(line.bands) > 1 else line.description,
        amount=band.amount,
        quantity=band.quantity,
        unit_price=band.unit_price,
        band=band,
        refs={**line.refs, "PricingBand": band.ref},
    )


def money_text(amount: Decimal, currency: str) -> str:
    """An amount in a sentence: 1,284.50 USD, with a real minus."""
    return f"{amount:,f} {currency}".replace("-", "−")


# --- with which amounts ----------------------------------------------------------------------------------------------------------------


def _rounded(amount: Decimal, currency: str) -> Decimal:
    """In whole minor units; as it is when the currency is unknown, which the guard refuses."""
    try:
        return round_half_up(amount, currency)
    except ValueError:
        return amount


def _shares(amounts: Sequence[Decimal], target: Decimal, currency: str) -> list[Share]:
    try:
        return share_out(amounts, target, currency)
    except ValueError:
        alone = [_rounded(amount, currency) for amount in amounts]
        return [Share(amount, rounded, rounded, Decimal(0)) for amount, rounded in zip(amounts, alone, strict=True)]


def _planned(part: _Part, share: Share, split: Split, currency: str) -> PlannedLine:
    quantity, rate = quantity_and_rate(part.quantity, part.unit_price, share, currency)
    return PlannedLine(
        line=part.line,
        band=part.band,
        description=part.description,
        entities=(*_BY_SPLIT[split], "AccountingProduct", "Product"),
        refs=part.refs,
        share=share,
        quantity=quantity,
        rate=rate,
    )
