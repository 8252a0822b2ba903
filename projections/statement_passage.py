"""The statements of all partners for one closed period, written in one passage through the log.

What one statement looks up of the log, each partner of a posting would look up again. In a passage each posting comes once, in the
order of the log, is entered in the books, and gives every partner its lines as the bytes that are digested; of a statement no more
is kept than what its end needs. The books are reckoned apart from the lines, and what does not come to the same is not issued.

Most of a log are divisions of revenue by few clauses: their lines are made of patterns.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from domain.agreements.events import AgreementEnteredIntoForce
from domain.changing import replace
from domain.revenue.events import CostShared
from domain.settlement.events import PaymentTakenBack, PeriodClosed
from domain.vat.events import VatTreatmentDecided
from projections.rows import At, Rows
from projections.statement import partners_stated
from projections.statement_behind import Behind, Keys, Original
from projections.statement_bytes import around_lines
from projections.statement_drawn import ENTRY, PLACE, Drawn, Numbered, Side, Starts
from projections.statement_facts import Reversed, Share, Shared, shares
from projections.statement_forms import Subtotal
from projections.statement_line import Line
from projections.statement_lines import Written, due_to
from projections.statement_postings import Posted, lines_in
from projections.statement_rows import Balance, Closed, Decided, Rule, dispute_days, tacit_approval
from projections.statement_sums import Sums
from projections.statements import Ground, rule_of

PATTERNS_MAX: Final = 20_000
"""Of about a kilobyte each."""
_BITS: Final = 32
_BEGUN_MAX: Final = 256
"""Numbers that wait, of each statement."""
_json = msgspec.json.Encoder().encode


class Passed:
    """What is known of a pathway: where it was agreed, and where its parts were delivered."""

    __slots__ = ("bound", "firsts", "others", "whole")

    def __init__(self) -> None:
        self.bound = 0
        self.firsts = array("Q")
        """Of each step the first part, which mostly is all of it."""
        self.others: dict[int, int] | None = None
        """By step and part as one number."""
        self.whole = False
        """Whether that is all of it: else what is not here may stand in the log."""

    def deliver(self, step: int, part: int, position: int) -> None:
        if part == 1:
            if (missing := step - len(self.firsts)) > 0:
                self.firsts.extend((0,) * missing)
            self.firsts[step - 1] = position
        else:
            self.others = {**(self.others or {}), step << _BITS | part: position}

    def where(self, step: int, part: int) -> tuple[int, ...] | None:
        """As `Behind.pathway` has it; None as long as it is not known."""
        if part == 1:
            delivered = self.firsts[step - 1] if step <= len(self.firsts) else 0
        else:
            delivered = (self.others or {}).get(step << _BITS | part, 0)
        return (delivered, self.bound) if self.whole or (delivered and self.bound) else None


class Divided(Struct, frozen=True):
    """An entry of which something is taken back. What was left of it is said in words alone, which no digest covers."""

    position: int
    fact: Shared | CostShared


class Ended(Struct, frozen=True):
    """One partner's statement, but for the lines of its postings."""

    partner: str
    opening_cents: int
    closing_cents: int
    lines: int
    """Those of VAT too."""
    before: bytes
    """The canonical JSON up to the first line."""
    vat: bytes
    """The lines that follow those of postings, with commas between them."""
    after: bytes
    """The canonical JSON after the last line."""
    dispute_days: int
    tacit_approval: bool
    supplies: Sequence[Line]
    """As `Drawn.supplies` has them."""


class NotInTheLog(LookupError):
    """What is taken back was never recorded: the history is damaged."""

    def __init__(self, thing: str, position: int) -> None:
        super().__init__(f"The log has no {thing}, of which something is taken back at position {position}.")


class DoesNotAddUp(Exception):
    """The lines of a statement come to something else than its sums: the history or this program is damaged."""

    def __init__(self, partner: str, period: str, cents: int, summed_cents: int) -> None:
        super().__init__(
            f"The lines of {partner} for {period} come to {cents} cents, its sums to {summed_cents}; no statement of the period "
            "is issued before the coordinator has found out why: `tasma audit verify` says what is wrong with the log."
        )


