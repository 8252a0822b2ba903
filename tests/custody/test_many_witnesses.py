"""What witnesses hand in never keeps a network from deciding."""

import asyncio
from pathlib import Path

import pytest

from adapters.postgres.embedded import Server
from adapters.postgres.migrate import drop_network
from adapters.postgres.tree import PostgresTree
from adapters.wiring import open_network
from tests.custody.restoring import lived, register, settings_of


def test_the_log_s_own_note_is_what_is_compared_and_kept(
    server: Server, network_schema: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note with cosignatures that nobody could read is as good as none to readers; custody reads the one that was signed."""

    async def scenario() -> None:
        settings = settings_of(server, network_schema, tmp_path, 1)
        await lived(settings, "a")
        file = tmp_path / f"{network_schema}.checkpoint"
        note = file.read_text(encoding="utf-8")
        file.unlink()

        async def cosigned(_: PostgresTree) -> str:
            return note + "— ekami.fi/witness nothing that is a signature\n"

        monkeypatch.setattr(PostgresTree, "checkpoint", cosigned)
        async with open_network(settings) as network:
            assert file.read_text(encoding="utf-8") == note
            await network.custody.judge(by_root=True)
            assert network.read_only is None
            await register(network, "b")

    asyncio.run(scenario())
    asyncio.run(drop_network(server.admin_dsn, network_schema))
