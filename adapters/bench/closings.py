"""`tasma bench close`: a month is closed, its statements and documents are issued, beside what plain SQL adds up of the same rows."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.bench import closing_alone
from adapters.bench.appends import NAME
from adapters.bench.closing_alone import Alone, Wanted, Work
from adapters.bench.closing_lives import MONTH
from adapters.bench.closing_log import closing_log
from adapters.bench.report import Report, machine
from adapters.bench.rounds import Say, in_thread
from adapters.bench.year import settings_of
from adapters.postgres.bench.loader import load
from adapters.postgres.bench.room import Room
from adapters.postgres.bench.statement_sums import StatementSums
from adapters.postgres.migrate import migrate
from adapters.wiring import APP_ROLE, open_network
from domain.kernel import Refused
from projections.statements import statements

BYTES_PER_ENTRY: Final = 16_000
"""Its events and what goes with them, its lines in kept statements, in read models and in a table of their own; with room."""
EVENTS, TOGETHER, LINES, WHOLE_LOG = "sql events", "sql events parallel", "sql lines", "sql whole log"
SHORTER: Final = 4
"""How many times shorter the log is that memory is compared with."""
MEGABYTE: Final = 1_000_000
READING: Final = (
    "A month of so many entries is closed: `close` is close-period and every statement issued, `statements` the part of it in "
    "which they are read as of the cut, written, digested and kept; `documents` is what comes after `close`: every invoice, credit "
    "note and voucher reckoned from that same reading of the month, numbered and issued. What else follows a closing, cents set right "
    "and read models, is in no row. `sums` is the balances of all partners, `statement` the longest one, of live rows (its figures "
    "and digest, or in three languages) or as of the cut, folded from the log. A month is closed once: `close`, `statements`, "
    "`documents` and the statement as of the cut are one measurement each, all others the median of the rounds. `{events}` is what "
    "plain SQL makes of the very events: one `sum(cents) group by partner` over the shares in their JSON, of one statement its "
    "lines and their sum from the events of its postings; `{whole}` the same where it is not known which events these are; "
    "`{lines}` over a narrow table of lines that was filled before. SQL answers from one process, as tasma works in one; "
    "in `{together}` from as many as PostgreSQL takes by its own default. SQL adds no VAT, no digest, and keeps nothing. Ratios are "
    "time of tasma to time of SQL; peak_mb is the most memory that the process of tasma, which does nothing else, has "
    "held by then (one process closes, issues statements and then documents), and memory ratios are to that of a log {shorter} times "
    "shorter."
)


class ClosingResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`ms`: milliseconds, the median of the rounds; there is one round of what happens once in a log: the closing, and all told of it."""

    what: str
    system: str
    entries: int
    ms: float
    rounds: tuple[float, ...]
    statements: int | None = None
    documents: int | None = None
    lines: int | None = None
    peak_mb: float | None = None


class ClosingFailed(Refused):
    def __init__(self, work: str, why: str) -> None:
        super().__init__(f"The bench could not do this: {work}; {why}.")


