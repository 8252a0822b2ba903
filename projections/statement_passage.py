"""The statements of all partners for one closed period, written in one passage through the log.

What one statement looks up of the log, each partner of a posting would look up again. In a passage each posting comes once, in the
order of the log, and gives every partner its lines; of a statement no more is kept than what its end needs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain.changing import replace
from domain.revenue.events import CostShared
from projections.rows import At, Rows
from projections.statement import partners_stated
from projections.statement_behind import Behind, Original
from projections.statement_bytes import around_lines
from projections.statement_facts import Reversed, Share, Shared
from projections.statement_forms import Subtotal
from projections.statement_line import Line
from projections.statement_lines import Written, due_to
from projections.statement_postings import Posted, lines_in
from projections.statement_rows import Balance, Closed, Decided, Rule, dispute_days, tacit_approval
from projections.statement_vat import Levies

_BITS: Final = 32


class Passed(Struct, gc=False):
    """What is known of a pathway: where it was agreed, and where its parts were delivered."""

    bound: int = 0
    parts: dict[int, int] = {}
    """By step and part as one number: of numbers alone, so that the garbage collector passes by."""
    whole: bool = False
    """Whether that is all of it: else what is not here may stand in the log."""

    def deliver(self, step: int, part: int, position: int) -> None:
        self.parts[step << _BITS | part] = position

    def knows(self, step: int, part: int) -> bool:
        return self.whole or (self.bound > 0 and step << _BITS | part in self.parts)

    def where(self, step: int, part: int) -> tuple[int, ...]:
        """As `Behind.pathway` has it."""
        return self.parts.get(step << _BITS | part, 0), self.bound


class Divided(Struct, frozen=True):
    """An entry of which something is taken back."""

    position: int
    fact: Shared | CostShared
    reversals: Sequence[tuple[int, Reversed]]
    """All of them up to the cut, each with its position, in order."""


class _Drawn(Struct):
    """One partner's statement as far as it is written."""

    opening_cents: int
    levies: Levies
    lines: int = 0
    cents: int = 0
    subtotals: dict[str, int] = {}
    agreements: set[tuple[str, int]] = set()

    def add(self, lines: Sequence[Line]) -> None:
        subtotals = self.subtotals
        self.lines += len(lines)
        for line in lines:
            self.cents += line.cents
            subtotals[line.counterparty] = subtotals.get(line.counterparty, 0) + line.cents
            if line.vat and line.kind != "vat":
                self.levies.add(line)
        if lines and lines[0].agreement and lines[0].version:
            self.agreements.add((lines[0].agreement, lines[0].version))


class Ended(Struct, frozen=True):
    """One partner's statement, but for the lines of its postings."""

    partner: str
    opening_cents: int
    closing_cents: int
    lines: int
    """Those of VAT too."""
    before: bytes
    """The canonical JSON up to the first line."""
    vat: Sequence[Line]
    """The lines that follow those of postings."""
    after: bytes
    """The canonical JSON after the last line."""
    dispute_days: int
    tacit_approval: bool


class DoesNotAddUp(Exception):
    """The lines of a statement come to something else than its sums: the history or this program is damaged."""

    def __init__(self, partner: str, period: str, cents: int, summed_cents: int) -> None:
        super().__init__(
            f"The lines of {partner} for {period} come to {cents} cents, its sums to {summed_cents}; no statement of the period "
            "is issued before the coordinator has found out why: `tasma audit verify` says what is wrong with the log."
        )


