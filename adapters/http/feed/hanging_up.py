"""Ends a connection for somebody who takes nothing: the server itself would keep it, and what lies in it, for as long as they like.

It offers no way to close one. Its sockets are open files of this process, and the addresses of both ends tell which it is.
"""

import os
import socket
from pathlib import Path
from typing import Any

from litestar.types import Scope

_FILES = Path("/proc/self/fd")


def hang_up(scope: Scope) -> bool:
    """Close the connection that a request came by; False where it is not found, as on systems without /proc."""
    ends = _written(scope.get("client")), _written(scope.get("server"))
    files = [int(file.name) for file in _FILES.iterdir()] if _FILES.is_dir() else []
    return any(_closed(file, ends) for file in files)


def _written(address: Any) -> tuple[str, ...]:  # noqa: ANN401 - of any family of sockets
    """Host and port as text: the server hands both over so, against the letter of ASGI."""
    return tuple(str(part) for part in (address or ())[:2])


def _closed(file: int, ends: tuple[tuple[str, ...], tuple[str, ...]]) -> bool:
    try:
        copy = os.dup(file)
    except OSError:  # it was closed meanwhile
        return False
    try:
        connection = socket.socket(fileno=copy)
    except OSError:  # no socket
        os.close(copy)
        return False
    with connection:
        try:
            if (_written(connection.getpeername()), _written(connection.getsockname())) != ends:
                return False
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is not connected
            return False
    return True
