"""Adds examples of new event versions to the descriptions: `python -m tests.feed.examples`. What stands there stays.

They are events of the constructed year, as it records them; of what does not happen in it, of a few commands after it.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import structlog

import adapters.http
from adapters.http.schemas import EXAMPLES
from application.desk import Asker
from application.registry import EVENT_TYPES
from tests.examples.memory_stage import MemoryStage, played

FILE = Path(adapters.http.__path__[0]) / EXAMPLES
COORDINATOR = Asker(actor="person:coordinator", role="coordinator")


def decoded(line: bytes) -> dict[str, Any]:
    event: dict[str, Any] = msgspec.json.decode(line)
    return event


async def bodies(stage: MemoryStage) -> AsyncIterator[bytes]:
    """Everything that a stage has recorded, as exact bytes."""
    after = 0
    while portion := await stage.log.bodies(after, limit=1_000):
        after += len(portion)
        for body in portion:
            yield body


async def recorded() -> list[bytes]:
    """Events of every version."""
    stage, _ = await played(2019)
    (offering, *_) = await stage.offerings()
    about = {"offering": offering.offering}
    description = {"kind": "course", "name": {"fi": "Ensiapu", "sv": "Första hjälpen"}, "price_cents": 12_000}
    await stage.desk.carry_out("update-offering", {**about, "description": description}, COORDINATOR)
    await stage.desk.carry_out("archive-offering", {**about, "reason": "discontinued"}, COORDINATOR)
    return [body async for body in bodies(stage)]


def telling(line: bytes) -> tuple[int, int]:
    """How much an event tells: what is null or empty shows nothing, and the shorter is read sooner."""
    data = decoded(line)["data"]
    return sum(value in (None, [], {}, 0) for value in data.values()), len(line)


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    kept = {decoded(line)["type"]: line for line in (FILE.read_bytes().splitlines() if FILE.exists() else ())}
    history = asyncio.run(recorded())
    for name in sorted(set(EVENT_TYPES) - set(kept)):
        kept[name] = min((line for line in history if decoded(line)["type"] == name), key=telling)
    FILE.write_bytes(b"".join(kept[name] + b"\n" for name in sorted(kept)))


if __name__ == "__main__":
    main()
