"""What whoever holds the application's login could do beside the library's own calls, and what stops it."""

import asyncio
import random
import string
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import DataError
from psycopg import AsyncConnection, Connection, errors, sql
from structlog.testing import capture_logs

from adapters.postgres.database import Row
from adapters.postgres.embedded import Server
from adapters.postgres.listener import Listener
from adapters.postgres.log import PostgresLog
from adapters.postgres.migrate import drop_network, migrate
from adapters.postgres.recorder import NAME_BYTES_MAX, open_recorder
from tests.log.conftest import Place
from tests.log.decisions import assigned, decision, founded

SPEC = """'{"specversion":"1.0"}'::bytea"""
GOOD = {
    "catalogue": "1000",
    "anchors": "array[]::bigint[]",
    "anchor_digests": "array[]::bytea[]",
    "command_ids": "array[gen_random_uuid(), gen_random_uuid()]",
    "digests": "array['\\x00'::bytea, '\\x01']",
    "readings": "array[clock_timestamp(), clock_timestamp()]",
    "names": "array['a', 'b']",
    "probe_of": "array[1, 2]",
    "probe_type": "array[1, 2]",
    "probe_tag": "array['nobody', 'none']",
    "probe_since": "array[0, 0]::bigint[]",
    "wider_of": "array[2]",
    "wider": """array['[{"tags": ["nobody"]}]'::jsonb]""",
    "wider_since": "array[0]::bigint[]",
    "event_of": "array[1, 2]",
    "type_of": "array[1, 2]",
    "bodies": f"array[{SPEC}, {SPEC}]",
    "tags": "array['x', 'y']",
    "tag_of": "array[1, 2]",
    "founded_constructed": "null",
}
GOOD_RAW = {
    "types": "array['a', 'b']",
    "bodies": f"array[{SPEC}, {SPEC}]",
    "tags": "array['x', 'y']",
    "tag_of": "array[1, 2]",
    "boundary": "'[]'::jsonb",
    "since": "0",
}
RAW_EVENTS = (
    "Give at least one event, each with one type and one body, and with each tag the number of its event, from 1 on: "
    "in arrays that begin at 1 and have no nulls."
)
EVENTS = (
    "Give each decision at least one event, in the order of the decisions, each with one type and one body, and with each tag "
    "the number of its event, from 1 on: in arrays that begin at 1 and have no nulls. A founding comes alone."
)
ARGUMENTS = (
    "Appending needs a catalogue version, anchors and, of each decision, a command id, its digest and a reading in the years "
    "1 to 9999: one is missing or of another form."
)
BOUNDARIES = (
    "A boundary is given by types and tags, or by JSON arrays of items, each with the number of its decision and how far it "
    "is known: one is missing or of another form."
)
RAW_ARGUMENTS = "Appending needs a boundary that is a JSON array, and a position: one is missing or of another form."
LINE = "The body of an event has at most 65,455 bytes and no line break."
SPECVERSION = 'The body of an event begins with {"specversion": position and time are put before that.'

