"""The same ground as for sealing: a log with events, and ways to damage it."""

from tests.sealing.conftest import ground as ground  # noqa: PLC0414 - a fixture is found by its name here
