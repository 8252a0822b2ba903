"""Where a fault is tried: a network that is founded, its settings, and what its clients note."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from adapters.settings import Settings
from adapters.wiring import Network, open_network
from tests.faults.ending import check, found_network
from tests.faults.load import PATIENCE_SECONDS, Load, Notes


@dataclass(frozen=True)
class Ground:
    settings: Settings
    folder: Path
    """For what the clients note."""

    @property
    def notes(self) -> Notes:
        return Notes(self.folder)

    def found(self) -> int:
        """Found the network, with all that clients need before they can begin; the head then."""

        async def found() -> int:
            notes = self.notes
            async with open_network(self.settings) as network:
                await found_network(network, notes)
                notes.close()
                return (await network.log.head()).position

        return asyncio.run(found())

    async def over(self, network: Network, load: Load, *, by: int = 60) -> int:
        """The fault is over: the head now, and the clients have gone on beyond it."""
        head = (await network.log.head()).position
        await load.goes_on(by)
        return head

    async def check(self, *, grown_beyond: int) -> None:
        notes = self.notes
        await check(self.settings, notes, grown_beyond=grown_beyond)
        notes.close()


def tamper(settings: Settings, table: str, query: str) -> int:
    """Do to a table what only its owner can, with its triggers off; how many rows it touched."""
    named = sql.Identifier(settings.network, table)
    with psycopg.connect(settings.admin_database_url or "") as connection:
        connection.execute(sql.SQL("alter table {} disable trigger user").format(named))
        done = connection.execute(sql.SQL(query).format(named)).rowcount
        connection.execute(sql.SQL("alter table {} enable trigger user").format(named))
        return done


def rows_of(dsn: str, query: bytes, *parameters: object) -> list[tuple[Any, ...]]:
    """What a question gives, as soon as it gives anything."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(dsn, autocommit=True) as connection:
        while not (rows := connection.execute(query, parameters or None).fetchall()):
            assert time.monotonic() < deadline, "there was nothing"
        return rows


def postmaster(dsn: str) -> int:
    """The process of the server at a socket."""
    data = Path(str(conninfo_to_dict(dsn)["host"]))
    return int((data / "postmaster.pid").read_text(encoding="ascii").split()[0])


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
