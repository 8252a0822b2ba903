"""Two PostgreSQL servers, one of them the other's synchronous standby, that die and are promoted as a test likes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg import pq

from adapters.postgres import embedded
from adapters.postgres.embedded import ADMIN_ROLE, APP_ROLE, DATABASE, PORT, SUPERUSER
from tests.faults.load import until
from tests.folders import short_folder

STANDBY = "second"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "port": str(PORT),
    "shared_buffers": "32MB",
    "wal_receiver_status_interval": "1s",
}


class Machine:
    """One server, with the programs and the account of the embedded one."""

    def __init__(self, folder: Path, name: str) -> None:
        self._cluster = embedded._Cluster(folder)  # noqa: SLF001 - who runs the programs, and where they lie
        self._programs = self._cluster._binaries(folder)  # noqa: SLF001 - the same
        self.data = folder / name

    def dsn(self, role: str = SUPERUSER, database: str = "postgres") -> str:
        return f"host={self.data} port={PORT} user={role} dbname={database}"

    def run(self, program: str, *arguments: str) -> None:
        self._cluster._run([str(self._programs / program), *arguments])  # noqa: SLF001 - as the server's account

    def make_folder(self) -> None:
        self.data.mkdir(mode=0o700)
        if account := self._cluster.account:
            os.chown(self.data, account.uid, account.gid)

    async def start(self) -> None:
        # It names the process of a server that was killed, or after a copy that of the other one.
        (self.data / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        given = [f"--{name}={value}" for name, value in SETTINGS.items()]
        server = [str(self._programs / "postgres"), "-D", str(self.data), *given]
        start = ["/bin/sh", "-c", '"$0" "$@" &', *server]
        await asyncio.to_thread(self._cluster._run, start, detached=True)  # noqa: SLF001 - as the server's account
        await until(lambda: pq.PGconn.ping(self.dsn().encode()) == pq.Ping.OK, f"the server in {self.data} answers")

    def kill(self) -> None:
        """All its processes at once, as if the machine had lost its power."""
        if (process := self._process()) is None:
            return
        os.kill(process, signal.SIGSTOP)  # while it stands still it starts no process that would be missed here
        children = Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()
        for each in [process, *map(int, children)]:
            os.kill(each, signal.SIGKILL)
        (self.data / "postmaster.pid").unlink()

    def ask(self, query: str) -> Sequence[tuple[object, ...]]:
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def _process(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text("ascii").split()[0])
        except FileNotFoundError:
            return None


class Pair:
    def __init__(self, first: Machine, second: Machine) -> None:
        self.first, self.second = first, second

    def dsn(self, role: str) -> str:
        """Whichever of the two takes writes."""
        hosts, ports = f"{self.first.data},{self.second.data}", f"{PORT},{PORT}"
        return f"host={hosts} port={ports} user={role} dbname={DATABASE} target_session_attrs=read-write"

    def in_step(self) -> bool:
        return self.first.ask("select sync_state from pg_stat_replication where state = 'streaming'") == [("sync",)]


@asynccontextmanager
async def pair() -> AsyncIterator[Pair]:
    """A server with its standby in step: no commit is acknowledged before both have it."""
    with short_folder() as folder:
        folder.chmod(0o711)  # the servers' account passes through
        first, second = Machine(folder, "one"), Machine(folder, STANDBY)
        try:
            first.make_folder()
            await asyncio.to_thread(
                first.run,
                "initdb",
                "-D",
                str(first.data),
                f"--username={SUPERUSER}",
                "--auth=trust",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
            )
            await first.start()
            for role in (f"{ADMIN_ROLE} login createrole", f"{APP_ROLE} login"):
                first.ask(f"create role {role}")
            first.ask(f"create database {DATABASE} owner {ADMIN_ROLE}")
            second.make_folder()
            await asyncio.to_thread(
                second.run,
                "pg_basebackup",
                "-D",
                str(second.data),
                "-R",
                "-X",
                "stream",
                "-c",
                "fast",
                "--no-sync",
                "-d",
                f"{first.dsn()} application_name={STANDBY}",
            )
            await second.start()
            first.ask(f"alter system set synchronous_standby_names = '{STANDBY}'")
            first.ask("select pg_reload_conf()")
            both = Pair(first, second)
            await until(both.in_step, "the standby is in step")
            yield both
        finally:
            first.kill()
            second.kill()
