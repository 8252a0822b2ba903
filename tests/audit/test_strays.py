"""What stands where nothing can be is named as that, in the time that the log itself takes, and blames no event."""

import asyncio

import pytest

from adapters.auditing.repair import repair
from adapters.postgres.audit_reading import Unreadable
from adapters.signing import make_key, signer_of
from application.notes import Checkpoint, checkpoint_text, signed
from application.tree import leaf_hash, root_of
from tests.audit.test_culprits import CHANGED, change
from tests.audit.test_verify import sealed, sentences, verified
from tests.sealing.conftest import ORIGIN, SIGNER, Ground, Sealing

SIZE = 1_598
"""Six pages and a part of one."""
FARTHEST = 2**63 - 1
STRAYS = {
    "a page far away": (
        "insert into {schema}.page select 1000000000000, body from {schema}.page where n = 0",
        "Page 1,000,000,000,000 is over events that are not there.",
    ),
    "the farthest page": (
        f"insert into {{schema}}.page select {FARTHEST}, body from {{schema}}.page where n = 0",  # noqa: S608 - of the above
        f"Page {FARTHEST:,} is over events that are not there.",
    ),
    "a tile far away": (
        "insert into {schema}.tile select 0, 1099511627776, hashes, root from {schema}.tile where n = 0",
        "The tile 0/1099511627776 is over events that are not there.",
    ),
    "the farthest higher tile": (
        f"insert into {{schema}}.tile select 1, {FARTHEST}, hashes, root from {{schema}}.tile where n = 0",  # noqa: S608 - of the above
        f"The tile 1/{FARTHEST} is over events that are not there.",
    ),
    "a row far away": (
        "insert into {schema}.event select 1000000000000, type_id, at, tags, data from {schema}.event where position = 5",
        "Position 1,000,000,000,000: there is a row, and all that is stored is too little for a log that reaches it.",
    ),
    "page 5 again as page 6": (
        "insert into {schema}.page select 6, body from {schema}.page where n = 5",
        "Page 6 is over events that are not there.",
    ),
    "its tile again as tile 6": (
        "insert into {schema}.tile select 0, 6, hashes, root from {schema}.tile where n = 5",
        "The tile 0/6 is over events that are not there.",
    ),
    "a checkpoint of more events than were signed": (
        "insert into {schema}.checkpoint (size, root, note) select 5000, root, note from {schema}.checkpoint where size = 600",
        "The checkpoint of 5,000 events is damaged. The row says 5,000 events and ",
    ),
}


@pytest.mark.parametrize("stray", STRAYS)
def test_a_stray_is_named_alone(ground: Ground, stray: str) -> None:
    query, sentence = STRAYS[stray]

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing, SIZE)
            assert sealing.tamper(query) == 1
            async with asyncio.timeout(20):
                (found,) = await sentences(sealing)
            assert found.startswith(sentence)
            verdict, _ = await verified(sealing)
            assert (verdict.size, verdict.unsigned) == (SIZE, 0)

    asyncio.run(promise())


def test_a_page_with_the_events_of_another_is_damaged_and_made_again(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing, SIZE)
            sealing.tamper("update {schema}.page set body = (select body from {schema}.page where n = 5) where n = 4")
            assert await sentences(sealing) == ["Page 4 is damaged; rows and tree agree."]
            _, repairable = await verified(sealing)
            assert await repair(repairable, sealing.database, sealing.schema) == ["page 4 and tile 0/004"]
            assert await sentences(sealing) == []

    asyncio.run(promise())


@pytest.mark.parametrize("lost", ["page", "tile"])
def test_events_gone_at_the_end_are_said_to_be_gone_where_their_own_page_or_a_checkpoint_says_so(
    ground: Ground, lost: str
) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing, 800)
            sealing.tamper("delete from {schema}.event where position > 700")
            sealing.tamper("delete from {table} where n = 2", table=lost)
            found = await sentences(sealing)
            other = "the signed tree" if lost == "page" else "sealed page 2"
            assert f"Position 768: the row is gone; {other} has it." in found
            assert "The checkpoint of 800 events covers events that are gone: the log ends at 700." in found

    asyncio.run(promise())


def test_a_row_without_bytes_is_named(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            sealing.own("alter table {schema}.event alter data drop not null")
            sealing.tamper("update {schema}.event set data = null where position = 300")
            found = await sentences(sealing)
            assert "Position 300: its row holds no bytes." in found
            assert "Position 300: the row is gone; sealed page 1 and the signed tree have it." in found

    asyncio.run(promise())


def test_what_nobody_can_reckon_with_is_refused_with_a_sentence(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing, 300)
            sealing.own("alter table {schema}.tile drop constraint tile_level_check")
            sealing.own("insert into {schema}.tile select 2000000000, n, hashes, root from {schema}.tile")
            with pytest.raises(Unreadable, match="The tables hold what cannot be read"):
                await verified(sealing)

    asyncio.run(promise())


# --- keys that only the database knows --------------------------------------------------------------------------------
FORGER = signer_of(make_key(ORIGIN, b"E" * 32))


async def forge(sealing: Sealing, size: int, *copies: str) -> None:
    """Change the event at 300 in some copies, and sign that history up to a size with a key put beside the recorded ones."""
    await change(sealing, 300, *copies)
    bodies = [
        body.replace(b'"nonce":"', CHANGED, 1) if position == 300 and CHANGED not in body else body
        for position, body in await sealing.rows(
            "select position, data from {schema}.event where position <= %s order by position", size
        )
    ]
    root = root_of([leaf_hash(body) for body in bodies])
    note = signed(checkpoint_text(Checkpoint(ORIGIN, size, root)), [FORGER])
    sealing.tamper("insert into {schema}.checkpoint (size, root, note) values (%s, %s, %s)", size, root, note)
    sealing.tamper("insert into {schema}.signing_key (vkey, first_size) values (%s, 1)", FORGER.vkey)


@pytest.mark.parametrize("copies", [("row", "page"), ("row",), ("row", "tile"), ("page", "tile"), ()])
def test_a_checkpoint_of_a_key_that_only_the_database_knows_decides_nothing(
    ground: Ground, copies: tuple[str, ...]
) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            await forge(sealing, 500, *copies)
            found, repairable = await verified(sealing, keys=None, held=(SIGNER.vkey,))
            assert [(fault.position, fault.kind) for fault in found.faults] == [
                *((300, copy) for copy in copies),
                (500, "checkpoint"),
            ]
            assert found.faults[-1].what == (
                "The checkpoint of 500 events was signed over other events than the log has, by "
                f"{FORGER.name}+{FORGER.key_hash.hex()}, for which only the database vouches."
            )
            assert repairable.refused

    asyncio.run(promise())


def test_an_earlier_key_of_the_network_is_no_fault(ground: Ground) -> None:
    """Whoever has changed keys holds the new one only; what the old one signed still has to fit."""

    async def promise() -> None:
        async with ground.open() as sealing:
            old = signer_of(make_key(ORIGIN, b"O" * 32))
            await sealing.grow(100)
            await sealing.sealer(signers=[old]).seal()
            await sealing.sealer(signers=[SIGNER, old]).seal()
            await sealing.grow(300)
            await sealing.sealer(signers=[SIGNER, old]).seal()
            await sealing.grow(700)
            await sealing.sealer(signers=[SIGNER]).seal()
            found, _ = await verified(sealing, keys=None, held=(SIGNER.vkey,))
            assert (found.faults, len(found.keys), found.checkpoints) == ((), 2, 3)

    asyncio.run(promise())
