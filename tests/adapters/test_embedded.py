"""The embedded PostgreSQL is there for whoever joins, gone after the last, and survives every kind of killing."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.embedded import PACKAGE, EmbeddedUnavailable, Server, default_data_dir, embedded
from tests.folders import short_folder

REPOSITORY = Path(__file__).parents[2]
AS_ROOT = os.geteuid() == 0
PATIENCE_SECONDS = 30

IMPORTS = """
import os, sys
from pathlib import Path
import psycopg
from adapters.postgres.embedded import embedded
"""
USE = """
with embedded(Path(sys.argv[1])) as server, psycopg.connect(server.app_dsn) as connection:
    print(server.app_dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data folder for the tests that leave its data as they were."""
    with short_folder() as made:
        yield made


@pytest.fixture
def new_folder() -> Iterator[Path]:
    with short_folder() as made:
        yield made


class User:
    """Another process that uses the server of a folder until it is told to leave."""

    def __init__(self, folder: Path, script: str = IMPORTS + USE, env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - this interpreter, scripts of this file
            [sys.executable, "-c", script, str(folder)],
            cwd=REPOSITORY,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)


@contextmanager
def user(folder: Path, script: str = IMPORTS + USE, env: Mapping[str, str] | None = None) -> Iterator[User]:
    one = User(folder, script, env)
    try:
        with one.process:
            try:
                yield one
            finally:
                if one.process.poll() is None:
                    one.process.kill()
    finally:
        assert one.process.returncode is not None


def answers(dsn: str) -> bool:
    return pq.PGconn.ping(dsn.encode()) == pq.Ping.OK


def data_of(dsn: str) -> Path:
    return Path(str(conninfo_to_dict(dsn)["host"]))


def postmaster(dsn: str) -> int:
    return int((data_of(dsn) / "postmaster.pid").read_text().split()[0])


def stopped(dsn: str) -> bool:
    return not answers(dsn) and not (data_of(dsn) / "postmaster.pid").exists()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.002)


def refusal(folder: Path) -> str:
    with pytest.raises(EmbeddedUnavailable) as caught, embedded(folder):
        pass
    return str(caught.value)


def test_starts_for_the_first_user_and_stops_after_the_last(folder: Path) -> None:
    """Two users have one server; it is there as long as either of them."""
    with embedded(folder) as first:
        process = postmaster(first.app_dsn)
        with embedded(folder) as second:
            assert second == first
        assert answers(first.app_dsn)
        assert postmaster(first.app_dsn) == process
    assert stopped(first.app_dsn)


def test_processes_starting_at_once_make_one_server(new_folder: Path) -> None:
    """Four processes meet in an empty folder: one makes the cluster, all use the same server, the last one stops it."""
    users = [User(new_folder) for _ in range(4)]
    try:
        (dsn,) = {one.answer() for one in users}
        process = postmaster(dsn)
        assert [one.leave() for one in users[:3]] == [0, 0, 0]
        assert postmaster(dsn) == process
        assert answers(dsn)
        assert users[3].leave() == 0
        assert stopped(dsn)
    finally:
        for one in users:
            one.kill()
            one.process.__exit__(None, None, None)


def test_coming_and_going_never_meets_a_stopped_server(folder: Path) -> None:
    """Whoever has joined can work, however many leave and join around them."""
    often = """
        for number in range(12):
            with embedded(Path(sys.argv[1])) as server, psycopg.connect(server.app_dsn) as connection:
                connection.execute("select 1")
        print("done", flush=True)
    """
    script = IMPORTS + textwrap.dedent(often)
    with user(folder, script) as one, user(folder, script) as two, user(folder, script) as three:
        assert [one.answer(), two.answer(), three.answer()] == ["done", "done", "done"]


def test_a_killed_user_leaves_no_claim(folder: Path) -> None:
    """The server outlives the process that started it; the next user joins it and, being the last, stops it."""
    with user(folder) as starter:
        dsn = starter.answer()
        process = postmaster(dsn)
        starter.kill()
    assert answers(dsn)
    with embedded(folder):
        assert postmaster(dsn) == process
    assert stopped(dsn)


def test_a_user_killed_while_it_stops_the_server_takes_nobody_with_it(folder: Path) -> None:
    """A stop once begun is finished by whoever comes next, who gets a new server and not the one about to go."""
    with user(folder) as last:
        process = postmaster(last.answer())
        os.kill(process, signal.SIGSTOP)  # so that the stop cannot be over before its author is killed
        try:
            assert last.process.stdin is not None
            last.process.stdin.close()
            until((folder / "stopping").exists)
            last.kill()
        finally:
            os.kill(process, signal.SIGCONT)
        with embedded(folder) as server, psycopg.connect(server.app_dsn) as connection:
            assert postmaster(server.app_dsn) != process
            assert connection.execute("select 1").fetchone() == (1,)
    assert stopped(server.app_dsn)
    assert not (folder / "stopping").exists()


def test_ctrl_c_in_the_terminal_of_the_starter_leaves_the_server_to_the_others(folder: Path) -> None:
    with user(folder) as starter:
        process = postmaster(starter.answer())
        with embedded(folder) as server:
            os.killpg(starter.process.pid, signal.SIGINT)
            assert starter.process.wait(PATIENCE_SECONDS) != 0
            assert answers(server.app_dsn)
            assert postmaster(server.app_dsn) == process


def test_a_forked_process_does_not_end_the_block_of_its_parent(folder: Path) -> None:
    fork = """
        with embedded(Path(sys.argv[1])) as server:
            if (child := os.fork()) == 0:
                sys.exit(7)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), psycopg.pq.PGconn.ping(server.app_dsn.encode()))
    """
    with user(folder, IMPORTS + textwrap.dedent(fork)) as parent:
        assert parent.answer() == f"7 {pq.Ping.OK:d}"


def test_a_killed_postmaster_is_replaced_and_what_was_committed_is_there(folder: Path) -> None:
    with embedded(folder) as server:
        killed = postmaster(server.app_dsn)
        with psycopg.connect(server.admin_dsn) as connection:
            connection.execute("create schema kept create table fact (position bigint)")
            connection.execute("insert into kept.fact select generate_series(1, 10000)")
        with psycopg.connect(server.admin_dsn) as idle:
            os.kill(killed, signal.SIGKILL)
            with embedded(folder) as again, psycopg.connect(again.admin_dsn) as connection:
                assert postmaster(again.app_dsn) != killed
                assert connection.execute("select count(*) from kept.fact").fetchone() == (10000,)
                connection.execute("drop schema kept cascade")
            with pytest.raises(psycopg.OperationalError):
                idle.execute("select 1")
    assert stopped(server.app_dsn)


def test_a_reused_process_id_in_a_stale_file_does_not_forbid_the_start(folder: Path) -> None:
    """After a power cut the number in postmaster.pid may be that of any process, of this one here."""
    with embedded(folder) as server:
        data = data_of(server.app_dsn)
    for stale in "postmaster.pid", ".s.PGSQL.5432.lock":
        (data / stale).write_text(f"{os.getpid()}\n{data}\n1\n5432\n.\n\n1 1\nready\n")
    with embedded(folder) as server:
        assert postmaster(server.app_dsn) != os.getpid()
        assert answers(server.app_dsn)


def test_an_interrupted_creation_is_begun_anew(new_folder: Path) -> None:
    """Killed in the middle of `initdb`, which lives on for a moment: the next user starts again."""
    with user(new_folder) as first:
        until((new_folder / "cluster.new" / "data" / "base").exists)
        first.kill()
    assert not (new_folder / "cluster").exists()
    with embedded(new_folder) as server:
        assert answers(server.app_dsn)
        assert not (new_folder / "cluster.new").exists()


def test_logins_can_do_what_they_need_and_no_more(folder: Path) -> None:
    with embedded(folder) as server:
        with psycopg.connect(server.app_dsn, autocommit=True) as app:
            for statement in (
                "create role more",
                "alter role tasma_app superuser",
                "create database more",
                "create schema more",
                "create table public.more ()",
                "set role tasma_admin",
                "copy (select 1) to program 'true'",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(statement.encode())
        with psycopg.connect(server.admin_dsn) as admin:
            admin.execute("create schema more create table fact ()")
            admin.execute("create role reader")
            admin.execute("grant usage on schema more to tasma_app, reader")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                admin.execute("create role more superuser")


def test_only_passwords_and_the_socket_lead_in(folder: Path) -> None:
    """No trust, no superuser, no other database, no TCP; the passwords are for the eyes of their owner."""
    with embedded(folder) as server:
        for changed in (
            {"password": "guessed"},
            {"user": "postgres"},
            {"user": "postgres", "dbname": "postgres"},
            {"dbname": "postgres"},
        ):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(make_conninfo(server.app_dsn, **changed))
        with psycopg.connect(server.app_dsn) as connection:
            settings = [
                connection.execute("select current_setting(%s)", [name]).fetchone()
                for name in ("listen_addresses", "fsync", "timezone", "server_encoding")
            ]
            assert settings == [("",), ("on",), ("UTC",), ("UTF8",)]
            query = "select datlocprovider, datlocale from pg_database where datname = 'tasma'"
            assert connection.execute(query).fetchone() == ("b", "C.UTF-8")
        passwords = folder / "cluster" / "passwords.json"
        assert passwords.stat().st_mode & 0o777 == 0o600
        assert passwords.stat().st_uid == os.geteuid()
        assert "password" not in repr(server)
        assert "PASSWORD" not in (folder / "server.log").read_text().upper().replace("PASSWORD AUTHENTICATION", "")


def test_data_of_another_major_version_are_refused_in_a_sentence(folder: Path) -> None:
    with embedded(folder) as server:
        version = data_of(server.app_dsn) / "PG_VERSION"
    version.write_text("17\n")
    try:
        assert refusal(folder) == (
            f"The data in {version.parent} were written by PostgreSQL 17, the embedded one is 18. Dump them with "
            "version 17 and load them into a new folder (TASMA_DATA_DIR), or run a PostgreSQL 17 of your own on them "
            "(TASMA_DATABASE_URL)."
        )
    finally:
        version.write_text("18\n")


def test_a_server_that_does_not_start_is_quoted(folder: Path) -> None:
    """The end of its log is in the message, and once the cause is gone the folder works again."""
    with embedded(folder) as server:
        control = data_of(server.app_dsn) / "global" / "pg_control"
    control.rename(control.with_name("hidden"))
    try:
        message = refusal(folder)
    finally:
        control.with_name("hidden").rename(control)
    assert message.startswith(f"The embedded PostgreSQL in {folder} stopped while it started. The end of {folder}")
    assert 'could not open file "' in message
    with embedded(folder) as server:
        assert answers(server.app_dsn)


def test_a_path_too_long_for_a_socket_is_refused_before_anything_is_made(new_folder: Path) -> None:
    new_folder.chmod(0o711)  # else root would keep the data elsewhere, under a short path
    long = new_folder / ("x" * 80)
    socket = long / "cluster" / "data" / ".s.PGSQL.5432"
    limit = 103 if sys.platform == "darwin" else 107
    assert refusal(long) == (
        f"The socket {socket} would have a path of {len(str(socket))} bytes, the system allows {limit}: set "
        "TASMA_DATA_DIR to a folder with a shorter path."
    )
    assert not (long / "cluster").exists()


def test_a_file_in_place_of_the_folder_is_a_sentence_too(new_folder: Path) -> None:
    file = new_folder / "file"
    file.touch()
    assert refusal(file).startswith(f"The embedded PostgreSQL in {file} cannot be used: ")


def test_a_folder_of_somebody_else_is_refused(new_folder: Path) -> None:
    if not AS_ROOT:
        pytest.skip("only root can give a folder away")
    os.chown(new_folder, 4711, 4711)
    assert refusal(new_folder) == (
        f"The data folder {new_folder} belongs to user 4711, but user 0 runs Täsmä: run it as that user, or set "
        "TASMA_DATA_DIR to a folder of your own."
    )


def test_runs_for_an_ordinary_user(new_folder: Path) -> None:
    """Started by a user without privileges, all of it belongs to that user and is closed to others."""
    if not AS_ROOT:
        pytest.skip("every other test of this file shows it: they run as an ordinary user")
    nobody = pwd.getpwnam("nobody")
    os.chown(new_folder, nobody.pw_uid, nobody.pw_gid)
    become = f"os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})\n"
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.submodule_search_locations
    closed = subprocess.run(  # noqa: S603 - a constant script
        ["/bin/sh", "-c", 'test -x "$0"', str(Path(spec.submodule_search_locations[0], "pginstall18/bin/initdb"))],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=(),
        check=False,
    ).returncode
    if closed:
        pytest.skip("NOT TESTED: this virtual environment lies where only root can read it")
    with user(new_folder, IMPORTS + become + USE) as ordinary:
        dsn = ordinary.answer()
        assert answers(dsn)
        owners = {path.stat().st_uid for path in new_folder.rglob("*")}
        assert owners == {nobody.pw_uid}
        assert new_folder.stat().st_mode & 0o077 == 0
        assert ordinary.leave() == 0
        assert stopped(dsn)


def test_root_may_keep_data_and_programs_where_nobody_can_enter(new_folder: Path) -> None:
    """As below /root: the data go to a folder of their own, the programs are copied, and no folder above is opened."""
    if not AS_ROOT:
        pytest.skip("only root runs the server as another user")
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    closed = new_folder / "closed"
    closed.mkdir(mode=0o700)
    for part in package, package.with_name(f"{PACKAGE}.libs"):
        shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("pginstall", "include", "*.a"))
    data_dir = closed / "data"
    with user(data_dir, env={"PYTHONPATH": str(closed)}) as one:
        try:
            dsn = one.answer()
            home = (data_dir / "elsewhere").resolve(strict=True)
            assert data_of(dsn) == home / "cluster" / "data"
            assert Path(f"/proc/{postmaster(dsn)}/exe").resolve().is_relative_to(home)
            assert closed.stat().st_mode & 0o777 == 0o700
            assert one.leave() == 0
            assert stopped(dsn)
        finally:
            with embedded(data_dir):
                pass
            shutil.rmtree((data_dir / "elsewhere").resolve(strict=True))


def test_default_folder_is_the_users_own() -> None:
    assert default_data_dir() == (Path("/var/lib/tasma") if AS_ROOT else Path.home() / ".local/share/tasma")


def test_the_shared_server_gives_every_network_a_schema(server: Server, network_schema: str) -> None:
    with psycopg.connect(server.admin_dsn) as admin:
        admin.execute(f"create schema {network_schema}".encode())
    assert network_schema == network_schema.lower()
