"""What stands beside Täsmä in a bench, and what is said where it is missing."""

import asyncio
import sys
from pathlib import Path

import pytest

from adapters.bench.samples import Referrals
from adapters.bench.uma import UmaMissing, open_uma
from adapters.postgres.bench.room import room
from adapters.postgres.bench.stock import StockAppend, open_application
from adapters.settings import Settings


def test_a_peer_that_is_not_installed_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "umadb", None)

    async def run() -> None:
        async with open_uma(tmp_path, Referrals(1)):
            pass

    with pytest.raises(UmaMissing) as refused:
        asyncio.run(run())
    assert str(refused.value) == (
        "Peers need UmaDB, which is not installed: `pip install 'tasma[bench]'`, or leave --peers out."
    )


def test_umadb_stores_what_it_acknowledged_and_its_server_ends_with_the_bench(tmp_path: Path) -> None:
    pytest.importorskip("umadb")

    async def run() -> None:
        async with open_uma(tmp_path, Referrals(1)) as uma:
            count = await uma.work(2, 0.2)
            assert count.done == await asyncio.to_thread(uma.client.head)
            assert count.done > 0
        # A call that is cut off in the middle has no class of its own there.
        with pytest.raises(Exception, match=r"transport|gRPC"):
            await asyncio.to_thread(uma.client.head)

    asyncio.run(run())


def test_the_stock_recorder_stores_what_it_acknowledged(bench_settings: Settings) -> None:
    async def run() -> None:
        async with room(bench_settings) as place:
            with open_application(place.admin_dsn, place.schema()) as application:
                count = await StockAppend(application, Referrals(1)).work(2, 0.2)
                stored = list(application.recorder.read())
        assert count.done == len(stored) > 0
        assert {len(each.event.tags) for each in stored} == {2}

    asyncio.run(run())
