"""One passage through the log for all statements of a closed period, in memory that does not grow with the log.

What a line rests on mostly stands not far before it: a pathway that is remembered as it comes by. One that was forgotten is looked up
in the log by its tag, and so is what a correction takes back.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from adapters.kept_starts import KeptStarts
from adapters.projecting.memory import Memory
from adapters.projecting.pages import PageSlices
from adapters.projecting.slices import Fact, type_name
from adapters.projecting.working import CannotDecode, Poison, Working
from application.ports import Log, Unavailable
from domain.kernel import Event, facts
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import CostShared, RevenueShared
from domain.settlement.events import PaymentRecorded, PaymentTakenBack
from projections.rows import At, Projection, Reading, Rows, facts_of, readings_of
from projections.statement_facts import AgreedPathway, DeliveredPart, Reversed, Shared
from projections.statement_passage import Divided, Ended, Passage, Passed
from projections.statement_postings import Posted
from projections.statement_sums import Sums, summed
from projections.statements import Ground, statements

Keep = Callable[[str, bytes], None]
"""Takes the next lines of a partner's statement, with commas between them."""
PATHWAYS_MAX: Final = 10_000
"""Of those that came by last; as many that came before them are remembered too."""
FACTS_EACH: Final = 256
"""Written without a pause: about 3 ms."""
LINES_TOGETHER: Final = 64
"""Of one statement, handed over at a time: of about half a kilobyte each, with 200 partners 6 megabytes wait."""
_SEEN: Final = Posted | AgreedPathway | DeliveredPart | Ground
_FACT: Final = itemgetter(1)
SUMMED: Final = summed()
PASSING: Final = Projection(
    "statement-lines",
    statements.fold,
    statements.tables,
    facts_of(_SEEN),
    readings=readings_of(_SEEN),
)
"""What lines are written from."""


class Pathways:
    """The pathways that came by last."""

    def __init__(self, at_most: int = PATHWAYS_MAX) -> None:
        self._at_most = at_most
        self.newer: dict[str, Passed] = {}
        """Of these `get` would give the same."""
        self._older: dict[str, Passed] = {}

    def get(self, pathway: str) -> Passed:
        """What is known of one; what becomes known of it is written there."""
        known = self.newer.get(pathway)
        if known is None:
            known = self._older.pop(pathway, None) or Passed()
            self.newer[pathway] = known
            if len(self.newer) >= self._at_most:
                self._older, self.newer = self.newer, {pathway: known}
        return known


Held = tuple[At, Any, Passed | None]
"""A posting that waits for what is looked up, with what is known of its pathway."""