ODD_TAGS = (
    {"tags": "null"},
    {"tag_of": "null"},
    {"tags": "array['x']"},
    {"tags": "array['x', null]"},
    {"tags": "'[2:3]={x,y}'::text[]"},
    {"tag_of": "'[0:1]={1,2}'::int[]"},
    {"tag_of": "array[array[1, 2]]"},
    {"tag_of": "array[1, null]"},
    {"tag_of": "array[0, 1]"},
    {"tag_of": "array[1, 3]"},
)
ODD_RAW = [
    *((odd, RAW_EVENTS) for odd in ODD_TAGS),
    ({"types": "'[0:1]={a,b}'::text[]"}, RAW_EVENTS),
    ({"types": "array[array['a', 'b']]"}, RAW_EVENTS),
    ({"types": "array['a']"}, RAW_EVENTS),
    ({"types": "array['a', null]"}, RAW_EVENTS),
    ({"types": "null"}, RAW_EVENTS),
    ({"types": "array[]::text[]"}, RAW_EVENTS),
    ({"bodies": "null"}, RAW_EVENTS),
    ({"bodies": "array[]::bytea[]"}, RAW_EVENTS),
    ({"bodies": "array[''::bytea]"}, RAW_EVENTS),
    ({"bodies": "array[''::bytea, null]"}, RAW_EVENTS),
    ({"boundary": "null"}, RAW_ARGUMENTS),
    ({"since": "null"}, RAW_ARGUMENTS),
    ({"boundary": "'{}'::jsonb"}, RAW_ARGUMENTS),
]
ODD_CALLS = [
    *((odd, EVENTS) for odd in ODD_TAGS),
    ({"catalogue": "null"}, ARGUMENTS),
    ({"catalogue": "0"}, ARGUMENTS),
    *(({name: "null"}, ARGUMENTS) for name in ("anchors", "anchor_digests", "command_ids", "digests", "readings")),
    ({"command_ids": "array[gen_random_uuid(), null]"}, ARGUMENTS),
    ({"command_ids": "array[gen_random_uuid()]"}, ARGUMENTS),
    ({"command_ids": "array[]::uuid[]"}, ARGUMENTS),
    ({"digests": "array['\\x00'::bytea, null]"}, ARGUMENTS),
    ({"digests": "array['\\x00'::bytea]"}, ARGUMENTS),
    ({"digests": "array[array['\\x00'::bytea, '\\x01']]"}, ARGUMENTS),
    ({"anchors": "array[1]::bigint[]"}, ARGUMENTS),
    ({"anchors": "array[null]::bigint[]", "anchor_digests": "array[null]::bytea[]"}, ARGUMENTS),
    ({"probe_since": "array[0, null]::bigint[]"}, BOUNDARIES),
    ({"probe_since": "array[0]::bigint[]"}, BOUNDARIES),
    ({"probe_since": "'[0:1]={0,0}'::bigint[]"}, BOUNDARIES),
    ({"wider_since": "array[null]::bigint[]"}, BOUNDARIES),
    ({"wider_since": "array[]::bigint[]"}, BOUNDARIES),
    ({"wider_since": "array[0, 0]::bigint[]"}, BOUNDARIES),
    *(
        ({"readings": f"array[clock_timestamp(), {reading}]"}, ARGUMENTS)
        for reading in ("null", "'infinity'", "'-infinity'", "'0044-03-15 12:00Z BC'", "'9999-12-31 12:00Z'")
    ),
    *(
        ({name: "null"}, BOUNDARIES)
        for name in ("probe_of", "probe_type", "probe_tag", "probe_since", "wider_of", "wider", "wider_since")
    ),
    ({"probe_of": "array[1]"}, BOUNDARIES),
    ({"probe_of": "array[0, 1]"}, BOUNDARIES),
    ({"probe_of": "array[1, 3]"}, BOUNDARIES),
    ({"probe_of": "array[1, null]"}, BOUNDARIES),
    ({"probe_of": "array[]::int[]"}, BOUNDARIES),
    ({"probe_type": "array[1, 3]"}, BOUNDARIES),
    ({"probe_type": "array[0, 1]"}, BOUNDARIES),
    ({"probe_type": "array[1, null]"}, BOUNDARIES),
    ({"probe_tag": "array['x', null]"}, BOUNDARIES),
    ({"probe_tag": "array['x']"}, BOUNDARIES),
    ({"wider_of": "array[0]"}, BOUNDARIES),
    ({"wider_of": "array[3]"}, BOUNDARIES),
    ({"wider_of": "array[null]::int[]"}, BOUNDARIES),
    ({"wider_of": "array[]::int[]"}, BOUNDARIES),
    ({"wider": "array['{}'::jsonb]"}, BOUNDARIES),
    ({"wider": "array['null'::jsonb]"}, BOUNDARIES),
    ({"wider": "array[null]::jsonb[]"}, BOUNDARIES),
    ({"names": "'[0:1]={a,b}'::text[]"}, EVENTS),
    ({"names": "array[array['a', 'b']]"}, EVENTS),
    ({"names": "array['a', null]"}, EVENTS),
    ({"type_of": "null"}, EVENTS),
    ({"type_of": "array[1]"}, EVENTS),
    ({"type_of": "array[1, 3]"}, EVENTS),
    ({"type_of": "array[0, 1]"}, EVENTS),
    ({"type_of": "array[1, null]"}, EVENTS),
    ({"type_of": "'[0:1]={1,2}'::int[]"}, EVENTS),
    ({"event_of": "null"}, EVENTS),
    ({"event_of": "array[1]"}, EVENTS),
    ({"event_of": "array[1, 1]"}, EVENTS),
    ({"event_of": "array[2, 2]"}, EVENTS),
    ({"event_of": "array[2, 1]"}, EVENTS),
    ({"event_of": "array[1, 3]"}, EVENTS),
    ({"event_of": "array[0, 1]"}, EVENTS),
    ({"event_of": "array[1, null]"}, EVENTS),
    ({"event_of": "'[0:1]={1,2}'::int[]"}, EVENTS),
    ({"bodies": "null"}, EVENTS),
    ({"bodies": "array[]::bytea[]"}, EVENTS),
    ({"bodies": f"array[array[{SPEC}, {SPEC}]]"}, EVENTS),
    ({"bodies": r"""('[0:1]={"\\x00","\\x00"}')::bytea[]"""}, EVENTS),
    ({"bodies": f"array[{SPEC}]"}, EVENTS),
    ({"founded_constructed": "false"}, EVENTS),
    ({"bodies": f"array[{SPEC}, {SPEC} || '\\x0a'::bytea]"}, LINE),
    ({"bodies": f"array[{SPEC}, {SPEC} || convert_to(repeat(' ', 65455), 'UTF8')]"}, LINE),
    *(
        ({"bodies": f"array[{SPEC}, {body}]"}, SPECVERSION)
        for body in ("null", "''", "'{'", "'{}'", """' {"specversion":"1.0"}'""", """'{"sequence":"1"}'""")
    ),
]
NO_BOUNDARIES = {
    "probe_of": "array[]::int[]",
    "probe_type": "array[]::int[]",
    "probe_tag": "array[]::text[]",
    "probe_since": "array[]::bigint[]",
    "wider_since": "array[]::bigint[]",
    "wider_of": "array[]::int[]",
    "wider": "array[]::jsonb[]",
}


