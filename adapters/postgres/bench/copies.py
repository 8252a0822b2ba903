"""Long logs of short ones: decisions recorded once, multiplied with fresh ids, as rows in PostgreSQL's binary form.

A copy is what the log itself would have stored had the same things happened to others: of every event the exact bytes
but for position, time, ids and nonces. All copies of an event have one length, so that a row is cut once into what stays
and what is put in, and a copy costs one look-up for each piece.
"""

import random
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from application.envelope import Recorded, decode, placed
from application.registry import EVENT_TYPES
from domain.kernel import tags_of

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
TYPE_IDS: Final = {name: n for n, name in enumerate(EVENT_TYPES, 1)}
_PLACE_BYTES = len(placed(0, EPOCH, b"{")) - 1  # position and time, before the encoded rest
_TO_2000_US = 946_684_800_000_000
_TEXT_OID = 25

_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NONCE = rb'(?<="nonce":")[0-9a-f]{32}'
_NUMBERED = (
    rb"(?:client|referral|pathway|mentor|session):(?!"
    + _UUID
    + rb")(?:[a-z]{1,2}-)?[0-9a-f]{1,32}(?:-[0-9a-f]{1,32}){0,7}"
)
_ID = re.compile(b"(" + b"|".join((_UUID, _NONCE, _NUMBERED)) + b")")
_KIND = re.compile(rb"([a-z]+:(?:[a-z]{1,2}-)?)(.+)")

_SHORT, _INT, _LONG = struct.Struct(">h").pack, struct.Struct(">i").pack, struct.Struct(">q").pack


class Rows(NamedTuple):
    """Rows of the tables event, tag and command, for COPY."""

    events: int
    event: bytes
    tag: bytes
    command: bytes


class Decided(NamedTuple):
    """The stored events of one decision, to be copied."""

    recorded: tuple[Recorded, ...]
    bodies: tuple[bytes, ...]

    @property
    def at_us(self) -> int:
        return (self.recorded[0].time - EPOCH) // MICROSECOND


def decisions(bodies: Sequence[bytes]) -> list[Decided]:
    """Stored events, decision by decision."""
    read = [(decode(body), body) for body in bodies]
    grouped = (list(group) for _, group in groupby(read, key=lambda pair: pair[0].commandid))
    return [Decided(tuple(r for r, _ in group), tuple(body for _, body in group)) for group in grouped]


class CopyOf:
    """What all ids of one copy have in common: the same id becomes the same fresh one wherever it stands."""

    def __init__(self, number: int, chance: random.Random, shift: timedelta = timedelta()) -> None:
        """`shift`: how much later than the original all of it happens, in whole milliseconds."""
        self.number = b"%06d" % number
        self.key = chance.getrandbits(72)
        self.shift_us = shift // MICROSECOND
        self.nonce = chance.getrandbits


class Clock:
    """Where the log stands: its last position and time. Time rises with every decision, as `append` lets it."""

    def __init__(self) -> None:
        self.position = 0
        self.at_us = 0
        self._second, self._stamp = -1, b""

    def next(self, reading_us: int) -> int:
        self.at_us = max(reading_us, self.at_us + 1)
        return self.at_us

    def stamp(self, at_us: int) -> bytes:
        second, rest_us = divmod(at_us, 1_000_000)
        if second != self._second:
            self._second = second
            self._stamp = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.").encode()
        return b"%b%06dZ" % (self._stamp, rest_us)


