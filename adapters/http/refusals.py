"""What a command can be refused as: the refusals that its decision names, in its own code and in what it calls."""

from collections.abc import Iterator
from types import CodeType, FunctionType

from adapters.http.problems import status_of, type_of
from domain.kernel import AnyDecider, Command, Event, Refused

_DOMAIN = "domain."


def refusals_of(decider: AnyDecider) -> tuple[type[Refused], ...]:
    """In order of status, then of type; what every command can be refused for, such as a malformed body, is not among them."""
    found = {type_of(kind): kind for kind in _walk(decider.decide, set())}
    return tuple(found[each] for each in sorted(found, key=lambda each: (status_of(found[each]), each)))


def refused_as(decider: AnyDecider) -> str:
    """The same as a sentence, with the last part of each `type`; empty where nothing of its own can be in the way."""
    by_status: dict[int, list[str]] = {}
    for kind in refusals_of(decider):
        by_status.setdefault(status_of(kind), []).append(f"`{type_of(kind).rpartition('/')[2]}`")
    said = "; ".join(f"{status} {', '.join(types)}" for status, types in by_status.items())
    return f"What can be in the way: {said}." if said else ""


def _walk(thing: object, met: set[object]) -> Iterator[type[Refused]]:
    if isinstance(thing, type) and issubclass(thing, Refused):
        yield thing
    if not isinstance(thing, FunctionType) or not thing.__module__.startswith(_DOMAIN) or thing in met:
        return
    met.add(thing)
    known = thing.__globals__
    states = [each for each in known.values() if _is_state(each)]
    for name in _names(thing.__code__):
        if name in known:
            yield from _walk(known[name], met)
        else:
            # Of `state.books.period_of` the code says no class: it is one of those that its module knows.
            for each in states:
                yield from _walk(vars(each).get(name), met)


def _is_state(thing: object) -> bool:
    """A class of the domain whose methods a decision may call."""
    return (
        isinstance(thing, type)
        and thing.__module__.startswith(_DOMAIN)
        and not issubclass(thing, Refused | Command | Event)
    )


def _names(code: CodeType) -> Iterator[str]:
    """What a function names, in what is defined inside it too."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)
