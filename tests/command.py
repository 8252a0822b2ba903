"""The command `tasma`, each time in a process of its own, forked from one that has imported it: that takes longer than it does.

Where it matters that the installed command starts by itself, it is started so: in `tests/relay` and `tests/bench`.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
TASMA = Path(sys.executable).with_name("tasma")
REQUEST_BYTES = 150_000
PROGRAM = "import sys; from tests.command import stand_by; stand_by(int(sys.argv[1])); from adapters.cli.main import main; main()"


def run(
    *arguments: object, env: Mapping[str, str], cwd: Path | None = None, given: str = "", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run the command with this environment and nothing else. Raises TimeoutExpired."""
    said = [str(TASMA), *map(str, arguments)]
    request = json.dumps({"arguments": said, "environment": dict(env), "folder": str(cwd or Path.cwd())}).encode()
    with tempfile.TemporaryFile() as into, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        into.write(given.encode())
        into.seek(0)
        asking, standing_by = _standing_by()
        asking.settimeout(timeout)
        socket.send_fds(asking, [request], [into.fileno(), out.fileno(), errors.fileno()])
        try:
            code = int(asking.recv(20))
        except TimeoutError:
            os.killpg(standing_by.pid, signal.SIGKILL)
            _standing_by.cache_clear()
            raise subprocess.TimeoutExpired(said, timeout) from None
        for file in (out, errors):
            file.seek(0)
        return subprocess.CompletedProcess(said, code, out.read().decode(), errors.read().decode())


@cache
def _standing_by() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Who forks, and how it is asked; it ends when nobody can ask it any more."""
    asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with asked:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, a script of this file
            [sys.executable, "-c", PROGRAM, str(asked.fileno())],
            cwd=REPOSITORY,
            pass_fds=[asked.fileno()],
            start_new_session=True,
        )

    @atexit.register
    def end() -> None:
        asking.close()
        process.wait()

    return asking, process


def stand_by(number: int) -> None:
    """Fork for whoever asks at this socket. Returns in the forked processes, to be the command there."""
    import adapters.cli  # noqa: PLC0415 - here alone; who asks has no need of it

    for module in pkgutil.iter_modules(adapters.cli.__path__, "adapters.cli."):
        importlib.import_module(module.name)
    gc.freeze()
    with socket.socket(fileno=number) as asked:
        while True:
            request, files, _, _ = socket.recv_fds(asked, REQUEST_BYTES, 3)
            if not request:
                sys.exit()
            process = os.fork()
            if not process:
                break
            for file in files:
                os.close(file)
            _, status = os.waitpid(process, 0)
            asked.send(str(os.waitstatus_to_exitcode(status)).encode())
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    wanted = json.loads(request)
    sys.argv = wanted["arguments"]
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["folder"])
