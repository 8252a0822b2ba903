"""A process that died after it kept a checkpoint outside and before it stored it: the next one compares all of it in bulk."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from adapters.checkpoint_file import CheckpointFile
from adapters.custody import Custody
from adapters.postgres.database import Database, Row
from adapters.signing import verifier_of
from tests.custody.restoring import lived, settings_of
from tests.custody.test_restored import tasma
from tests.sealing.conftest import ORIGIN, SIGNER, Ground, Sealing
from tests.sealing.conftest import ground as ground  # noqa: PLC0414 - a fixture is found by its name here

SIZE = 5_000
QUESTIONS_MAX = 15


class Crash(Exception):
    """The process is gone."""


async def crashed(sealing: Sealing, path: Path) -> None:
    """Everything is sealed and the checkpoint is kept outside; inside there is none."""
    await sealing.grow(SIZE)

    async def keep(note: str) -> None:
        CheckpointFile(path).keep(note)
        raise Crash

    with pytest.raises(Crash):
        await sealing.sealer(keep=keep).seal()
    assert await sealing.tree.checkpoint() is None


async def begun(sealing: Sealing, path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Custody, int]:
    """The custody of the next process, and how many questions to the database its beginning took."""
    own = [verifier_of(SIGNER.vkey)]
    custody = Custody(CheckpointFile(path), sealing.log, sealing.tree, origin=ORIGIN, own=own, trust=verifier_of)
    asked = 0
    rows = Database.rows

    async def counted(
        self: Database, query: bytes, parameters: Sequence[object] = (), *, attempts: int = 1
    ) -> list[Row]:
        nonlocal asked
        asked += 1
        return await rows(self, query, parameters, attempts=attempts)

    with monkeypatch.context() as patched:
        patched.setattr(Database, "rows", counted)
        await custody.begin()
    return custody, asked


@pytest.mark.parametrize("lost", [(), ("page", "tile")])
def test_it_takes_a_handful_of_questions_sealed_or_not(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: tuple[str, ...]
) -> None:
    path = tmp_path / "t.checkpoint"

    async def promise() -> None:
        async with ground.open() as sealing:
            await crashed(sealing, path)
            for table in lost:
                sealing.tamper("delete from {table}", table=table)
            custody, asked = await begun(sealing, path, monkeypatch)
            assert custody.fault is None
            assert custody.signed_size == SIZE
            assert asked <= QUESTIONS_MAX

    asyncio.run(promise())


def test_an_event_that_is_gone_from_it_is_named(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.checkpoint"

    async def promise() -> None:
        async with ground.open() as sealing:
            await crashed(sealing, path)
            sealing.tamper("delete from {schema}.event where position = 4990")
            custody, _ = await begun(sealing, path, monkeypatch)
            assert (custody.fault or "").startswith(
                "The log has no event at position 4,990. A checkpoint over the first"
            )

    asyncio.run(promise())


def test_a_dump_restored_under_another_name_is_read_and_cannot_be_accepted(
    ground: Ground, fresh_schema: Callable[[], str], tmp_path: Path
) -> None:
    """What was signed says whose it is, whatever the schema is called."""
    settings = settings_of(ground.server, ground.schema, tmp_path, 1)
    other = fresh_schema()
    asyncio.run(lived(settings_of(ground.server, other, tmp_path / "other", 1), "a"))

    async def moved() -> None:
        async with ground.open() as sealing:
            sealing.own("drop schema {schema} cascade")
            sealing.own(f"alter schema {other} rename to {{schema}}")

    asyncio.run(moved())
    for command in (("status",), ("audit", "accept-restore", "--head", "2")):
        said = tasma(settings, *command)
        assert "Traceback" not in said.stderr
        whole = f"that of tasma/networks/{other}, and this process was started for tasma/networks/{ground.schema}."
        assert whole in said.stdout + said.stderr
        assert (said.returncode, "nothing of it is kept outside" in said.stdout + said.stderr) == (
            int(command[0] == "audit"),
            True,
        )
    assert not (tmp_path / f"{ground.schema}.checkpoint").exists()
