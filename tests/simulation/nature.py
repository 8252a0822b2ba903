"""What befalls a network from outside: processes die or stand still, the database goes away, clocks are wrong and are set."""

import asyncio
from datetime import timedelta

from tests.simulation.process import Process
from tests.simulation.wire import Weather
from tests.simulation.world import NAMES, World

CALM = Weather()
RESTART_SECONDS = 1.5


async def blows(world: World) -> None:
    """One blow after the other, for as long as the weather is bad."""
    draw = world.random
    while True:
        await asyncio.sleep(draw.expovariate(1 / world.weather.unrest_seconds))
        process = world.any_process()
        match draw.choice(("crash", "crash", "crash", "freeze", "outage", "clock", "database clock", "leap")):
            case "crash":
                process.crash()
            case "freeze" if process.alive:
                process.thaws_at = world.loop.time() + draw.random() * 4
                _note(world, "freeze", f"{process.name} stands still")
            case "outage":
                world.database.up_at = world.loop.time() + draw.random() * 1.5
                _note(world, "outage", "the database goes away")
            case "clock":
                process.drift = world.drift(process.name)
                _note(world, "clock set", f"{process.name} is {process.drift.total_seconds():+.1f} s off")
            case "database clock":
                world.database_drift = timedelta(seconds=draw.uniform(-2, 2) * draw.choice([0.05, 1]))
                _note(world, "database clock set", f"the database is {world.database_drift.total_seconds():+.1f} s off")
            case "leap":
                world.leap(timedelta(seconds=draw.expovariate(1 / 3_600)))
            case _:
                pass


async def restarts(world: World) -> None:
    """Who died starts again, with nothing in memory."""
    while True:
        await asyncio.sleep(0.2)
        for name in NAMES:
            process = world.processes.get(name)
            if process is not None and not process.alive:
                await asyncio.sleep(world.random.random() * RESTART_SECONDS)
                world.counts["restart"] += 1
                world.faults += process.faults
                world.start(name)


def calm_down(world: World) -> None:
    """No more faults: what is left to do can be done now."""
    for field in CALM.__struct_fields__:
        setattr(world.weather, field, getattr(CALM, field))
    world.database.up_at, world.database_drift = 0.0, timedelta(0)
    for name, process in list(world.processes.items()):
        process.thaws_at = 0.0
        if not process.alive:
            world.faults += process.faults
            world.start(name)
        _set_right(world.processes[name])


def _set_right(process: Process) -> None:
    process.drift = timedelta(0)


def _note(world: World, kind: str, text: str) -> None:
    world.counts[kind] += 1
    world.database.note(text)
