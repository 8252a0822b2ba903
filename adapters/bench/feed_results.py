"""What a bench of the feed finds: results of each way, and how they stand beside the bare ones."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

NAME: Final = "tasma"
MEGABYTE: Final = 1_000_000


class ReadResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One system from which all is read, or which delivers all, in one way. Figures are medians of the rounds."""

    system: str
    way: str
    writers: int
    readers: int
    per_second: float | None
    """Events a second, given to all readers together; None where it was not measured."""
    per_cpu_second: float | None = None
    """Events for each second that the server used of a core."""
    mb_per_second: float | None = None
    mb_per_cpu_second: float | None = None
    server_cores: float | None = None
    readers_cores: float | None = None
    """Where it comes near 1, the readers were the limit."""
    rounds: Sequence[float] = ()
    note: str | None = None


class HeardResult(Struct, frozen=True, kw_only=True):
    """One system to which many listen in one way. Figures are medians of the rounds but `max_ms`, the longest of all."""

    system: str
    way: str
    writers: int
    readers: int
    commits: int
    """A second, while they listen."""
    per_second: float
    """Events a second, given to all readers together."""
    p50_ms: float
    p99_ms: float
    max_ms: float
    server_cores: float | None
    readers_cores: float
    rounds: Sequence[float]
    """The 99th percentile of each, in milliseconds."""


FeedResult = ReadResult | HeardResult


class Read(Struct, frozen=True, kw_only=True):
    """One round of reading or delivering."""

    events: int
    bytes: int | None = None
    seconds: float
    server_cpu_seconds: float | None = None
    readers_cpu_seconds: float | None = None

    @property
    def per_second(self) -> float:
        return self.events / self.seconds


class Heard(Struct, frozen=True, kw_only=True):
    """One round of listening."""

    events: int
    """Of each reader."""
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    server_cpu_seconds: float | None
    readers_cpu_seconds: float


def read_result(system: str, way: str, readers: int, rounds: Sequence[Read], *, writers: int = 0) -> ReadResult:
    return ReadResult(
        system=system,
        way=way,
        writers=writers,
        readers=readers,
        per_second=_median([r.per_second for r in rounds], 1),
        per_cpu_second=_median([_per(r.events, r.server_cpu_seconds) for r in rounds], 1),
        mb_per_second=_median([_per(r.bytes, r.seconds * MEGABYTE) for r in rounds]),
        mb_per_cpu_second=_median([_per(r.bytes, (r.server_cpu_seconds or 0) * MEGABYTE) for r in rounds]),
        server_cores=_median([_per(r.server_cpu_seconds, r.seconds) for r in rounds]),
        readers_cores=_median([_per(r.readers_cpu_seconds, r.seconds) for r in rounds]),
        rounds=[round(r.per_second, 1) for r in rounds],
    )


def heard_result(system: str, way: str, readers: int, commits: int, rounds: Sequence[Heard]) -> HeardResult:
    cores = [_per(r.server_cpu_seconds, r.seconds) for r in rounds]
    return HeardResult(
        system=system,
        way=way,
        writers=1,
        readers=readers,
        commits=commits,
        per_second=round(statistics.median(readers * r.events / r.seconds for r in rounds), 1),
        p50_ms=round(statistics.median(r.p50_ms for r in rounds), 2),
        p99_ms=round(statistics.median(r.p99_ms for r in rounds), 2),
        max_ms=max(r.max_ms for r in rounds),
        server_cores=_median(cores),
        readers_cores=round(statistics.median(r.readers_cpu_seconds / r.seconds for r in rounds), 2),
        rounds=[r.p99_ms for r in rounds],
    )


def not_measured(system: str, way: str, why: str) -> ReadResult:
    return ReadResult(system=system, way=way, writers=0, readers=0, per_second=None, note=f"not measured: {why}")


def feed_ratios(results: Sequence[FeedResult]) -> Mapping[str, float]:
    """Each way beside the bare one: events a second of a core, else of a clock; of those who listen how long it took."""
    found: dict[str, float] = {}
    for own in (r for r in results if r.system == NAME):
        for bare in (r for r in results if r.way == own.way and r.system != NAME):
            match own, bare:
                case HeardResult(), HeardResult() if own.commits == bare.commits and bare.p99_ms:
                    found[f"{own.way} p99/{bare.system}@{own.commits}"] = round(own.p99_ms / bare.p99_ms, 2)
                case ReadResult(), ReadResult() if (ours := _speed(own, bare)) and (theirs := _speed(bare, own)):
                    found[f"{own.way}/{bare.system}"] = round(ours / theirs, 2)
                case _:
                    pass
    return found


def _speed(one: ReadResult, other: ReadResult) -> float | None:
    """Of a core where that is known of both."""
    return one.per_cpu_second if one.per_cpu_second and other.per_cpu_second else one.per_second


def _per(many: float | None, of: float | None) -> float | None:
    return many / of if many is not None and of else None


def _median(figures: Sequence[float | None], digits: int = 2) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return round(statistics.median(known), digits) if known else None
