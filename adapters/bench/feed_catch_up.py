"""Catching up: sealed pages and batches from `tasma serve`, beside routes that give out as many bytes from memory."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.bench import feed_catching_up
from adapters.bench.feed_catching_up import Caught, Wanted
from adapters.bench.feed_process import ReadersFailed, readers_of
from adapters.bench.feed_results import NAME, FeedResult, Read, not_measured, read_result
from adapters.bench.feed_server import Serving, fetch, serving_bare
from adapters.bench.rounds import WARM_SECONDS, Say
from adapters.http.bench.bare import ENCODINGS
from adapters.postgres.bench.room import Room
from application.envelope import PAGE_EVENTS
from application.ports import Log

BARE: Final = "litestar"
BATCH_EVENTS: Final = 1_000
CONNECTIONS: Final = 8
"""Readers at a time: enough to keep one worker busy."""


class Way(Struct, frozen=True, kw_only=True):
    """One way to catch up."""

    name: str
    paths: Sequence[str]
    headers: Mapping[str, str]
    events_each: int
    suffix: str = ""
    """Of the file that the bare route gives out."""


def ways(head: int, token: str) -> Sequence[Way]:
    """Of a log of so many events: the full pages, and the full batches."""
    bearer = {"Authorization": f"Bearer {token}"}
    return [
        Way(
            name="pages",
            paths=[f"/v1/feed/pages/{n}" for n in range(head // PAGE_EVENTS)],
            headers={**bearer, "Accept-Encoding": "zstd"},
            events_each=PAGE_EVENTS,
            suffix=".zst",
        ),
        Way(
            name="batches",
            paths=[f"/v1/feed?after={n}&limit={BATCH_EVENTS}" for n in range(0, head - BATCH_EVENTS + 1, BATCH_EVENTS)],
            headers={**bearer, "Accept-Encoding": "identity"},
            events_each=BATCH_EVENTS,
        ),
    ]


async def measure_catch_up(
    room: Room, serving: Serving, log: Log, token: str, *, head: int, seconds: float, rounds: int, say: Say
) -> Sequence[FeedResult]:
    """Every way and its bare route, by turns. Raises ReadersFailed, ServerSilent."""
    answers = Path(tempfile.mkdtemp(dir=room.folder))
    found: list[FeedResult] = []
    offered = []
    for way in ways(head, token):
        if why := await _prepared(serving, log, way, answers):
            found.append(not_measured(NAME, way.name, why))
        else:
            offered.append(way)
    if not offered:
        return found
    async with serving_bare(room, answers) as bare:
        entrants = [(way, system) for way in offered for system in ((NAME, serving), (BARE, bare))]
        reads: list[list[Read]] = [[] for _ in entrants]
        for turn in range(1, rounds + 1):
            for (way, (system, server)), each in zip(entrants, reads, strict=True):
                paths = way.paths if system == NAME else [f"/answers/{way.name}"]
                each.append(await _round(server, way, paths, seconds))
                say(f"{way.name}, round {turn} of {rounds}: {system} {each[-1].per_second:,.0f} events/s")
    return found + [
        read_result(system, way.name, CONNECTIONS, each)
        for (way, (system, _)), each in zip(entrants, reads, strict=True)
    ]


async def _prepared(serving: Serving, log: Log, way: Way, answers: Path) -> str | None:
    """Keep the first answer for the bare route; why it cannot be measured, or None. Raises ReadersFailed."""
    if not way.paths:
        return f"the log is shorter than {way.events_each:,} events"
    first = await fetch(serving.port, way.paths[0], way.headers)
    encoding = ENCODINGS.get(way.suffix, {}).get("Content-Encoding")
    if first.status != 200 or first.headers.get("content-encoding") != encoding:  # noqa: PLR2004 - OK
        return f"GET {way.paths[0]} answers {first.status} in the encoding {first.headers.get('content-encoding')}"
    plain = await fetch(serving.port, way.paths[0], {**way.headers, "Accept-Encoding": "identity"})
    bodies = await log.bodies(0, limit=way.events_each)
    if plain.body not in (b"[" + b",".join(bodies) + b"]", b"".join(body + b"\n" for body in bodies)):
        raise ReadersFailed(way.name, f"GET {way.paths[0]} does not give out what the log holds.")
    (answers / f"{way.name}{way.suffix}").write_bytes(first.body)
    return None


async def _round(server: Serving, way: Way, paths: Sequence[str], seconds: float) -> Read:
    wanted = Wanted(
        port=server.port,
        server=server.pid,
        paths=paths,
        headers=way.headers,
        connections=CONNECTIONS,
        warm_seconds=min(WARM_SECONDS, seconds),
        seconds=seconds,
    )
    async with readers_of(way.name, feed_catching_up) as readers:
        await readers.tell(wanted)
        caught = await readers.hear(Caught)
    return Read(
        events=caught.answers * way.events_each,
        bytes=caught.bytes,
        seconds=caught.seconds,
        server_cpu_seconds=caught.server_cpu_seconds,
        readers_cpu_seconds=caught.own_cpu_seconds,
    )
