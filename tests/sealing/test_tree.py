"""Hashes, proofs and notes out of the tables are those of the definition."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.signing import cosigner_of, make_key, witness_of
from application.cosignatures import NoWitness
from application.notes import COSIGNATURE, NOTE_BYTES_MAX, NoteFault, Signature, opened, read, with_signatures
from application.ports import NoSuchCheckpoint, Tree, Witness, WitnessTaken
from application.tree import leaf_hash, root_of, verify_consistency, verify_inclusion
from tests.sealing.conftest import Ground, Sealing

SIZE = 1300
WITNESS = cosigner_of(make_key("ekami.fi/witness", bytes([7] * 32), COSIGNATURE), datetime(2026, 3, 5, tzinfo=UTC))


async def leaves_of(sealing: Sealing) -> list[bytes]:
    return [leaf_hash(data) for (data,) in await sealing.rows("select data from {schema}.event order by position")]


async def check_all(sealing: Sealing) -> None:
    """Every kind of proof at sizes around pages, against the rows' own bytes."""
    tree: Tree = sealing.tree
    leaves = await leaves_of(sealing)
    sizes = (1, 2, 3, 255, 256, 257, 511, 512, 700, 1024, 1025, SIZE)
    roots = {size: root_of(leaves[:size]) for size in sizes}
    for size in sizes:
        assert await tree.subtree(0, size) == roots[size]
        for position in sorted({1, min(2, size), (size + 1) // 2, size}):
            proof = await tree.inclusion(position, size)
            verify_inclusion(leaves[position - 1], position - 1, size, proof, roots[size])
        for old in (s for s in sizes if s <= size):
            verify_consistency(old, roots[old], size, roots[size], await tree.consistency(old, size))
    for n, width in ((0, 256), (0, 1), (4, 256), (4, 9), (5, 20)):
        assert await tree.tile(0, n, width) == b"".join(leaves[n * 256 : n * 256 + width])
    roots_of_pages = [root_of(leaves[n * 256 : n * 256 + 256]) for n in range(5)]
    assert await tree.tile(1, 0, 5) == b"".join(roots_of_pages)


def test_proofs_and_tiles_out_of_the_tables_verify(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(SIZE)
            await sealing.sealer().seal()
            await check_all(sealing)

    asyncio.run(promise())


def test_lost_tiles_make_proofs_slower_and_no_others(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(SIZE)
            await sealing.sealer().seal()
            await sealing.rows("delete from {schema}.tile where n in (1, 4) returning 1")
            await check_all(sealing)

    asyncio.run(promise())


def test_tiles_are_given_as_far_as_a_checkpoint_covers_them(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            tree = sealing.tree
            await sealing.grow(300)
            assert await tree.tile(0, 0, 256) is None
            await sealing.sealer().seal()
            await sealing.grow(600)
            assert await tree.tile(0, 1, 44) is not None
            for level, n, width in ((0, 1, 45), (0, 2, 1), (1, 0, 2), (2, 0, 1), (63, 0, 1)):
                assert await tree.tile(level, n, width) is None
            with pytest.raises(ValueError, match="The log has no event at position 601"):
                await tree.subtree(600, 601)

    asyncio.run(promise())


def test_a_proof_takes_a_handful_of_questions(ground: Ground) -> None:
    """However large the tree: whole levels are asked for at once."""

    async def promise() -> None:
        async with ground.open() as sealing:
            sealing.tamper(
                "insert into {schema}.event select g, 1, now(), '{{}}', convert_to('{{\"n\":' || g || '}}', 'UTF8') "
                "from generate_series(1, 70000) g"
            )
            await sealing.sealer().seal()
            asked = 0
            ask = sealing.database.rows

            async def counted(*arguments: object, **options: object) -> object:
                nonlocal asked
                asked += 1
                return await ask(*arguments, **options)  # type: ignore[arg-type]  # as they came

            sealing.database.rows = counted  # type: ignore[method-assign,assignment]  # counts and asks
            await sealing.tree.inclusion(33_333, 70_000)
            await sealing.tree.consistency(65_000, 70_000)
            assert asked <= 6

    asyncio.run(promise())


def cosigned(note: str) -> str:
    """The note as the witness sends it back."""
    text, _ = read(note)
    return with_signatures(note, [Signature(WITNESS.name, WITNESS.key_hash, WITNESS.sign(text.encode()))])


def test_a_note_stays_as_short_as_every_reader_takes_it(ground: Ground) -> None:
    """However many witnesses there are, and however long the lines that were kept of them once."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(5)
            await sealing.sealer().seal()
            bare = await sealing.tree.note() or ""
            assert await sealing.tree.checkpoint() == bare
            for table, name in (("witness", "keys_of_witnesses"), ("cosignature", "lines_of_witnesses")):
                sealing.own(f"alter table {{schema}}.{table} drop constraint {name}")  # as an older version took them
            for n in range(40):
                name = f"{n:02}{'w' * 3900}"
                insert = "insert into {schema}.witness (vkey, organisation) values (%s, 'org:ekami') returning 1"
                await sealing.rows(insert, name)
                insert = "insert into {schema}.cosignature (size, vkey, line) values (5, %s, %s) returning 1"
                await sealing.rows(insert, name, f"— {name} {'AAAA' * 19}\n")
            line = f"— {'w' * 3902} {'AAAA' * 19}\n"
            note = await sealing.tree.checkpoint() or ""
            assert len(read(note)[1]) == 1 + (NOTE_BYTES_MAX - len(bare.encode())) // len(line.encode())
            assert await sealing.tree.note() == bare

    asyncio.run(promise())


def test_cosignatures_of_registered_witnesses_are_kept_once(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            tree = sealing.tree
            await sealing.grow(5)
            await sealing.sealer().seal()
            note = await tree.checkpoint() or ""
            with pytest.raises(NoWitness):
                await tree.add_cosignature(cosigned(note))
            for _ in range(2):
                await tree.add_witness(Witness(WITNESS.vkey, "org:ekami"))
            with pytest.raises(WitnessTaken):
                await tree.add_witness(Witness(WITNESS.vkey, "org:xamk"))
            assert await tree.witnesses() == (Witness(WITNESS.vkey, "org:ekami"),)
            assert [await tree.add_cosignature(cosigned(note)) for _ in range(2)] == [1, 0]
            assert await tree.checkpoint() == cosigned(note)
            opened(await tree.checkpoint() or "", [witness_of(WITNESS.vkey)])
            with pytest.raises(NoSuchCheckpoint):
                await tree.add_cosignature(cosigned(note.replace("\n5\n", "\n4\n")))
            line = cosigned(note).removeprefix(note)
            with pytest.raises(NoteFault):
                await tree.add_cosignature(note.replace("\n5\n", "\n4\n") + line)
            await sealing.grow(6)
            await sealing.sealer().seal()
            assert WITNESS.name not in (await tree.checkpoint() or ""), "it has not seen this one"

    asyncio.run(promise())