class _Table:
    """Rows in pieces: what stays, and in every second place the number of what is put in there."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = [b""]
        self.slots: list[int] = []

    def add(self, *pieces: bytes | int) -> None:
        for piece in pieces:
            if isinstance(piece, bytes):
                self.pieces[-1] += piece
            else:
                self.slots.append(piece)
                self.pieces += (b"", b"")

    def filled(self) -> Callable[[Sequence[bytes]], bytes]:
        # Of one slot, as the only tag of one event may have, `itemgetter` gives no sequence.
        pick: Any = itemgetter(*self.slots, *self.slots[:1])

        def fill(values: Sequence[bytes]) -> bytes:
            pieces = self.pieces.copy()
            pieces[1::2] = pick(values)[:-1]
            return b"".join(pieces)

        return fill


class Stretch:
    """Some decisions in a row, ready to be copied."""

    def __init__(self, decided: Sequence[Decided]) -> None:
        self._numbers: dict[bytes, int] = {}
        bodies = [body[_PLACE_BYTES:] for each in decided for body in each.bodies]
        recorded = [r for each in decided for r in each.recorded]
        cut = [_ID.split(body) for body in bodies]
        tags = [[_ID.split(tag.encode()) for tag in tags_of(r.data)] for r in recorded]
        commands = [str(each.recorded[0].commandid).encode() for each in decided]
        for identity in (*(i for body in cut for i in body[1::2]), *(i for t in tags for p in t for i in p[1::2])):
            self._numbers.setdefault(identity, len(self._numbers))
        for command in commands:
            self._numbers.setdefault(command, len(self._numbers))
        self._forms = [_form(identity) for identity in self._numbers]
        self._readings_us = [each.at_us for each in decided]
        self._events = len(bodies)
        self._commands = [self._numbers[command] for command in commands]
        self._fill = self._cut_rows(decided, recorded, cut, tags)

    def _cut_rows(
        self,
        decided: Sequence[Decided],
        recorded: Sequence[Recorded],
        cut: Sequence[Sequence[bytes]],
        tags: Sequence[Sequence[Sequence[bytes]]],
    ) -> tuple[Callable[[Sequence[bytes]], bytes], ...]:
        """Cut all rows. What is put in has numbers: ids; of events positions in binary and digits; of decisions times and ids."""
        events, count, several = _Table(), self._events, len(decided)
        tag_rows, command_rows = _Table(), _Table()
        position, digits = len(self._numbers), len(self._numbers) + count
        at = digits + count
        stamp, command = at + several, at + 2 * several
        decision_of = [n for n, each in enumerate(decided) for _ in each.bodies]
        for n, (r, body, labels) in enumerate(zip(recorded, cut, tags, strict=True)):
            type_id, d = TYPE_IDS[r.type], decision_of[n]
            texts = [(_INT(self._length(label)), *self._pieces(label)) for label in labels]
            array_bytes = 20 + sum(4 + self._length(label) for label in labels)
            events.add(_SHORT(5), _INT(8), position + n, _INT(4), _INT(type_id), _INT(8), at + d, _INT(array_bytes))
            events.add(_INT(1), _INT(0), _INT(_TEXT_OID), _INT(len(labels)), _INT(1), *(p for t in texts for p in t))
            events.add(
                _INT(_PLACE_BYTES + self._length(body)), b'{"sequence":"', digits + n, b'","time":"', stamp + d, b'"'
            )
            events.add(*self._pieces(body))
            for text in texts:
                tag_rows.add(_SHORT(3), *text, _INT(4), _INT(type_id), _INT(8), position + n)
        last = -1
        for d, each in enumerate(decided):
            last += len(each.bodies)
            command_rows.add(_SHORT(4), _INT(16), command + d, _INT(32), command + d, command + d)
            command_rows.add(_INT(8), position + last, _INT(4), _INT(len(each.bodies)))
        return events.filled(), tag_rows.filled(), command_rows.filled()

    def _pieces(self, parts: Sequence[bytes]) -> Iterator[bytes | int]:
        for n, part in enumerate(parts):
            yield self._numbers[part] if n % 2 else part

    def _length(self, parts: Sequence[bytes]) -> int:
        """In bytes, of every copy."""
        return sum(len(part) for part in parts) + sum(
            NUMBER_BYTES for part in parts[1::2] if type(self._forms[self._numbers[part]]) is _Numbered
        )

    def copy(self, copy: CopyOf, clock: Clock) -> Rows:
        """The rows of one copy, at the place where the log stands."""
        ids = [form.fresh(copy) for form in self._forms]
        first = clock.position + 1
        positions = range(first, first + self._events)
        clock.position += self._events
        times = [clock.next(reading + copy.shift_us) for reading in self._readings_us]
        values = [
            *ids,
            *map(_LONG, positions),
            *[b"%020d" % position for position in positions],
            *[_LONG(at_us - _TO_2000_US) for at_us in times],
            *map(clock.stamp, times),
            *[bytes.fromhex(ids[n].replace(b"-", b"").decode()) for n in self._commands],
        ]
        return Rows(self._events, *(fill(values) for fill in self._fill))


NUMBER_BYTES: Final = 7  # the number of a copy and a hyphen


class _Uuid:
    """The version stays, and the time in front, as much later as the copy is, so that neighbours stay neighbours."""

    def __init__(self, old: bytes) -> None:
        self.time_ms = int(old[:8] + old[9:13], 16)
        self.version = old[13:15]
        self.bits = int(old[15:18] + old[20:23] + old[24:], 16)

    def fresh(self, copy: CopyOf) -> bytes:
        time = b"%012x" % (self.time_ms + copy.shift_us // 1000)
        bits = b"%018x" % (self.bits ^ copy.key)
        return b"%b-%b%b%b-8%b-%b" % (time[:8], time[8:], self.version, bits[:3], bits[3:6], bits[6:])


class _Nonce:
    def fresh(self, copy: CopyOf) -> bytes:
        return b"%032x" % copy.nonce(128)


class _Numbered:
    """An id such as `pathway:p-007`, with the copy's number in front of its own."""

    def __init__(self, kind: bytes, rest: bytes) -> None:
        self.kind, self.rest = kind, b"-" + rest

    def fresh(self, copy: CopyOf) -> bytes:
        return self.kind + copy.number + self.rest


def _form(identity: bytes) -> _Uuid | _Nonce | _Numbered:
    if match := _KIND.fullmatch(identity):
        return _Numbered(match[1], match[2])
    return _Uuid(identity) if b"-" in identity else _Nonce()
