"""One passage through the log for all statements of a closed period, in memory that does not grow with the log.

What a line rests on mostly stands not far before it: a pathway that is remembered as it comes by. One that was forgotten is looked up
in the log by its tag, and so is what a correction takes back.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from adapters.projecting.memory import Memory
from adapters.projecting.pages import PageSlices
from adapters.projecting.slices import Fact, type_name
from adapters.projecting.working import CannotDecode, Poison, Working
from application.ports import Log, Unavailable
from domain.kernel import Event, facts
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared
from projections.rows import At, Projection, Reading, Rows, facts_of, readings_of
from projections.statement_facts import AgreedPathway, DeliveredPart, Reversed, Shared
from projections.statement_line import Line
from projections.statement_passage import Divided, Passage, Passed
from projections.statement_postings import Posted
from projections.statement_sums import sums_in_memory
from projections.statements import statements

Keep = Callable[[str, Sequence[Line]], None]
"""Takes the next lines of a partner's statement."""
PATHWAYS_MAX: Final = 10_000
"""Of those that came by last; as many that came before them are remembered too."""
FACTS_EACH: Final = 256
"""Written without a pause: about 5 ms."""
SUMS: Final = sums_in_memory()
PASSING: Final = Projection(
    "statement-lines",
    statements.fold,
    statements.tables,
    facts_of(Posted | AgreedPathway | DeliveredPart),
    readings=readings_of(Posted | AgreedPathway | DeliveredPart),
)
"""What lines are written from."""
READINGS: Final = statements.readings


class Pathways:
    """The pathways that came by last."""

    def __init__(self, at_most: int = PATHWAYS_MAX) -> None:
        self._at_most = at_most
        self._newer: dict[str, Passed] = {}
        self._older: dict[str, Passed] = {}

    def get(self, pathway: str) -> Passed:
        """What is known of one; what becomes known of it is written there."""
        known = self._newer.get(pathway)
        if known is None:
            known = self._older.pop(pathway, None) or Passed()
            self._newer[pathway] = known
            if len(self._newer) >= self._at_most:
                self._older, self._newer = self._newer, {pathway: known}
        return known


