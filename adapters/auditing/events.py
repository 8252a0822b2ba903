"""Whether each event's bytes say what its row says, and what they must say after the events before it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from adapters.auditing.report import Fault
from adapters.postgres.database import Row
from application.envelope import EVENT_BYTES_MAX, UNREADABLE, decode
from application.registry import EVENT_TYPES
from domain.kernel import FACTS, Event, tags_of


class Decision(NamedTuple):
    """Events that one command led to: the `n` up to `last`."""

    command: UUID
    last: int
    n: int


class _Envelope(Struct, frozen=True):
    """What is read of an event of any type."""

    sequence: str
    time: datetime
    type: str
    commandid: UUID


_POLICY: Final = "policy:"
_UNKNOWN: Final = datetime(1, 1, 1, tzinfo=UTC)
_envelope = msgspec.json.Decoder(_Envelope).decode


class EventCheck:
    """Reads rows in order and keeps what the next ones are compared with."""

    def __init__(self, types: Mapping[int, str]) -> None:
        self._types = types
        self._at: datetime | None = None
        self._stamp = b""
        self._command: UUID | None = None
        self._first = 1
        self._last = 0
        self.unknown: dict[str, int] = {}
        self.causes: dict[str, tuple[UUID, ...]] = {}
        """The last two events that each policy acted on, by their ids."""
        self.faults: list[Fault] = []
        """Those that were found; whoever takes them empties the list."""
        self.decisions: list[Decision] = []
        """Those that ended; the same."""

    def check(self, row: Row) -> Event | None:
        """Check the next row, as it is read for an audit; its fact, if this version knows it."""
        at: datetime | None
        tags: Sequence[str] | None
        data: bytes | None
        position, type_id, at, tags, data, size = row
        if data is None:
            self._fault(position, "its row holds no bytes")
            return None
        if at is None:
            self._fault(position, "its row has a time that no event can have")
            at = _time_in(data) or self._at or _UNKNOWN
        same_time = at == self._at
        if not same_time:
            stamp = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            if self._at is not None and at < self._at:
                self._fault(position, f"its time {stamp} is before that of the event before it")
            self._at, self._stamp = at, stamp.encode()
        if not data.startswith(b'{"sequence":"%020d","time":"%s",' % (position, self._stamp)):
            self._fault(position, "its bytes do not begin with the position and time of its row")
        if b"\n" in data:
            self._fault(position, "its bytes hold a line break, which no event's bytes have")
        if size is not None and size > EVENT_BYTES_MAX:
            self._fault(position, f"it has {size:,} bytes; an event has at most {EVENT_BYTES_MAX:,}")
        try:
            recorded = decode(data)
        except UNREADABLE as error:
            self._check_unreadable(position, self._types.get(type_id), data, error, same_time=same_time)
            return None
        self._check_place(position, recorded.sequence, recorded.time)
        event = recorded.data
        if FACTS[event.__class__].name != self._types.get(type_id):
            self._fault(position, f"its bytes say {recorded.type}, its row says {self._types.get(type_id)}")
        if tuple(tags or ()) != (expected := tags_of(event)):
            self._fault(position, f"its row has the tags {_list(tags or ())}; its bytes give {_list(expected)}")
        self._follow(position, recorded.commandid, same_time=same_time)
        if recorded.causationid and recorded.actor.startswith(_POLICY):
            self._acted(recorded.actor.removeprefix(_POLICY), recorded.causationid)
        return event

    def _acted(self, policy: str, cause: UUID) -> None:
        causes = self.causes.get(policy, ())
        if causes[-1:] != (cause,):
            self.causes[policy] = (*causes[-1:], cause)

    def finish(self) -> None:
        """After the last row."""
        if self._command is not None:
            self.decisions.append(Decision(self._command, self._last, self._last - self._first + 1))
        self._command = None

    def _check_unreadable(
        self, position: int, name: str | None, data: bytes, error: Exception, *, same_time: bool
    ) -> None:
        try:
            data.decode()  # what is not looked at is skipped unread
            envelope = _envelope(data)
        except UNREADABLE:
            self._fault(position, f"its bytes are no event: {error}")
            return
        self._check_place(position, envelope.sequence, envelope.time)
        if envelope.type in EVENT_TYPES:
            self._fault(position, f"its bytes are no {envelope.type}: {error}")
        elif envelope.type != name:
            self._fault(position, f"its bytes say {envelope.type}, its row says {name}")
        else:
            self.unknown[envelope.type] = self.unknown.get(envelope.type, 0) + 1
        self._follow(position, envelope.commandid, same_time=same_time)

    def _check_place(self, position: int, sequence: str, time: datetime) -> None:
        """JSON that says a thing twice is read as what it says last, whatever it begins with."""
        if sequence != f"{position:020d}" or time != self._at:
            self._fault(
                position, f"its bytes are read as the event {sequence} of {time.isoformat()}; its row says otherwise"
            )

    def _follow(self, position: int, command: UUID, *, same_time: bool) -> None:
        """One decision, one time; each decision a later one than the one before it."""
        if command == self._command:
            if not same_time:
                self._fault(position, "its time is another than that of the first event of its decision")
        else:
            if same_time and self._command is not None:
                self._fault(position, "its time is that of the decision before it; times rise")
            self.finish()
            self._command, self._first = command, position
        self._last = position

    def _fault(self, position: int, what: str) -> None:
        self.faults.append(Fault(position, f"Position {position:,}: {what}.", "event"))


def _time_in(data: bytes) -> datetime | None:
    try:
        time = _envelope(data).time
    except UNREADABLE:
        return None
    return time if time.tzinfo else None


def _list(tags: Sequence[object]) -> str:
    return ", ".join(map(str, tags)) or "none"
