"""The feed: what is served beside questions and commands, in forms of its own; found by looking, nothing is listed by hand."""

import importlib
import pkgutil
from functools import cache

from adapters.http.feed.route import Route


@cache
def all_routes() -> tuple[Route, ...]:
    """Every path of the feed, in order."""
    found: list[Route] = []
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        found += [thing for thing in vars(importlib.import_module(module.name)).values() if isinstance(thing, Route)]
    return tuple(sorted(found, key=lambda r: r.path))
