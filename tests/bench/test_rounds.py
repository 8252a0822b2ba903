"""What is made of rounds: medians, ratios, and counts of what was acknowledged."""

import asyncio
import itertools

import pytest

from adapters.bench.rounds import Count, Entrant, Result, by_tasks, by_threads, compare, growth, ratios


def result(
    system: str, writers: int, per_second: float, length: int | None = None, spread: str | None = None
) -> Result:
    return Result(
        system=system, writers=writers, per_second=per_second, rounds=(per_second,), length=length, spread=spread
    )


class Told:
    """A system whose rounds are given."""

    def __init__(self, name: str, *counts: int) -> None:
        self.name = name
        self._counts = itertools.cycle(counts)

    async def work(self, writers: int, seconds: float) -> Count:
        return Count(next(self._counts) * writers, seconds)


def test_a_result_is_the_median_of_its_rounds_and_lists_them_all() -> None:
    """The first count of each is its warm-up, which counts for nothing."""
    one, other = Told("one", 1000, 30, 10, 20), Told("other", 1000, 6, 4, 5)
    said: list[str] = []
    found = asyncio.run(compare([Entrant(one), Entrant(other, 10_000)], [1, 2], seconds=2.0, rounds=3, say=said.append))
    assert [(r.system, r.writers, r.per_second, r.rounds) for r in found] == [
        ("one", 1, 10.0, (15.0, 5.0, 10.0)),
        ("other", 1, 2.5, (3.0, 2.0, 2.5)),
        ("one", 2, 20.0, (30.0, 10.0, 20.0)),
        ("other", 2, 5.0, (6.0, 4.0, 5.0)),
    ]
    assert said[:3] == [
        "1 writers, round 1 of 3: one 15/s",
        "1 writers, round 1 of 3: other in 10,000 events 3/s",
        "1 writers, round 2 of 3: one 5/s",
    ], "by turns"


def test_ratios_are_of_the_same_number_of_writers_in_the_same_run() -> None:
    results = [
        result("tasma", 1, 30.0),
        result("umadb", 1, 20.0),
        result("tasma", 8, 90.0),
        result("tasma", 8, 1.0, 10_000),
    ]
    assert ratios(results, [("tasma", "umadb"), ("limit", "tasma")]) == {"tasma/umadb@1": 1.5}


def test_growth_compares_with_the_shortest_log_of_the_same_spread() -> None:
    results = [
        result("tasma", 1, 500.0),
        result("tasma", 1, 100.0, 10_000, "newest"),
        result("tasma", 1, 90.0, 1_000_000, "newest"),
        result("tasma", 1, 80.0, 10_000, "anywhere"),
        result("tasma", 1, 40.0, 1_000_000, "anywhere"),
    ]
    assert growth(results) == {
        "tasma[1000000 newest]/tasma[10000 newest]@1": 0.9,
        "tasma[1000000 anywhere]/tasma[10000 anywhere]@1": 0.5,
    }
    assert growth(results[:1]) == {}


def test_only_what_was_done_is_counted() -> None:
    done = itertools.count()

    async def task() -> None:
        next(done)
        await asyncio.sleep(0)

    counted = asyncio.run(by_tasks([task] * 3, 0.02)).done
    assert counted == next(done)

    made = itertools.count()

    def thread() -> None:
        next(made)

    assert asyncio.run(by_threads([thread] * 3, 0.02)).done == next(made)


def test_a_writer_that_fails_ends_the_bench_with_its_error() -> None:
    def fail() -> None:
        raise OSError("no space")

    def work() -> None:
        pass

    with pytest.raises(OSError, match="no space"):
        asyncio.run(by_threads([work, fail], 60.0))
