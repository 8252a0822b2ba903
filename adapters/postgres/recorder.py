"""The log as the `eventsourcing` library's DCB recorder: synchronous, for any types, tags and bytes.

On a raw schema, made if missing, it stores what it is given untouched: no envelope, no command ids, no rule about time. On a
network's schema it reads and subscribes and refuses to append: events come into a network by its commands.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import psycopg
import structlog
from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
    DCBSubscription,
)
from eventsourcing.persistence import DataError, IntegrityError, OperationalError, ProgrammingError
from psycopg import Connection
from psycopg.types.numeric import Int4, Int8
from psycopg_pool import ConnectionPool

from adapters.postgres.database import CONNECTIONS_MAX, WAIT_SECONDS, Row, check_server, conninfo, statement
from adapters.postgres.migrate import migrations
from application.ports import Unavailable

PAGE: Final = 500
"""Events read at once, so that reading everything does not hold everything."""
POLL_SECONDS: Final = 0.25
"""How often the head is read beside listening; a thread that listens also ends no faster than this."""
RECONNECT_SECONDS: Final = 0.2
READ_ATTEMPTS: Final = 3
NAME_BYTES_MAX: Final = 2_048
"""Of a type or tag in UTF-8: what an index of PostgreSQL can hold is little more."""

_RAW: Final = Path(__file__).with_name("raw") / "append.sql"
_LOCK = "select pg_advisory_xact_lock(hashtextextended('tasma migrate ' || {schema_text}, 0))"
_STATE = (
    "select to_regclass({schema_text} || '.event') is not null, to_regclass({schema_text} || '.network') is not null"
)
_CREATE = "create schema if not exists {schema}"
_RECORDS = "select place, kind, labels, bytes from {schema}.records(%s::jsonb, %s, %s)"
_APPEND = "select {schema}.append_raw(%s::text[], %s::bytea[], %s::text[], %s::int[], %s::jsonb, %s)"
_HEAD = "select coalesce(max(position), 0) from {schema}.event"
_LISTEN = "listen {channel}"


logger = structlog.get_logger()


@contextmanager
def open_recorder(dsn: str, *, schema: str) -> Iterator["PostgresRecorder"]:
    """A recorder for as long as the block lasts. The schema is made by the role of `dsn` if it is missing.

    Raises `eventsourcing.persistence.OperationalError` when the database cannot be reached, ValueError for a name that
    cannot be a schema's.
    """
    info = conninfo(dsn, "tasma recorder")
    with _library_errors():
        with Connection.connect(info, autocommit=True) as connection:
            check_server(connection.info)
            writable = _prepared(connection, schema)
        pool = ConnectionPool(
            info,
            min_size=1,
            max_size=CONNECTIONS_MAX,
            kwargs={"autocommit": True, "prepare_threshold": 0},
            timeout=WAIT_SECONDS,
            open=False,
        )
        pool.open(wait=True, timeout=WAIT_SECONDS)
    try:
        recorder = PostgresRecorder(pool, info, schema, writable=writable)
        try:
            yield recorder
        finally:
            recorder.close()
    finally:
        pool.close()


def _prepared(connection: Connection[Row], schema: str) -> bool:
    """Make a raw log where there is none; whether this one is raw, so that it may be written."""
    with connection.transaction():
        connection.execute(statement(_LOCK, schema))
        ((exists, is_network),) = connection.execute(statement(_STATE, schema)).fetchall()
        if not exists:
            connection.execute(statement(_CREATE, schema))
            connection.execute(statement(migrations()[0].text, schema))
            connection.execute(statement(_RAW.read_text(encoding="utf-8"), schema))
    return not is_network


class PostgresRecorder(DCBRecorder):
    """Made by `open_recorder`; may be used by many threads."""

    def __init__(self, pool: ConnectionPool[Connection[Row]], info: str, schema: str, *, writable: bool) -> None:
        self._pool = pool
        self._schema = schema
        self._writable = writable
        self._records = statement(_RECORDS, schema)
        self._append = statement(_APPEND, schema)
        self._listener = _Listener(info, schema)

    def close(self) -> None:
        """Stop listening and end every subscription."""
        self._listener.close()

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> DCBReadResponse:
        """The events a query admits, in order.

        `head` is the log's head at the moment of reading; with a limit, the position of the last event given, None for none.
        """
        items = _items(query)
        head, first = self.page(items, after or 0, PAGE if limit is None else min(limit, PAGE))
        return _Response(self, items, limit, head, first)

    def page(self, items: str, after: int, limit: int) -> tuple[int, list[DCBSequencedEvent]]:
        """The head and the next events, at one moment."""
        (head, *_), *rows = self._rows(self._records, (items, Int8(after), Int8(limit)), attempts=READ_ATTEMPTS)
        return head, [
            DCBSequencedEvent(event=DCBEvent(type=kind, data=data, tags=tags), position=position)
            for position, kind, tags, data in rows
        ]

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """Append all events or none; the position of the last one.

        Raises IntegrityError when something matches the condition, ProgrammingError for no events or on a network's schema,
        DataError for a type or tag that is no text or longer than 2,048 bytes, OperationalError when the connection dies:
        then nobody knows whether it was stored, as there is no command id.
        """
        if not self._writable:
            raise ProgrammingError(
                f"The schema {self._schema} is a network's: here it can be read and subscribed to. Its events come from "
                "its commands (POST /v1/commands/…)."
            )
        if not events:
            raise ProgrammingError("There is nothing to append: give at least one event.")
        for event in events:
            for name in (event.type, *event.tags):
                _check_name(name)
        tags = [(tag, ordinal) for ordinal, event in enumerate(events, 1) for tag in event.tags]
        parameters = (
            [event.type for event in events],
            [event.data for event in events],
            [tag for tag, _ in tags],
            [Int4(ordinal) for _, ordinal in tags],
            "[]" if condition is None else _items(condition.fail_if_events_match),
            Int8((condition and condition.after) or 0),
        )
        ((last,),) = self._rows(self._append, parameters)
        if last is None:
            raise IntegrityError(condition)
        return int(last)

    def subscribe(self, query: DCBQuery | None = None, *, after: int | None = None) -> "PostgresSubscription":
        """The events a query admits, then those to come; `next` blocks until there is one. May be stopped by any thread."""
        return PostgresSubscription(self, self._listener, query, after)

    def _rows(self, query: bytes, parameters: Sequence[object], *, attempts: int = 1) -> list[Row]:
        for attempt in range(1, attempts + 1):
            try:
                with _library_errors(), self._pool.connection() as connection:
                    return connection.execute(query, parameters, binary=True).fetchall()
            except OperationalError:
                if attempt == attempts:
                    raise
                self._pool.check()  # where one connection died, the idle ones may be dead as well
        raise ValueError(f"A statement needs at least one attempt, not {attempts}.")


class _Response(DCBReadResponse):
    """Read page by page up to the head of the first page: the log only grows, so that is one moment all the same."""

    def __init__(
        self, recorder: PostgresRecorder, items: str, limit: int | None, head: int, first: list[DCBSequencedEvent]
    ) -> None:
        self._head = head
        self._limit = limit
        self._given: int | None = None
        self._events = self._all(recorder, items, first)
        # With a limit the head is that of the last event given, so what is given has to be known.
        if limit is not None:
            everything = list(self._events)
            self._given = everything[-1].position if everything else None
            self._events = iter(everything)

    @property
    def head(self) -> int | None:
        return self._given if self._limit is not None else self._head or None

    def __next__(self) -> DCBSequencedEvent:
        return next(self._events)

    def _all(
        self, recorder: PostgresRecorder, items: str, page: list[DCBSequencedEvent]
    ) -> Iterator[DCBSequencedEvent]:
        left = self._limit
        while True:
            size = PAGE if left is None else min(left, PAGE)
            for event in page:
                if event.position > self._head:
                    return
                yield event
            if left is not None:
                left -= len(page)
            if len(page) < size or left == 0:
                return
            page = recorder.page(items, page[-1].position, PAGE if left is None else min(left, PAGE))[1]


class PostgresSubscription(DCBSubscription[PostgresRecorder]):
    """Pulls whenever the log has grown, and every now and then in case nobody said so."""

    def __init__(
        self, recorder: PostgresRecorder, listener: "_Listener", query: DCBQuery | None, after: int | None
    ) -> None:
        super().__init__(recorder, query, after)
        self._listener = listener
        self._items = _items(query)
        self._page: Iterator[DCBSequencedEvent] = iter(())

    def __next__(self) -> DCBSequencedEvent:
        while not self._has_been_stopped:
            if (event := next(self._page, None)) is not None:
                self._last_position = event.position
                return event
            self._listener.start()  # listens before the first pull
            heard = self._listener.heard
            head, page = self._recorder.page(self._items, self._last_position, PAGE)
            if page:
                self._page = iter(page)
            else:
                self._last_position = max(self._last_position, head)  # nothing for us up to there: look no more
                self._listener.wait(heard, lambda: self._has_been_stopped)
        raise StopIteration

    def stop(self) -> None:
        super().stop()
        self._listener.wake()


class _Listener:
    """A thread with the one listening connection of a recorder, started by its first subscription."""

    def __init__(self, info: str, schema: str) -> None:
        self._info = info
        self._listen = statement(_LISTEN, schema, channel=f"tasma_{schema}")
        self._head = statement(_HEAD, schema)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.heard = 0
        """The head as far as it is known here."""

    def start(self) -> None:
        with self._changed:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._follow, name="tasma recorder listener", daemon=True)
                self._thread.start()

    def wait(self, heard: int, stopped: Callable[[], bool]) -> None:
        """Return when more was heard, when stopped, and at the latest when it is time to look anyway."""
        with self._changed:
            self._changed.wait_for(lambda: self.heard != heard or stopped(), POLL_SECONDS)

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        self._closed = True
        self.wake()
        if self._thread is not None:
            self._thread.join()

    def _follow(self) -> None:
        pause = threading.Event()
        while not self._closed:
            try:
                with Connection.connect(self._info, autocommit=True) as connection:
                    connection.execute(self._listen)
                    self._stay(connection)
            except psycopg.Error:
                pause.wait(RECONNECT_SECONDS)  # subscriptions pull by themselves meanwhile, and raise if they cannot
            except Exception as error:
                logger.exception("recorder.listener_failed", error=type(error).__name__)
                pause.wait(RECONNECT_SECONDS)

    def _stay(self, connection: Connection[Row]) -> None:
        while not self._closed:
            for (head,) in connection.execute(self._head).fetchall():
                self._saw(head)
            for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                pass  # a reason to read the head and nothing more: anybody may have sent it

    def _saw(self, head: int) -> None:
        if head != self.heard:  # lower where the log was made anew
            with self._changed:
                self.heard = head
                self._changed.notify_all()


def _items(query: DCBQuery | None) -> str:
    """A query as the SQL function `matching` reads it; one without items means every event."""
    items = query.items if query and query.items else [DCBQueryItem()]
    try:
        return msgspec.json.encode([{"types": item.types, "tags": item.tags} for item in items]).decode()
    except UnicodeEncodeError as error:
        raise _no_text(error) from error


def _check_name(name: str) -> None:
    """Raises DataError for a type or tag that PostgreSQL cannot keep as text in an index."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise _no_text(error) from error
    if "\x00" in name:
        raise DataError(f"The type or tag {name[:40]!r} contains a NUL character; leave it out.")
    if size > NAME_BYTES_MAX:
        raise DataError(
            f"The type or tag that begins with {name[:40]!r} has {size:,} bytes in UTF-8; the limit is "
            f"{NAME_BYTES_MAX:,}. Keep long texts in the data."
        )


def _no_text(error: UnicodeEncodeError) -> DataError:
    return DataError(
        f"The type or tag {error.object[:40]!r} contains half a surrogate pair, which is no character; leave it out."
    )


@contextmanager
def _library_errors() -> Iterator[None]:
    """The driver's errors as the library's."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, Unavailable) as error:
        raise OperationalError(str(error)) from error
    except psycopg.DataError as error:
        raise DataError(str(error)) from error
