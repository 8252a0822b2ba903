"""The recorder keeps what the `eventsourcing` library promises of a DCB recorder, by that library's own test case."""

import asyncio
import threading
from collections.abc import Callable

import psycopg
import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.tests import DCBRecorderTestCase
from eventsourcing.persistence import IntegrityError, OperationalError, ProgrammingError
from psycopg.conninfo import make_conninfo

from adapters.postgres.embedded import Server
from adapters.postgres.migrate import NotMigrated, migrate
from adapters.postgres.recorder import PAGE, open_recorder
from tests.log.conftest import Place


class Library(DCBRecorderTestCase):
    """The library's test case, its parts called one by one."""

    append_read = DCBRecorderTestCase._test_append_read  # noqa: SLF001 - offered to implementers under this name
    append_subscribe = DCBRecorderTestCase._test_append_subscribe  # noqa: SLF001


def test_append_and_read_as_the_library_wants(server: Server, network_schema: str) -> None:
    with open_recorder(server.admin_dsn, schema=network_schema) as recorder:
        Library().append_read(recorder)


def test_subscribe_as_the_library_wants(server: Server, network_schema: str) -> None:
    with open_recorder(server.admin_dsn, schema=network_schema) as recorder:
        Library().append_subscribe(recorder)


def test_everything_is_stored_untouched(server: Server, network_schema: str) -> None:
    """Any type, tags in any order and twice, and bytes that are no text come back as they went in."""
    event = DCBEvent(type="Mikä\ttahansa", data=bytes(range(256)), tags=["b", "a", "b", "ä{},\"'\\"])
    with open_recorder(server.admin_dsn, schema=network_schema) as recorder:
        assert recorder.append([event, DCBEvent(type="", data=b"")]) == 2
        assert [e.event for e in recorder.read()] == [event, DCBEvent(type="", data=b"")]
        assert [e.position for e in recorder.read(DCBQuery([DCBQueryItem(tags=["ä{},\"'\\", "b"])]))] == [1]


def test_reading_goes_on_page_by_page_up_to_the_head_of_its_beginning(server: Server, network_schema: str) -> None:
    events = [DCBEvent(type="counted", data=b"%d" % n, tags=["all"]) for n in range(2 * PAGE + 1)]
    with open_recorder(server.admin_dsn, schema=network_schema) as recorder:
        recorder.append(events)
        response = recorder.read()
        first = next(response)
        recorder.append(events[:3])
        assert [first.position, *(e.position for e in response)] == list(range(1, len(events) + 1))
        assert response.head == len(events)
        limited = recorder.read(limit=PAGE + 2)
        assert [e.position for e in limited] == list(range(1, PAGE + 3))
        assert limited.head == PAGE + 2


def test_of_two_appends_under_one_condition_one_is_refused(server: Server, network_schema: str) -> None:
    condition = DCBAppendCondition(DCBQuery([DCBQueryItem(types=["taken"], tags=["seat"])]), after=0)
    refused = []
    with open_recorder(server.admin_dsn, schema=network_schema) as recorder:

        def take() -> None:
            try:
                recorder.append([DCBEvent(type="taken", data=b"", tags=["seat"])], condition)
            except IntegrityError as error:
                refused.append(error)

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 7
        assert recorder.read().head == 1


def test_a_subscription_outlives_its_backends(server: Server, network_schema: str) -> None:
    """The listening one and the pulling one are terminated together; what is appended next arrives all the same."""
    dsn = make_conninfo(server.admin_dsn, application_name=network_schema)
    with (
        open_recorder(dsn, schema=network_schema) as recorder,
        open_recorder(server.admin_dsn, schema=network_schema) as other,
        recorder.subscribe() as subscription,
    ):
        other.append([DCBEvent(type="a", data=b"")])
        assert next(subscription).position == 1
        with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
            killed = connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s", (network_schema,)
            ).fetchall()
        assert len(killed) == 2
        other.append([DCBEvent(type="b", data=b"")])
        assert next(subscription).position == 2


def test_a_subscription_can_be_stopped_from_another_thread(server: Server, network_schema: str) -> None:
    with open_recorder(server.admin_dsn, schema=network_schema) as recorder:
        subscription = recorder.subscribe(DCBQuery([DCBQueryItem(types=["never"])]))
        timer = threading.Timer(0.2, subscription.stop)
        timer.start()
        assert list(subscription) == []
        timer.join()


def test_a_network_is_read_and_never_written(server: Server, place: Place) -> None:
    with open_recorder(server.app_dsn, schema=place.schema) as recorder:
        assert list(recorder.read()) == []
        with pytest.raises(ProgrammingError) as refused:
            recorder.append([DCBEvent(type="x", data=b"")])
    assert str(refused.value) == (
        f"The schema {place.schema} is a network's: here it can be read and subscribed to. Its events come from its "
        "commands (POST /v1/commands/…)."
    )


def test_a_raw_schema_becomes_no_network(server: Server, fresh_schema: Callable[[], str]) -> None:
    schema = fresh_schema()
    with open_recorder(server.admin_dsn, schema=schema):
        pass
    with pytest.raises(NotMigrated, match="holds a raw log"):
        asyncio.run(migrate(server.admin_dsn, schema, "tasma_app"))


def test_no_database_is_said_in_a_sentence() -> None:
    with pytest.raises(OperationalError, match="/nowhere"), open_recorder("host=/nowhere dbname=x", schema="x"):
        pass
