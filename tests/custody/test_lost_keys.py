"""A key file that was lost is noticed before anything is signed or locked with another key."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.kept_file import locked
from adapters.postgres.embedded import embedded
from adapters.settings import Secret, Settings
from adapters.signing import KeyFault, make_key
from adapters.vault import WrongMasterKey
from adapters.wiring import open_network
from tests.custody.conftest import setting
from tests.custody.restoring import COORDINATOR, FOUNDING
from tests.folders import short_folder

NETWORK = "lost_keys"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The data folder of a network that signed something and keeps something, with a server of its own."""
    with short_folder() as made, embedded(made):
        asyncio.run(_lived(Settings(network=NETWORK, data_dir=made)))
        yield made


async def _lived(settings: Settings, *, anew: bool = False) -> None:
    async with open_network(settings, anew=anew) as network:
        await network.desk.carry_out("found-network", {**FOUNDING, "constructed": True}, COORDINATOR)
        await network.sealer.seal()
        await network.vault.put("client:c-1", "teksti")


async def _opened(settings: Settings) -> None:
    async with open_network(settings):
        pass


@pytest.mark.parametrize(("name", "fault"), [("signing.key", KeyFault), ("master.key", WrongMasterKey)])
def test_a_network_with_a_lost_key_file_is_not_opened_until_the_file_is_back(
    folder: Path, name: str, fault: type[Exception]
) -> None:
    settings = Settings(network=NETWORK, data_dir=folder)
    lost = (folder / name).rename(folder / "lost")
    with pytest.raises(fault, match=r"Restore the file from its backup"):
        asyncio.run(_opened(settings))
    assert not (folder / name).exists()
    lost.rename(folder / name)
    asyncio.run(_opened(settings))


def test_keys_that_are_named_on_purpose_are_taken(folder: Path) -> None:
    settings = Settings(
        network=NETWORK,
        data_dir=folder,
        signing_key=Secret(make_key(f"tasma/networks/{NETWORK}", bytes(32))),
        master_key=Secret(setting("another")),
    )
    for name in ("signing.key", "master.key"):
        (folder / name).rename(folder / f"{name}.lost")
    asyncio.run(_opened(settings))
    for name in ("signing.key", "master.key"):
        (folder / f"{name}.lost").rename(folder / name)


def test_a_network_without_rows_gets_keys(folder: Path) -> None:
    """The demo is dropped and made anew; and a network that is made beside another one has nothing to lose yet."""
    beside = Settings(network="beside", data_dir=folder)
    asyncio.run(_lived(beside))
    asyncio.run(_lived(beside, anew=True))
    with locked(folder / "signing.key"):
        (folder / "signing.key").unlink()
        (folder / "master.key").unlink()
    asyncio.run(_opened(Settings(network="third", data_dir=folder)))
    with pytest.raises(KeyFault):
        asyncio.run(_opened(beside))
