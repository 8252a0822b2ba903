"""The lines of VAT: one tax on all that one partner sells another in a period under one rate, reckoned on the sum."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from msgspec import Struct

from domain.calendar import first_day, month_after
from domain.money import vat_of
from projections.statement_because import Taxed
from projections.statement_behind import Behind
from projections.statement_books import is_levied
from projections.statement_line import Line, LineVat
from projections.statement_rows import Closed

Category = tuple[str, bool, str, str]
"""Counterparty, whether the partner sells, code, rate: in this order the lines stand."""


class Levied(Struct):
    """What one tax is reckoned on, so far."""

    newest: Line
    base_cents: int
    decisions: set[str]
    numbers: list[int]


class Levies:
    """What is taxed on one statement, line by line as it comes."""

    def __init__(self, *, numbered: bool = True) -> None:
        """`numbered`: whether it is wanted which lines a tax is for; without it no memory grows with them."""
        self._numbered = numbered
        self._categories: dict[Category, Levied] = {}

    def add(self, line: Line) -> None:
        if not (line.vat and line.cents and is_levied(line.vat.rate)):
            return
        levied = self.of(line, line.vat)
        levied.newest = line
        levied.base_cents += line.cents if line.sells else -line.cents
        if self._numbered:
            levied.numbers.append(line.n)

    def of(self, line: Line, vat: LineVat) -> Levied:
        """The tax that a line, taxed so, is part of."""
        category = (line.counterparty, line.sells, vat.code, vat.rate)
        levied = self._categories.get(category)
        if levied is None:
            levied = self._categories[category] = Levied(line, 0, set(), [])
        levied.decisions.add(vat.decision)
        return levied

    def lines(self, n: int, behind: Behind, closed: Closed | None) -> Iterator[Line]:
        """The lines of VAT, after so many others; none where the tax is 0."""
        for (counterparty, sells, code, rate), levied in sorted(self._categories.items()):
            tax_cents = vat_of(levied.base_cents, rate)
            if not tax_cents:
                continue
            n, newest = n + 1, levied.newest
            decisions = sorted({p for decision in levied.decisions for p in behind.decision(decision)})
            yield Line(
                partner=newest.partner,
                period=newest.period,
                n=n,
                occurred_on=first_day(month_after(newest.period)) - timedelta(days=1),
                recorded_at=closed.recorded_at if closed and closed.recorded_at else newest.recorded_at,
                kind="vat",
                counterparty=counterparty,
                cents=tax_cents if sells else -tax_cents,
                role=None,
                clause=f"vat:{code}:{rate}",
                purpose=None,
                terms=None,
                corrects=None,
                agreement=None,
                version=None,
                vat=newest.vat,
                sells=sells,
                project=None,
                pathway=None,
                step=None,
                part=None,
                entry=None,
                because=Taxed(levied.base_cents, tuple(levied.numbers)),
                events=(*((closed.position,) if closed else ()), *decisions),
            )


def vat_lines(lines: Sequence[Line], behind: Behind, closed: Closed | None) -> Iterator[Line]:
    """The lines of VAT that follow from the other lines of a statement."""
    levies = Levies()
    for line in lines:
        levies.add(line)
    return levies.lines(len(lines), behind, closed)
