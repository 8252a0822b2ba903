"""What is appended becomes pages, tiles and signed checkpoints, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, errors
from structlog.testing import capture_logs

from adapters.postgres.changed_events import Forked
from adapters.postgres.database import Database
from adapters.postgres.page_sealing import NoRoom, NotKept
from adapters.postgres.page_store import Page, PageStore, Tile, Unpageable, unpacked
from adapters.postgres.sealer import Sealed, Sealer
from adapters.signing import make_key, signer_of, verifier_of
from application.notes import Checkpoint, opened, parse_checkpoint
from application.tree import leaf_hash
from tests.log.decisions import capacity, decision
from tests.sealing.conftest import ORIGIN, SIGNER, Ground, Sealing


async def check(sealing: Sealing, size: int) -> None:
    """Pages, tiles and the newest checkpoint are what the rows say, up to a size."""
    bodies = [data for (data,) in await sealing.rows("select data from {schema}.event order by position")]
    pages = await sealing.rows("select n, body from {schema}.page order by n")
    tiles = await sealing.rows("select n, hashes from {schema}.tile where level = 0 order by n")
    full = range(size // 256)
    assert [n for n, _ in pages] == [n for n, _ in tiles] == list(full)
    for n, (_, body), (_, hashes) in zip(full, pages, tiles, strict=True):
        page = bodies[n * 256 : n * 256 + 256]
        assert isinstance(body, bytes)
        assert unpacked(body) == b"".join(b + b"\n" for b in page if isinstance(b, bytes))
        assert hashes == b"".join(leaf_hash(b) for b in page if isinstance(b, bytes))
    note = await sealing.tree.checkpoint()
    assert note is not None
    found = opened(note, [verifier_of(SIGNER.vkey)])
    assert parse_checkpoint(found.text) == Checkpoint(ORIGIN, size, await sealing.root(size))


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 513])
def test_all_there_is_is_sealed_and_signed_at_once(ground: Ground, size: int) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(size)
            assert await sealing.sealer().seal() == Sealed(head=size, pages=size // 256, checkpoint=size)
            await check(sealing, size)

    asyncio.run(promise())


def test_it_goes_on_where_it_was_and_does_nothing_twice(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            sealer = sealing.sealer()
            assert await sealer.seal() == Sealed(head=0, pages=0, checkpoint=0)
            for size in (3, 255, 256, 300, 700, 769):
                await sealing.grow(size)
                again = sealing.sealer() if size == 300 else sealer  # a new process in between
                for _ in range(2):
                    assert (await again.seal()).checkpoint == size
                await check(sealing, size)
            assert (sealer.sealed, sealer.head, sealer.checkpoint) == (768, 769, 769)
            sizes = await sealing.rows("select size from {schema}.checkpoint order by signed_at")
            assert sizes == [(3,), (255,), (256,), (300,), (700,), (769,)]

    asyncio.run(promise())


def test_higher_tiles_are_made_of_the_roots_below(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            # 65,536 events under the tree's own rules; their bytes are of no matter here.
            sealing.tamper(
                "insert into {schema}.event select g, 1, now(), '{{}}', convert_to('{{\"n\":' || g || '}}', 'UTF8') "
                "from generate_series(1, 65541) g"
            )
            sealer = sealing.sealer()
            assert await sealer.seal() == Sealed(head=65_541, pages=256, checkpoint=65_541)
            (tile,) = await sealing.rows("select n, hashes, root from {schema}.tile where level = 1")
            roots = await sealing.rows("select root from {schema}.tile where level = 0 order by n")
            assert tile == (0, b"".join(r for (r,) in roots if isinstance(r, bytes)), await sealing.root(65_536))
            assert await sealing.tree.subtree(0, 65_541) == await sealing.root(65_541)
            assert (await sealing.sealer().seal()).checkpoint == 65_541

    asyncio.run(promise())


def test_several_sealers_at_once_seal_the_same(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing, ground.open() as other:
            sealers = [sealing.sealer(), sealing.sealer(), other.sealer(), other.sealer()]
            for size in (700, 701, 1300):
                await sealing.grow(size)
                outcomes = await asyncio.gather(*(s.seal() for s in sealers))
                assert {o.pages for o in outcomes} == {size // 256}
                assert (await sealing.tree.checkpoint() or "").split("\n")[1] == str(size)
            await check(sealing, 1300)

    asyncio.run(promise())


def test_a_sealer_works_beside_writers_and_signs_what_stays_true(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            writing = asyncio.create_task(sealing.grow(2000))
            sealer = sealing.sealer()
            while not writing.done():
                await sealer.seal()
                await asyncio.sleep(0)
            await sealer.seal()
            await check(sealing, 2000)
            for size, root in await sealing.rows("select size, root from {schema}.checkpoint"):
                assert isinstance(size, int)
                assert root == await sealing.root(size)

    asyncio.run(promise())


# --- crashes ----------------------------------------------------------------------------------------------------------
class Died(Exception):
    """The process is gone."""


class Dying:
    """A connection of a process that dies before its k-th statement."""

    def __init__(self, connection: AsyncConnection[Any], statements: list[int]) -> None:
        self._connection, self._left = connection, statements

    async def execute(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as the connection's own
        self._left[0] -= 1
        if self._left[0] < 0:
            await self._connection.close()
            raise Died
        return await self._connection.execute(*arguments, **options)

    def transaction(self) -> Any:  # noqa: ANN401 - as the connection's own
        return self._connection.transaction()


class DyingDatabase(Database):
    def __init__(self, database: Database, statements: int) -> None:
        self._database, self.left = database, [statements]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        async with self._database.connection() as connection:
            yield Dying(connection, self.left)


def test_a_crash_before_any_statement_leaves_what_the_next_run_completes(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            size, finished, crashes = 0, False, 0
            while not finished:
                size += 300
                await sealing.grow(size)
                database = DyingDatabase(sealing.database, crashes)
                sealer = Sealer(database, sealing.schema, sealing.log, origin=ORIGIN, signers=[SIGNER])
                try:
                    await sealer.seal()
                    finished = True
                except (Died, psycopg.OperationalError, psycopg.InterfaceError):
                    crashes += 1
                outcome = await sealing.sealer().seal()
                assert outcome == Sealed(head=size, pages=size // 256, checkpoint=size)
            assert crashes > 8, "a round has more statements than that"
            await check(sealing, size)

    asyncio.run(promise())


def test_a_note_is_kept_outside_before_it_is_stored_and_never_instead(ground: Ground) -> None:
    async def promise() -> None:
        kept: list[str] = []

        async def keep(note: str) -> None:
            assert not await sealing.rows("select 1 from {schema}.checkpoint")
            kept.append(note)
            if len(kept) == 1:
                raise OSError("the disk is full")

        async with ground.open() as sealing:
            await sealing.grow(10)
            sealer = sealing.sealer(keep=keep)
            with pytest.raises(OSError, match="the disk is full"):
                await sealer.seal()
            assert await sealing.tree.checkpoint() is None
            await sealer.seal()
            assert kept == [await sealing.tree.checkpoint()] * 2

    asyncio.run(promise())


def test_without_space_sealing_rests_and_goes_on_while_events_are_appended(ground: Ground) -> None:
    async def promise() -> None:
        full = True

        async def store(connection: AsyncConnection[Any], pages: Sequence[Page], tiles: Sequence[Tile]) -> None:
            if full:
                raise errors.DiskFull("could not extend file")
            await PageStore(ground.schema).store(connection, pages, tiles)

        async with ground.open() as sealing:
            await sealing.grow(300)
            sealer = sealing.sealer(store=store)
            with pytest.raises(NoRoom, match=r"^Page 0 cannot be stored: the database has no space left\."):
                await sealer.seal()
            running = asyncio.create_task(sealer.run())
            await until(lambda: sealer.fault is not None)
            await sealing.grow(600)
            full = False
            await until(lambda: sealer.checkpoint == 600)
            await until(lambda: sealer.fault is None)
            await stop(running)
            await check(sealing, 600)

    asyncio.run(promise())


def test_it_runs_behind_the_head(ground: Ground) -> None:
    """A full page is signed at once, a single event within seconds."""

    async def promise() -> None:
        async with ground.open() as sealing:
            sealer = sealing.sealer()
            running = asyncio.create_task(sealer.run())
            for size in (256, 512):
                await sealing.grow(size)
                await until(lambda: sealer.checkpoint == size)  # noqa: B023 - asked before the next turn
            await sealing.grow(513)
            await until(lambda: sealer.checkpoint == 513)
            await stop(running)
            await check(sealing, 513)

    asyncio.run(promise())


def test_without_a_signer_pages_are_sealed_and_nothing_is_signed(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(600)
            for _ in range(2):
                assert await sealing.sealer(signers=()).seal() == Sealed(head=600, pages=2, checkpoint=0)
            assert await sealing.tree.checkpoint() is None
            assert await sealing.tree.verifiers() == ()
            assert (await sealing.sealer().seal()).checkpoint == 600
            await check(sealing, 600)

    asyncio.run(promise())


def test_keys_are_recorded_before_they_sign(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            other = signer_of(make_key(ORIGIN, bytes(32)))
            for size, signers in ((1, [SIGNER]), (2, [other, SIGNER]), (3, [other])):
                await sealing.grow(size)
                await sealing.sealer(signers=signers).seal()
            keys = await sealing.rows("select vkey, first_size from {schema}.signing_key order by first_size")
            assert keys == [(SIGNER.vkey, 1), (other.vkey, 2)]
            assert await sealing.tree.verifiers() == (SIGNER.vkey, other.vkey)
            opened(await sealing.tree.checkpoint() or "", [verifier_of(other.vkey)])

    asyncio.run(promise())


# --- damage -----------------------------------------------------------------------------------------------------------
FLIP = (
    "update {schema}.page set body = set_byte(body, length(body) / 2, get_byte(body, length(body) / 2) # 1) where n = 1"
)


def test_whoever_reads_pages_stops_before_a_damaged_one_and_has_the_rows(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(800)
            await sealing.sealer().seal()
            assert len(await sealing.log.pages(0, limit=9)) == 3
            assert sealing.tamper(FLIP) == 1
            with capture_logs() as logged:
                assert len(await sealing.log.pages(0, limit=9)) == 1
                assert len(await sealing.log.pages(1, limit=9)) == 0
            assert [(each["event"], each["page"]) for each in logged] == [("page.damaged", 1)] * 2
            assert len(await sealing.log.read(256, limit=256)) == 256

    asyncio.run(promise())


def test_a_stopped_sealer_says_why_and_goes_on_when_the_events_are_put_right(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def promise() -> None:
        monkeypatch.setattr("adapters.postgres.sealer.FORKED_SECONDS", 0.2)
        async with ground.open() as sealing:
            for size in (256, 300):
                await sealing.grow(size)
                await sealing.sealer().seal()
            sealing.tamper(CHANGE)
            await sealing.grow(700)
            sealer = sealing.sealer()
            running = asyncio.create_task(sealer.run())
            await until(lambda: sealer.fault is not None)
            assert (sealer.fault or "").startswith(
                "One of the events at the positions 257 to 300 is not the one that was signed"
            )
            assert await sealing.rows("select max(size) from {schema}.checkpoint") == [(300,)]
            sealing.tamper(CHANGE)  # the same bit back
            await until(lambda: sealer.checkpoint == 700 and sealer.fault is None)
            await stop(running)
            await check(sealing, 700)

    asyncio.run(promise())


@pytest.mark.parametrize(
    "damage",
    [FLIP, "update {schema}.tile set hashes = set_byte(hashes, 77, get_byte(hashes, 77) # 1) where n = 1"],
)
def test_what_is_not_read_back_as_written_does_not_count_and_is_made_again(ground: Ground, damage: str) -> None:
    async def promise() -> None:
        flips = 0

        async def store(connection: AsyncConnection[Any], pages: Sequence[Page], tiles: Sequence[Tile]) -> None:
            nonlocal flips
            await PageStore(ground.schema).store(connection, pages, tiles)
            if flips < 2:  # between the commit and the reading back
                flips += await asyncio.to_thread(sealing.tamper, damage)

        async with ground.open() as sealing:
            await sealing.grow(700)
            assert (await sealing.sealer(store=store).seal()).pages == 2
            assert flips == 2
            await check(sealing, 700)

    asyncio.run(promise())


def test_storage_that_never_keeps_a_page_is_said(ground: Ground) -> None:
    async def promise() -> None:
        async def store(connection: AsyncConnection[Any], pages: Sequence[Page], tiles: Sequence[Tile]) -> None:
            await PageStore(ground.schema).store(connection, pages, tiles)
            await asyncio.to_thread(sealing.tamper, FLIP)

        async with ground.open() as sealing:
            await sealing.grow(700)
            with pytest.raises(NotKept) as refused:
                await sealing.sealer(store=store).seal()
            assert str(refused.value) == (
                "Page 1 was stored 3 times and not once read back as it was written: check the database's disks. The events "
                "themselves are not touched."
            )
            assert await sealing.tree.checkpoint() is None

    asyncio.run(promise())


def test_tiles_that_do_not_give_the_signed_root_are_made_again_from_the_events(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(900)
            await sealing.sealer().seal()
            sealing.tamper("update {schema}.tile set root = set_byte(root, 0, get_byte(root, 0) # 1) where n = 1")
            sealing.tamper("delete from {schema}.page where n = 2")
            await sealing.grow(901)
            assert (await sealing.sealer().seal()).checkpoint == 901
            await check(sealing, 901)

    asyncio.run(promise())


CHANGE = "update {schema}.event set data = set_byte(data, 200, get_byte(data, 200) # 1) where position = 300"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (CHANGE, "One of the events at the positions 257 to 400 is not the one that was signed"),
        (
            "delete from {schema}.event where position = 300",
            "The event at position 300 is gone, and later ones are there",
        ),
        (
            "delete from {schema}.event where position > 390",
            "A checkpoint of 400 events was signed, and the log ends at 390",
        ),
    ],
)
def test_nothing_is_signed_on_top_of_another_history(ground: Ground, damage: str, sentence: str) -> None:
    """A change in what is sealed already is found by `tasma audit verify`; in what is still to be sealed it stops the sealer."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(256)
            await sealing.sealer().seal()
            await sealing.grow(400)
            running = sealing.sealer()
            await running.seal()
            sealing.tamper(damage)
            if "> 390" not in damage:
                await sealing.grow(700)
            for sealer in (running, sealing.sealer()):
                with pytest.raises((Forked, Unpageable)) as stopped:
                    await sealer.seal()
                assert str(stopped.value).startswith(sentence)
            assert await sealing.rows("select max(size) from {schema}.checkpoint") == [(400,)]

    asyncio.run(promise())


