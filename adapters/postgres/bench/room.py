"""Room for a bench: schemas of its own beside the networks of a server, all of which go when it ends.

Their names begin with `tasma_bench_` and eight digits of the run, on which the run holds a lock as long as it lives. What
a killed run left behind is therefore known by its name and its free lock, and goes when the next one begins.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from adapters.postgres.database import Row, conninfo
from adapters.postgres.embedded import default_data_dir, embedded
from adapters.postgres.migrate import NEXT, READ
from adapters.settings import Settings
from domain.kernel import Refused

PREFIX = "tasma_bench_"
_LOCK = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
_SCHEMAS = "select nspname from pg_namespace where nspname ~ %s"


class NoRoom(Refused):
    """The bench makes and drops schemas, which only the admin's role may do."""

    def __init__(self) -> None:
        super().__init__(
            "A bench makes schemas of its own and drops them afterwards: set TASMA_ADMIN_DATABASE_URL as well, or unset "
            "TASMA_DATABASE_URL to use the embedded PostgreSQL."
        )


class DiskTooSmall(Refused):
    def __init__(self, needed: int, free: int, folder: Path) -> None:
        super().__init__(
            f"This needs about {needed / 1e9:.1f} GB of disk, and {folder} has {free / 1e9:.1f} GB free; "
            "choose fewer events, or another folder with TASMA_DATA_DIR."
        )


class Room:
    """Where a bench may do as it likes."""

    def __init__(self, *, app_dsn: str, admin_dsn: str, run: str, folder: Path, server_version: int) -> None:
        self.app_dsn = app_dsn
        self.hasty_dsn = make_conninfo(app_dsn, options="-c synchronous_commit=off")
        """The application's login for what is only prepared: no commit waits for the disk."""
        self.admin_dsn = admin_dsn
        self.run = run
        """What the names of its schemas begin with."""
        self.folder = folder
        """An empty folder on a real disk, for servers that are no PostgreSQL."""
        self.postgresql = f"{server_version // 10_000}.{server_version % 10_000}"
        self._names: Iterator[str] = (f"{run}_{n}" for n in count(1))

    def schema(self) -> str:
        """A name for a schema or network that nobody has used; what is made under it goes with the room."""
        return next(self._names)

    def check_disk(self, needed: int) -> None:
        """Raises DiskTooSmall. Of a server elsewhere the disk is not known."""
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise DiskTooSmall(needed, free, self.folder)


@asynccontextmanager
async def room(settings: Settings) -> AsyncIterator[Room]:
    """Room on the server that the settings name; nothing that is there is touched. Raises NoRoom."""
    async with AsyncExitStack() as stack:
        data_dir = settings.data_dir or default_data_dir()
        if settings.database_url is None:
            holding = embedded(data_dir)
            server = await asyncio.to_thread(holding.__enter__)
            stack.push_async_callback(asyncio.to_thread, holding.__exit__, None, None, None)
            app_dsn, admin_dsn = server.app_dsn, server.admin_dsn
        elif settings.admin_database_url is None:
            raise NoRoom
        else:
            app_dsn, admin_dsn = settings.database_url, settings.admin_database_url
        data_dir.mkdir(parents=True, exist_ok=True)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=data_dir)))
        run = PREFIX + secrets.token_hex(4)
        admin = await AsyncConnection.connect(conninfo(admin_dsn, "tasma bench"), autocommit=True)
        async with admin:
            await admin.execute("set client_min_messages = warning")
            await _sweep(admin)
            await admin.execute(_LOCK, (run,))
            try:
                yield Room(
                    app_dsn=app_dsn,
                    admin_dsn=admin_dsn,
                    run=run,
                    folder=folder,
                    server_version=admin.info.server_version,
                )
            finally:
                await _drop(admin, run)


async def _sweep(admin: AsyncConnection[Row]) -> None:
    """Drop what killed runs left."""
    rows = await (await admin.execute(_SCHEMAS, (f"^{PREFIX}[0-9a-f]{{8}}_",))).fetchall()
    for run in sorted({name[: len(PREFIX) + 8] for (name,) in rows}):
        (free,) = await (await admin.execute(_LOCK, (run,))).fetchone() or (False,)
        if free:
            await _drop(admin, run)


async def _drop(admin: AsyncConnection[Row], run: str) -> None:
    rows = await (await admin.execute(_SCHEMAS, (f"^{run}_",))).fetchall()
    # The read models' schemas before the network's: one at a time, so that no lock has to wait for all of them.
    for (name,) in sorted(rows, key=lambda row: not row[0].endswith((READ, NEXT))):
        await admin.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(name)))
