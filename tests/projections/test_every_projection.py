"""For every read model there is, over a whole year: live = rebuilt = in memory, whatever the slices and crashes."""

import asyncio

import pytest

from domain.kernel import Event
from examples.kymenlaakso.settling import COORDINATOR
from projections.registry import all_projections
from projections.rows import At, Projection
from tests.examples.memory_stage import played
from tests.projections.same import Ground, assert_same


@pytest.fixture(scope="module")
def history() -> list[tuple[At, Event]]:
    stage, _ = asyncio.run(played(7))
    name = {"organisation": "org:ekami", "name": {"fi": "Ekami Oy"}}  # nobody is renamed in the year
    asyncio.run(stage.desk.carry_out("rename-organisation", name, COORDINATOR))
    return [(At(r.position, r.time), r.data) for r in asyncio.run(stage.log.read(0, limit=100_000))]


@pytest.mark.parametrize("projection", all_projections(), ids=lambda p: p.name)
@pytest.mark.parametrize(
    ("cuts", "crashes", "keep"), [((500,), (), 10**6), ((7, 40, 1), (0, 3, 11), 5)], ids=["calm", "rough"]
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
    # The rough way takes the beginning of the year, which has every kind of event, in small slices.
    assert_same(ground, projection, own if keep > 5 else own[:250], cuts=cuts, crashes=crashes, keep=keep)
