"""The words every slice is written in: event, command, boundary, decider, refusal."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from functools import cache, reduce
from typing import Annotated, Any, Generic, Literal, TypeVar, cast, get_type_hints
from uuid import UUID

from msgspec import Meta, Struct
from msgspec.structs import fields

from domain.calendar import day_of

Audience = Literal["everyone", "network", "parties"]
"""Who may see an event: anybody, every partner, or the organisations in its `parties` (coordinator and auditor see all)."""

Role = Literal["coordinator", "partner", "mentor", "auditor", "subscriber", "funder", "policy"]
Scope = Literal["content", "finance-check", "finance-approve", "project"]


class Value(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Immutable and compared by content."""


# --- events ----------------------------------------------------------------------------------------------------------
class Event(Value, frozen=True, gc=False):
    """A fact. Its name, such as `tasma.referral.sent.v1`, is its for ever; nothing stored mentions a module."""


class Fact(Value, frozen=True):
    """What is declared about an event type once: its name, what it is about, who may see it."""

    name: str
    about: tuple[str, ...]
    """Fields whose values become tags; the first is the subject, the main thing."""
    seen_by: Audience
    frequent: bool
    """True for what happens daily. Such an event carries no hot tag (organisation, agreement, period)."""


FACTS: dict[type[Event], Fact] = {}
"""Every event version this system ever wrote, filled as the contexts are imported."""

BARE = frozenset({"network", "period", "project"})
"""Fields that hold their value without its kind; as a tag it has it: `period:2019-11`."""

EventType = TypeVar("EventType", bound=type[Event])


def fact(
    name: str, *, about: tuple[str, ...], seen_by: Audience, frequent: bool = False, version: int = 1
) -> Callable[[EventType], EventType]:
    """Declare an event type: `fact("referral.sent", about=("referral", "client"), seen_by="parties")`."""

    def declare(event: EventType) -> EventType:
        FACTS[event] = Fact(name=f"tasma.{name}.v{version}", about=about, seen_by=seen_by, frequent=frequent)
        return event

    return declare


def name_of(event: type[Event]) -> str:
    return FACTS[event].name


UPCASTS: dict[type[Event], Callable[[Any], Event]] = {}
"""By a version that is written no more: what it says in the words of the next one."""

Upcaster = TypeVar("Upcaster", bound=Callable[[Any], Event])


def upcaster(function: Upcaster) -> Upcaster:
    """Declare how an older version is read: a function of it that gives the next version."""
    hints = get_type_hints(function)
    newer = hints.pop("return")
    (older,) = hints.values()
    UPCASTS[older] = function
    _OLDER[newer] = (*_OLDER.get(newer, ()), older)
    return function


_OLDER: dict[type[Event], tuple[type[Event], ...]] = {}


def versions_of(event: type[Event]) -> tuple[type[Event], ...]:
    """A version and all older ones, which are read as it."""
    return (event, *(version for older in _OLDER.get(event, ()) for version in versions_of(older)))


def current(event: Event) -> Event:
    """An event as its newest version says it: decisions and read models know no other."""
    while (upcast := UPCASTS.get(type(event))) is not None:
        event = upcast(event)
    return event


def subject_of(event: Event) -> str:
    """The id of the main thing an event is about."""
    return _tag(event, FACTS[type(event)].about[0])[0]


def tags_of(event: Event) -> tuple[str, ...]:
    """Every id under which an event is found again: a pure function of type and data, in ascending order."""
    return tuple(sorted({tag for field in FACTS[type(event)].about for tag in _tag(event, field)}))


def _tag(event: Event, field: str) -> tuple[str, ...]:
    match getattr(event, field):
        case None:
            return ()
        case str(value):
            return (f"{field}:{value}" if field in BARE else value,)
        case several:
            return tuple(several)


def parties_of(event: Event) -> tuple[str, ...]:
    """The organisations an event concerns; empty where everyone or the whole network may see it."""
    return getattr(event, "parties", ())


# --- commands --------------------------------------------------------------------------------------------------------
class Filled(Value, frozen=True):
    """Marks a command's field that comes from the application, never from the body."""


FILLED = Filled()


class Asked(Value, frozen=True):
    """Who asks, when and under which id: what every command carries beside its body."""

    at: datetime
    """The clock's reading; always with a zone."""
    actor: str
    """An opaque id of a person or system, or `policy:NAME`."""
    role: Role
    command_id: UUID
    organisation: str | None = None
    """On whose behalf; a policy acts on behalf of its cause's organisation."""
    causation: UUID | None = None
    """The event that led to this, if any."""
    correlation: str | None = None
    """The case this belongs to: its cause's; None begins a case of its own."""

    @property
    def on(self) -> date:
        """The day of asking in Helsinki."""
        return day_of(self.at)

    def acts_for(self, organisation: str) -> bool:
        """Whether the asker may speak for an organisation: its own people, the coordinator, the system itself."""
        return self.role in ("coordinator", "policy") or self.organisation == organisation

    def new(self, kind: str, ordinal: int = 0) -> str:
        """An id for something this command makes, the same on every retry."""
        return f"{kind}:{derived(self.command_id, kind, ordinal)}"


