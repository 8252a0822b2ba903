"""One partner's statement as far as it is written: its sums, where the lines of each posting begin, and lines that wait.

Most lines of a statement differ from others in few places. So of what shares of one clause give a partner one line is written as
any other is, and becomes the pattern of those that follow.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from domain.changing import replace
from projections.invoicing import SUPPLIES
from projections.statement_because import Drift
from projections.statement_behind import Keys
from projections.statement_books import is_levied
from projections.statement_bytes import bytes_of, pattern_of
from projections.statement_line import Line
from projections.statement_vat import Levied, Levies

_VARYING: Final = {
    "cents": b"%d",
    "entry": b"%b",
    "n": b"%d",
    "occurred_on": b"%b",
    "part": b"%d",
    "pathway": b"%b",
    "recorded_at": b"%b",
    "step": b"%d",
}
"""In what lines of one pattern differ, beside the events that come first."""
ENTRY, PLACE = b'"entry":%b,"events":[%b', b'"occurred_on":%b,"part":%d,"pathway":%b'
"""What stands side by side there, and is the same in all lines of a posting."""
_OWN_EVENTS: Final = 3


class Starts(Protocol):
    """Where the lines begin on one partner's statement, posting by posting."""

    def add(self, begun: Sequence[int]) -> None:
        """After those before: the position of a posting, the number of the first line from it, and so on for each posting."""

    def first(self, position: int) -> int:
        """The number of the first line from a posting. Raises LookupError where it gave none."""


class Numbered:
    """The lines of one partner's period, as far as they are counted."""

    __slots__ = ("begun", "lines", "newest", "starts")

    def __init__(self, starts: Starts) -> None:
        self.lines, self.newest, self.starts = 0, 0, starts
        self.begun: list[int] = []
        """What `starts` are not told yet."""

    def begin(self, position: int) -> None:
        """From the next line on they are those of a posting."""
        if position != self.newest:
            self.newest = position
            self.begun += (position, self.lines + 1)

    def note(self) -> None:
        """Tell where lines begin."""
        self.starts.add(self.begun)
        self.begun.clear()

    def first(self, position: int) -> int:
        """The number of the first line from a posting. Raises LookupError where it gave none."""
        self.note()
        return self.starts.first(position)


class Drawn(Numbered):
    """One partner's statement as far as it is written."""

    __slots__ = ("_supplies", "agreements", "cents", "levies", "sides", "subtotals", "waiting")

    def __init__(self, starts: Starts) -> None:
        super().__init__(starts)
        self.cents = 0
        self.subtotals: dict[str, int] = {}
        self.levies = Levies(numbered=False)
        self.agreements: set[tuple[str, int]] = set()
        self.waiting: list[bytes] = []
        """Lines that nobody has taken yet."""
        self.sides: list[Side] = []
        """What they come to is not summed up yet."""
        self._supplies: dict[Keys, Line] = {}
        """What the partner sold: of lines that differ in nothing that an invoice sums up one, with the cents of all."""

    def add(self, lines: Sequence[Line]) -> None:
        self.lines += len(lines)
        for line in lines:
            self._sum(line, line.cents)
            if line.vat and line.kind != "vat":
                self.levies.add(line)
            self.waiting.append(bytes_of(line))
        self.rest_on(lines)

    def rest_on(self, lines: Sequence[Line]) -> None:
        """Take note of the agreement behind some lines."""
        if lines and lines[0].agreement and lines[0].version:
            self.agreements.add((lines[0].agreement, lines[0].version))

    def sum_up(self) -> None:
        for side in self.sides:
            self._sum(side.line, side.cents)
        self.sides.clear()

    @property
    def supplies(self) -> tuple[Line, ...]:
        """Lines of which `projections.invoicing.supplied` makes the same sums as of all that were added."""
        return tuple(self._supplies.values())

    def _sum(self, line: Line, cents: int) -> None:
        counterparty = line.counterparty
        self.cents += cents
        self.subtotals[counterparty] = self.subtotals.get(counterparty, 0) + cents
        if line.sells and line.kind in SUPPLIES:
            upto = line.because.upto if isinstance(line.because, Drift) else None
            corrected = line.corrects.partition("/")[0] if line.corrects else None
            key = (counterparty, line.kind, line.vat, line.agreement, line.version, corrected, upto)
            before = self._supplies.get(key)
            self._supplies[key] = replace(line, cents=cents + (before.cents if before else 0))


class Side:
    """What all lines have in common that the shares of one clause give a partner, or the collector."""

    __slots__ = ("cents", "drawn", "keep", "levied", "line", "pattern")

    def __init__(self, drawn: Drawn, line: Line) -> None:
        """`line`: one of them, whose events are the posting, the delivery, the pathway, and what all have in common."""
        self.drawn, self.line, self.cents, self.keep = drawn, line, 0, drawn.waiting.append
        same = b"".join(b",%d" % position for position in line.events[_OWN_EVENTS:])
        pattern = pattern_of(line, {**_VARYING, "events": b"[%b" + same + b"]"})
        self.pattern = pattern.replace(ENTRY, b"%b").replace(PLACE, b"%b")
        taxed = line.vat is not None and is_levied(line.vat.rate)
        self.levied: Levied | None = drawn.levies.of(line, line.vat) if taxed and line.vat else None
        drawn.rest_on((line,))
        drawn.sides.append(self)
