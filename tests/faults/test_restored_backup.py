"""A backup taken earlier is put in the place of the data: the network reads, says why it does not write, and lost nothing."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_network, serving_network
from application.ports import ReadOnly
from tests.faults.ending import audited, tasma
from tests.faults.ground import Ground
from tests.faults.load import by_desk, load
from tests.folders import short_folder

REGISTERING = {"organisation": "org:late", "name": {"fi": "Myöhäinen"}, "kind": "other"}


def test_a_copy_of_the_stopped_data_folder_starts_read_only(tmp_path: Path, notes_folder: Path) -> None:
    """The newest checkpoint is kept elsewhere, since a copy of the whole folder brings its own back too."""

    async def work(ground: Ground) -> tuple[int, int]:
        async with serving_network(ground.settings) as network:
            async with load(network.dsn, ground.settings.network, ground.folder, processes=1) as clients:
                head = await ground.over(network, clients)
            await network.work_off()
            await network.sealer.seal()
            return head, (await network.log.head()).position

    async def read_only(ground: Ground, backed_up: int, signed: int) -> None:
        async with open_network(ground.settings) as network:
            assert (await network.log.head()).position == backed_up
            sentence = f"The log ends at position {backed_up:,}, but a checkpoint over {signed:,} events was signed by "
            assert (network.read_only or "").startswith(sentence)
            assert "the database is a restored backup" in (network.read_only or "")
            with pytest.raises(ReadOnly, match=sentence):
                await by_desk(network.desk)(
                    "register-organisation", REGISTERING, network.desk.entropy.event_id(network.clock())
                )
            assert (await network.log.head()).position == backed_up

    with short_folder() as folder:
        settings = Settings(network="restored", data_dir=folder, checkpoint_file=tmp_path / "kept.checkpoint")
        ground, backup, newest = Ground(settings, notes_folder), Path(f"{folder}b"), Path(f"{folder}n")
        backed_up = ground.found()
        try:
            subprocess.run(["cp", "-a", str(folder), str(backup)], check=True)  # noqa: S603, S607 - owners and times too
            head, signed = asyncio.run(work(ground))
            folder.rename(newest)
            backup.rename(folder)
            asyncio.run(read_only(ground, backed_up, signed))
            said = tasma(settings, "status")
            assert f"READ-ONLY: The log ends at position {backed_up:,}" in said.stdout
            found = audited(settings)
            assert (found.code, found.size) == (1, backed_up), "what is there is in order, and not all that was signed"
        finally:
            if newest.exists():
                folder.rename(backup)
                newest.rename(folder)
            subprocess.run(["rm", "-rf", str(backup)], check=True)  # noqa: S603, S607 - some of it is another account's
        asyncio.run(ground.check(grown_beyond=head))
