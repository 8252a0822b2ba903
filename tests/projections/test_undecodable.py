"""Bytes that are no event are told from their neighbours, with what can be found in them; nobody who looks at them fails."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from adapters.projecting.slices import LogSlices, Unreadable, decision_of, time_of, type_of
from tests.projections.mentors import append_all
from tests.projections.test_poison import CAPACITY_SET, new_log

BEGIN = b'{"sequence":"00000000000000000001","time":"2026-01-02T03:04:05.000006Z","specversion"'
AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
BODIES = {
    "no UTF-8": BEGIN + b"\xff\xfe",
    "no JSON": BEGIN,
    "too deep": BEGIN + b':"1.0","type":"tasma.x.v1","data":' + b"[" * 60_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_when_it_was_recorded_is_read_of_what_stands_first(body: bytes) -> None:
    assert time_of(body) == AT
    assert type_of(body) == ("tasma.x.v1" if b"tasma.x" in body else "")
    assert decision_of(body) == decision_of(body) != decision_of(body + b" ")


def test_bytes_that_say_nothing_have_a_time_all_the_same() -> None:
    assert (
        time_of(b"")
        == time_of(b'{"sequence":"00000000000000000001","time":"2026-99-99T03:04:05.000006Z"')
        == datetime(1, 1, 1, tzinfo=UTC)
    )
    command = "018f0000-0000-7000-8000-000000000000"
    assert decision_of(b'\xff"commandid":"%s"' % command.encode()) == UUID(command)
    naive = b'{"time":"2026-01-02T03:04:05.000006","type":"a","commandid":"%s"}' % command.encode()
    assert time_of(naive) == AT


@pytest.mark.parametrize("broken", [b'"\xff', b"[" * 60_000], ids=["no UTF-8", "too deep"])
def test_its_neighbours_are_read(broken: bytes) -> None:
    async def promise() -> None:
        log = new_log()
        await append_all(log, [(1,), (2,), (3,)])
        kept = log._kept  # noqa: SLF001 - no honest way leads to such an event
        body = kept[1].body.replace(b'"data":{', b'"data":{"x":' + broken)
        kept[1] = type(kept[1])(type=kept[1].type, tags=kept[1].tags, time=kept[1].time, body=body)
        part = await LogSlices(log).after(0)
        assert part
        assert [at.position for at, _ in part.facts] == [1, 2, 3]
        unreadable = part.facts[1][1]
        assert isinstance(unreadable, Unreadable)
        assert (unreadable.event_type, list(part.ends)) == (CAPACITY_SET, [1, 2, 3])

    asyncio.run(promise())
