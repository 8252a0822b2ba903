"""Networks to ask: one that is only looked at, shared by all tests of a file, and one of its own for a test that changes it."""

from collections.abc import Iterator

import pytest

from tests.http.world import World, contest, live, opened, run, settle


@pytest.fixture(scope="module")
def seen() -> Iterator[World]:
    """A lived-in network that no test changes."""
    with opened() as world:
        live(world)
        contest(world)
        settle(world)
        run(world.tree.seal())
        yield world


@pytest.fixture
def world() -> Iterator[World]:
    """A lived-in network of the test's own."""
    with opened() as world:
        live(world)
        yield world


@pytest.fixture
def constructed() -> Iterator[World]:
    """A network with a simulated clock, founded and otherwise empty."""
    with opened(constructed=True) as world:
        yield world
