"""A network's log with events in it, its sealer, and a way to do what only a superuser can."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from adapters.entropy import SeededEntropy
from adapters.postgres.database import Database, Row, connect
from adapters.postgres.embedded import Server
from adapters.postgres.log import PostgresLog
from adapters.postgres.page_sealing import Store
from adapters.postgres.sealer import Sealer
from adapters.postgres.tree import PostgresTree
from adapters.signing import make_key, signer_of
from application.notes import Signer
from application.tree import leaf_hash, root_of
from tests.log.decisions import capacity, decision, founded

ORIGIN = "tasma/networks/test"
SIGNER: Signer = signer_of(make_key(ORIGIN, bytes(range(32))))


async def nowhere(_: str) -> None:
    """Keep no note."""


@dataclass(frozen=True)
class Sealing:
    """A log that is open, and what is derived from it."""

    server: Server
    schema: str
    database: Database
    log: PostgresLog
    tree: PostgresTree

    def sealer(
        self,
        signers: Sequence[Signer] = (SIGNER,),
        keep: Callable[[str], Awaitable[None]] = nowhere,
        store: Store | None = None,
    ) -> Sealer:
        return Sealer(self.database, self.schema, self.log, origin=ORIGIN, signers=signers, keep=keep, store=store)

    async def grow(self, size: int) -> None:
        """Append until there are so many events, the first of them the founding; looking before, as every decision does."""
        head = (await self.log.look(())).head
        if size and not head:
            head = (await self.log.append(decision(founded(constructed=False)))).position
        while head < size:
            events = [capacity(head % 7, 1 + n % 50) for n in range(min(64, size - head))]
            head = (await self.log.append(decision(*events))).position

    async def root(self, size: int) -> bytes:
        """The root over the rows' bytes, by the definition."""
        rows = await self.rows("select data from {schema}.event where position <= %s order by position", size)
        return root_of([leaf_hash(data) for (data,) in rows])

    async def rows(self, query: str, *parameters: object, table: str = "") -> list[Row]:
        """As the application's role."""
        async with self.database.connection() as connection:
            composed = self._composed(query, table).as_bytes(None)
            return await (await connection.execute(composed, parameters, binary=True)).fetchall()

    def own(self, query: str, table: str = "") -> None:
        """As the tables' owner, with the triggers on."""
        with psycopg.connect(self.server.admin_dsn) as connection:
            connection.execute(self._composed(query, table))

    def tamper(self, query: str, *parameters: object, table: str = "") -> int:
        """What the owner of the tables can do with the triggers off; how many rows it touched."""
        tables = ("event", "tag", "command", "network", "document", "page", "tile", "checkpoint", "cosignature")
        with psycopg.connect(self.server.admin_dsn) as connection:
            named = [sql.Identifier(self.schema, each) for each in tables]
            for each in named:
                connection.execute(sql.SQL("alter table {} disable trigger user").format(each))
            done = connection.execute(self._composed(query, table), parameters or None)
            for each in named:
                connection.execute(sql.SQL("alter table {} enable trigger user").format(each))
            return done.rowcount

    def _composed(self, query: str, table: str = "") -> sql.Composed:
        named = sql.Identifier(self.schema, table)
        return sql.SQL(query).format(schema=sql.Identifier(self.schema), table=named)


@dataclass(frozen=True)
class Ground:
    """Where a log is opened: its schema is there and empty."""

    server: Server
    schema: str

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Sealing]:
        async with (
            connect(self.server.app_dsn, name=f"seal {self.schema}", connections=4) as database,
            PostgresLog(database, self.schema, "/networks/test", SeededEntropy(1)) as log,
        ):
            yield Sealing(self.server, self.schema, database, log, PostgresTree(database, self.schema))


@pytest.fixture
def ground(server: Server, migrated_schema: str) -> Ground:
    return Ground(server, migrated_schema)