class StatementPassages:
    """Everything that a closing says of statements: the sums at the cut, then every line in the order of the log."""

    def __init__(self, log: Log, period: str, cut: int, *, remembered: int = PATHWAYS_MAX) -> None:
        """`cut`: the position of the closing; `remembered`: pathways."""
        self._log, self._period, self._cut = log, period, cut
        self._working = Working(statements, complete=True)
        self._pathways = Pathways(remembered)

    async def write(self, keep: Keep) -> Passage:
        """Hand over all lines of postings; what is left to be said is the passage's. Raises Unavailable."""
        closing = await self._log.body(self._cut)
        memory, taken = await self._summed()
        passage = Passage(memory, self._period, taken)
        slices, position = PageSlices(self._log, PASSING.facts, PASSING.readings), 0
        while position < self._cut:
            found, position = await self._after(PASSING, slices, position)
            for n in range(0, len(found), FACTS_EACH):
                postings = self._pass(found[n : n + FACTS_EACH], passage)
                divided = await self._look_up(postings)
                for at, fact, known in postings:
                    where = known.where(fact.step, fact.part) if known else ()
                    back = divided[fact.entry] if type(fact) is Reversed else None
                    for partner, lines in passage.enter(at, fact, where, back):
                        keep(partner, lines)
                await asyncio.sleep(0)
        # Equal before and after: all that was read in between is of one history, and the database was not put back meanwhile.
        if await self._log.body(self._cut) != closing:
            raise Unavailable(f"The log changed while it was read up to position {self._cut}. Ask again in a moment.")
        return passage

    async def sums(self) -> Rows:
        """The sums of all statements as of the cut. Raises Unavailable when the log does not reach it or holds what cannot be read."""
        memory, _ = await self._summed()
        return memory

    async def _summed(self) -> tuple[Memory, Mapping[str, str]]:
        """Fold the sums as of the cut; and the entries that are taken back in the period, with the period of each."""
        memory, taken = Memory(SUMS), dict[str, str]()
        slices = PageSlices(self._log, SUMS.facts, SUMS.readings)
        while memory.position < self._cut:
            found, to = await self._after(SUMS, slices, memory.position)
            try:
                memory.advance(found, to)
            except Poison as poison:
                raise Unavailable(f"As of position {self._cut}: {poison}") from poison
            for _, fact in found:
                if type(fact) is Reversed and fact.period == self._period:
                    taken[fact.entry] = fact.entry_period
            await asyncio.sleep(0)
        return memory, taken

    async def _after(self, wanted: Projection, slices: PageSlices, position: int) -> tuple[list[tuple[At, Any]], int]:
        """What comes after a position, each event as folds are given it, and how far that goes."""
        part = await slices.after(position)
        if part is None:
            raise Unavailable(f"The log ends at position {position}, before position {self._cut}.")
        if part.to > self._cut:
            part = part.cut(self._cut)
        # Of pages nothing else is given, and that as it is read.
        if all(type(fact) in READINGS for _, fact in part.facts):
            return part.facts, part.to
        return [(at, self._read(at, fact)) for at, fact in part.about(wanted.facts)], part.to

    def _read(self, at: At, fact: Fact) -> Event | Reading:
        """As folds are given it. Raises Unavailable where it cannot be read."""
        try:
            return self._working.reading(fact)
        except CannotDecode:
            fault = self._working.fault(at.position, type_name(fact), CannotDecode.__name__)
            raise Unavailable(f"As of position {self._cut}: {fault.sentence}") from None

    def _pass(self, found: Sequence[tuple[At, Any]], passage: Passage) -> list[tuple[At, Any, Passed | None]]:
        """Remember what comes by; the postings among it that give lines, each with what is known of its pathway."""
        pathways, postings = self._pathways, list[tuple[At, Any, Passed | None]]()
        for at, fact in found:
            kind = type(fact)
            if kind is DeliveredPart:
                pathways.get(fact.pathway).deliver(fact.step, fact.part, at.position)
            elif kind is AgreedPathway:
                pathways.get(fact.pathway).bound = at.position
            elif fact.period != passage.period:
                passage.count(fact)
            else:
                of_pathway = (kind is Shared or kind is Reversed) and fact.pathway is not None
                postings.append((at, fact, pathways.get(fact.pathway) if of_pathway else None))
        return postings

    async def _look_up(self, postings: Sequence[tuple[At, Any, Passed | None]]) -> Mapping[str, Divided]:
        """What was not remembered of pathways; and what is taken back, by entry."""
        unknown = dict[str, list[Passed]]()
        for _, fact, known in postings:
            if known and not known.knows(fact.step, fact.part):
                unknown.setdefault(fact.pathway, []).append(known)
        if unknown:
            await asyncio.gather(*(self._complete(pathway, those) for pathway, those in unknown.items()))
        entries = dict.fromkeys(fact.entry for _, fact, _ in postings if type(fact) is Reversed)
        divided = await asyncio.gather(*map(self._divided, entries)) if entries else ()
        return dict(zip(entries, divided, strict=True))

    async def _complete(self, pathway: str, those: Sequence[Passed]) -> None:
        """`those`: more than one where it was forgotten in between."""
        history = await self._log.look((facts(PathwayAgreed, StepDelivered, about=pathway),))
        for recorded in history.events:
            fact = self._working.reading(recorded.data)
            for known in those if recorded.position <= self._cut else ():
                if isinstance(fact, AgreedPathway):
                    known.bound = recorded.position
                elif isinstance(fact, DeliveredPart):
                    known.deliver(fact.step, fact.part, recorded.position)
        for known in those:
            known.whole = True

    async def _divided(self, entry: str) -> Divided:
        history = await self._log.look((facts(RevenueShared, CostShared, RevenueReversed, about=entry),))
        told = [(each.position, self._working.reading(each.data)) for each in history.events]
        backs = [(p, f) for p, f in told if isinstance(f, Reversed) and p <= self._cut]
        for position, fact in told:
            if isinstance(fact, Shared | CostShared):
                return Divided(position, fact, backs)
        raise LookupError(f"The log has no entry {entry}, of which something is taken back in {self._period}.")
