"""Rows whose documents look otherwise than before are of no use: they are built anew without being asked for."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import Struct, defstruct
from psycopg import sql

from adapters.postgres.projection_status import projection_status
from adapters.postgres.read_tables import ReadTables, live_schema
from adapters.postgres.stored_forms import stored_form
from adapters.postgres.views import Views
from application.ports import Unavailable
from domain.mentoring.events import MentorCapacitySet
from projections.rows import At, Key, Latest, Projection, Row, each
from tests.projections.mentors import FACTS, MENTOR, START
from tests.projections.same import Ground
from tests.projections.test_leader import scene


def with_room(*fields: tuple[str, Any, Any]) -> tuple[Projection, type[Any]]:
    """A read model whose one row keeps a struct inside, with these fields beside its first."""
    room = defstruct("Room", [("places", int), *fields], frozen=True)
    inner = defstruct("Inner", [("rooms", tuple[room, ...])], frozen=True)  # type: ignore[valid-type]  # made at run time
    mentor: type[Any] = defstruct("Mentor", [("mentor", Key[str]), ("held", inner)], bases=(Row,), frozen=True)

    @each
    def fold(_: Latest, event: MentorCapacitySet, at: At) -> Iterator[Row]:  # noqa: ARG001 - the shape of a fold
        yield mentor(event.mentor, inner((room(event.capacity),)))

    return Projection("mentors", fold, (mentor,), FACTS), mentor


BEFORE, MENTOR_BEFORE = with_room()
AFTER, MENTOR_AFTER = with_room(("floor", int, 3))
HELD = {"rooms": [{"places": 7, "floor": 3}]}


def test_a_changed_struct_inside_a_document_is_rebuilt_and_two_may_begin_at_once(ground: Ground) -> None:
    """Its columns are what they were. Until it is built, it is behind and answers nobody from what is stored."""

    async def scenario() -> None:
        async with scene(ground) as here:
            await here.decide(7)
            head = await here.leader(BEFORE).catch_up_once()
            views = Views(connect=ground.connection, network=ground.network, log=here.log)

            async def state() -> tuple[str, int]:
                (status,) = await projection_status(
                    (AFTER,), connect=ground.connection, network=ground.network, log=here.log, now=START
                )
                return status.state, status.lag_events

            assert await state() == ("behind", head)
            with pytest.raises(Unavailable, match="not been built yet in its present shape"):
                await views.ask(AFTER, lambda rows: rows.under(MENTOR_AFTER))
            await asyncio.gather(*(here.leader(AFTER).catch_up_once() for _ in range(2)))
            assert await state() == ("live", 0)
            (row,) = (await views.ask(AFTER, lambda rows: rows.under(MENTOR_AFTER, MENTOR.format(1)))).value
            assert msgspec.json.decode(msgspec.json.encode(row)) == {"mentor": MENTOR.format(1), "held": HELD}
            async with ground.connection() as connection:
                table = ReadTables(AFTER, live_schema(ground.network)).table(MENTOR_AFTER)
                cursor = await connection.execute(sql.SQL("select held from {}").format(table))
                assert await cursor.fetchall() == [(HELD,)]

    asyncio.run(scenario())


def form(table: Any) -> bytes:  # noqa: ANN401 - a type made at run time
    return stored_form(table)


def test_what_is_stored_otherwise_has_another_form() -> None:
    forms = {
        form(mentor)
        for _, mentor in (
            with_room(),
            with_room(("floor", int, 3)),
            with_room(("floor", int, 4)),
            with_room(("floor", str, "3")),
            with_room(("floor", int | None, 3)),
            with_room(("title", int, 3)),
        )
    }
    assert len(forms) == 6
    assert form(with_room()[1]) == form(MENTOR_BEFORE)


def test_what_is_said_about_a_struct_changes_nothing_of_its_form() -> None:
    class Room(Struct, frozen=True):
        places: int

    def of(room: type[Struct]) -> bytes:
        return form(defstruct("Mentor", [("mentor", Key[str]), ("room", room)], bases=(Row,), frozen=True))

    before = of(Room)
    described = defstruct("Room", [("places", int)], frozen=True, namespace={"__doc__": "What a mentor has room for."})
    assert of(described) == before


SHAPES = """
from adapters.postgres.read_tables import ReadTables
from projections.registry import all_projections
print([ReadTables(p, "x").shape for p in all_projections()])
"""


def test_two_processes_find_the_same_shapes() -> None:
    """Else each would rebuild what the other has built."""
    seeds = ("1", "2")
    found = {
        subprocess.run(  # noqa: S603 - our own lines
            [sys.executable, "-c", SHAPES],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in seeds
    }
    assert len(found) == 1
