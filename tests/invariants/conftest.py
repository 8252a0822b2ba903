"""A network's schemas, for what is folded in the database."""

from tests.projections.conftest import ground as ground  # noqa: PLC0414 - a fixture is found by its name here
