"""An account as things happened, not as they were booked: a late fact stands in its own month.

What is booked does not change by that, and so each cent keeps its place on a document: VAT is not reckoned anew on other sums but
divided among the lines it was booked for, and moves with them. Therefore a closing is always the next opening, and with nothing
late every figure is the booked one.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import asdict

from domain.calendar import first_day, month_after
from domain.changing import replace
from domain.kernel import Refused
from domain.money import Language, portions_of_vat
from domain.words import LANGUAGES, Names, Period
from projections.rows import Rows
from projections.statement_books import is_levied
from projections.statement_forms import Subtotal, line_form_2
from projections.statement_line import Line, StatementLine
from projections.statement_lines import lines_of
from projections.statement_rows import Balance, Network, Organisation
from projections.statement_text import text_of
from projections.words import AskedAsOf, ClosingCents, Constructed, LogPosition, NetworkName, PartnerId, WholeCents

_VAT_OF_ONE: Mapping[Language, str] = {
    "fi": "Arvonlisävero {rate} % rivistä {lines}: osuus siitä verosta, joka rivin mukana on kirjattu.",
    "sv": "Moms {rate} % på rad {lines}: den del av skatten som har bokförts med raden.",
    "en": "VAT of {rate} % on line {lines}: its part of the tax that was booked with it.",
}
_VAT_OF_SEVERAL: Mapping[Language, str] = {
    "fi": "Arvonlisävero {rate} % riveistä {lines}: osuudet siitä verosta, joka rivien mukana on kirjattu.",
    "sv": "Moms {rate} % på raderna {lines}: de delar av skatten som har bokförts med raderna.",
    "en": "VAT of {rate} % on the lines {lines}: their parts of the tax that was booked with them.",
}


class EndsBeforeItsMonth(Refused):
    def __init__(self, effective: date, period: str) -> None:
        super().__init__(
            f"{effective} lies before {period}, of which nothing had happened by then; ask for the statement of an earlier month."
        )


class Placed(Struct, frozen=True):
    """A line, and its part of the tax that was booked for it."""

    line: Line
    vat_cents: int
    """Positive: due to the partner."""

    @property
    def cents(self) -> int:
        return self.line.cents + self.vat_cents


class EffectiveLine(StatementLine, frozen=True, kw_only=True):
    """A line of a statement by days of happening. Of VAT there is one line for each counterparty, direction, code and rate."""

    booked: str | None
    """The period in whose books it stands and its number there, `2019-04/7`; null of VAT."""
    vat_cents: WholeCents
    """Its part of the tax; 0 of a line of VAT, which is the sum of them."""


class EffectiveStatement(Struct, frozen=True, kw_only=True):
    """What had happened in a month up to a day, as it was known at a position. No document says so, and it has no digest."""

    network: NetworkName
    constructed: Constructed
    partner: PartnerId
    period: Period
    effective: date
    """The day up to which things had happened, in Helsinki."""
    position: LogPosition
    as_of: AskedAsOf
    state: Literal["effective"]
    """Always `effective`: it has no states of a booked statement."""
    opening_cents: WholeCents
    """All that had happened before the month, tax included, whenever it was booked."""
    closing_cents: ClosingCents
    lines: tuple[EffectiveLine, ...]
    """In order of the day, then of the books."""
    subtotals: tuple[Subtotal, ...]
    """What the lines with each counterparty come to, in order of id."""


class EffectiveAccount(Struct, frozen=True, kw_only=True):
    """What the rows hold of it: its figures, not yet its words."""

    network: str
    constructed: bool
    partner: str
    period: str
    effective: date
    opening_cents: int
    closing_cents: int
    lines: tuple[Placed, ...]
    names: Mapping[str, Names | None]
    """Of the counterparties."""

    def statement(self, position: int, as_of: int | None) -> EffectiveStatement:
        """The account in words."""
        lines = [self._said(n, placed) for n, placed in enumerate(self.lines, 1)]
        lines += self._taxes()
        sums: dict[str, int] = {}
        for line in lines:
            sums[line.counterparty] = sums.get(line.counterparty, 0) + line.cents
        return EffectiveStatement(
            network=self.network,
            constructed=self.constructed,
            partner=self.partner,
            period=self.period,
            effective=self.effective,
            position=position,
            as_of=as_of,
            state="effective",
            opening_cents=self.opening_cents,
            closing_cents=self.closing_cents,
            lines=tuple(lines),
            subtotals=tuple(Subtotal(counterparty=c, cents=cents) for c, cents in sorted(sums.items())),
        )

    def _said(self, n: int, placed: Placed) -> EffectiveLine:
        line, name = placed.line, self.names[placed.line.counterparty]
        return EffectiveLine(
            **{**asdict(line_form_2(line)), "n": n},
            text={
                language: text_of(line, name.best(language) if name else line.counterparty, language)
                for language in LANGUAGES
            },
            booked=f"{line.period}/{line.n}",
            vat_cents=placed.vat_cents,
        )

    def _taxes(self) -> Iterator[EffectiveLine]:
        categories: dict[tuple[str, bool, str, str], list[tuple[int, Placed]]] = {}
        for n, placed in enumerate(self.lines, 1):
            if placed.line.vat and placed.vat_cents:
                categories.setdefault(_category(placed.line), []).append((n, placed))
        n = len(self.lines)
        for (_, _, code, rate), taxed in sorted(categories.items()):
            if cents := sum(placed.vat_cents for _, placed in taxed):
                n += 1
                numbers = ", ".join(str(number) for number, _ in taxed)
                texts = _VAT_OF_ONE if len(taxed) == 1 else _VAT_OF_SEVERAL
                newest = max((placed.line for _, placed in taxed), key=_recorded)
                blank = replace(
                    newest, cents=cents, kind="vat", clause=f"vat:{code}:{rate}", occurred_on=self._last_day
                )
                said = replace(line_form_2(_bare(blank)), n=n)
                yield EffectiveLine(
                    **asdict(said),
                    text={each: texts[each].format(rate=rate, lines=numbers) for each in LANGUAGES},
                    booked=None,
                    vat_cents=0,
                )

    @property
    def _last_day(self) -> date:
        return min(self.effective, _end(self.period))


def account_effective(rows: Rows, partner: str, period: str, effective: date) -> EffectiveAccount | None:
    """What happened in a month up to a day; None where there is no account (see `account_of`).

    Nothing is booked before its own month: of the months before this one the sums are enough, and only what is booked in it and
    later has to be looked through. Raises EndsBeforeItsMonth.
    """
    first = first_day(period)
    if effective < first:
        raise EndsBeforeItsMonth(effective, period)
    network = next(iter(rows.under(Network)), None)
    balances = rows.under(Balance, partner)
    organisations = {o.organisation: o for o in rows.under(Organisation)}
    placed = placed_from(rows, partner, period)
    known = partner in organisations and organisations[partner].partner
    if not rows.complete() or network is None or period < network.first_period or not (known or balances):
        return None
    upto = min(effective, _end(period))
    before = [each for each in placed if each.line.occurred_on < first]
    lines = sorted((each for each in placed if first <= each.line.occurred_on <= upto), key=_happened)
    opening = sum(b.cents for b in balances if b.period < period) + sum(each.cents for each in before)
    counterparties = sorted({each.line.counterparty for each in lines})
    return EffectiveAccount(
        network=network.network,
        constructed=network.constructed,
        partner=partner,
        period=period,
        effective=effective,
        opening_cents=opening,
        closing_cents=opening + sum(each.cents for each in lines),
        lines=tuple(lines),
        names={c: organisations[c].name if c in organisations else None for c in counterparties},
    )


def placed_from(rows: Rows, partner: str, period: str) -> list[Placed]:
    """What is booked in a month and later, each line with its part of the tax; nothing as long as not all is known."""
    later = [b.period for b in rows.under(Balance, partner) if b.period >= period]
    return [placed for month in later for placed in _placed(lines_of(rows, partner, month))]


def _placed(lines: Sequence[Line]) -> Iterator[Placed]:
    """The lines of one booked period but those of VAT, whose cents are divided among the lines they are for."""
    taxed: dict[tuple[str, bool, str, str], list[Line]] = {}
    for line in lines:
        if line.kind != "vat" and line.vat and line.cents and is_levied(line.vat.rate):
            taxed.setdefault(_category(line), []).append(line)
    parts: dict[int, int] = {}
    for (_, _, _, rate), those in taxed.items():
        portions = portions_of_vat([line.cents for line in those], rate)
        parts.update({line.n: cents for line, cents in zip(those, portions, strict=True)})
    return (Placed(line, parts.get(line.n, 0)) for line in lines if line.kind != "vat")


def _category(line: Line) -> tuple[str, bool, str, str]:
    if line.vat is None:
        raise AssertionError(f"Line {line.n} of {line.partner} {line.period} is under no tax.")
    return line.counterparty, line.sells, line.vat.code, line.vat.rate


def _bare(line: Line) -> Line:
    """What a line of VAT has of the newest line that it is for: who, how taxed, and the events behind that."""
    return replace(
        line,
        role=None,
        purpose=None,
        terms=None,
        corrects=None,
        agreement=None,
        version=None,
        project=None,
        pathway=None,
        step=None,
        part=None,
        entry=None,
    )


def _end(period: str) -> date:
    return date.fromordinal(first_day(month_after(period)).toordinal() - 1)


def _happened(placed: Placed) -> tuple[date, int, int]:
    return placed.line.occurred_on, placed.line.events[0], placed.line.n


def _recorded(line: Line) -> tuple[datetime, int]:
    return line.recorded_at, line.n
