"""Rounds: several systems do the same work by turns, so that whatever else the machine does hits all of them."""

import asyncio
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from msgspec import Struct

T = TypeVar("T")
WARM_SECONDS = 1.0
"""How long each system works before it is measured with so many writers: connections open, plans and caches fill."""

Say = Callable[[str], None]
"""Tells a person who waits what is being done."""


class Count(Struct, frozen=True):
    """What was done in one round, by all writers together."""

    done: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.done / self.seconds


class System(Protocol):
    """Something that can be measured. Opened and closed as an asynchronous context manager where it is made."""

    name: str

    async def work(self, writers: int, seconds: float) -> Count:
        """Do what is measured, by so many writers at a time, for so long. Only what was acknowledged counts."""


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One system with so many writers. `per_second` is the median of the rounds."""

    system: str
    writers: int
    per_second: float
    rounds: tuple[float, ...]
    length: int | None = None
    """Events in the log before the first round."""
    spread: str | None = None
    """Where in the log the things lie that are decided about."""
    projection: str | None = None
    peak_mb: float | None = None


class Entrant(NamedTuple):
    """A system, and the log it works in where that makes a difference."""

    system: System
    length: int | None = None
    spread: str | None = None

    def __str__(self) -> str:
        length = "" if self.length is None else f" in {self.length:,} events"
        return f"{self.system.name}{length}{f' {self.spread}' if self.spread else ''}"


async def compare(
    entrants: Sequence[Entrant], writers: Sequence[int], *, seconds: float, rounds: int, say: Say
) -> list[Result]:
    """Measure every system with every number of writers, by turns."""
    found: list[Result] = []
    for number in writers:
        counts: list[list[Count]] = [[] for _ in entrants]
        for entrant in entrants:
            await entrant.system.work(number, min(WARM_SECONDS, seconds))
        for turn in range(1, rounds + 1):
            for entrant, each in zip(entrants, counts, strict=True):
                each.append(await entrant.system.work(number, seconds))
                say(f"{number} writers, round {turn} of {rounds}: {entrant} {each[-1].per_second:,.0f}/s")
        found += [_result(entrant, number, each) for entrant, each in zip(entrants, counts, strict=True)]
    return found


def _result(entrant: Entrant, writers: int, counts: Sequence[Count]) -> Result:
    rounds = tuple(round(count.per_second, 1) for count in counts)
    return Result(
        system=entrant.system.name,
        writers=writers,
        per_second=round(statistics.median(rounds), 1),
        rounds=rounds,
        length=entrant.length,
        spread=entrant.spread,
    )


def ratios(results: Sequence[Result], pairs: Sequence[tuple[str, str]]) -> Mapping[str, float]:
    """How many times faster the first of each pair was than the second, with the same number of writers."""
    speed = {(r.system, r.writers): r.per_second for r in results if r.length is None}
    return {
        f"{one}/{other}@{writers}": round(speed[one, writers] / speed[other, writers], 2)
        for one, other in pairs
        for writers in dict.fromkeys(r.writers for r in results)
        if speed.get((one, writers)) and speed.get((other, writers))
    }


def growth(results: Sequence[Result]) -> Mapping[str, float]:
    """How fast each system is in the longer logs, as a part of its speed in the shortest."""
    found: dict[str, float] = {}
    lengths = sorted({r.length for r in results if r.length is not None})
    speed = {(r.system, r.spread, r.writers, r.length): r.per_second for r in results}
    for (system, spread, writers, length), per_second in speed.items():
        shortest = speed.get((system, spread, writers, lengths[0])) if lengths else None
        if length is not None and length != lengths[0] and shortest:
            where = f" {spread}" if spread else ""
            found[f"{system}[{length}{where}]/{system}[{lengths[0]}{where}]@{writers}"] = round(
                per_second / shortest, 2
            )
    return found


async def by_tasks(writers: Sequence[Callable[[], Awaitable[None]]], seconds: float) -> Count:
    """Each writer does its work again and again, as a task, until the time is up."""
    done = 0
    began = time.perf_counter()

    async def write(once: Callable[[], Awaitable[None]]) -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await once()
            done += 1

    async with asyncio.TaskGroup() as group:
        for once in writers:
            group.create_task(write(once))
    return Count(done, time.perf_counter() - began)


async def in_thread(work: Callable[[threading.Event], T]) -> T:
    """Do blocking work in a thread, which is told when nobody waits for it any longer."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(work, stop)
    finally:
        stop.set()


async def by_threads(writers: Sequence[Callable[[], None]], seconds: float) -> Count:
    """Each writer does its work again and again, in a thread of its own, until the time is up."""
    return await in_thread(lambda stop: _by_threads(writers, seconds, stop))


def _by_threads(writers: Sequence[Callable[[], None]], seconds: float, stop: threading.Event) -> Count:
    counts = [0] * len(writers)
    failed: list[BaseException] = []
    began = time.perf_counter()

    def write(n: int, once: Callable[[], None]) -> None:
        try:
            while time.perf_counter() - began < seconds and not stop.is_set():
                once()
                counts[n] += 1
        except BaseException as error:  # noqa: BLE001 - raised again below, where it is seen
            failed.append(error)
            stop.set()

    threads = [threading.Thread(target=write, args=(n, once)) for n, once in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return Count(sum(counts), time.perf_counter() - began)
