"""One seed from its founding to its last check."""

import asyncio
import gc
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from msgspec import Struct

from application.policies import POLICIES
from domain.calendar import day_of
from domain.settlement.events import StatementIssued
from projections.registry import all_projections
from tests.simulation import money_stories, nature, stories
from tests.simulation.checks import check_everything
from tests.simulation.tail import Tail
from tests.simulation.world import Broken, World

STORY_SECONDS = 240.0
REST_SECONDS = 120.0
LONG_AFTER = timedelta(days=32)
"""Whatever may still be answered has expired by then, and a month has ended."""


class Played(Struct, frozen=True):
    """What became of a seed."""

    seed: int
    bodies: tuple[bytes, ...]
    counts: Counter[str]
    steps: int
    seconds: float
    """Of virtual time."""

    @property
    def crashes(self) -> int:
        return self.counts["crash"]


def play(seed: int, steps: Callable[[str], object] | None = None) -> Played:
    """Play a seed. `steps` is told every step. Raises Broken with the seed, the virtual time and the last steps."""
    with _quiet():
        world = World(seed, steps)
        try:
            bodies = world.loop.run(_played(world))
        except Broken:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with the seed that it came of
            where = traceback.extract_tb(error.__traceback__)[-1]
            world.fail(f"{type(error).__name__}: {error} (`{where.line}` in {where.name})", error)
        finally:
            world.loop.end()
    return Played(seed, bodies, world.counts, world.loop.steps, world.loop.time())


def told(seed: int, steps: Callable[[str], object] | None = None) -> Played | str:
    """A seed's history, or what it broke."""
    try:
        return play(seed, steps=steps)
    except Broken as error:
        return str(error)


async def _played(world: World) -> tuple[bytes, ...]:
    tail = Tail(world)
    standing = [world.loop.create_task(work) for work in (nature.restarts(world), tail.follow(), _readers(world))]
    rule = await stories.found(world)
    standing.append(world.loop.create_task(nature.blows(world)))
    draw = world.random
    told = [
        *(stories.pathway(world, n, rule) for n in range(draw.randint(2, 3))),
        *(stories.referral(world, n) for n in range(draw.randint(2, 5))),
        *(stories.mentors(world, client) for client in stories.CLIENTS[: draw.randint(2, 3)]),
        stories.rush(world),
        stories.catalogue(world),
        stories.books(world),
        stories.intruder(world),
        stories.worklist(world),
        money_stories.offices(world),
        money_stories.amendment(world, rule),
        money_stories.sessions(world),
        money_stories.cashier(world),
        money_stories.clerks(world),
        money_stories.treasury(world),
    ]
    try:
        async with asyncio.timeout(STORY_SECONDS):
            await asyncio.gather(*told)
    except TimeoutError:
        world.fail(f"The stories were not told within {STORY_SECONDS:.0f} s.")
    for work in standing:
        work.cancel()
    await asyncio.gather(*standing, return_exceptions=True)
    nature.calm_down(world)
    return await _at_rest(world, tail)


async def _at_rest(world: World, tail: Tail) -> tuple[bytes, ...]:
    """Long after: everything is worked off, every month closed; then the checks."""
    await world.until(lambda: _is_worked_off(world), REST_SECONDS, "Rest after the stories")
    world.leap(LONG_AFTER)
    await world.rest(1.0)
    await stories.close_all(world)
    await world.until(lambda: _is_worked_off(world), REST_SECONDS, "Rest in the end")
    for process in world.processes.values():
        for projection in world.random.sample(all_projections(), 2):
            await world.view(process, projection)
        world.faults += process.faults
        if process.desk.executor.hot:
            world.fail(f"At {process.name} somebody still queues for {process.desk.executor.hot} boundaries.")
    log = world.database.log
    head = (await log.head()).position
    while len(tail.events) < head:
        await tail.read_on()
    bodies = [body for n in range(1, head + 1) if (body := await log.body(n)) is not None]
    events = list(await log.read(0, limit=head))
    tail.check(events, bodies)
    issued = [r.data.digest for r in events if isinstance(r.data, StatementIssued)]
    check_everything(world, events, bodies, {d: await world.database.documents.find(d) for d in issued})
    if world.faults or world.loop.faults:
        world.fail("; ".join([*world.faults, *world.loop.faults]))
    world.counts.update(r.type for r in events)
    world.counts["events"] = len(events)
    return tuple(bodies)


async def _is_worked_off(world: World) -> bool:
    """Whether every policy stands at the head and nothing has passed its deadline unanswered."""
    head = await world.database.log.head()
    if any([await world.database.marks.mark(policy.name) != head.position for policy in POLICIES]):
        return False
    process = next(iter(world.processes.values()))
    today = day_of(head.time) if world.constructed and head.time else world.today()
    due = await process.ask(process.due(today))
    return due == []


async def _readers(world: World) -> None:
    """People look at read models of any process, often two at once: as they are, after what is known to be there, as they were."""
    draw = world.random
    while True:
        await world.rest(2.0)
        process, projection = world.any_process(), draw.choice(all_projections())
        head = (await world.database.log.head()).position
        looks = [world.view(process, projection, at_least=head if draw.random() < 0.5 else 0)]
        if draw.random() < 0.5:
            looks.append(world.view(process, projection, as_of=draw.randint(max(0, head - 20), head)))
        await asyncio.gather(*looks)


@contextmanager
def _quiet() -> Iterator[None]:
    """Interruptions are the point here and no news; and a seed's memory is let go of as a whole, not searched meanwhile."""
    before, collects = structlog.get_config(), gc.isenabled()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    gc.disable()
    try:
        yield
    finally:
        structlog.configure(**before)
        if collects:
            gc.enable()
