"""Policies that worked beyond the end of a log that was put back: they say so, and a person sets them back."""

import asyncio
import json
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from adapters.postgres.embedded import Server
from adapters.settings import Settings
from adapters.wiring import open_network
from application.policy_worker import PolicyHalted
from domain.changing import replace
from tests.custody.restoring import cut_back, lived, register, settings_of
from tests.custody.test_restored import tasma

POLICIES = (
    "issue-documents",
    "issue-statements",
    "list-for-coordinator",
    "list-left-over-hours",
    "list-lost-referrals",
    "plan-settlements",
    "share-delivered-parts",
    "true-up-drift",
)


@pytest.fixture
def settings(server: Server, network_schema: str, tmp_path: Path) -> Settings:
    """Of a network whose policies have worked five events off."""
    settings = settings_of(server, network_schema, tmp_path, 1)
    asyncio.run(lived(settings, "a", "b"))

    async def work() -> None:
        async with open_network(settings) as network:
            await register(network, "c", "d")
            await network.work_off()

    asyncio.run(work())
    return settings


def sign(settings: Settings) -> None:
    async def work() -> None:
        async with open_network(settings) as network:
            await network.sealer.seal()

    asyncio.run(work())


def marks(server: Server, settings: Settings) -> list[tuple[str, int]]:
    with psycopg.connect(server.admin_dsn) as connection:
        query = sql.SQL("select policy, position from {} order by policy")
        return connection.execute(query.format(sql.Identifier(settings.network, "mark"))).fetchall()


def test_a_policy_beyond_the_end_halts(server: Server, settings: Settings) -> None:
    """It would wait for the log to outgrow its mark, and pass over all that is below."""
    cut_back(server, settings.network, 3)

    async def work() -> None:
        async with open_network(settings) as network:
            with pytest.raises(PolicyHalted, match=r"stands at position 5, but the log ends at 3: .*accept-restore"):
                await network.work_off()
            assert {status.state for status in await network.policy_status()} == {"stale"}

    asyncio.run(work())
    assert marks(server, settings) == [(policy, 5) for policy in POLICIES]


def test_accepting_a_restore_sets_them_back(server: Server, settings: Settings, tmp_path: Path) -> None:
    sign(settings)
    cut_back(server, settings.network, 3)
    accepted = tasma(settings, "audit", "accept-restore", "--head", 3, "--format", "json")
    assert accepted.returncode == 0, accepted.stderr
    assert f"These policies begin again at position 3: {', '.join(POLICIES)}." in accepted.stderr
    done = json.loads(accepted.stdout)
    assert (done["set_back"], done["moved_to"]) == (list(POLICIES), str(tmp_path / f"{settings.network}.checkpoint.5"))
    assert marks(server, settings) == [(policy, 3) for policy in POLICIES]

    async def work() -> None:
        async with open_network(settings) as network:
            await register(network, "e")
            await network.work_off()

    asyncio.run(work())
    assert marks(server, settings) == [(policy, 4) for policy in POLICIES]


def test_it_is_refused_before_anything_is_moved_where_they_cannot_be_set_back(
    server: Server, settings: Settings, tmp_path: Path
) -> None:
    sign(settings)
    cut_back(server, settings.network, 3)
    refused = tasma(replace(settings, admin_database_url=None), "audit", "accept-restore", "--head", 3)
    assert refused.returncode == 1
    assert "give TASMA_ADMIN_DATABASE_URL as well; nothing was accepted." in refused.stderr
    assert (tmp_path / f"{settings.network}.checkpoint").exists()
    assert marks(server, settings) == [(policy, 5) for policy in POLICIES]


def test_they_are_set_back_where_only_an_unsigned_end_is_gone(server: Server, settings: Settings) -> None:
    """Nothing that was signed is missing, so all is appended, and yet there is something to accept."""
    cut_back(server, settings.network, 3)
    accepted = tasma(settings, "audit", "accept-restore", "--head", 3)
    assert (accepted.returncode, accepted.stdout) == (0, "Nothing else had to be accepted.\n"), accepted.stderr
    assert marks(server, settings) == [(policy, 3) for policy in POLICIES]
    again = tasma(settings, "audit", "accept-restore", "--head", 3)
    assert (again.returncode, "nothing has to be accepted" in again.stderr) == (1, True)
