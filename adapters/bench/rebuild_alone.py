"""One rebuild in a process of its own, so that the memory it takes is its own: settings on stdin, figures on stdout."""

import asyncio
import logging
import resource
import sys
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from adapters.http.logs import configure_logs
from adapters.settings import Settings
from adapters.wiring import open_network


class Wanted(Struct, frozen=True):
    """What is to be rebuilt, and where."""

    network: str
    database_url: str
    data_dir: str
    projection: str


class Alone(Struct, frozen=True):
    """What it took."""

    events: int
    seconds: float
    peak_bytes: int
    fault: str | None

    @property
    def per_second(self) -> float:
        return self.events / self.seconds


async def rebuild_alone(wanted: Wanted) -> Alone:
    """Rebuild one projection from the first event, as `tasma rebuild` does."""
    settings = Settings(network=wanted.network, database_url=wanted.database_url, data_dir=Path(wanted.data_dir))
    async with open_network(settings) as network:
        began = time.perf_counter()
        (rebuilt,) = await network.rebuild(wanted.projection)
        seconds = time.perf_counter() - began
    fault = rebuilt.fault.sentence if rebuilt.fault else None
    return Alone(events=rebuilt.position, seconds=seconds, peak_bytes=peak_bytes(), fault=fault)


def peak_bytes() -> int:
    """The most memory this process has held. What getrusage says includes the parent's before the start, so Linux is asked."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(
            (line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:")), None
        )
        if peak:
            return int(peak.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    configure_logs("console", level=logging.WARNING)
    found = asyncio.run(rebuild_alone(msgspec.json.decode(sys.stdin.buffer.read(), type=Wanted)))
    sys.stdout.buffer.write(msgspec.json.encode(found))
