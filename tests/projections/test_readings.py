"""What a fold is given in place of an event is what the event says, whether it was taken from its bytes or from the event itself."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.projecting.memory import Memory
from adapters.projecting.pages import PageSlices
from adapters.projecting.slices import LogSlices, Source
from adapters.projecting.working import Poison
from application.envelope import PAGE_EVENTS, Excerpt, Recorded, decode, encode, line_decoder, placed
from application.ports import Decision
from application.registry import EVENT_TYPES
from domain.kernel import UPCASTS, Asked, Event, current, name_of, versions_of
from projections.registry import all_projections
from projections.rows import READ_OF, At, Projection, Reading, read_as
from projections.statements import statements
from tests.architecture.golden import GOLDEN
from tests.projections.same import read

START = datetime(2019, 3, 5, 7, tzinfo=UTC)
SAMPLES = {name: each["sample"]["data"] for name, each in json.loads(GOLDEN.read_text(encoding="utf-8")).items()}
READINGS = sorted(READ_OF, key=lambda reading: reading.__name__)


def sample(event: type[Event]) -> Event:
    found: Event = msgspec.json.decode(SAMPLES[name_of(event)], type=event)
    return found


def stored(events: list[Event]) -> list[bytes]:
    asked = Asked(at=START, actor="person:1", role="coordinator", command_id=UUID(int=1), organisation="org:xamk")
    unplaced = [each for n in range(len(events)) for each in encode((events[n],), asked, "/n", SeededEntropy(n))]
    return [placed(n, START, each.body) for n, each in enumerate(unplaced, 1)]


@pytest.mark.parametrize("reading", READINGS)
def test_a_reading_has_fields_of_its_event(reading: type[Reading]) -> None:
    """A default could stand for a field that is missing: it is there exactly where an older version of the event has none."""
    event = READ_OF[reading]
    assert set(reading.__struct_fields__) <= set(event.__struct_fields__)
    lacking = {
        field
        for version in versions_of(event)
        for field in event.__struct_fields__
        if field not in version.__struct_fields__
    }
    with_default = {field.name for field in msgspec.structs.fields(reading) if not field.required}
    assert with_default == lacking & set(reading.__struct_fields__)


@pytest.mark.parametrize(
    ("reading", "older"),
    [
        pytest.param(r, older, id=f"{r.__name__}-{name_of(older)}")
        for r in READINGS
        for older in versions_of(READ_OF[r])[1:]
    ],
)
def test_an_older_version_is_read_as_the_newest_says_it(reading: type[Reading], older: type[Event]) -> None:
    """From its bytes alone, without making an event of them."""
    said_then = msgspec.json.decode(SAMPLES[name_of(older)], type=reading)
    said_now = msgspec.json.decode(msgspec.json.encode(current(sample(older)), order="deterministic"), type=reading)
    assert said(said_then) == said(said_now)


def test_whoever_knows_an_event_knows_its_older_versions() -> None:
    """Whatever a process imports first: an older event that is not asked for would be missing from every balance."""
    asked = "from projections.statements import statements; print(sum(f.__module__.endswith('earlier') for f in statements.facts))"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own program
    assert int(found.stdout) == sum(event in UPCASTS for event in statements.facts) > 0


@pytest.mark.parametrize("reading", READINGS)
def test_a_reading_says_what_its_event_says(reading: type[Reading]) -> None:
    event = READ_OF[reading]
    said = msgspec.json.decode(SAMPLES[name_of(event)], type=reading)
    whole = sample(event)
    for field in reading.__struct_fields__:
        value, expected = getattr(said, field), getattr(whole, field)
        if isinstance(value, msgspec.Raw):
            assert bytes(value) == msgspec.json.encode(expected)
        else:
            # A part may be read as a smaller type, with the same names.
            assert msgspec.to_builtins(value) == msgspec.to_builtins(expected)


@pytest.mark.parametrize("projection", all_projections(), ids=lambda p: p.name)
def test_both_decoders_agree_on_every_event_version(projection: Projection) -> None:
    """Wanted events come as they are or as their reading, with the time they were recorded; no other comes."""
    bodies = stored([sample(event) for event in EVENT_TYPES.values()])
    readings = read_as(projection.readings)
    lines = b"".join(body + b"\n" for body in bodies)
    found = line_decoder(projection.facts, frozenset(readings.items())).decode_lines(lines)
    for body, line in zip(bodies, found, strict=True):
        whole = decode(body)
        event = type(whole.data)
        if event in readings:
            assert isinstance(line, Excerpt)
            newest = msgspec.json.encode(current(whole.data), order="deterministic")
            taken = msgspec.json.decode(newest, type=readings[event])
            assert (line.time, said(line.data)) == (whole.time, said(taken))
        elif event in projection.facts:
            assert line == whole
        else:
            assert not isinstance(line, Recorded | Excerpt)


def said(reading: Reading) -> dict[str, Any]:
    values = {field: getattr(reading, field) for field in reading.__struct_fields__}
    return {field: bytes(v) if isinstance(v, msgspec.Raw) else v for field, v in values.items()}


def test_pages_and_rows_are_folded_to_the_same_statements() -> None:
    """Of sealed events the fold gets readings, of the others whole events."""
    events = [sample(event) for event in statements.facts]
    times = -(-PAGE_EVENTS // len(events)) + 1
    log = MemoryLog("/n", SeededEntropy(1), lambda: START)

    async def fold(source: Source) -> Memory:
        memory = Memory(statements)
        while part := await source.after(memory.position):
            memory.advance(part.about(statements.facts), part.to)
        return memory

    async def scenario() -> None:
        for n in range(times):
            asked = Asked(at=START, actor="person:1", role="coordinator", command_id=UUID(int=n + 1))
            await log.append(Decision(tuple(events), asked, bytes(32), unless=(), after=()))
        pages = await fold(PageSlices(log, statements.facts, statements.readings))
        rows = await fold(LogSlices(log))
        assert pages.position == rows.position == times * len(events) > PAGE_EVENTS
        assert read(statements, pages) == read(statements, rows)

    asyncio.run(scenario())


def test_shares_that_do_not_sum_to_their_amount_halt_a_replay_too() -> None:
    """The event would not be read as a whole; a reading leaves the sum to the fold."""
    memory = Memory(statements)
    (shared,) = (reading for reading in statements.readings if reading.__name__ == "Shared")
    whole = json.loads(SAMPLES[name_of(READ_OF[shared])])
    whole["amount_cents"] += 1
    with pytest.raises(Poison, match=r"cannot take in tasma\.revenue\.shared\.v2 at position 7: ValueError\."):
        memory.advance([(At(7, START), msgspec.json.decode(json.dumps(whole), type=shared))], 7)
