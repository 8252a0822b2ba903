"""The questions that can be asked over HTTP: one file for each read model, found by looking; nothing is listed by hand."""

import importlib
import pkgutil
from functools import cache

from adapters.http.reading import Read


@cache
def all_reads() -> tuple[Read, ...]:
    """Every question, by path."""
    found: list[Read] = []
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        found += [thing for thing in vars(importlib.import_module(module.name)).values() if isinstance(thing, Read)]
    return tuple(sorted(found, key=lambda r: r.path))
