"""Folds of read models up to a position: of the history that the log holds now, few at a time, and only while somebody waits.

What is kept of earlier folds is compared with the log before it is used: the database under a running process may have been
restored from a backup and have grown anew since.
"""

import asyncio
from collections import OrderedDict, defaultdict

from msgspec import Struct

from adapters.projecting.memory import Memory
from adapters.projecting.pages import PageSlices
from adapters.projecting.working import Poison
from application.ports import Log, Overloaded, Unavailable
from application.tree import leaf_hash
from projections.rows import Projection

MEMORIES_MAX = 4
FOLDS_MAX = 2
"""Folds at a time: each holds a whole read model and reads with up to two connections, the one that reads ahead included."""
WAITING_MAX = 16
"""Folds of one projection that may wait for their turn."""
REST_SECONDS_MAX = 0.02
_NOTHING = leaf_hash(b"")
"""The mark of position 0, at which no event is."""


class _Kept(Struct, frozen=True):
    memory: Memory
    mark: bytes
    """What tells its history from others: the hash of the last event's stored bytes. Id and time of an event are its own, and
    nothing is inserted before it, so equal bytes there are equal bytes up to there."""


class _Fold:
    """A fold that is under way or waits for its turn, and how many wait for it."""

    __slots__ = ("askers", "task")

    def __init__(self, task: asyncio.Task[Memory]) -> None:
        self.task = task
        self.askers = 0


_Wanted = tuple[str, int, bytes]
"""Projection, position and mark: who asks after the history has changed never joins a fold of the old one."""


class Folds:
    """The folds of one log. For one event loop at a time.

    Of one projection there is one fold at a time: the next can go on from it, and a projection that everybody may ask leaves
    room for the others. A kept one costs a question one look-up of an event by its position.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._kept: OrderedDict[tuple[str, int], _Kept] = OrderedDict()
        """The one that was used last comes last."""
        self._under_way: dict[_Wanted, _Fold] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # lets in whoever asked first
        self._places = asyncio.Semaphore(FOLDS_MAX)

    async def upto(self, projection: Projection, position: int) -> Memory:
        """Fold from the log's beginning, or from the nearest of the few kept.

        Raises Unavailable when the log does not reach that far, changes meanwhile or holds a poison event for a projection
        that halts; Overloaded when too many folds of this projection wait already.
        """
        key, mark = (projection.name, position), await self._mark(position)
        kept = self._kept.get(key)
        if kept and kept.mark == mark:
            self._kept.move_to_end(key)
            return kept.memory
        self._kept.pop(key, None)
        if mark is None:
            raise await self._missing(position)
        wanted = (*key, mark)
        fold = self._under_way.get(wanted)
        if fold is None or fold.task.done():
            fold = self._begin(projection, wanted)
        fold.askers += 1
        try:
            # Several may wait for one fold; who goes away does not take it from the others.
            await asyncio.wait((fold.task,))
        finally:
            fold.askers -= 1
            if not fold.askers and not fold.task.done():
                self._forget(wanted, fold)  # at once: whoever comes while it ends begins anew
                fold.task.cancel()
        return fold.task.result()

    def _begin(self, projection: Projection, wanted: _Wanted) -> _Fold:
        same = [fold for (name, *_), fold in self._under_way.items() if name == projection.name]
        if len(same) > WAITING_MAX:
            raise Overloaded(sum(fold.askers for fold in same))
        _, position, mark = wanted
        fold = self._under_way[wanted] = _Fold(asyncio.create_task(self._in_turn(projection, position, mark)))

        def ended(task: asyncio.Task[Memory]) -> None:
            self._forget(wanted, fold)
            if not task.cancelled():
                task.exception()  # who waits raises it; when nobody does any more, it is nobody's

        fold.task.add_done_callback(ended)
        return fold

    def _forget(self, wanted: _Wanted, fold: _Fold) -> None:
        if self._under_way.get(wanted) is fold:
            del self._under_way[wanted]

    async def _in_turn(self, projection: Projection, position: int, mark: bytes) -> Memory:
        async with self._turns[projection.name], self._places:
            memory = await self._fold(projection, position)
            # Equal before and after: all that was read in between, and what it began with, is of this history.
            if await self._mark(position) != mark:
                raise Unavailable(
                    f"The log changed while it was folded up to position {position}. Ask again in a moment."
                )
        self._kept[projection.name, position] = _Kept(memory, mark)
        while len(self._kept) > MEMORIES_MAX:
            self._kept.popitem(last=False)
        return memory

    async def _fold(self, projection: Projection, upto: int) -> Memory:
        memory = await self._nearest(projection, upto)
        slices, clock = PageSlices(self._log, projection.facts, projection.readings), asyncio.get_running_loop().time
        while memory.position < upto:
            began = clock()
            part = await slices.after(memory.position)
            if part is None:
                raise Unavailable(f"The log ends at position {memory.position}, before position {upto}.")
            facts = part.about(projection.facts)
            if part.to > upto:
                facts = [(at, fact) for at, fact in facts if at.position <= upto]
            try:
                memory.advance(facts, min(part.to, upto))
            except Poison as poison:
                raise Unavailable(f"As of position {upto}: {poison}") from poison
            if memory.position < upto:
                # As long as it took: what is live has several turns of the loop to itself between two slices, not one.
                await asyncio.sleep(min(clock() - began, REST_SECONDS_MAX))
        return memory

    async def _nearest(self, projection: Projection, upto: int) -> Memory:
        """Where a fold begins. Whoever asks as of one month's end after the other folds each event once."""
        before = [(at, kept) for (name, at), kept in self._kept.items() if name == projection.name and at < upto]
        for at, kept in sorted(before, key=lambda each: each[0], reverse=True):
            if await self._mark(at) == kept.mark:
                return kept.memory.copy()
            if self._kept.get((projection.name, at)) is kept:
                del self._kept[projection.name, at]
        return Memory(projection)

    async def _mark(self, position: int) -> bytes | None:
        """What tells the log's history up to a position from others; None where it has no event there."""
        if not position:
            return _NOTHING
        body = await self._log.body(position)
        return None if body is None else leaf_hash(body)

    async def _missing(self, position: int) -> Unavailable:
        head = (await self._log.head()).position
        if head < position:
            return Unavailable(f"The log ends at position {head}, before position {position}.")
        return Unavailable(
            f"The log has no event at position {position}: `tasma audit verify` says what is wrong with it."
        )
