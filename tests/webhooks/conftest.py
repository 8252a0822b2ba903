"""A lived-in network to subscribe to."""

from tests.http.conftest import seen, world

__all__ = ["seen", "world"]
