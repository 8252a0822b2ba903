"""The one byte string of an event: a CloudEvents 1.0 JSON object, encoded once, completed at commit, decoded in one pass.

Attributes stand in the order of `_Rest`. Position and time are known only at commit, so they stand first and are put
before the encoded rest without encoding it again (`placed`; the PostgreSQL function `append` does the same in SQL).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from application.registry import EVENT_TYPES
from domain.kernel import Asked, Event, Refused, name_of, subject_of, tags_of

EVENT_BYTES_MAX = 65_535
EVENTS_MAX = 64
TAGS_MAX = 32
PAGE_EVENTS = 256
"""Events in a sealed page: page n, counted from 0, holds the positions 256n + 1 to 256n + 256."""
_PLACE_BYTES = 80  # what `placed` adds

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What bytes are answered with that are no event of a known type: damaged ones may be no text, or nested without end."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Entropy(Protocol):
    """Where event ids and nonces come from: the operating system, or a seed in simulations."""

    def event_id(self, at: datetime) -> UUID:
        """A UUIDv7 of that time."""

    def nonce(self) -> str:
        """128 random bits as 32 hex digits, used once: a hash of the event tells nothing about a hidden event."""


class _Rest(Struct, frozen=True, omit_defaults=True):
    specversion: str
    id: UUID
    source: str
    type: str
    subject: str
    datacontenttype: str
    nonce: str
    actor: str
    organisation: str | None = None
    commandid: UUID | None = None
    causationid: UUID | None = None
    correlationid: str | None = None
    data: Event | None = None


class Unplaced(Struct, frozen=True):
    """An encoded event that waits for its position and time."""

    id: UUID
    type: str
    tags: tuple[str, ...]
    body: bytes


class Recorded(Struct, frozen=True, kw_only=True, gc=False):
    """An event as stored: the envelope's attributes, in the order of its bytes, and the fact itself."""

    sequence: Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9]{20}$"})]
    """The position in the log as 20 digits: 1, 2, 3 and so on without a gap. It is the cursor of every form of the feed."""
    time: Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
    """When it was recorded, in UTC with microseconds; never before the time of the position before."""
    specversion: str = "1.0"
    """The version of CloudEvents."""
    id: UUID
    """A UUIDv7, the event's own; the same however often and however it is delivered."""
    source: Annotated[str, Meta(extra_json_schema={"pattern": "^/networks/"})]
    """The network that it happened in: `/networks/` and its name."""
    subject: str
    """The id of the main thing that it is about."""
    datacontenttype: str = "application/json"
    """The form of `data`."""
    nonce: Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9a-f]{32}$"})]
    """128 random bits: through them the hash of an event tells nothing to those who may not see it. They mean nothing else."""
    actor: str
    """Who asked for it: the opaque id of a person or a program, or `policy:` and the name of a rule of the network itself."""
    organisation: str | None = None
    """On whose behalf; left out where the network itself acts."""
    commandid: UUID
    """The command that led to it; all events of one command stand behind each other."""
    causationid: UUID | None = None
    """The `id` of the event that led to it, where one did."""
    correlationid: str
    """The case that it belongs to: the same for all that followed from one beginning."""
    data: Event
    """What happened."""

    @property
    def position(self) -> int:
        return int(self.sequence)

    @property
    def type(self) -> str:
        return name_of(self.data.__class__)


class TooLarge(Refused):
    """A decision beyond the named limits."""

    def __init__(self, what: str, size: int, limit: int, way_out: str) -> None:
        super().__init__(f"{what} would have {size:,}; the limit is {limit:,}. {way_out}")


class NotText(Refused):
    """A tag that PostgreSQL cannot keep as text."""

    def __init__(self, event: str, tag: str) -> None:
        super().__init__(f"The tag {tag!r} of {event} contains a NUL character; leave it out.")


def encode(events: tuple[Event, ...], asked: Asked, source: str, entropy: Entropy) -> tuple[Unplaced, ...]:
    """Encode what a decision gave, once and for all.

    Raises TooLarge for more than 64 events, 32 tags an event or 65,535 bytes an event, NotText for a tag with a NUL
    character, ValueError for no events at all.
    """
    if not events:
        raise ValueError("A decision has at least one event; what changes nothing is refused.")
    if len(events) > EVENTS_MAX:
        raise TooLarge("This decision", len(events), EVENTS_MAX, "Split it into several.")
    return tuple(_encoded(event, asked, source, entropy) for event in events)