class Passage:
    """The statements of one closed period, which the events of the log are given to one after the other."""

    def __init__(self, period: str, starts: Callable[[], Starts]) -> None:
        """`starts`: makes an empty one."""
        self.period, self._new_starts = period, starts
        self.sums = Sums()
        self._rules: dict[Keys, Rule] = {}
        self._decided: dict[Keys, Decided] = {}
        self._rests_on = Behind(
            deliveries={}, pathways={}, rules=self._rules, decided=self._decided, payments={}, originals={}
        )
        self._drawn: dict[str, Drawn] = {}
        self._counted: dict[tuple[str, str], Numbered] = {}
        """By partner and other period."""
        self._patterns: dict[Keys, dict[Keys, tuple[Side, Side]]] = {}
        """By what a posting says of all its lines, and by what a share says beside its cents; the collector's side last."""
        self._made = 0

    def found(self, at: At, fact: Ground) -> None:
        """Take in what statements rest on."""
        self.sums.found(at, fact)
        match fact:
            case AgreementEnteredIntoForce():
                self._rules[fact.agreement, fact.version] = rule_of(fact, at.position)
            case VatTreatmentDecided():
                self._decided[fact.treatment,] = Decided(fact.treatment, at.position)
            case PeriodClosed():
                # Nothing comes to that period any more.
                for (_, period), numbered in self._counted.items():
                    if period == fact.period:
                        numbered.note()
                return
            case _:
                return
        self._forget()

    def count(self, at: At, fact: Posted) -> None:
        """Enter a posting of another period, whose lines may be corrected in this one."""
        self.sums.post(at.position, fact)
        position, period = at.position, fact.period
        postings, due = lines_in(fact)
        hub = postings.hub
        for share in due:
            for partner in (share.partner, hub):
                numbered = self._numbered(partner, period)
                numbered.begin(position)
                numbered.lines += 1
                if len(numbered.begun) >= _BEGUN_MAX:
                    numbered.note()

    def share(self, at: At, fact: Shared, where: tuple[int, ...]) -> None:
        """Enter a division of the period. `where`: as `Behind.pathway` has it.

        Raises ValueError where the shares do not add up to the amount.
        """
        position, hub = at.position, fact.collected_by
        whole = shares(fact.shares)
        self.sums.share(position, fact, whole)
        common = (fact.agreement, fact.version, hub, fact.project, fact.vat)
        patterns = self._patterns.get(common)
        if patterns is None:
            patterns = self._patterns[common] = {}
        entry = ENTRY % (_json(fact.entry), b"%d,%d,%d" % (position, *where))
        place = PLACE % (_json(fact.occurred_on), fact.part, _json(fact.pathway))
        time, step = _json(at.time), fact.step
        for share in whole:
            partner, cents, terms = share.partner, share.cents, share.terms
            if partner == hub or not (cents or share.waived_cents):
                continue
            units = (terms.quantity, terms.unit, terms.unit_cents) if terms and terms.quantity is not None else None
            key = (partner, share.clause, share.role, units)
            for side in patterns.get(key) or self._sides(at, fact, share, where, patterns, key):
                drawn = side.drawn
                n = drawn.lines + 1
                if drawn.newest != position:
                    drawn.newest = position
                    drawn.begun += (position, n)
                drawn.lines = n
                if (levied := side.levied) is not None:
                    levied.base_cents += share.cents
                    levied.newest = side.line
                side.cents += cents
                side.keep(side.pattern % (cents, entry, n, place, time, step))
                cents = -cents  # the collector owes it

    def enter(self, at: At, fact: Posted, where: tuple[int, ...], back: Divided | int | None = None) -> None:
        """Enter any other posting of the period.

        `where`: as `Behind.pathway` has it; `back`: what is taken back, of a payment the position. Raises LookupError where that
        has no line, ValueError where shares do not add up.
        """
        self.sums.post(at.position, fact)
        if isinstance(fact, Reversed):
            self._correct(at, fact, where, back)
            return
        recognised: dict[Keys, int] = {}
        written = Written(at, fact, replace(self._rests_on, recognised=recognised), where)
        for partner, due in written.sides().items():
            if isinstance(fact, PaymentTakenBack):
                if not isinstance(back, int):
                    raise NotInTheLog(fact.payment, at.position)
                first = self._numbered(partner, fact.corrects_period).first(back)
                recognised[fact.payment, fact.corrects] = first
            self._add(partner, at, written, due)

    def _sides(  # noqa: PLR0917 - what a pattern is made of
        self,
        at: At,
        fact: Shared,
        share: Share,
        where: tuple[int, ...],
        patterns: dict[Keys, tuple[Side, Side]],
        key: Keys,
    ) -> tuple[Side, Side]:
        """What the lines of a share have in common with those of others like it."""
        written = Written(at, replace(fact, shares=Raw(_json((share,)))), self._rests_on, where)
        partner, hub = (Side(self._of(each), *written.lines(each, 0, due)) for each, due in written.sides().items())
        if self._made >= PATTERNS_MAX:
            self._forget()
        self._made += 1
        patterns[key] = partner, hub
        return partner, hub

    def _forget(self) -> None:
        """Let go of all patterns: they are made anew as they are needed."""
        for drawn in self._drawn.values():
            drawn.sum_up()
        self._patterns.clear()
        self._made = 0

    def _correct(self, at: At, fact: Reversed, where: tuple[int, ...], divided: Divided | int | None) -> None:
        """What is taken back is another line on each statement."""
        if not isinstance(divided, Divided):
            raise NotInTheLog(fact.entry, at.position)
        postings, due = lines_in(divided.fact)
        originals: dict[str, Original] = {}
        rests_on = replace(self._rests_on, originals=originals)
        for partner in dict.fromkeys([*(share.partner for share in due), postings.hub] if due else ()):
            mine = due_to(partner, postings.hub, due)
            first = self._numbered(partner, divided.fact.period).first(divided.position)
            numbers = {share.clause: n for n, share in enumerate(mine, first)}
            originals[fact.entry] = Original(
                divided.position, divided.fact, {share.clause: share for share in mine}, numbers, ()
            )
            written = Written(at, fact, rests_on, where)
            if back := written.due_to(partner):
                self._add(partner, at, written, back)

    def _add(self, partner: str, at: At, written: Written, due: Sequence[Share]) -> None:
        mine = self._of(partner)
        mine.begin(at.position)
        mine.add(written.lines(partner, mine.lines + 1, due))

    def drain(self, least: int = 1) -> Iterator[tuple[str, bytes]]:
        """Hand over the lines that wait, with commas between them, of each partner of whom there are so many."""
        for partner, drawn in self._drawn.items():
            if len(drawn.waiting) >= least:
                if len(drawn.begun) >= _BEGUN_MAX:
                    drawn.note()
                yield partner, b",".join(drawn.waiting)
                drawn.waiting.clear()

    def ended(self, rows: Rows, cut: int) -> Iterator[Ended]:
        """What each statement ends with, in order of the partners' ids. Raises DoesNotAddUp.

        `rows`: what the sums came to as of the cut.
        """
        closed = next(iter(rows.under(Closed, self.period)), None)
        for partner in partners_stated(rows):
            mine = self._of(partner)
            mine.sum_up()
            mine.add(list(mine.levies.lines(mine.lines, self._rests_on, closed)))
            vat = b",".join(mine.waiting)
            balances = rows.under(Balance, partner)
            balance = next((each for each in balances if each.period == self.period), Balance(partner, self.period))
            if (mine.cents, mine.lines) != (balance.cents, balance.lines + balance.vat_lines):
                raise DoesNotAddUp(partner, self.period, mine.cents, balance.cents)
            opening_cents = sum(each.cents for each in balances if each.period < self.period)
            closing_cents = opening_cents + mine.cents
            subtotals = [Subtotal(counterparty=c, cents=cents) for c, cents in sorted(mine.subtotals.items())]
            before, after = around_lines(partner, self.period, cut, opening_cents, closing_cents, subtotals)
            rules = [self._rules[each] for each in sorted(mine.agreements) if each in self._rules]
            yield Ended(
                partner=partner,
                opening_cents=opening_cents,
                closing_cents=closing_cents,
                lines=mine.lines,
                before=before,
                vat=vat,
                after=after,
                dispute_days=dispute_days(rules),
                tacit_approval=tacit_approval(rules),
                supplies=mine.supplies,
            )

    def _numbered(self, partner: str, period: str) -> Numbered:
        if period == self.period:
            return self._of(partner)
        numbered = self._counted.get((partner, period))
        if numbered is None:
            numbered = self._counted[partner, period] = Numbered(self._new_starts())
        return numbered

    def _of(self, partner: str) -> Drawn:
        drawn = self._drawn.get(partner)
        if drawn is None:
            drawn = self._drawn[partner] = Drawn(self._new_starts())
        return drawn
