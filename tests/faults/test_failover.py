"""The server is lost for good and its synchronous standby takes its place; nothing that was acknowledged is lost with it."""

import asyncio
from pathlib import Path

from adapters.checkpoint_file import CheckpointFile, checkpoint_of
from adapters.held_keys import checkpoint_file_of
from adapters.postgres.embedded import ADMIN_ROLE, APP_ROLE
from adapters.settings import Secret, Settings
from adapters.signing import make_key
from adapters.wiring import open_network, serving_network
from application.ports import Unavailable
from tests.faults.ending import found_network
from tests.faults.ground import Ground
from tests.faults.load import by_desk, insist, load, until
from tests.faults.standby import Pair, pair

NETWORK = "two_servers"
REGISTERING = {"organisation": "org:waiting", "name": {"fi": "Odottaja"}, "kind": "other"}


def ground_on(both: Pair, folder: Path, notes: Path) -> Ground:
    settings = Settings(
        network=NETWORK,
        database_url=both.dsn(APP_ROLE),
        admin_database_url=both.dsn(ADMIN_ROLE),
        data_dir=folder,
        signing_key=Secret(make_key(f"tasma/networks/{NETWORK}", bytes(range(32)))),
    )
    return Ground(settings, notes)


async def founded(ground: Ground) -> None:
    notes = ground.notes
    async with open_network(ground.settings) as network:
        await found_network(network, notes)
    notes.close()


def test_the_standby_has_all_that_was_acknowledged(tmp_path: Path, notes_folder: Path) -> None:
    """The clients, the sealer, the policies and the read models find the new server by themselves."""

    async def promise() -> None:
        async with pair() as both:
            ground = ground_on(both, tmp_path, notes_folder)
            await founded(ground)
            async with serving_network(ground.settings) as network:
                async with load(network.dsn, NETWORK, ground.folder) as clients:
                    await clients.goes_on(100)
                    await asyncio.to_thread(both.first.kill)
                    await asyncio.to_thread(both.second.ask, "select pg_promote()")
                    await clients.goes_on(100)
                    head = await ground.over(network, clients)
                assert network.read_only is None
            await ground.check(grown_beyond=head)

    asyncio.run(promise())


def test_what_waits_for_the_standby_is_neither_acknowledged_nor_signed(tmp_path: Path, notes_folder: Path) -> None:
    """Somebody cancels a commit's wait while the standby is away: from then on it can be seen, and it is not safe.

    Its client is told nothing, nor is whoever repeats it, nor does a checkpoint cover it outside, until the standby is back.
    """

    async def promise() -> None:
        async with pair() as both:
            ground = ground_on(both, tmp_path, notes_folder)
            await founded(ground)
            async with open_network(ground.settings) as network:
                await network.sealer.seal()
                head = (await network.log.head()).position
                file = checkpoint_file_of(ground.settings)
                await asyncio.to_thread(both.second.kill)
                key = network.desk.entropy.event_id(network.clock())
                send = by_desk(network.desk)
                asked = asyncio.ensure_future(send("register-organisation", REGISTERING, key))
                while not asked.done():
                    await asyncio.to_thread(both.first.ask, CANCEL)
                    await asyncio.sleep(0.02)
                assert isinstance(asked.exception(), Unavailable)
                assert (await network.log.head()).position == head + 1

                again = asyncio.create_task(insist(send, "register-organisation", REGISTERING, key))
                sealing = asyncio.create_task(network.sealer.seal())
                await until(lambda: _waiting(both) == 2, "the repeat and the sealer wait for the standby")
                assert (again.done(), sealing.done()) == (False, False)
                assert await asyncio.to_thread(_size, file) == head

                await both.second.start()
                notes = ground.notes
                notes.note(await again)
                notes.close()
                assert (await sealing).checkpoint == head + 1
                assert await asyncio.to_thread(_size, file) == head + 1
                await until(both.in_step, "the standby is in step")
            await asyncio.to_thread(both.first.kill)
            await asyncio.to_thread(both.second.ask, "select pg_promote()")
            await ground.check(grown_beyond=head)

    asyncio.run(promise())


WAITING = "select pid from pg_stat_activity where wait_event = 'SyncRep'"
CANCEL = "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"


def _size(file: CheckpointFile) -> int:
    """Of the checkpoint that is kept outside."""
    return checkpoint_of(file.note() or "").size


def _waiting(both: Pair) -> int:
    return len(both.first.ask(WAITING))
