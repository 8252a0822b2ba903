"""The server: granian, with one process a worker; the main process only watches them."""

import os
import resource
from tempfile import TemporaryDirectory
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from adapters.http.traffic import FOLDER

BACKLOG = 1024
KILL_AFTER_SECONDS = 20
CONNECTIONS_MAX = 8192
"""Of one worker. Who comes then waits until another leaves; a connection that asks for nothing is closed after 30 s."""
OTHER_FILES = 256
"""Open files that are no such connection."""
_LINES: Final[dict[str, Any]] = {
    "handlers": {
        name: {"class": "logging.StreamHandler", "formatter": formatter, "stream": "ext://sys.stderr"}
        for name, formatter in (("console", "generic"), ("access", "access"))
    }
}
"""Granian's own few lines go to stderr."""


def serve(host: str, port: int, workers: int) -> None:
    """Serve until SIGINT or SIGTERM; open requests are answered first, connections to the database closed last."""
    with TemporaryDirectory(prefix="tasma-workers-") as shared:
        os.environ[FOLDER] = shared  # before the workers start: they find each other's counts there
        Server(
            "adapters.http.asgi:create",
            factory=True,
            address=host,
            port=port,
            workers=workers,
            interface=Interfaces.ASGI,
            websockets=False,
            # It alone closes connections that are silent; HTTP/2 is what a proxy in front speaks to the world.
            http=HTTPModes.http1,
            backlog=BACKLOG,
            backpressure=_connections(),
            log_dictconfig=_LINES,
            # Requests are not logged: their paths name people's cases.
            log_level=LogLevels.warning,
            log_access=False,
            # One that is killed is replaced; the others go on answering meanwhile.
            respawn_failed_workers=True,
            workers_kill_timeout=KILL_AFTER_SECONDS,
        ).serve()


def _connections() -> int:
    """How many connections a worker takes: as many as it may have files open for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else min(CONNECTIONS_MAX, max(soft - OTHER_FILES, 1))
