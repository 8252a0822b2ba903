"""Slices of the log never cut a decision in two."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.projecting.slices import LogSlices, Slice, time_of
from tests.projections.mentors import START, append_all


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 64), min_size=1, max_size=12), limit=st.integers(65, 90))
def test_slices_are_whole_decisions_in_order(sizes: list[int], limit: int) -> None:
    """Every event once, in order; every slice ends where a decision ends and knows where the others end."""

    async def scenario() -> None:
        log = MemoryLog("/networks/test", SeededEntropy(1), lambda: START)
        await append_all(log, [range(1, 10)[: min(size, 9)] for size in sizes])
        ends, position = [], 0
        for size in sizes:
            position += min(size, 9)
            ends.append(position)
        slices, found = LogSlices(log, events=limit), list[Slice]()
        position = 0
        while part := await slices.after(position):
            assert part is await slices.after(position)
            found.append(part)
            position = part.to
        assert [at.position for part in found for at, _ in part.facts] == list(range(1, ends[-1] + 1))
        assert [end for part in found for end in part.ends] == ends
        assert all(part.to == part.ends[-1] and len(part.facts) <= limit for part in found)
        body = await log.body(1)
        assert body
        assert time_of(body) == found[0].facts[0][0].time

    asyncio.run(scenario())


def test_a_slice_longer_than_a_decision_or_none() -> None:
    log = MemoryLog("/networks/test", SeededEntropy(1), lambda: START)
    with pytest.raises(ValueError, match="A slice of 64 events could be shorter than a decision of 64"):
        LogSlices(log, events=64)
