"""One process at a time works under a lease, and who lost it stops."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.postgres.embedded import Server
from adapters.postgres.lease import LeaseLost, Leases, Taken, lease_at_once
from adapters.wiring import supervise
from tests.running import running

PATIENCE_SECONDS = 20


class Process:
    """One of several that would do the same work."""

    def __init__(self, server: Server, name: str, network: str) -> None:
        self.server, self.name = server, name
        self.leases = Leases(make_conninfo(server.app_dsn, application_name=name), network)
        self.at_work = 0

    async def work(self) -> None:
        self.at_work += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.at_work -= 1

    def running(self, *works: Callable[[], Awaitable[None]]) -> AbstractAsyncContextManager[None]:
        return running(*(supervise("test", work) for work in (self.leases.run, *works)))

    def under(self, what: str) -> Callable[[], Awaitable[None]]:
        return lambda: self.leases.under(what, self.work)

    def connections(self) -> list[int]:
        query = "select pid from pg_stat_activity where application_name = %s"
        with psycopg.connect(self.server.admin_dsn) as connection:
            return [pid for (pid,) in connection.execute(query, (self.name,)).fetchall()]

    def cut(self) -> None:
        with psycopg.connect(self.server.app_dsn, autocommit=True) as connection:
            for pid in self.connections():
                connection.execute("select pg_terminate_backend(%s, 5000)", (pid,))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - seen from outside only
            await asyncio.sleep(0.01)


def test_all_leases_of_a_process_are_on_one_connection(server: Server, network_schema: str) -> None:
    async def promise() -> None:
        one = Process(server, f"{network_schema} one", network_schema)
        async with one.running(*(one.under(f"work {n}") for n in range(5))):
            await until(lambda: one.at_work == 5)
            assert len(one.connections()) == 1
            with pytest.raises(Taken):
                async with lease_at_once(server.app_dsn, "work 3", network_schema):
                    pass
        async with lease_at_once(server.app_dsn, "work 3", network_schema):
            pass

    asyncio.run(promise())


def test_who_loses_the_connection_stops_and_waits_anew(server: Server, network_schema: str) -> None:
    async def promise() -> None:
        one = Process(server, f"{network_schema} one", network_schema)
        other = Process(server, f"{network_schema} other", network_schema)
        async with one.running(one.under("work")):
            await until(lambda: one.at_work == 1)
            async with other.running(other.under("work")):
                await until(lambda: len(other.connections()) == 1)
                assert other.at_work == 0
                for _ in range(2):
                    loser = one if one.at_work else other
                    loser.cut()
                    await until(lambda: loser.at_work == 0)  # noqa: B023 - asked before the next turn
                    await until(lambda: one.at_work + other.at_work == 1)

    asyncio.run(promise())


def test_a_lease_is_let_go_when_its_work_ends(server: Server, network_schema: str) -> None:
    async def promise() -> None:
        one = Process(server, f"{network_schema} one", network_schema)

        async def fails() -> None:
            raise ZeroDivisionError

        running = asyncio.create_task(one.leases.run())
        with pytest.raises(ZeroDivisionError):
            await one.leases.under("work", fails)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await free(server, network_schema)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(promise())


async def free(server: Server, network: str) -> None:
    while True:
        try:
            async with lease_at_once(server.app_dsn, "work", network):
                return
        except Taken:
            await asyncio.sleep(0.01)


def test_work_that_loses_its_cancellation_is_cancelled_again(server: Server, network_schema: str) -> None:
    """As psycopg 3.3 loses one that comes while a statement fails, which is what statements then do."""

    async def promise() -> None:
        one = Process(server, f"{network_schema} one", network_schema)
        begun, lost = asyncio.Event(), 0

        async def works() -> None:
            nonlocal lost
            while True:
                begun.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    if lost == 1:
                        raise
                    lost += 1

        running = asyncio.create_task(one.leases.run())
        under = asyncio.create_task(one.leases.under("work", works))
        await begun.wait()
        one.cut()
        with pytest.raises(psycopg.OperationalError):
            await running
        with pytest.raises(LeaseLost) as error:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await under
        assert str(error.value) == f"The connection that held the lease for work of {network_schema} died."

    asyncio.run(promise())
