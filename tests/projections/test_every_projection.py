"""For every read model there is, over a whole year and more: live = rebuilt = in memory, whatever the slices and crashes."""

import asyncio
from functools import cache

import pytest

from application.envelope import decode
from domain.kernel import UPCASTS, Event
from examples.kymenlaakso.settling import COORDINATOR
from projections.registry import all_projections
from projections.rows import At, Projection
from tests.examples.memory_stage import played
from tests.projections.same import Ground, assert_same
from tests.simulation.run import play

CUTS, CRASHES, KEEP = (7, 40, 1), (0, 3, 11), 5
BEGINNING = 250
"""So many events of the year are taken in small slices, which take their time."""
SEEDS = (33, 50, *range(1, 71))
"""Of histories in which everything happens together; first those that have much of what the year has late or never."""


@pytest.fixture(scope="module")
def history() -> list[tuple[At, Event]]:
    stage, _ = asyncio.run(played(7))
    name = {"organisation": "org:ekami", "name": {"fi": "Ekami Oy"}}  # nobody is renamed in the year
    asyncio.run(stage.desk.carry_out("rename-organisation", name, COORDINATOR))
    return [(At(r.position, r.time), r.data) for r in asyncio.run(stage.log.read(0, limit=100_000))]


@cache
def simulated(seed: int) -> list[tuple[At, Event]]:
    return [(At(r.position, r.time), r.data) for r in map(decode, play(seed).bodies)]


@pytest.mark.parametrize("projection", all_projections(), ids=lambda p: p.name)
@pytest.mark.parametrize(
    ("cuts", "crashes", "keep"), [((500,), (), 10**6), (CUTS, CRASHES, KEEP)], ids=["calm", "rough"]
)
def test_live_is_rebuilt_is_in_memory(
    ground: Ground,
    projection: Projection,
    history: list[tuple[At, Event]],
    cuts: tuple[int, ...],
    crashes: tuple[int, ...],
    keep: int,
) -> None:
    own = [(at, event) for at, event in history if type(event) in projection.facts]
    assert own, f"the year has nothing for {projection.name}"
    assert_same(ground, projection, own if keep > KEEP else own[:BEGINNING], cuts=cuts, crashes=crashes, keep=keep)


@pytest.mark.parametrize("projection", all_projections(), ids=lambda p: p.name)
def test_what_the_beginning_of_the_year_has_not_is_folded_alike_in_small_slices_too(
    ground: Ground, projection: Projection, history: list[tuple[At, Event]]
) -> None:
    """With it every kind of event that a read model knows has gone through small slices and crashes."""
    year = [type(event) for _, event in history if type(event) in projection.facts]
    missing = {fact for fact in projection.facts if fact not in UPCASTS} - {*year[:BEGINNING]}
    for seed in SEEDS:
        own = [(at, event) for at, event in simulated(seed) if type(event) in projection.facts] if missing else []
        if missing & (found := {type(event) for _, event in own}):
            assert_same(ground, projection, own, cuts=CUTS, crashes=CRASHES, keep=KEEP)
            missing -= found
    assert not missing, f"no history has {missing}"
