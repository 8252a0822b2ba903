"""Everything the domain offers, found by looking: every decider and every event version. Nothing is listed by hand."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

import domain
from domain.kernel import FACTS, AnyDecider, Decider, Event, command_name


def _deciders() -> dict[str, AnyDecider]:
    found: dict[str, AnyDecider] = {}
    for module in sorted(m.name for m in pkgutil.walk_packages(domain.__path__, "domain.")):
        for thing in vars(importlib.import_module(module)).values():
            if isinstance(thing, Decider):
                found[command_name(thing.command)] = thing
    return dict(sorted(found.items()))


DECIDERS: Mapping[str, AnyDecider] = MappingProxyType(_deciders())
"""By the command's name, such as `send-referral`."""

EVENT_TYPES: Mapping[str, type[Event]] = MappingProxyType(
    {f.name: e for e, f in sorted(FACTS.items(), key=lambda i: i[1].name)}
)
"""By the event's name, such as `tasma.referral.sent.v1`. Complete once the deciders have been imported."""