def call(place: Place, odd: dict[str, str], *, function: str = "append", dsn: str | None = None) -> list[Row]:
    """Call as the application would, with some of the arguments replaced."""
    arguments = (GOOD if function == "append" else GOOD_RAW) | odd
    given = ", ".join(f"{name} => {value}" for name, value in arguments.items())
    with psycopg.connect(dsn or place.server.app_dsn, autocommit=True) as connection:
        return connection.execute(f"select * from {place.schema}.{function}({given})".encode()).fetchall()  # noqa: S608


def count(place: Place) -> int:
    with psycopg.connect(place.server.admin_dsn) as connection:
        return len(connection.execute(f"select from {place.schema}.event".encode()).fetchall())


# --- append ---------------------------------------------------------------------------------------------------------------
def test_appending_refuses_what_would_leave_the_log_unsound(place: Place) -> None:
    """On a constructed network, where the time of the reading is taken as it is."""
    fill(place, constructed=True)
    for odd, sentence in ODD_CALLS:
        with pytest.raises(errors.RaiseException) as refused:
            call(place, odd)
        assert refused.value.diag.message_primary == sentence, odd
    assert count(place) == 3
    assert [row[:2] for row in call(place, {})] == [("placed", 4), ("placed", 5), ("newest", 5)]
    no_tags = {"tags": "array[]::text[]", "tag_of": "array[]::int[]"}
    assert [row[:2] for row in call(place, no_tags | NO_BOUNDARIES)] == [("placed", 6), ("placed", 7), ("newest", 7)]