class StatementPassages:
    """Everything that a closing says of statements, in the order of the log."""

    def __init__(self, log: Log, period: str, cut: int, *, remembered: int = PATHWAYS_MAX) -> None:
        """`cut`: the position of the closing; `remembered`: pathways."""
        self._log, self._period, self._cut = log, period, cut
        self._summing, self._passing = Working(SUMMED, complete=True), Working(PASSING, complete=True)
        self._looking = Working(statements, complete=True)
        self._pathways = Pathways(remembered)

    async def write(self, keep: Keep) -> Sequence[Ended]:
        """Hand over all lines of postings, and give what each statement ends with.

        Raises Unavailable, Poison where an event cannot be taken in, DoesNotAddUp.
        """
        closing = await self._log.body(self._cut)
        with KeptStarts() as starts:
            passage = Passage(self._period, starts.new)
            slices, position = PageSlices(self._log, PASSING.facts, PASSING.readings), 0
            while position < self._cut:
                found, position = await self._after(self._passing, slices, position)
                for n in range(0, len(found), FACTS_EACH):
                    if held := self._pass(found[n : n + FACTS_EACH], passage):
                        await self._release(held, passage)
                    await asyncio.sleep(0)
                for partner, lines in passage.drain(LINES_TOGETHER):
                    keep(partner, lines)
            for partner, lines in passage.drain():
                keep(partner, lines)
        # Equal before and after: all that was read in between is of one history, and the database was not put back meanwhile.
        if await self._log.body(self._cut) != closing:
            raise Unavailable(f"The log changed while it was read up to position {self._cut}. Ask again in a moment.")
        return list(passage.ended(self._rows(passage.sums), self._cut))

    async def sums(self) -> Rows:
        """The sums of all statements as of the cut. Raises Unavailable when the log does not reach it, Poison as `write`."""
        sums, slices, position = Sums(), PageSlices(self._log, SUMMED.facts, SUMMED.readings), 0
        while position < self._cut:
            found, position = await self._after(self._summing, slices, position)
            for at, fact in found:
                try:
                    if isinstance(fact, Posted):
                        sums.post(at.position, fact)
                    else:
                        sums.found(at, fact)
                except Exception as error:
                    raise self._poison(self._summing, at, fact, error) from error
            await asyncio.sleep(0)
        return self._rows(sums)

    def _rows(self, sums: Sums) -> Memory:
        memory = Memory(sums.projection())
        memory.advance([], self._cut)
        return memory

    async def _after(self, working: Working, slices: PageSlices, position: int) -> tuple[list[tuple[At, Any]], int]:
        """What comes after a position, each event as folds are given it, and how far that goes."""
        part = await slices.after(position)
        if part is None:
            raise Unavailable(f"The log ends at position {position}, before position {self._cut}.")
        if part.to > self._cut:
            part = part.cut(self._cut)
        # Of pages nothing else is given, and that as it is read.
        if working.projection.readings.issuperset(map(type, map(_FACT, part.facts))):
            return part.facts, part.to
        return [(at, self._read(working, at, fact)) for at, fact in part.about(working.projection.facts)], part.to

    def _read(self, working: Working, at: At, fact: Fact) -> Event | Reading:
        """As folds are given it. Raises Poison where it cannot be read."""
        try:
            return working.reading(fact)
        except CannotDecode as error:
            raise self._poison(working, at, fact, error) from None

    def _poison(self, working: Working, at: At, fact: Fact, error: Exception) -> Poison:
        return Poison(working.fault(at.position, type_name(fact), type(error).__name__))

    def _pass(self, found: Sequence[tuple[At, Any]], passage: Passage) -> list[Held]:
        """Enter what comes by; the postings, in order, from the first one on that has to wait for what is not remembered."""
        pathways, period, held = self._pathways, passage.period, list[Held]()
        for at, fact in found:
            kind = type(fact)
            try:
                if kind is DeliveredPart:
                    known = pathways.newer.get(fact.pathway) or pathways.get(fact.pathway)
                    known.deliver(fact.step, fact.part, at.position)
                elif kind is AgreedPathway:
                    pathways.get(fact.pathway).bound = at.position
                elif kind is Shared and fact.period == period:
                    known = pathways.newer.get(fact.pathway) or pathways.get(fact.pathway)
                    where = known.where(fact.step, fact.part)
                    if held or where is None:
                        held.append((at, fact, known))
                    else:
                        passage.share(at, fact, where)
                elif isinstance(fact, Ground):
                    passage.found(at, fact)
                elif fact.period != period:
                    passage.count(at, fact)
                else:
                    held.append((at, fact, pathways.get(fact.pathway) if kind is Reversed and fact.pathway else None))
            except Exception as error:
                raise self._poison(self._passing, at, fact, error) from error
        return held

    async def _release(self, held: Sequence[Held], passage: Passage) -> None:
        """Enter what had to wait."""
        backs = await self._look_up(held)
        for at, fact, known in held:
            where = (known.where(fact.step, fact.part) if known else None) or ()
            try:
                if type(fact) is Shared:
                    passage.share(at, fact, where)
                else:
                    passage.enter(at, fact, where, backs.get(_taken_back(fact)))
            except Exception as error:
                raise self._poison(self._passing, at, fact, error) from error

    async def _look_up(self, held: Sequence[Held]) -> Mapping[str, Divided | int | None]:
        """What was not remembered of pathways; and what is taken back, by what names it."""
        unknown = dict[str, list[Passed]]()
        for _, fact, known in held:
            if known and known.where(fact.step, fact.part) is None:
                unknown.setdefault(fact.pathway, []).append(known)
        if unknown:
            await asyncio.gather(*(self._complete(pathway, those) for pathway, those in unknown.items()))
        backs = {name: fact for _, fact, _ in held if (name := _taken_back(fact))}
        found = await asyncio.gather(*map(self._back, backs.values())) if backs else ()
        return dict(zip(backs, found, strict=True))

    async def _complete(self, pathway: str, those: Sequence[Passed]) -> None:
        """`those`: more than one where it was forgotten in between."""
        history = await self._log.look((facts(PathwayAgreed, StepDelivered, about=pathway),))
        for recorded in history.events:
            fact = self._looking.reading(recorded.data)
            for known in those if recorded.position <= self._cut else ():
                if isinstance(fact, AgreedPathway):
                    known.bound = recorded.position
                elif isinstance(fact, DeliveredPart):
                    known.deliver(fact.step, fact.part, recorded.position)
        for known in those:
            known.whole = True

    async def _back(self, fact: Reversed | PaymentTakenBack) -> Divided | int | None:
        return await (self._divided(fact.entry) if isinstance(fact, Reversed) else self._paid(fact))

    async def _divided(self, entry: str) -> Divided | None:
        history = await self._log.look((facts(RevenueShared, CostShared, about=entry),))
        told = [(each.position, self._looking.reading(each.data)) for each in history.events]
        return next((Divided(p, f) for p, f in told if isinstance(f, Shared | CostShared)), None)

    async def _paid(self, back: PaymentTakenBack) -> int | None:
        history = await self._log.look((facts(PaymentRecorded, about=back.payment),))
        told = [(each.position, self._looking.reading(each.data)) for each in history.events]
        return next((p for p, f in told if isinstance(f, PaymentRecorded) and f.bank_line == back.corrects), None)


def _taken_back(fact: object) -> str:
    """What names that which a posting takes back; nothing for all others."""
    if isinstance(fact, PaymentTakenBack):
        return f"{fact.payment} {fact.corrects}" if fact.posted_cents else ""
    return fact.entry if isinstance(fact, Reversed) else ""