def test_a_change_is_named_by_position_where_the_tiles_know_it(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(900)
            await sealing.sealer().seal()
            sealing.tamper(CHANGE)
            sealing.tamper("update {schema}.tile set root = set_byte(root, 0, get_byte(root, 0) # 1) where n = 2")
            with pytest.raises(Forked, match=r"^The event at position 300 is not the one that was signed"):
                await sealing.sealer().seal()
            assert len(await sealing.rows("select n from {schema}.page")) == 3, "the evidence stays"

    asyncio.run(promise())


# --- tables -----------------------------------------------------------------------------------------------------------
def test_what_was_signed_only_grows(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(20)
            await sealing.sealer().seal()
            insert = "insert into {schema}.checkpoint (size, root, note) values (%s, decode(repeat('00', 32), 'hex'), 'x') returning 1"
            for size, sentence in (
                (20, "Checkpoints rise: one of size 20 cannot follow the one of size 20."),
                (7, "Checkpoints rise: one of size 7 cannot follow the one of size 20."),
                (21, "A checkpoint covers events that are there: none has the position 21."),
            ):
                with pytest.raises(errors.RaiseException) as refused:
                    await sealing.rows(insert, size)
                assert refused.value.diag.message_primary == sentence
            for table, change, why in (
                *(
                    (t, "delete from {table}", "append-only")
                    for t in ("checkpoint", "signing_key", "witness", "cosignature")
                ),
                *((t, "update {table} set n = n", "never changed in place") for t in ("page", "tile")),
            ):
                with pytest.raises(errors.InsufficientPrivilege):
                    await sealing.rows(f"{change} returning 1", table=table)
                with pytest.raises(errors.RaiseException, match=why):
                    sealing.own(change, table)

    asyncio.run(promise())


def test_a_clock_that_was_set_back_does_not_turn_the_order_of_checkpoints(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(1)
            await sealing.sealer().seal()
            sealing.tamper("update {schema}.checkpoint set signed_at = signed_at + interval '1 day'")
            await sealing.log.append(decision(capacity()))
            await sealing.sealer().seal()
            ((apart,),) = await sealing.rows(
                "select extract(microseconds from max(signed_at) - min(signed_at))::int from {schema}.checkpoint"
            )
            assert apart == 1

    asyncio.run(promise())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the sealer has no event to wait for
            await asyncio.sleep(0.02)


async def stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
