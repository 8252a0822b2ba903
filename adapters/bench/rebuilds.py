"""`tasma bench rebuild`: read models from the first event, beside the stock library's projection runner."""

import asyncio
import statistics
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from adapters.bench import rebuild_alone
from adapters.bench.appends import NAME
from adapters.bench.rebuild_alone import Alone, Wanted
from adapters.bench.report import Report, machine
from adapters.bench.rounds import Count, Result, Say, in_thread
from adapters.bench.year import copies_for, settings_of, year_bodies, year_log
from adapters.postgres.bench.loader import load
from adapters.postgres.bench.room import Room
from adapters.postgres.bench.stock import NAME as STOCK
from adapters.postgres.bench.stock_statements import run_stock
from adapters.postgres.migrate import migrate
from adapters.wiring import APP_ROLE, open_network
from domain.kernel import Refused, Unknown
from projections.registry import all_projections

BYTES_PER_EVENT: Final = 3_500
"""An event of the demo's year with its indexes, write-ahead log, page and statement lines, with room to spare."""
STATEMENTS: Final = "statements"
STOCK_EVENTS: Final = 5_000
"""Followed by the stock runner: at its pace that takes seconds, and its pace does not depend on the number."""
TOLD_EVENTS_MAX: Final = 20_000
MEGABYTE: Final = 1_000_000
READING: Final = (
    "One operation is one event of a log like the demo's year, {length:,} long, passed by a rebuild from the first one, folded, "
    "written to PostgreSQL and put in the place of the old generation; peak_mb is the memory of the process that rebuilds and "
    "does nothing else. The statements of tasma keep sums, and of each posting where it stands in the log and the numbers of its "
    "lines, which are written out from the event when asked for. eventsourcing follows a shorter log of the same year with its "
    "projection runner, an event a transaction, and writes both lines of every share and the sums with their tax by hand-written "
    "SQL."
)


class RebuildFailed(Refused):
    def __init__(self, projection: str, why: str) -> None:
        super().__init__(f"The rebuild of {projection} did not come to its end: {why}")


async def bench_rebuilds(
    room: Room, *, events: int, projections: Sequence[str], rounds: int, seed: int, peers: bool, say: Say
) -> Report:
    """Make a log of so many events, seal it, and rebuild each projection from it. Raises Unknown, RebuildFailed."""
    names = [projection.name for projection in all_projections()]
    if unknown := sorted(set(projections) - set(names)):
        raise Unknown(f"projection {unknown[0]}")
    room.check_disk(events * BYTES_PER_EVENT)
    say("playing the demo's year")
    year = await year_bodies(room, seed)
    copies, few = copies_for(year, events), copies_for(year, min(events, STOCK_EVENTS))
    log = await _made(room, year, copies, seed, say)
    short = (log if few == copies else await _made(room, year, few, seed, say)) if peers else None
    found: dict[str, list[Alone]] = {name: [] for name in projections or names}
    stock: list[Count] = []
    for turn in range(1, rounds + 1):
        for name, each in found.items():
            alone = await _in_its_own_process(room, log, name)
            each.append(alone)
            say(f"round {turn} of {rounds}: {name} {alone.per_second:,.0f}/s, {alone.peak_bytes / MEGABYTE:,.0f} MB")
        if short:
            stock.append(await in_thread(partial(run_stock, room.admin_dsn, room.schema(), short.bodies)))
            say(f"round {turn} of {rounds}: {STOCK} {stock[-1].per_second:,.0f}/s")
    results = [_result(NAME, name, [a.per_second for a in each], log.length, each) for name, each in found.items()]
    if short:
        results.append(_result(STOCK, STATEMENTS, [count.per_second for count in stock], short.length, ()))
    return Report(
        bench="rebuild",
        machine=machine(room.postgresql),
        results=results,
        ratios=_ratios(results),
        reading=READING.format(length=log.length),
    )


class _Log(Struct, frozen=True):
    network: str
    length: int
    bodies: Sequence[bytes]
    """Of a short log, to be told to others."""


async def _made(room: Room, year: Sequence[bytes], copies: int, seed: int, say: Say) -> _Log:
    """A network with so many copies of the year, sealed."""
    network = room.schema()
    await migrate(room.admin_dsn, network, APP_ROLE)
    say(f"loading {copies:,} copies of it")
    rows = year_log(year, copies, seed)
    length = await in_thread(partial(load, room.admin_dsn, network, rows, constructed=True, say=say))
    say(f"sealing the pages of {length:,} events")
    async with open_network(settings_of(room, network)) as opened:
        await opened.sealer.seal()
        told = await opened.stored.bodies(0, limit=length) if length <= TOLD_EVENTS_MAX else ()
        return _Log(network, length, told)


async def _in_its_own_process(room: Room, log: _Log, projection: str) -> Alone:
    """Raises RebuildFailed."""
    wanted = Wanted(network=log.network, database_url=room.app_dsn, data_dir=str(room.folder), projection=projection)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        rebuild_alone.__name__,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then stops the other
    )
    try:
        # On stdin, where no list of processes shows the password.
        answer, _ = await process.communicate(msgspec.json.encode(wanted))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RebuildFailed(projection, f"its process ended with {process.returncode}; what it said stands above")
    alone = msgspec.json.decode(answer, type=Alone)
    if alone.fault or alone.events != log.length:
        raise RebuildFailed(projection, alone.fault or f"it stands at {alone.events:,} of {log.length:,} events")
    return alone


def _result(system: str, projection: str, speeds: Sequence[float], length: int, each: Sequence[Alone]) -> Result:
    return Result(
        system=system,
        writers=1,
        per_second=round(statistics.median(speeds), 1),
        rounds=tuple(round(speed, 1) for speed in speeds),
        length=length,
        projection=projection,
        peak_mb=round(max(alone.peak_bytes for alone in each) / MEGABYTE, 1) if each else None,
    )


def _ratios(results: Sequence[Result]) -> dict[str, float]:
    speed = {result.system: result.per_second for result in results if result.projection == STATEMENTS}
    if not {NAME, STOCK} <= set(speed):
        return {}
    return {f"{NAME}/{STOCK}@1": round(speed[NAME] / speed[STOCK], 1)}