def test_a_tag_gets_onto_its_own_event_alone(place: Place) -> None:
    call(place, {"tags": "array['second', 'first', 'second too']", "tag_of": "array[2, 1, 2]"})
    with psycopg.connect(place.server.app_dsn) as connection:
        rows = connection.execute(f"select tags from {place.schema}.event order by position".encode())  # noqa: S608
        assert rows.fetchall() == [(["first"],), (["second", "second too"],)]


@pytest.fixture
def raw(server: Server, network_schema: str) -> Iterator[Place]:
    with open_recorder(server.admin_dsn, schema=network_schema):
        yield Place(server, network_schema)


def test_a_raw_log_refuses_the_same_and_takes_any_bytes(raw: Place) -> None:
    for odd, sentence in ODD_RAW:
        with pytest.raises(errors.RaiseException) as refused:
            call(raw, odd, function="append_raw", dsn=raw.server.admin_dsn)
        assert refused.value.diag.message_primary == sentence, odd
    assert count(raw) == 0
    any_bytes = {"bodies": "array[''::bytea, '\\xff'::bytea]"}
    assert call(raw, any_bytes, function="append_raw", dsn=raw.server.admin_dsn) == [(2,)]


# --- marks and tokens -------------------------------------------------------------------------------------------------------
def fill(place: Place, *, constructed: bool = False) -> None:
    async def append() -> None:
        async with place.log() as log:
            await log.append(decision(founded(constructed=constructed), assigned(), assigned()))

    asyncio.run(append())


BACK = ("update {}.mark set position = 0", "update {}.mark set position = 1", "update {}.mark set position = 2")


def test_a_mark_moves_forward_within_the_log(place: Place) -> None:
    fill(place)
    beyond = "A mark stays within the log: that of p cannot go to 4, beyond the last event."
    schema = sql.Identifier(place.schema)
    for dsn in (place.server.app_dsn, place.server.admin_dsn):
        with psycopg.connect(dsn, autocommit=True) as connection:

            def execute(text: str, connection: Connection[Row] = connection) -> None:
                connection.execute(sql.SQL(text).format(schema))

            def refused(text: str, execute: Callable[[str], None] = execute) -> str | None:
                with pytest.raises(errors.RaiseException) as stopped:
                    execute(text)
                return stopped.value.diag.message_primary

            if dsn == place.server.app_dsn:
                assert refused("insert into {}.mark (policy, position) values ('p', 4)") == beyond
                execute("insert into {}.mark (policy, position) values ('p', 1)")
                execute("update {}.mark set position = 2")
                with pytest.raises(errors.InsufficientPrivilege):
                    execute("update {}.mark set policy = 'q'")
                with pytest.raises(errors.InsufficientPrivilege):
                    execute("delete from {}.mark")
            else:
                assert refused("update {}.mark set policy = 'q'") == (
                    "A mark stays that of its policy: the mark of p cannot be given to q."
                )
            assert refused("update {}.mark set position = 4") == beyond
            for position, back in enumerate(BACK):
                assert refused(back) == (f"A mark moves forward only: that of p cannot go from 2 to {position}.")


TOKEN = (
    "insert into {}.token (id, secret_hash, role, scopes, issued_at) "
    "values ('t', decode(repeat('00', 32), 'hex'), 'partner', '{{}}', now())"
)


def test_a_token_is_revoked_once_and_for_all(place: Place) -> None:
    schema = sql.Identifier(place.schema)
    stays = "The token t was revoked and stays so: issue a new one."
    with psycopg.connect(place.server.app_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(TOKEN).format(schema))
        with pytest.raises(errors.CheckViolation):
            connection.execute(sql.SQL("update {}.token set revoked_at = 'infinity'").format(schema))
        connection.execute(sql.SQL("update {}.token set revoked_at = now()").format(schema))
        connection.execute(sql.SQL("update {}.token set revoked_at = revoked_at").format(schema))
        for value in ("null", "now()"):
            with pytest.raises(errors.RaiseException) as refused:
                connection.execute(sql.SQL("update {}.token set revoked_at = {}").format(schema, sql.SQL(value)))
            assert refused.value.diag.message_primary == stays


