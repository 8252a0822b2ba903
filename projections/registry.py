"""Every projection there is, found by looking. Nothing is listed by hand."""

import importlib
import pkgutil
from functools import cache

import projections
from projections.rows import Projection


@cache
def all_projections() -> tuple[Projection, ...]:
    """All instances of `Projection` in the modules of this package, by name.

    Raises ValueError when two of them share a name: their tables would be the same.
    """
    found: dict[str, Projection] = {}
    for module in sorted(m.name for m in pkgutil.walk_packages(projections.__path__, "projections.")):
        for thing in vars(importlib.import_module(module)).values():
            if isinstance(thing, Projection) and found.setdefault(thing.name, thing) != thing:
                raise ValueError(f"Two projections are named {thing.name}.")
    return tuple(found[name] for name in sorted(found))
