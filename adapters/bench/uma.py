"""UmaDB, a DCB event store in Rust, on loopback with a folder of its own; its wheel contains the server."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.bench.rounds import Count, by_threads
from adapters.bench.samples import Referrals
from domain.kernel import Refused

if TYPE_CHECKING:
    import umadb

START_SECONDS: Final = 20
STOP_SECONDS: Final = 10
POLL_SECONDS: Final = 0.05
_SERVER: Final = "from umadb.umadb_server_cli import main; main()"


class UmaMissing(Refused):
    def __init__(self) -> None:
        super().__init__(
            "Peers need UmaDB, which is not installed: `pip install 'tasma[bench]'`, or leave --peers out."
        )


class UmaSilent(Refused):
    def __init__(self, why: str) -> None:
        super().__init__(f"The server of UmaDB does not answer ({why}); leave --peers out to measure without it.")


def _module() -> Any:  # noqa: ANN401 - a module
    """The package, with what importing it does to Ctrl-C undone."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        import umadb  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise UmaMissing from None
    signal.signal(signal.SIGINT, handler)
    return umadb


class UmaAppend:
    """Appends one event at a time under a condition, each writer in a thread: its client is synchronous."""

    name = "umadb"

    def __init__(self, client: "umadb.Client", module: Any, sample: Referrals) -> None:  # noqa: ANN401 - a module
        self.client = client
        self._umadb = module
        self._sample = sample
        self._heads: dict[int, int] = {}

    async def work(self, writers: int, seconds: float) -> Count:
        return await by_threads([self._writer(n) for n in range(writers)], seconds)

    def _writer(self, n: int) -> Callable[[], None]:
        uma, types = self._umadb, list(self._sample.types)
        query = uma.Query(items=[uma.QueryItem(types=types, tags=[self._sample.own_tag(n)])])

        def once() -> None:
            _, tags, data = self._sample.fact(n)
            event = uma.Event(event_type=types[0], data=data, tags=tags)
            condition = uma.AppendCondition(fail_if_events_match=query, after=self._heads.get(n))
            self._heads[n] = self.client.append([event], condition=condition)

        return once


@asynccontextmanager
async def open_uma(folder: Path, sample: Referrals) -> AsyncIterator[UmaAppend]:
    """A server as a child of this process, stopped when the block ends. Raises UmaMissing, UmaSilent."""
    module = _module()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with (folder / "uma.log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _SERVER, "--listen", address, "--db-path", str(folder / "uma.db")),
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then stops the server
        )
    try:
        client = await _client(module, server, f"http://{address}")
        with contextlib.closing(client):
            yield UmaAppend(client, module, sample)
    finally:
        await _stop(server)


async def _client(module: Any, server: asyncio.subprocess.Process, url: str) -> "umadb.Client":  # noqa: ANN401 - a module
    """A client as soon as the server answers."""
    clock = asyncio.get_running_loop().time
    began = clock()
    while True:
        try:
            client: umadb.Client = await asyncio.to_thread(module.Client, url)
            await asyncio.to_thread(client.head)
        except Exception as error:
            if server.returncode is not None or clock() - began > START_SECONDS:
                raise UmaSilent(str(error)) from error
            await asyncio.sleep(POLL_SECONDS)
        else:
            return client


async def _stop(server: asyncio.subprocess.Process) -> None:
    if server.returncode is not None:
        return
    server.terminate()
    try:
        await asyncio.wait_for(server.wait(), STOP_SECONDS)
    except TimeoutError:
        server.kill()
        await server.wait()
