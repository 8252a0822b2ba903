"""The log of one network in memory: the same bytes, conditions, times and limits as in PostgreSQL, gone with the process."""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from msgspec import Struct

from application.envelope import PAGE_EVENTS, Entropy, Recorded, decode, encode, placed
from application.ports import (
    ClockAhead,
    ClockBehind,
    CommandIdReused,
    Decision,
    Head,
    History,
    Outcome,
    OutOfStep,
    Placed,
    Raced,
)
from domain.kernel import Asked, Boundary, Criterion, Event, name_of
from domain.network.events import NetworkFounded

DECODED_MAX = 4_096
"""Events that need not be decoded again: boundaries ask for the same ones over and over."""
_TICK = timedelta(microseconds=1)
_TOLERANCE = timedelta(seconds=2)
_CONSTRUCTED_TOLERANCE = timedelta(seconds=1)


class _Kept(Struct, frozen=True):
    type: str
    tags: frozenset[str]
    time: datetime
    body: bytes


class _Command(Struct, frozen=True):
    digest: bytes
    outcome: Outcome


class MemoryLog:
    """Implements `application.ports.Log` for one event loop at a time.

    source: the CloudEvents source of its events, "/networks/<name>"; clock: what the database's clock is in PostgreSQL.
    """

    era = 0

    def __init__(self, source: str, entropy: Entropy, clock: Callable[[], datetime]) -> None:
        self._source = source
        self._entropy = entropy
        self._clock = clock
        self._decode = lru_cache(maxsize=DECODED_MAX)(decode)
        self._kept: list[_Kept] = []
        self._by_tag: defaultdict[str, list[int]] = defaultdict(list)
        self._by_type: defaultdict[str, list[int]] = defaultdict(list)
        self._commands: dict[UUID, _Command] = {}
        self._constructed = False
        self._waiting: set[asyncio.Event] = set()

    async def look(self, boundary: Boundary) -> History:
        events = tuple(self._decode(self._kept[p - 1].body) for p in self._matching(boundary, after=0))
        return History(events=events, head=len(self._kept))

    async def append(self, decision: Decision) -> Outcome:
        """Append all events or none; see `application.ports.Log.append` for what it raises."""
        asked = decision.asked
        unplaced = encode(decision.events, asked, self._source, self._entropy)
        if earlier := await self.recall(asked.command_id, decision.digest):
            return earlier
        constructed = self._constructed if self._kept else _founded_constructed(decision.events)
        moment = self._moment(asked, constructed=constructed)
        if any(
            after < len(self._kept) and self._matching((criterion,), after=after)
            for criterion, after in zip(decision.unless, decision.after, strict=True)
        ):
            raise Raced
        self._constructed = constructed
        events = []
        for position, event in enumerate(unplaced, len(self._kept) + 1):
            kept = _Kept(event.type, frozenset(event.tags), moment, placed(position, moment, event.body))
            self._kept.append(kept)
            self._by_type[event.type].append(position)
            for tag in kept.tags:
                self._by_tag[tag].append(position)
            events.append(Placed(position=position, id=event.id, type=event.type))
        outcome = Outcome(position=len(self._kept), events=tuple(events), repeated=False)
        self._commands[asked.command_id] = _Command(decision.digest, outcome)
        for news in self._waiting:
            news.set()
        return outcome

    async def recall(self, command_id: UUID, digest: bytes) -> Outcome | None:
        if (known := self._commands.get(command_id)) is None:
            return None
        if known.digest != digest:
            raise CommandIdReused
        return Outcome(position=known.outcome.position, events=known.outcome.events, repeated=True)

    async def read(self, after: int, *, limit: int) -> Sequence[Recorded]:
        after = max(after, 0)
        return tuple(self._decode(kept.body) for kept in self._kept[after : after + limit])

    async def bodies(self, after: int, *, limit: int) -> Sequence[bytes]:
        after = max(after, 0)
        return tuple(kept.body for kept in self._kept[after : after + limit])

    async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        last = min(len(self._kept) // PAGE_EVENTS, first + limit)
        pages = (self._kept[n * PAGE_EVENTS : (n + 1) * PAGE_EVENTS] for n in range(first, last))
        return tuple(b"".join(kept.body + b"\n" for kept in page) for page in pages)

    async def packed_pages(self, first: int, *, limit: int) -> Sequence[bytes]:  # noqa: ARG002 - as the port has it
        return ()

    async def body(self, position: int) -> bytes | None:
        return self._kept[position - 1].body if 0 < position <= len(self._kept) else None

    async def head(self) -> Head:
        time = self._kept[-1].time if self._kept else None
        return Head(position=len(self._kept), time=time, constructed=self._constructed)

    async def last_before(self, moment: datetime) -> int:
        return bisect_left(self._kept, moment, key=lambda kept: kept.time)

    async def wait(self, after: int, seconds: float) -> int:
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            async with asyncio.timeout(seconds):
                while len(self._kept) <= after:
                    await news.wait()
                    news.clear()
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(news)
        return len(self._kept)

    def _moment(self, asked: Asked, *, constructed: bool) -> datetime:
        """The time of a decision. Raises ClockAhead and ClockBehind."""
        reading, head = asked.at.astimezone(UTC), self._kept[-1].time if self._kept else None
        if constructed:
            if head and reading < head - _CONSTRUCTED_TOLERANCE:
                raise ClockBehind(asked.at, head)
        else:
            clock = self._clock()
            if reading > clock + _TOLERANCE:
                raise ClockAhead(asked.at, clock)
            if reading < clock - _TOLERANCE:
                reading = clock
        return max(reading, head + _TICK) if head else reading

    def _matching(self, boundary: Boundary, *, after: int) -> list[int]:
        """The positions after another that a boundary admits, in order, each once."""
        return sorted(
            {
                p
                for criterion in boundary
                for p in self._candidates(criterion)
                if p > after and self._admits(criterion, p)
            }
        )

    def _candidates(self, criterion: Criterion) -> Sequence[int]:
        if criterion.tags:
            return min((self._by_tag.get(tag, []) for tag in criterion.tags), key=len)
        if criterion.types:
            return [p for event in criterion.types for p in self._by_type.get(name_of(event), ())]
        return range(1, len(self._kept) + 1)

    def _admits(self, criterion: Criterion, position: int) -> bool:
        kept = self._kept[position - 1]
        return (not criterion.types or kept.type in map(name_of, criterion.types)) and kept.tags.issuperset(
            criterion.tags
        )


def _founded_constructed(events: Sequence[Event]) -> bool:
    return any(isinstance(event, NetworkFounded) and event.constructed for event in events)


class MemoryMarks:
    """Implements `application.ports.Marks`."""

    def __init__(self) -> None:
        self._marks: dict[str, int] = {}

    async def mark(self, policy: str) -> int:
        return self._marks.get(policy, 0)

    async def advance(self, policy: str, *, old: int, new: int) -> None:
        if new <= old:
            raise ValueError(f"The mark of {policy} moves forward only, not from {old} to {new}.")
        if self._marks.get(policy, 0) != old:
            raise OutOfStep(f"The mark of {policy} is not at {old}: another process moved it.")
        self._marks[policy] = new


class MemoryDocuments:
    """Implements `application.ports.Documents`."""

    def __init__(self) -> None:
        self._documents: dict[str, bytes] = {}

    async def keep(self, digest: str, body: bytes) -> None:
        if self._documents.setdefault(digest, body) != body:
            raise ValueError(f"Another document is kept under {digest}: a digest names one sequence of bytes.")

    async def keep_pieces(self, pieces: Iterable[bytes]) -> str:
        body = b"".join(pieces)
        digest = sha256(body).hexdigest()
        await self.keep(digest, body)
        return digest

    async def find(self, digest: str) -> bytes | None:
        return self._documents.get(digest)
