"""What one partner invoices another for a month: the lines of which it is the seller, and what they come to with VAT.

A sum with VAT is that of one document: of what one sold one other in one month the tax of each category is reckoned once, on the
sum of its lines, and a line has its part of that. So over several documents or months the tax is the sum of theirs, which may be
some cents off the tax on all of it together.

What rounding has moved is measured against the largest-remainder division of the exact totals (`domain.money.drift`), not
against these totals themselves: whoever has a cent more or less than that division gives or gets it, by a line of a later month.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain.money import Language, portions_of_vat, vat_of
from domain.words import LANGUAGES, Names
from projections.document import DocumentLine, VatTotal, VatTreatment
from projections.statement_because import Drift
from projections.statement_line import Line
from projections.statement_postings import Kind
from projections.statement_text import text_of

SUPPLIES: Final[frozenset[Kind]] = frozenset({"share-earned", "share-owed", "cost-share", "correction", "true-up"})
"""Kinds of lines that one sells the other; the rest is how they pay, and the tax."""
Category = tuple[str, str, str | None]
"""Code, rate, ground: what is taxed together. A rate above 0 has no ground of its own."""


class Supplied(Struct, frozen=True):
    """What one partner sold another in a month, from the seller's side."""

    seller: str
    buyer: str
    lines: tuple[Line, ...]

    @property
    def totals(self) -> tuple[VatTotal, ...]:
        return totals_of(self.lines)

    @property
    def net_cents(self) -> int:
        return sum(line.cents for line in self.lines)

    @property
    def gross_cents(self) -> int:
        return sum(total.gross_cents for total in self.totals)

    @property
    def is_invoiced(self) -> bool:
        """Whether there is a document of it.

        Nobody sends an invoice over what was booked and taken back in one month, over what was waived, or over the cents of
        rounding alone: where each category comes to nothing without them, the statement alone says all of it.
        """
        return any(total.base_cents for total in totals_of(line for line in self.lines if line.kind != "true-up"))

    @property
    def corrected(self) -> Sequence[str]:
        """The earlier months whose lines are corrected, in order; of rounding alone those up to which it was counted."""
        own = {line.period for line in self.lines}
        months = {line.corrects.partition("/")[0] for line in self.lines if line.corrects} - own
        return sorted(months or {line.because.upto for line in self.lines if isinstance(line.because, Drift)})


def supplied(lines: Iterable[Line], seller: str) -> list[Supplied]:
    """What a partner sold in a month, by buyer in order of id; `lines` are those of its statement.

    Also what there is no document of: one that was issued before nothing was left out still finds its lines.
    """
    by_buyer: dict[str, list[Line]] = {}
    for line in lines:
        if line.kind in SUPPLIES and line.sells:
            by_buyer.setdefault(line.counterparty, []).append(line)
    return [Supplied(seller, buyer, tuple(each)) for buyer, each in sorted(by_buyer.items())]


def category_of(line: Line) -> Category | None:
    """What a line is taxed with; None where no treatment was decided."""
    return (line.vat.code, line.vat.rate, line.vat.ground) if line.vat else None


def totals_of(lines: Iterable[Line]) -> tuple[VatTotal, ...]:
    """By treatment in order, what supplies come to: the tax is reckoned once on each sum."""
    bases: dict[Category | None, int] = {}
    for line in lines:
        if line.kind in SUPPLIES:
            category = category_of(line)
            bases[category] = bases.get(category, 0) + line.cents
    found = (
        VatTotal(
            treatment=VatTreatment(code=category[0], rate=category[1], ground=category[2]) if category else None,
            base_cents=base,
            vat_cents=vat_of(base, category[1]) if category else 0,
        )
        for category, base in bases.items()
    )
    return tuple(sorted(found, key=in_order))


def in_order(total: VatTotal) -> tuple[bool, str, str, str]:
    """The order of totals on every document: undecided first, then by code, rate and ground, each compared as the text it is."""
    of = total.treatment
    return (True, of.code, of.rate, of.ground or "") if of else (False, "", "", "")


def document_lines(
    lines: Sequence[Line], names: Mapping[str, Names | None], numbered: Mapping[str, str] | None = None
) -> tuple[DocumentLine, ...]:
    """Lines as documents print them, each with its part of the tax of its category.

    `names`: of the counterparties. `numbered`: by counterparty, another one to be named, such as oneself on an invoice.
    """
    taxes = dict(_taxes(lines))
    return tuple(_document_line(line, names, taxes.get(n, 0), numbered or {}) for n, line in enumerate(lines))


def _taxes(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """By place, what of its category's tax falls on a line. Sold and bought are taxed apart, and so are counterparties."""
    places: dict[tuple[str, bool, Category], list[int]] = {}
    for n, line in enumerate(lines):
        category = category_of(line)
        if category and line.kind in SUPPLIES:
            places.setdefault((line.counterparty, line.sells, category), []).append(n)
    for (_, _, (_, rate, _)), numbers in places.items():
        yield from zip(numbers, portions_of_vat([lines[n].cents for n in numbers], rate), strict=True)


def _document_line(
    line: Line, names: Mapping[str, Names | None], vat_cents: int, numbered: Mapping[str, str]
) -> DocumentLine:
    counterparty = numbered.get(line.counterparty, line.counterparty)
    name = names.get(counterparty) or Names(fi=counterparty)
    said = names.get(line.counterparty) or Names(fi=line.counterparty)
    return DocumentLine(
        n=line.n,
        occurred_on=line.occurred_on,
        recorded_at=line.recorded_at,
        kind=line.kind,
        counterparty=counterparty,
        counterparty_name=name,
        cents=line.cents,
        vat=VatTreatment(code=line.vat.code, rate=line.vat.rate, ground=line.vat.ground) if line.vat else None,
        vat_cents=vat_cents,
        quantity=line.terms.quantity if line.terms else None,
        unit=line.terms.unit if line.terms else None,
        unit_cents=line.terms.unit_cents if line.terms else None,
        role=line.role,
        clause=line.clause,
        agreement=line.agreement,
        version=line.version,
        project=line.project,
        pathway=line.pathway,
        step=line.step,
        part=line.part,
        entry=line.entry,
        corrects=line.corrects,
        sells=None if line.kind in ("set-off", "payment") else line.sells,
        text={language: _said(line, said, language) for language in LANGUAGES},
        events=line.events,
    )


def _said(line: Line, name: Names, language: Language) -> str:
    return text_of(line, name.best(language), language)
