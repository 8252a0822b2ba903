"""What workers tell each other goes on after a fault that passes."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.figures import Work
from adapters.http import traffic
from adapters.http.traffic import Traffic


def test_what_could_not_be_written_for_a_while_is_told_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in the place of the file that is written stands for a full disk; it is said once, and once that it is over."""
    monkeypatch.setattr(traffic, "SHARE_SECONDS", 0.001)
    work, tried = Work(), asyncio.Event()

    def now() -> Work:
        tried.set()
        return work

    async def again() -> None:
        async with asyncio.timeout(20):
            for _ in range(3):
                tried.clear()
                await tried.wait()

    async def scenario() -> None:
        one, other = Traffic(tmp_path), Traffic(tmp_path)
        sharing = asyncio.create_task(one.share(now))
        await again()
        blocked = tmp_path / f"{one._file}.new"  # noqa: SLF001 - what it writes aside is nobody else's to know
        blocked.mkdir()
        work.decisions = 11
        await again()
        assert other.total(Work()).work.decisions == 0
        blocked.rmdir()
        await again()
        assert other.total(Work()).work.decisions == 11
        blocked.mkdir()
        sharing.cancel()
        await asyncio.gather(sharing, return_exceptions=True)
        assert sharing.cancelled(), "the last word that could not be said is no failure"

    with capture_logs() as logs:
        asyncio.run(scenario())
    assert [(log["event"], log.get("why")) for log in logs] == [
        ("traffic.untold", "Is a directory"),
        ("traffic.told_again", None),
        ("traffic.untold", "Is a directory"),
    ]
