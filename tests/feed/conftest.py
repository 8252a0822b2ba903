"""The logs of `tests/log`, in memory and in PostgreSQL."""

from tests.log.conftest import opened, place

__all__ = ["opened", "place"]
