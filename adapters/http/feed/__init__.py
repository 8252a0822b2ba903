"""The feed: what is served beside questions and commands, in forms of its own; found by looking, nothing is listed by hand."""

import importlib
import pkgutil
from functools import cache

from adapters.http import files, reads
from adapters.http.feed.route import Route


@cache
def all_routes() -> tuple[Route, ...]:
    """Every path of the feed, of questions that come with a body, and of what comes as a file, in order."""
    found: list[Route] = []
    for package in (__name__, reads.__name__, files.__name__):
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            things = vars(importlib.import_module(module.name)).values()
            found += [thing for thing in things if isinstance(thing, Route)]
    return tuple(sorted(found, key=lambda r: r.path))