class Passage:
    """The statements of one closed period."""

    def __init__(self, rows: Rows, period: str, taken: Mapping[str, str]) -> None:
        """`rows`: the sums as of the cut; `taken`: the entries that are taken back in the period, and the period of each."""
        self._rows, self.period, self._taken = rows, period, taken
        self._rests_on = Behind(
            deliveries={},
            pathways={},
            rules={(each.agreement, each.version): each for each in rows.under(Rule)},
            decided={(each.treatment,): each for each in rows.under(Decided)},
            payments={},
            originals={},
        )
        self._counted = {*taken.values()} - {period}
        """The other periods whose lines are numbered."""
        self._numbers: dict[tuple[str, str], int] = {}
        """By partner and other period, of the last line."""
        self._firsts: dict[str, Mapping[str, int]] = {}
        """By entry that is taken back, of each partner the number of its first line there."""
        self._drawn: dict[str, _Drawn] = {}

    def count(self, fact: Posted) -> None:
        """Take note of a posting of another period, whose lines may be corrected in this one."""
        if fact.period not in self._counted:
            return
        postings, due = lines_in(fact)
        firsts: dict[str, int] = {}
        for partner in dict.fromkeys([*(share.partner for share in due), postings.hub] if due else ()):
            key = (partner, fact.period)
            firsts[partner] = self._numbers.get(key, 0) + 1
            self._numbers[key] = firsts[partner] - 1 + len(due_to(partner, postings.hub, due))
        if isinstance(fact, Shared | CostShared) and fact.entry in self._taken:
            self._firsts[fact.entry] = firsts

    def enter(
        self, at: At, fact: Posted, where: tuple[int, ...], divided: Divided | None = None
    ) -> Iterator[tuple[str, Sequence[Line]]]:
        """The lines that a posting of the period gives each partner.

        `where`: as `Behind.pathway` has it; `divided`: what is taken back.
        """
        if isinstance(fact, Reversed) and divided:
            yield from self._corrected(at, fact, where, divided)
            return
        written = Written(at, fact, self._rests_on, where)
        sides = written.sides()
        if isinstance(fact, Shared | CostShared) and fact.entry in self._taken:
            self._firsts[fact.entry] = {partner: self._of(partner).lines + 1 for partner in sides}
        for partner, due in sides.items():
            yield partner, self._added(partner, written, due)

    def _corrected(
        self, at: At, fact: Reversed, where: tuple[int, ...], divided: Divided
    ) -> Iterator[tuple[str, Sequence[Line]]]:
        """What is taken back is another line on each statement."""
        postings, due = lines_in(divided.fact)
        for partner, first in self._firsts[fact.entry].items():
            mine = due_to(partner, postings.hub, due)
            numbers = {share.clause: n for n, share in enumerate(mine, first)}
            original = Original(
                divided.position, divided.fact, {share.clause: share for share in mine}, numbers, divided.reversals
            )
            rests_on = replace(self._rests_on, originals={fact.entry: original})
            written = Written(at, fact, rests_on, where)
            if back := written.due_to(partner):
                yield partner, self._added(partner, written, back)

    def _added(self, partner: str, written: Written, due: Sequence[Share]) -> Sequence[Line]:
        mine = self._of(partner)
        lines = written.lines(partner, mine.lines + 1, due)
        mine.add(lines)
        return lines

    def ended(self, cut: int) -> Iterator[Ended]:
        """What each statement ends with, in order of the partners' ids. Raises DoesNotAddUp."""
        closed = next(iter(self._rows.under(Closed, self.period)), None)
        for partner in partners_stated(self._rows):
            mine = self._of(partner)
            vat = list(mine.levies.lines(mine.lines, self._rests_on, closed))
            mine.add(vat)
            balance = next(iter(self._rows.under(Balance, partner, self.period)), Balance(partner, self.period))
            if (mine.cents, mine.lines) != (balance.cents, balance.lines + balance.vat_lines):
                raise DoesNotAddUp(partner, self.period, mine.cents, balance.cents)
            closing_cents = mine.opening_cents + mine.cents
            subtotals = [Subtotal(counterparty=c, cents=cents) for c, cents in sorted(mine.subtotals.items())]
            before, after = around_lines(partner, self.period, cut, mine.opening_cents, closing_cents, subtotals)
            rules = [self._rests_on.rules[each] for each in sorted(mine.agreements) if each in self._rests_on.rules]
            yield Ended(
                partner=partner,
                opening_cents=mine.opening_cents,
                closing_cents=closing_cents,
                lines=mine.lines,
                before=before,
                vat=vat,
                after=after,
                dispute_days=dispute_days(rules),
                tacit_approval=tacit_approval(rules),
            )

    def _of(self, partner: str) -> _Drawn:
        drawn = self._drawn.get(partner)
        if drawn is None:
            balances = self._rows.under(Balance, partner)
            opening_cents = sum(each.cents for each in balances if each.period < self.period)
            drawn = self._drawn[partner] = _Drawn(opening_cents, Levies(numbered=False))
        return drawn
