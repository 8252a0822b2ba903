"""The checkpoint kept outside counts like one inside: what it covers is not given up, and one that was lost inside is named."""

import asyncio
from pathlib import Path

import pytest

from adapters.auditing.report import Repairable, Verified
from adapters.auditing.strays import set_aside
from adapters.auditing.verify import verify
from adapters.postgres.audit_reading import audit_reading
from tests.audit.test_command import audit_verify, grown, key_of, tampered
from tests.audit.test_culprits import change
from tests.audit.test_verify import SIZE, sealed
from tests.sealing.conftest import ORIGIN, SIGNER, Ground, Sealing


async def beside(sealing: Sealing, outside: str, held: tuple[str, ...] = (SIGNER.vkey,)) -> tuple[Verified, Repairable]:
    async with audit_reading(sealing.server.app_dsn, sealing.schema) as reading:
        return await verify(reading, held=held, outside=outside, origin=ORIGIN)


@pytest.mark.parametrize("gone", ["", " where size = 700"])
def test_a_checkpoint_that_only_the_outside_knows_is_named_and_decides(
    ground: Ground, tmp_path: Path, gone: str
) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            note = await sealing.tree.note() or ""
            assert sealing.tamper("delete from {schema}.checkpoint" + gone) > 0  # noqa: S608 - of the above
            found, _ = await beside(sealing, note)
            assert [(fault.position, fault.kind) for fault in found.faults] == [(SIZE, "checkpoint")]
            assert found.faults[0].what.startswith(
                f"The database has no checkpoint of {SIZE} events; the file outside has one, signed by {ORIGIN}+"
            )
            await change(sealing, 300, "row", "page")
            found, _ = await beside(sealing, note)
            assert [fault.kind for fault in found.faults if fault.position == 300] == ["row", "page"]
            aside = await set_aside(sealing.database, sealing.schema, tmp_path, given_up=[1], signed=SIZE)
            assert aside is None

    asyncio.run(promise())


def test_a_key_that_signed_and_is_not_recorded_is_named(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            sealing.own("alter table {schema}.signing_key disable trigger user")
            sealing.own("delete from {schema}.signing_key")
            found, _ = await beside(sealing, await sealing.tree.note() or "")
            (fault,) = found.faults
            assert (fault.kind, "not among the keys that the database has recorded" in fault.what) == (
                "checkpoint",
                True,
            )

    asyncio.run(promise())


def test_the_command_never_says_that_nothing_was_signed_with_a_note_in_hand(ground: Ground, tmp_path: Path) -> None:
    asyncio.run(grown(ground))
    key = key_of(ground)
    assert audit_verify(ground, tmp_path, key=key).returncode == 0
    asyncio.run(tampered(ground, "delete from {schema}.checkpoint"))
    found = audit_verify(ground, tmp_path, key=key)
    assert found.returncode == 1
    assert "The database has no checkpoint of 600 events; the file outside has one" in found.stdout
    assert "No checkpoint was ever signed here" not in found.stdout