def test_the_owner_of_the_tables_changes_no_token_either(place: Place) -> None:
    schema = sql.Identifier(place.schema)
    with psycopg.connect(place.server.admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(TOKEN).format(schema))
        changes = (
            "id = 'u'",
            "secret_hash = decode(repeat('01', 32), 'hex')",
            "role = 'coordinator'",
            "organisation = 'org:xamk'",
            "subject = 'person:p'",
            "scopes = array['content']",
            "project = 'project:p'",
            "issued_at = issued_at + interval '1 day'",
            "expires_on = '2099-01-01'",
            "role = 'coordinator', revoked_at = now()",
        )
        for change in changes:
            with pytest.raises(errors.RaiseException) as refused:
                connection.execute(sql.SQL("update {}.token set {}").format(schema, sql.SQL(change)))
            assert refused.value.diag.message_primary == (
                "What the token t is good for never changes: revoke it and issue a new one."
            )


# --- notices ----------------------------------------------------------------------------------------------------------------
@asynccontextmanager
async def notifier(place: Place) -> AsyncIterator[Callable[[str], Any]]:
    async with await AsyncConnection.connect(place.server.app_dsn, autocommit=True) as connection:

        async def notify(payload: str) -> None:
            await connection.execute("select pg_notify(%s, %s)", (f"tasma_{place.schema}", payload))

        yield notify


async def prompt(reader: PostgresLog, writer: PostgresLog, head: int) -> bool:
    """Whether the next event is heard of sooner than by polling."""
    loop = asyncio.get_running_loop()
    waiting = asyncio.create_task(reader.wait(head, 20))
    await asyncio.sleep(0.1)
    started = loop.time()
    await writer.append(decision(assigned()))
    assert await waiting == head + 1
    return loop.time() - started < 0.9


def test_what_a_notice_says_is_not_believed(place: Place) -> None:
    async def promise() -> None:
        async with place.log() as writer, place.log() as reader, notifier(place) as notify:
            waiting = asyncio.create_task(reader.wait(0, 20))
            await asyncio.sleep(0.3)
            task = reader._listener._task  # noqa: SLF001
            for payload in ("999999999999", "abc", "", "-1", "1" * 5_000):
                await notify(payload)
            await asyncio.sleep(0.3)
            assert not waiting.done()
            await writer.append(decision(assigned()))
            assert await waiting == 1
            assert await prompt(reader, writer, 1)
            assert reader._listener._task is task  # noqa: SLF001
            assert task is not None
            assert not task.done()

    asyncio.run(promise())


def test_a_network_made_anew_is_waited_for_from_its_beginning(place: Place) -> None:
    async def promise() -> None:
        async with place.log() as reader:
            async with place.log() as writer:
                await writer.append(decision(assigned(), assigned(), assigned()))
            assert await reader.wait(0, 20) == 3
            await drop_network(place.server.admin_dsn, place.schema)
            await migrate(place.server.admin_dsn, place.schema, "tasma_app")
            async with place.log() as writer:
                await writer.append(decision(assigned()))
                await asyncio.sleep(1.5)
                assert await reader.wait(0, 20) == 1
                assert await prompt(reader, writer, 1)

    asyncio.run(promise())


def test_a_listener_that_fails_is_heard_of_and_goes_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, failures = Listener._stay, [ValueError("unforeseen"), RuntimeError("twice")]  # noqa: SLF001

    async def stay(self: Listener, connection: AsyncConnection[Row]) -> None:
        if failures:
            raise failures.pop(0)
        await sound(self, connection)

    monkeypatch.setattr(Listener, "_stay", stay)

    async def promise() -> None:
        async with place.log() as writer, place.log() as reader:
            waiting = asyncio.create_task(reader.wait(0, 20))
            await asyncio.sleep(1)
            assert await prompt(reader, writer, 0)
            assert await waiting == 1

    with capture_logs() as logs:
        asyncio.run(promise())
    assert [(entry["event"], entry["error"], entry["exc_info"]) for entry in logs] == [
        ("listener.failed", "ValueError", True),
        ("listener.failed", "RuntimeError", True),
    ]


