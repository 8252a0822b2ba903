"""Every path that is neither a command nor a read: the feed's, and those that something is handed in at.

They are found by looking; nothing is listed by hand.
"""

import importlib
import pkgutil
from functools import cache

from adapters.http import feed, handed_in
from adapters.http.route import Route


@cache
def all_routes() -> tuple[Route, ...]:
    """All of them, by path."""
    found: list[Route] = []
    for package in (feed, handed_in):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            things = vars(importlib.import_module(module.name)).values()
            found += [thing for thing in things if isinstance(thing, Route)]
    return tuple(sorted(found, key=lambda r: r.path))
