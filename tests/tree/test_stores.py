"""The tree in PostgreSQL and the one in memory over the same log say the same, hash by hash and byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.memory.tree import MemoryTree
from adapters.postgres.embedded import Server
from adapters.settings import Secret, Settings
from adapters.signing import cosigner_of, make_key, signers_of
from adapters.wiring import Network, open_network
from application.cosignatures import NoWitness
from application.desk import Asker
from application.notes import COSIGNATURE, Checkpoint, Signature, checkpoint_text, read, signed, with_signatures
from application.ports import NoSuchCheckpoint, Tree, Witness, WitnessTaken
from application.tree import root_of, tile_width, verify_consistency
from tests.http.world import START

ORIGIN = "tasma/networks/t"
KEY = make_key(ORIGIN, b"\7" * 32)
WITNESS = make_key("xamk.example/witness", b"\1" * 32, COSIGNATURE)
SIZE = 300
ASKER = Asker(actor="person:c", role="coordinator")
Both = tuple[Network, Tree, MemoryTree]
Check = Callable[[Callable[[Both], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def check(server: Server, network_schema: str, tmp_path: Path) -> Check:
    """Runs a test's work on a network with a little more than a page of events, sealed in both stores."""
    settings = Settings(
        network=network_schema,
        database_url=server.app_dsn,
        admin_database_url=server.admin_dsn,
        data_dir=tmp_path,
        signing_key=Secret(KEY),
    )

    @asynccontextmanager
    async def opened() -> AsyncIterator[Both]:
        async with open_network(settings) as network:
            founding = {"network": "t", "name": {"fi": "T"}, "first_period": "2019-02", "constructed": False}
            await network.desk.carry_out("found-network", founding, ASKER)
            organisation = {"organisation": "org:xamk", "name": {"fi": "Xamk"}, "kind": "other"}
            await network.desk.carry_out("register-organisation", organisation, ASKER)
            admission = {"organisation": "org:xamk", "membership": "open", "admitted_on": "2019-02-01"}
            await network.desk.carry_out("admit-partner", admission, ASKER)
            memory = MemoryTree(network.log, settings.origin, signers_of(KEY))
            while (head := (await network.log.head()).position) < SIZE:
                await publish(network, head)
            await network.sealer.seal()
            await memory.seal()
            yield network, network.tree, memory

    async def run(work: Callable[[Both], Coroutine[Any, Any, None]]) -> None:
        async with opened() as both:
            await work(both)

    return lambda work: asyncio.run(run(work))


async def publish(network: Network, n: int) -> None:
    offering = {"offering": f"offering:x-{n}", "provider": "org:xamk"}
    description = {"kind": "course", "name": {"fi": "Kurssi"}}
    await network.desk.carry_out("publish-offering", {**offering, "description": description}, ASKER)


def test_both_sign_the_same_checkpoint_and_give_the_same_hashes(check: Check) -> None:
    async def work(both: Both) -> None:
        network, stored, memory = both
        size = (await network.log.head()).position
        assert await stored.checkpoint() == await memory.checkpoint() is not None
        assert await stored.verifiers() == await memory.verifiers() == (signers_of(KEY)[0].vkey,)
        for level, n in ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0)):
            there = tile_width(level, n, size)
            for width in {1, there, there + 1, 256} - {0, 257}:
                assert await stored.tile(level, n, width) == await memory.tile(level, n, width)
        for end in (1, 255, 256, 257, size):
            assert await stored.subtree(0, end) == await memory.subtree(0, end)
            assert await stored.consistency(end, size) == await memory.consistency(end, size)
            assert await stored.inclusion(end, size) == await memory.inclusion(end, size)
            assert await stored.inclusion(1, end) == await memory.inclusion(1, end)
        assert await stored.subtree(0, 0) == await memory.subtree(0, 0) == root_of([])

    check(work)


def test_what_is_signed_next_goes_on_from_what_was_signed_before(check: Check) -> None:
    async def work(both: Both) -> None:
        network, stored, memory = both
        before = await stored.checkpoint()
        old, old_root = SIZE, await stored.subtree(0, SIZE)
        for n in range(7):
            await publish(network, SIZE + n)
        assert await stored.checkpoint() == before
        await network.sealer.seal()
        await memory.seal()
        new = (await network.log.head()).position
        assert await stored.checkpoint() == await memory.checkpoint() != before
        verify_consistency(old, old_root, new, await stored.subtree(0, new), await stored.consistency(old, new))

    check(work)


def test_both_keep_cosignatures_alike(check: Check) -> None:
    async def work(both: Both) -> None:
        network, *stores = both
        witness = cosigner_of(WITNESS, START)
        for tree in stores:
            note = await tree.checkpoint() or ""
            text, _ = read(note)
            line = Signature(witness.name, witness.key_hash, witness.sign(text.encode()))
            cosigned = with_signatures(note, [line])
            with pytest.raises(NoWitness):
                await tree.add_cosignature(cosigned)
            registered = Witness(witness.vkey, "org:xamk")
            await tree.add_witness(registered)
            await tree.add_witness(registered)
            with pytest.raises(WitnessTaken):
                await tree.add_witness(Witness(witness.vkey, "org:other"))
            assert await tree.witnesses() == (registered,)
            assert [await tree.add_cosignature(cosigned) for _ in range(2)] == [1, 0]
            later = cosigner_of(WITNESS, START.replace(year=2020)).sign(text.encode())
            assert await tree.add_cosignature(with_signatures(note, [Signature(line.name, line.key_hash, later)])) == 0
            assert (await tree.checkpoint(), await tree.note()) == (cosigned, note)
            other = checkpoint_text(Checkpoint(network.settings.origin, SIZE, bytes(32)))
            with pytest.raises(NoSuchCheckpoint):
                await tree.add_cosignature(signed(other, [witness]))

    check(work)
