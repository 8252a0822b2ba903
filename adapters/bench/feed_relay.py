"""The relay into a real NATS server, beside a client that publishes the same bytes with as many under way."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from adapters.bench.feed_process import ReadersFailed
from adapters.bench.feed_results import NAME, FeedResult, Read, not_measured, read_result
from adapters.bench.feed_server import HOST, ServerSilent, free_port, last_said, started
from adapters.bench.rounds import Say
from adapters.clock import system_clock
from adapters.nats.bench.bare import publish_bare
from adapters.nats.relay import Relay
from adapters.postgres.bench.room import Room
from application.feed import Feed
from application.ports import Log

WAY: Final = "relay"
BARE: Final = "nats"
PROGRAM: Final = "nats-server"
START_SECONDS: Final = 20
POLL_SECONDS: Final = 0.05


async def measure_relay(
    room: Room, log: Log, bodies: Sequence[bytes], *, rounds: int, say: Say
) -> Sequence[FeedResult]:
    """Bring a whole log into a new stream each round. Raises ReadersFailed, ServerSilent."""
    program = shutil.which(PROGRAM)
    if program is None:
        return [not_measured(NAME, WAY, f"no {PROGRAM}")]
    found: dict[str, list[Read]] = {NAME: [], BARE: []}
    async with _serving(program, room.folder) as address, Feed(log) as feed:

        async def relay(turn: int) -> None:
            # The name of a network says which stream: a new one each time.
            came_to = await Relay([address], f"{log_name}_{turn}", log, feed, _now).once()
            if came_to != len(bodies):
                raise ReadersFailed(WAY, f"It came to {came_to:,} of {len(bodies):,} events.")

        log_name = f"{room.run}_relay"
        works: dict[str, Callable[[int], Awaitable[None]]] = {
            NAME: relay,
            BARE: lambda _: publish_bare(address, bodies),
        }
        for turn in range(1, rounds + 1):
            for system, work in works.items():
                began = time.perf_counter()
                await work(turn)
                found[system].append(_read(bodies, time.perf_counter() - began))
                say(f"{WAY}, round {turn} of {rounds}: {system} {found[system][-1].per_second:,.0f} events/s")
    return [read_result(system, WAY, 1, each, writers=1) for system, each in found.items()]


def _read(bodies: Sequence[bytes], seconds: float) -> Read:
    return Read(events=len(bodies), bytes=sum(map(len, bodies)), seconds=seconds)


async def _now() -> datetime:
    return system_clock()


@asynccontextmanager
async def _serving(program: str, folder: Path) -> AsyncIterator[str]:
    """A NATS server with a folder of its own: its address. Raises ServerSilent."""
    port = free_port()
    command = (program, "-a", HOST, "-p", str(port), "-js", "-sd", str(folder / "jetstream"))
    async with started(BARE, command, {}, folder):
        clock = asyncio.get_running_loop().time
        deadline = clock() + START_SECONDS
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                if clock() > deadline:
                    raise ServerSilent(BARE, last_said(folder, BARE)) from None
                await asyncio.sleep(POLL_SECONDS)
            else:
                writer.close()
                await writer.wait_closed()
                break
        yield f"nats://{HOST}:{port}"