def derived(cause: UUID, *parts: object) -> UUID:
    """A UUIDv8 that follows from its cause: the cause's 48 time bits, then SHA-256 bits (RFC 9562, section 5.8).

    The time in front keeps neighbours in time neighbours in an index.
    """
    digest = hashlib.sha256("\n".join([str(cause), *map(str, parts)]).encode()).digest()
    number = (cause.int >> 80 << 80) | int.from_bytes(digest[:10], "big")
    number = number & ~(0xF << 76) | 8 << 76
    return UUID(int=number & ~(0x3 << 62) | 2 << 62)


def cause_in(thing: str) -> UUID:
    """The UUID in the id of a thing, so that ids that follow from it stand beside it in time; nil where it is a number."""
    try:
        return UUID(thing.partition(":")[2])
    except ValueError:
        return UUID(int=0)


class Command(Value, frozen=True):
    """An intention, complete: it carries its own clock reading and ids."""

    asked: Annotated[Asked, Meta(extra={"filled": FILLED})]


def command_name(command: type[Command]) -> str:
    """`SendReferral` is asked for as `send-referral`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", command.__name__).lower()


@cache
def filled_fields(command: type[Command]) -> frozenset[str]:
    """The fields the application fills; all others make up the body."""
    return frozenset(
        f.name
        for f in fields(command)
        for extra in (getattr(m, "extra", None) for m in getattr(f.type, "__metadata__", ()))
        if extra and extra.get("filled") is FILLED
    )


# --- boundaries ------------------------------------------------------------------------------------------------------
class Criterion(Value, frozen=True):
    """The events of any of these types (none: of every type) that carry all of these tags."""

    types: tuple[type[Event], ...] = ()
    tags: tuple[str, ...] = ()

    def admits(self, event: Event, tags: Collection[str] | None = None) -> bool:
        """Whether it admits an event, whose tags may be at hand."""
        if self.types and not isinstance(event, self.types):
            return False
        carried = tags_of(event) if tags is None else tags
        for tag in self.tags:  # noqa: SIM110 - twice as fast as `all`, and asked of every event that is remembered
            if tag not in carried:
                return False
        return True


Boundary = tuple[Criterion, ...]
"""Everything a decision reads, and therefore everything that may invalidate it."""


def facts(*types: type[Event], about: str | None = None) -> Criterion:
    """The events of these types, in every version that was ever written."""
    versions = tuple(version for event in types for version in versions_of(event))
    return Criterion(types=versions, tags=() if about is None else (about,))


# --- refusals --------------------------------------------------------------------------------------------------------
class Refused(Exception):
    """The domain says no, in a sentence with the numbers and the way out."""


class NotYet(Refused):
    """What a policy asks for is too early: a later event asks for it again, so nobody has to look after it."""


class Unknown(Refused):
    """What is named does not exist, as far as this asker can know."""

    def __init__(self, thing: str) -> None:
        super().__init__(f"There is no {thing} here.")


class NotYours(Refused):
    """The asker speaks for another organisation."""

    def __init__(self, asked: Asked, owner: str, what: str) -> None:
        speaker = asked.organisation or f"a {asked.role} without an organisation"
        super().__init__(f"Only {owner} or the coordinator may {what}; you act for {speaker}.")


class InTheFuture(Refused):
    """A date that has not come yet cannot be reported as a fact."""

    def __init__(self, what: str, day: date, today: date) -> None:
        super().__init__(f"{what} on {day} lies in the future: today is {today}. Report it when it has happened.")


# --- deciders --------------------------------------------------------------------------------------------------------
C = TypeVar("C", bound=Command)
S = TypeVar("S")
E = TypeVar("E", bound=Event)


class Decider(Value, Generic[C, S, E], frozen=True):
    """One decision: what it reads, how that is folded, what follows from it, and who may ask for it."""

    command: type[C]
    boundary: Callable[[C], Boundary]
    initial: S
    evolve: Callable[[S, E], S]
    decide: Callable[[C, S], tuple[Event, ...]]
    may: Mapping[Role, Scope | None]
    """Roles that may ask, each with the scope it needs for that."""
    example: Mapping[str, Any]
    """A body that a reader of the documentation can send as it is."""
    signed: bool = False
    """Whether a person has to answer for it: it is compared with who did the step before, or moves where money goes."""

    def __call__(self, command: C, history: Iterable[E]) -> tuple[Event, ...]:
        return self.decide(command, reduce(self.evolve, cast("Iterable[E]", map(current, history)), self.initial))


AnyDecider = Decider[Any, Any, Any]
