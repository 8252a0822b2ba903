"""The server: granian, with one process a worker; the main process only watches them."""

import os
from tempfile import TemporaryDirectory

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from adapters.http.traffic import FOLDER

BACKLOG = 1024
KILL_AFTER_SECONDS = 20


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
            backlog=BACKLOG,
            # granian writes its own few lines to stderr; requests are not logged: their paths name people's cases.
            log_level=LogLevels.warning,
            log_access=False,
            # One that is killed is replaced; the others go on answering meanwhile.
            respawn_failed_workers=True,
            workers_kill_timeout=KILL_AFTER_SECONDS,
        ).serve()
