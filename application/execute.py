"""One way in: recall or look, decide, append; look again if something inside the boundary was faster."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import structlog

from application.memory import Knowledge, Memory
from application.ports import Decision, Log, Outcome, Overloaded, Raced, Unavailable
from application.registry import DECIDERS
from domain.canonical import canonical
from domain.kernel import AnyDecider, Boundary, Command, Event, Refused, command_name, filled_fields, name_of

logger = structlog.get_logger()

ATTEMPTS_MAX = 12
WAITING_MAX = 2_000
"""Decisions that may queue for one thing; about two seconds of work."""
TURN_SECONDS = 5.0
"""How long one waits in that queue: who holds the thing may hang at a database that says nothing."""

_name = cache(command_name)


class Executor:
    """Carries out the commands of one process.

    Those who meet on one thing would race, and of all who look at the same time one would win and the others look again. So
    whoever loses a race queues for the thing that its boundary names first, and as long as somebody does, whoever comes to it queues
    as well. Things that nobody waits for cost nothing and are not remembered.

    A decision rests on what this process remembers, where that suffices for one; the log refuses it where that is out of date.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self.memory = Memory()
        self._hot: dict[str, _Queue] = {}
        self.refused = 0
        """Commands refused because too many queued for what they meet on."""

    @property
    def hot(self) -> int:
        """How many things are queued for."""
        return len(self._hot)

    async def execute(self, command: Command) -> Outcome:
        """Carry out a command, once however often it is sent.

        Raises Refused (with its sentence) when the domain says no, Unavailable when the log cannot be reached or twelve
        races in a row were lost, Overloaded when too many wait. A repeat is recognised even where the decision would be
        refused by now.
        """
        decider = DECIDERS[_name(type(command))]
        boundary = decider.boundary(command)
        digest = digest_of(command)
        attempts, knowledge = ATTEMPTS_MAX, None
        thing = _thing(boundary)
        if thing not in self._hot:
            try:
                return await self._decide(command, decider, boundary, digest, None)
            except _Overtaken as overtaken:
                attempts, knowledge = attempts - 1, overtaken.knowledge
        async with self._turn(thing) as at_once:
            # Who queues looks: who decided from memory here would always be faster than the other processes, which must look.
            if not at_once:
                knowledge = None
            for _ in range(attempts):
                try:
                    knowledge = knowledge or await self._learn(boundary)
                    return await self._decide(command, decider, boundary, digest, knowledge)
                except _Overtaken as overtaken:
                    knowledge = overtaken.knowledge
        raise Unavailable(f"{_name(type(command))} lost {ATTEMPTS_MAX} races in a row; try again in a moment.")

    async def _learn(self, boundary: Boundary) -> Knowledge:
        """Know what lies inside a boundary as of this moment, by looking."""
        era = self._log.era  # before it: what comes of another log belongs to no era that counts
        return self.memory.learn(boundary, await self._log.look(boundary), era)

    async def _decide(
        self, command: Command, decider: AnyDecider, boundary: Boundary, digest: bytes, knowledge: Knowledge | None
    ) -> Outcome:
        """Decide by what is known just now, or else remembered, or else by looking."""
        knowledge = knowledge or self.memory.of(boundary, self._log.era) or await self._learn(boundary)
        events = _supposed(decider, command, knowledge) if knowledge.remembered else None
        if events is None:
            if knowledge.remembered:
                knowledge = await self._learn(boundary)
            try:
                events = decider(command, knowledge.events)
            except Refused:
                if earlier := await self._log.recall(command.asked.command_id, digest):
                    return earlier
                raise
        decision = Decision(
            events=events,
            asked=command.asked,
            digest=digest,
            unless=boundary,
            after=knowledge.after,
            era=knowledge.era,
        )
        name = _name(type(command))
        try:
            outcome = await self._log.append(decision)
        except Raced as raced:
            logger.debug("command.raced", command=name)
            # What the answer says belongs to the era that the decision was sent in, whatever has become known since.
            learned = self.memory.learn(boundary, raced.history, knowledge.era) if raced.history else None
            raise _Overtaken(learned) from None
        if not outcome.repeated:
            self.memory.add(boundary, knowledge, events, outcome)
        logger.debug("command.done", command=name, position=outcome.position, repeated=outcome.repeated)
        return outcome

    @asynccontextmanager
    async def _turn(self, thing: str) -> AsyncIterator[bool]:
        """Hold a thing, in the order of asking; forget it with the last who asked. Raises Overloaded.

        Gives whether it was free, so that what its holder knew before is still news.
        """
        queue = self._hot.setdefault(thing, _Queue())
        if queue.users > WAITING_MAX:
            self.refused += 1
            raise Overloaded(queue.users - 1)
        queue.users += 1
        free = queue.users == 1
        try:
            await self._wait(queue)
            try:
                yield free
            finally:
                queue.turn.release()
        finally:
            queue.users -= 1
            if not queue.users:
                del self._hot[thing]

    async def _wait(self, queue: "_Queue") -> None:
        """Raises Overloaded where the turn does not come in time."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await queue.turn.acquire()
        except TimeoutError:
            self.refused += 1
            raise Overloaded(queue.users - 1) from None


def _thing(boundary: Boundary) -> str:
    """What commands meet on: the thing that a boundary names first, or else the kinds of facts.

    Not the others: many read the same organisation or agreement, and nobody changes it.
    """
    first = next(iter(boundary), None)
    if first is None:
        return ""
    return first.tags[0] if first.tags else " ".join(sorted(map(name_of, first.types)))


def _supposed(decider: AnyDecider, command: Command, knowledge: Knowledge) -> tuple[Event, ...] | None:
    """What follows from what is remembered; None where it does not do.

    It may be old, and of each criterion of another age: that a decision is refused, or cannot be made of it, says nothing yet.
    """
    try:
        events: tuple[Event, ...] = decider(command, knowledge.events)
    except Exception:  # noqa: BLE001 - it is decided again on what the log holds, and what is wrong is raised then
        return None
    return events


class _Overtaken(Exception):
    """The log refused a decision since it knows more, and has perhaps said what."""

    def __init__(self, knowledge: Knowledge | None) -> None:
        super().__init__()
        self.knowledge = knowledge


class _Queue:
    def __init__(self) -> None:
        self.turn = asyncio.Lock()  # lets in whoever asked first
        self.users = 0
        """One who holds the thing and those who wait."""


async def execute(command: Command, log: Log) -> Outcome:
    """Carry out one command by itself; see `Executor.execute`. Who carries out many at a time keeps an executor."""
    return await Executor(log).execute(command)


def digest_of(command: Command) -> bytes:
    """SHA-256 of name and body; time, asker and what the application filled in are no part of the body."""
    filled = filled_fields(type(command))
    body = {f: getattr(command, f) for f in command.__struct_fields__ if f not in filled}
    return hashlib.sha256(_name(type(command)).encode() + b"\n" + canonical(body)).digest()
