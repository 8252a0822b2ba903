"""One database, many connections: how they are made, lent, and what is said when there is none.

What a connection needs to be is set here: asynchronous, autocommit (one statement is one transaction and one round trip),
results in binary, every statement prepared at its first use. The planner is not pinned here but inside the functions that
need it (see `migrations/0001_log.sql`), so that read models on the same connections plan as they like.
"""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, Protocol

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from adapters.settings import WrongSetting
from application.ports import Unavailable

OLDEST_SERVER: Final = 15
CONNECTIONS_MAX: Final = 8
WAIT_SECONDS: Final = 5.0
"""How long a statement waits for a connection, and a connection for the server."""
SILENT_SECONDS: Final = 10.0
"""How long a server may say nothing, whatever is tried meanwhile."""
RETRY_SECONDS: Final = 0.05  # doubles with every attempt

_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,40}")
_URL = re.compile(r"postgres(ql)?://")
_PORTS = re.compile(r"[0-9,]*", re.ASCII)

Row = tuple[Any, ...]


def schema_name(name: str) -> str:
    """The name itself. Raises ValueError for one that could not be a schema's."""
    if not _SCHEMA.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot name a schema: use 1 to 41 lower-case letters, digits and underscores, a letter first."
        )
    return name


def statement(text: str, schema: str, **names: str) -> bytes:
    """SQL with identifiers put in: {schema} and others by name; {schema_text} is the schema's name as a text literal."""
    identifiers = {key: sql.Identifier(name) for key, name in names.items()}
    composed = sql.SQL(text).format(
        schema=sql.Identifier(schema_name(schema)), schema_text=sql.Literal(schema), **identifiers
    )
    return composed.as_bytes(None)


def conninfo(dsn: str, name: str) -> str:
    """The connection string with what it leaves open: a name, UTF-8, and an end to waiting for a dead machine.

    Raises WrongSetting.
    """
    defaults: dict[str, str | int] = {
        "application_name": name,
        "client_encoding": "utf8",
        "connect_timeout": round(WAIT_SECONDS),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,  # milliseconds
    }
    given = _parts(dsn)
    return make_conninfo(dsn, **{key: value for key, value in defaults.items() if key not in given})


def _parts(dsn: str) -> Mapping[str, object]:
    """What a connection string says, once it is sure that no piece of a password passes for a host, port or database.

    Those are shown when a connection fails, and of a string that cannot be read the driver quotes what it stumbled over.
    """
    parts: Mapping[str, object] | None = None
    with suppress(psycopg.ProgrammingError, UnicodeError):
        parts = conninfo_to_dict(dsn)
    if parts is None or (
        _URL.match(dsn)
        and ("@" in f"{parts.get('host')}{parts.get('dbname')}" or not _PORTS.fullmatch(str(parts.get("port", ""))))
    ):
        raise WrongSetting(
            "TASMA_DATABASE_URL or TASMA_ADMIN_DATABASE_URL (not shown, they may hold a password) cannot be read. In a URL "
            "@ : / % and spaces in a password are percent-encoded (@ is %40); in key=value pairs quotes stand around it."
        )
    return parts


class _ServerInfo(Protocol):
    @property
    def server_version(self) -> int: ...


def check_server(info: _ServerInfo) -> None:
    """Raises Unavailable for a server too old to be used."""
    if info.server_version < OLDEST_SERVER * 10_000:
        raise Unavailable(
            f"The database server is PostgreSQL {info.server_version // 10_000}; Täsmä needs {OLDEST_SERVER} or newer."
        )


def unreachable(error: BaseException) -> Unavailable:
    """Why there is no database, in a sentence; after `conninfo` the first line of what the driver says has no password in it."""
    why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return Unavailable(f"The database cannot be reached: {why}. Check that it runs and TASMA_DATABASE_URL.")


@contextmanager
def hanging_up(connection: AsyncConnection[Row], deadline: float) -> Iterator[None]:
    """Close the line at a time of the loop's clock if the server has said nothing by then: who waits finds it lost.

    Limits on the server do not reach a commit that waits for a disk or a standby, nor a server that is stopped. And cancelling
    would not do: psycopg then asks the server to stop, and waits for it to answer.
    """
    timer = asyncio.get_running_loop().call_at(deadline, _shut_down, connection)
    try:
        yield
    finally:
        timer.cancel()


def _shut_down(connection: AsyncConnection[Row]) -> None:
    with suppress(OSError, psycopg.OperationalError), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


class Database:
    """Connections to one database, shared by everything in a process. Made by `connect`."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Row]], info: str) -> None:
        self._pool = pool
        self.info = info
        """The connection string, with the password: for connections that are held for long, such as a listening one."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Row]]:
        """Borrow a connection. Raises Unavailable when it cannot be had or dies."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise unreachable(error) from error

    async def rows(
        self, query: bytes, parameters: Sequence[object] | Mapping[str, object] = (), *, attempts: int = 1
    ) -> list[Row]:
        """One statement, one round trip, all its rows.

        With more than one attempt it is sent again when its connection dies, whether or not it was carried out before: that
        is for what reads, or changes nothing the second time. Raises Unavailable after the last one.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SILENT_SECONDS
        for attempt in range(1, attempts + 1):
            try:
                if attempt > 1:
                    await asyncio.sleep(RETRY_SECONDS * 2 ** (attempt - 2))
                    await self._check()
                async with self._pool.connection() as connection:
                    with hanging_up(connection, deadline):
                        cursor = await connection.execute(query, parameters, binary=True)
                        return await cursor.fetchall()
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if attempt == attempts or isinstance(error, PoolTimeout) or loop.time() >= deadline:
                    raise unreachable(error) from error
        raise ValueError(f"A statement needs at least one attempt, not {attempts}.")

    async def _check(self) -> None:
        """Let go of dead connections: where one died, the idle ones may be dead as well, or say nothing any more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                await self._pool.check()


@asynccontextmanager
async def connect(dsn: str, *, name: str = "tasma", connections: int = CONNECTIONS_MAX) -> AsyncIterator[Database]:
    """A database for as long as the block lasts; `name` is what the server's own lists call these connections.

    Raises Unavailable, with a sentence, when it cannot be reached, or is older than PostgreSQL 15, and WrongSetting.
    """
    info = conninfo(dsn, name)
    try:
        async with await AsyncConnection.connect(
            info
        ) as first:  # its error says why; that of a pool says only "timeout"
            check_server(first.info)
        pool = AsyncConnectionPool(
            info,
            min_size=1,
            max_size=connections,
            kwargs={"autocommit": True, "prepare_threshold": 0},
            timeout=WAIT_SECONDS,
            # Its pauses double: after this long it begins anew, or the longer a server was away, the longer it would still be.
            reconnect_timeout=WAIT_SECONDS,
            name=name,
            open=False,
        )
        await pool.open(wait=True, timeout=WAIT_SECONDS)
    except psycopg.OperationalError as error:
        raise unreachable(error) from error
    try:
        yield Database(pool, info)
    finally:
        await pool.close()