def test_a_subscription_does_not_believe_a_notice_either(raw: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: failed.append(args.exc_value))
    with (
        open_recorder(raw.server.admin_dsn, schema=raw.schema) as recorder,
        recorder.subscribe() as subscription,
        psycopg.connect(raw.server.app_dsn, autocommit=True) as connection,
    ):
        recorder.append([DCBEvent(type="a", data=b"")])
        assert next(subscription).position == 1
        listener = recorder._listener  # noqa: SLF001
        pause = threading.Event()
        pause.wait(0.5)
        for payload in ("abc", "999999999999"):
            connection.execute("select pg_notify(%s, %s)", (f"tasma_{raw.schema}", payload))
        pause.wait(0.5)
        assert listener.heard == 1
        assert listener._thread is not None  # noqa: SLF001
        assert listener._thread.is_alive()  # noqa: SLF001
        recorder.append([DCBEvent(type="b", data=b"")])
        assert next(subscription).position == 2
    assert failed == []


def test_a_recorders_listener_that_fails_goes_on(raw: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_recorder(raw.server.admin_dsn, schema=raw.schema) as recorder, capture_logs() as logs:
        listener = recorder._listener  # noqa: SLF001
        sound, failures = listener._stay, [ValueError("unforeseen")]  # noqa: SLF001

        def stay(connection: Connection[Row]) -> None:
            if failures:
                raise failures.pop()
            sound(connection)

        monkeypatch.setattr(listener, "_stay", stay)
        with recorder.subscribe() as subscription:
            recorder.append([DCBEvent(type="a", data=b"")])
            assert next(subscription).position == 1
            threading.Event().wait(0.6)
            assert listener.heard == 1
    assert [(entry["event"], entry["error"]) for entry in logs] == [("recorder.listener_failed", "ValueError")]


# --- types and tags that are none ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name", ["ä" * 9_000, "x" * (NAME_BYTES_MAX + 1), "half \ud800", "nul \x00"], ids=["long", "longer", "half", "nul"]
)
def test_a_raw_type_or_tag_that_cannot_be_kept_is_a_data_error(raw: Place, name: str) -> None:
    good = DCBEvent(type="a", data=b"", tags=["t"])
    with open_recorder(raw.server.admin_dsn, schema=raw.schema) as recorder:
        for event in (DCBEvent(type=name, data=b""), DCBEvent(type="a", data=b"", tags=["t", name])):
            with pytest.raises(DataError, match="The type or tag "):
                recorder.append([good, event])
        assert recorder.append([good]) == 1


def test_half_a_surrogate_pair_in_a_query_is_a_data_error(raw: Place) -> None:
    with open_recorder(raw.server.admin_dsn, schema=raw.schema) as recorder:
        for item in (DCBQueryItem(types=["\udfff"]), DCBQueryItem(tags=["\ud800"])):
            query = DCBQuery([item])
            with pytest.raises(DataError, match="half a surrogate pair"):
                recorder.read(query)
            with pytest.raises(DataError, match="half a surrogate pair"):
                recorder.subscribe(query)
            with pytest.raises(DataError, match="half a surrogate pair"):
                recorder.append([DCBEvent(type="a", data=b"")], DCBAppendCondition(query))


def test_the_longest_tag_is_kept_and_found(raw: Place) -> None:
    """Text that does not compress, so that the index holds it as long as it is."""
    chance = random.Random(1)  # noqa: S311 - not a secret
    tag = "".join(chance.choices(string.printable, k=NAME_BYTES_MAX))
    with open_recorder(raw.server.admin_dsn, schema=raw.schema) as recorder:
        recorder.append([DCBEvent(type=tag, data=b"", tags=[tag])])
        found = recorder.read(DCBQuery([DCBQueryItem(types=[tag], tags=[tag])]))
        assert [event.position for event in found] == [1]