def _encoded(event: Event, asked: Asked, source: str, entropy: Entropy) -> Unplaced:
    name, subject, tags = name_of(event.__class__), subject_of(event), tags_of(event)
    if len(tags) > TAGS_MAX:
        raise TooLarge(f"The tags of {name}", len(tags), TAGS_MAX, "Name fewer things in one event.")
    for tag in tags:
        if "\x00" in tag:
            raise NotText(name, tag)
    rest = _Rest(
        specversion="1.0",
        id=entropy.event_id(asked.at),
        source=source,
        type=name,
        subject=subject,
        datacontenttype="application/json",
        nonce=entropy.nonce(),
        actor=asked.actor,
        organisation=asked.organisation,
        commandid=asked.command_id,
        causationid=asked.causation,
        correlationid=asked.correlation or subject,
        data=event,
    )
    body = _encode(rest)
    if len(body) + _PLACE_BYTES > EVENT_BYTES_MAX:
        raise TooLarge(
            f"{name} in bytes",
            len(body) + _PLACE_BYTES,
            EVENT_BYTES_MAX,
            "Keep long texts outside and name their digest.",
        )
    # A fact that could be written but not read would stop every decision about the same thing, for ever.
    _reader(event.__class__)(_encode(event))
    return Unplaced(id=rest.id, type=name, tags=tags, body=body)


@cache
def _reader(event: type[Event]) -> Callable[[bytes], Event]:
    return msgspec.json.Decoder(event).decode


def placed(position: int, time: datetime, body: bytes) -> bytes:
    """The final bytes: position as 20 digits and time in UTC with microseconds before the encoded rest."""
    stamp = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return b'{"sequence":"%020d","time":"%s",%s' % (position, stamp.encode(), body[1:])


def decode(body: bytes) -> Recorded:
    """The event of stored bytes. Raises one of UNREADABLE, msgspec.ValidationError for a type this version does not know."""
    return _decoder().decode(body)


@cache
def _decoder() -> msgspec.json.Decoder[Recorded]:
    union: Any = None
    for event in EVENT_TYPES.values():
        envelope = _envelope(event)
        union = envelope if union is None else union | envelope
    return msgspec.json.Decoder(union)


class Excerpt(Struct, frozen=True, kw_only=True, gc=False):
    """Of an event what was asked for: when it was recorded, and some of its data."""

    time: datetime
    data: Any
    """Of the type that was named."""


class Passed(Struct, frozen=True, gc=False):
    """Stands for an event of a known type that was not asked for: nothing of it was decoded."""


@cache
def line_decoder(
    wanted: frozenset[type[Event]], readings: frozenset[tuple[type[Event], type[Struct]]] = frozenset()
) -> msgspec.json.Decoder[Recorded | Excerpt | Passed]:
    """Decodes the lines of a page: wanted types in full, exactly as `decode` does, other known types to `Passed`.

    `readings`: for some of the wanted types what to decode of their data, to an `Excerpt`. It raises for a type this version
    does not know, and not for what is passed over, whatever is in it.
    """
    union: Any = None
    excerpts = dict(readings)
    for name, event in EVENT_TYPES.items():
        envelope: Any = _envelope(event)
        if event not in wanted:
            envelope = _marked(Passed, name, [])
        elif event in excerpts:
            envelope = _marked(Excerpt, name, [("data", excerpts[event])])
        union = envelope if union is None else union | envelope
    return msgspec.json.Decoder(union)


def _marked(kind: type[Struct], name: str, fields: list[tuple[str, type[Struct]]]) -> type[Struct]:
    """An envelope that is told by the event's name."""
    return msgspec.defstruct(
        f"{kind.__name__}_{name}",
        fields,
        bases=(kind,),
        tag_field="type",
        tag=name,
        frozen=True,
        kw_only=True,
        gc=False,
    )


@cache
def _envelope(event: type[Event]) -> type[Recorded]:
    envelope: Any = msgspec.defstruct(
        f"Recorded_{event.__name__}",
        [("data", event)],
        bases=(Recorded,),
        tag_field="type",
        tag=name_of(event),
        frozen=True,
        kw_only=True,
        gc=False,
    )
    made: type[Recorded] = envelope
    return made
