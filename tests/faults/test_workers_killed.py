"""Workers of `tasma serve` are killed while clients send; who repeats a command under its key finds out what became of it."""

import asyncio

import httpx

from adapters.wiring import open_network
from application.access import Wish
from tests.faults.cases import CLIENT
from tests.faults.ground import Ground, kill
from tests.faults.load import Load, serve_clients, until
from tests.faults.serving import WORKERS, Serving, by_http

CLIENTS = 6


def test_workers_and_then_the_whole_server_are_killed(ground: Ground) -> None:
    async def promise() -> None:
        async with open_network(ground.settings) as network:
            issued = await network.tokens.issue(Wish(role="coordinator", subject=CLIENT.actor))
            serving, notes = Serving(ground.settings), ground.notes
            await serving.start()
            headers = {"Authorization": f"Bearer {issued.token}"}
            try:
                async with (
                    httpx.AsyncClient(base_url=serving.url, headers=headers, timeout=10) as client,
                    asyncio.TaskGroup() as tasks,
                ):
                    load = Load(ground.folder, lambda: True)
                    for n in range(CLIENTS):
                        work = serve_clients(str(n), by_http(client), notes, (ground.folder / "done").exists)
                        tasks.create_task(work)
                    for _ in range(2):
                        await load.goes_on(40)
                        await until(lambda: len(serving.workers()) == WORKERS, "every worker is there")
                        kill(serving.workers()[0])  # the one that is there longest
                    await load.goes_on(40)
                    await asyncio.to_thread(serving.kill)
                    await serving.start()
                    head = await ground.over(network, load, by=40)
                    load.done()
            finally:
                await asyncio.to_thread(serving.kill)
                notes.close()
        await ground.check(grown_beyond=head)

    asyncio.run(promise())