async def bench_closings(room: Room, *, entries: int, partners: int, rounds: int, seed: int, say: Say) -> Report:
    """Close a month in a shorter log and in one of so many entries. Raises ClosingFailed, DiskTooSmall."""
    room.check_disk((entries + entries // SHORTER) * BYTES_PER_ENTRY)
    results: list[ClosingResult] = []
    for number in dict.fromkeys((max(1, entries // SHORTER), entries)):
        network = await _made(room, number, partners, seed, say)
        results += await _Closing(room, network, number, partners, rounds, say).results()
    return Report(
        bench="close",
        machine=machine(room.postgresql),
        results=results,
        ratios=_ratios(results),
        reading=READING.format(events=EVENTS, together=TOGETHER, whole=WHOLE_LOG, lines=LINES, shorter=SHORTER),
    )


async def _made(room: Room, entries: int, partners: int, seed: int, say: Say) -> str:
    """A network whose month is over, sealed."""
    network = room.schema()
    await migrate(room.admin_dsn, network, APP_ROLE)
    say(f"loading {entries:,} entries of {partners:,} partners")
    rows = closing_log(partners, entries, seed)
    length = await in_thread(partial(load, room.admin_dsn, network, rows, constructed=True, say=say))
    say(f"sealing the pages of {length:,} events")
    async with open_network(settings_of(room, network)) as opened:
        await opened.sealer.seal()
    return network


class _Closing:
    """One log, and everything that is measured in it."""

    def __init__(self, room: Room, network: str, entries: int, partners: int, rounds: int, say: Say) -> None:  # noqa: PLR0917 - as the command has them
        self._room, self._network, self._say = room, network, say
        self._entries, self._partners, self._rounds = entries, partners, rounds

    async def results(self) -> list[ClosingResult]:
        closed = await self._alone("close")
        found = [self._tasma("close", closed), *(self._tasma(what, alone) for what, alone in closed.told.items())]
        if found[0].statements != self._partners:
            raise ClosingFailed("close", f"{found[0].statements} of {self._partners} statements were issued")
        sums = await self._alone("sums")
        found.append(self._tasma("sums", sums))
        self._say(f"{self._entries:,} entries: filling the table of lines, building live rows")
        peers = await in_thread(lambda _: StatementSums(self._room.admin_dsn, self._network, MONTH))
        with peers:
            await in_thread(lambda _: peers.fill())
            asked = (
                (EVENTS, peers.of_events),
                (TOGETHER, partial(peers.of_events, together=True)),
                (LINES, peers.of_lines),
            )
            for system, ask in asked:
                result, answer = await self._sql("sums", system, ask)
                self._same("sums", answer, sums.sums)
                found.append(result)
            found += await self._one(peers)
        return found

    async def _one(self, peers: StatementSums) -> list[ClosingResult]:
        """The longest statement."""
        async with open_network(settings_of(self._room, self._network)) as opened:
            await opened.rebuild(statements.name)
        partner, positions = await in_thread(lambda _: peers.longest())
        asked: tuple[tuple[str, Callable[[], Sequence[tuple[object, ...]]]], ...] = (
            (EVENTS, partial(peers.one_of_events, partner, positions)),
            (WHOLE_LOG, partial(peers.one_of_log, partner)),
            (LINES, partial(peers.one_of_lines, partner)),
        )
        works: tuple[Work, ...] = ("statement", "statement in words", "statement as of")
        ours = {work: await self._alone(work, partner) for work in works}
        found = [self._tasma(work, alone) for work, alone in ours.items()]
        for system, ask in asked:
            result, rows = await self._sql("statement", system, ask)
            for work, alone in ours.items():
                self._same(work, {partner: sum(int(str(cents)) for *_, cents, _ in rows)}, alone.sums)
            found.append(msgspec.structs.replace(result, lines=len(rows)))
        return found

    async def _alone(self, work: Work, partner: str = "") -> Alone:
        """In its own process. Raises ClosingFailed."""
        room = self._room
        wanted = Wanted(self._network, room.app_dsn, str(room.folder), work, self._rounds, partner)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            closing_alone.__name__,
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
            raise ClosingFailed(work, f"its process ended with {process.returncode}; what it said stands above")
        return msgspec.json.decode(answer, type=Alone)

    def _tasma(self, what: str, alone: Alone) -> ClosingResult:
        result = ClosingResult(
            what=what,
            system=NAME,
            entries=self._entries,
            ms=_median_ms(alone.seconds),
            rounds=tuple(round(each * 1_000, 1) for each in alone.seconds),
            statements=alone.statements or None,
            documents=alone.documents or None,
            lines=alone.lines or None,
            peak_mb=round(alone.peak_bytes / MEGABYTE, 1),
        )
        self._say(f"{self._entries:,} entries: {what} {result.ms:,.0f} ms, {result.peak_mb:,.0f} MB")
        return result

    async def _sql(
        self, what: str, system: str, ask: Callable[[], Mapping[str, int] | Sequence[tuple[object, ...]]]
    ) -> tuple[ClosingResult, Any]:
        seconds = []
        answer: Any = None
        for _ in range(self._rounds):
            began = time.perf_counter()
            answer = await in_thread(lambda _: ask())
            seconds.append(time.perf_counter() - began)
        rounds = tuple(round(each * 1_000, 1) for each in seconds)
        self._say(f"{self._entries:,} entries: {what} by {system} {_median_ms(seconds):,.0f} ms")
        return ClosingResult(
            what=what, system=system, entries=self._entries, ms=_median_ms(seconds), rounds=rounds
        ), answer

    def _same(self, what: str, theirs: Mapping[str, int], ours: Mapping[str, int]) -> None:
        """Whatever else comes to other figures is no peer."""
        if {k: v for k, v in theirs.items() if v} != {k: v for k, v in ours.items() if v}:
            raise ClosingFailed(what, "SQL and tasma come to different sums of the same entries")


def _median_ms(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds) * 1_000, 1)


def _ratios(results: Sequence[ClosingResult]) -> dict[str, float]:
    """Seconds of tasma to those of each peer, and its memory to that in the shorter log."""
    found: dict[str, float] = {}
    least = min(result.entries for result in results)
    for ours in (result for result in results if result.system == NAME):
        against = "sums" if ours.what in {"close", "statements", "documents"} else ours.what.partition(" ")[0]
        for peer in (each for each in results if (each.what, each.entries) == (against, ours.entries)):
            if peer.system != NAME and peer.ms:
                found[f"{ours.what}/{peer.system}@{ours.entries}"] = round(ours.ms / peer.ms, 2)
        shorter = next(r for r in results if (r.what, r.system, r.entries) == (ours.what, NAME, least))
        if ours.entries != least and ours.peak_mb and shorter.peak_mb:
            found[f"memory {ours.what}@{ours.entries}/@{least}"] = round(ours.peak_mb / shorter.peak_mb, 2)
    return found
