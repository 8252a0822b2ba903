"""Seals pages: stores them, reads them back, and counts those that are what the events say."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Final, TypeVar

import psycopg
import structlog
from psycopg import AsyncConnection

from adapters.postgres.changed_events import Forked, check_events
from adapters.postgres.checkpoints import Checkpoints, Kept
from adapters.postgres.database import Database, Row
from adapters.postgres.page_store import Page, PageStore, Stored, Tile, hashes_of, page_of, unpacked
from adapters.postgres.page_tree import PageTree
from application.envelope import PAGE_EVENTS
from application.tree import HASH_BYTES, root_of

logger = structlog.get_logger()

Store = Callable[[AsyncConnection[Row], Sequence[Page], Sequence[Tile]], Awaitable[None]]

Made = tuple[Page, tuple[Tile, ...]]
"""A page, and the tiles that are full by it: its own first."""

_BATCH_PAGES: Final = 16
_ATTEMPTS: Final = 3
"""How often one page is made again that is not read back as it was written."""


T = TypeVar("T")


class NotKept(Exception):
    """A page or tile was stored and is not read back as it was: the storage cannot be trusted with it."""


class NoRoom(Exception):
    """The database has no space for a page."""


class PageSealing:
    """Seals full pages on top of a tree, and compares it with the newest checkpoint where it gets there."""

    def __init__(self, database: Database, pages: PageStore, checkpoints: Checkpoints, store: Store) -> None:
        self._database, self._pages, self._checkpoints, self._store = database, pages, checkpoints, store

    async def seal(
        self, connection: AsyncConnection[Row], tree: PageTree, pages: int, checkpoint: Kept | None
    ) -> PageTree:
        """Seal up to a number of pages. Raises Forked, Unpageable, NotKept, NoRoom.

        Far behind, three things go on at once: the database reads the lines of the batch after next, this hashes those of the
        next one, and the database reads back the one that was stored last.
        """
        async with AsyncExitStack() as stack:
            reading = connection
            if pages - tree.pages > _BATCH_PAGES:
                reading = await stack.enter_async_context(self._database.connection())
            attempts = 0
            while tree.pages < pages:
                sealed = await self._seal_on(connection, reading, tree, pages, checkpoint)
                attempts = attempts + 1 if sealed.pages == tree.pages else 1
                tree = sealed
                if tree.pages < pages:
                    self._check_attempts(tree.pages, attempts)
        return tree

    async def _seal_on(
        self,
        connection: AsyncConnection[Row],
        reading: AsyncConnection[Row],
        tree: PageTree,
        pages: int,
        checkpoint: Kept | None,
    ) -> PageTree:
        """Seal batch after batch until all is done or something stored does not fit."""
        trial = tree
        ahead: asyncio.Task[list[bytes]] | None = _begun(self._lines(reading, tree.pages, pages))
        stored: tuple[list[tuple[Tile, ...]], asyncio.Task[tuple[list[Stored], set[Tile]]]] | None = None
        try:
            while True:
                batch = None
                if ahead is not None:
                    lines = await ahead
                    following, ahead = trial.pages + len(lines), None
                    if following < pages and reading is not connection:
                        ahead = _begun(self._lines(reading, following, pages))
                        await asyncio.sleep(0)  # it sends its question before this works on
                    batch, trial = await self._made(connection, trial, lines, checkpoint)
                if stored is not None:
                    made, reading_back = stored
                    counted = await self._count(connection, tree, made, await reading_back, checkpoint)
                    fits, tree, stored = counted.pages == tree.pages + len(made), counted, None
                    if not fits:
                        return tree
                if batch is None:
                    return tree
                await self._check_there(connection, batch, checkpoint)
                await self._store_batch(connection, batch)
                # Statements of their own after the commit: what they give is what others will be given.
                stored = [tiles for _, tiles in batch], _begun(self._read_back(connection, batch))
                await asyncio.sleep(0)
                if ahead is None and trial.pages < pages:
                    ahead = _begun(self._lines(reading, trial.pages, pages))
        finally:
            begun = [task for task in (ahead, stored[1] if stored else None) if task is not None]
            for task in begun:
                task.cancel()
            await asyncio.gather(*begun, return_exceptions=True)

    @staticmethod
    def _check_attempts(page: int, attempts: int) -> None:
        if attempts == _ATTEMPTS:
            raise NotKept(
                f"Page {page:,} was stored {_ATTEMPTS} times and not once read back as it was written: check the database's "
                "disks. The events themselves are not touched."
            )

    async def _lines(self, connection: AsyncConnection[Row], first: int, pages: int) -> list[bytes]:
        return await self._pages.lines(connection, first, min(_BATCH_PAGES, pages - first))

    async def _made(
        self, connection: AsyncConnection[Row], tree: PageTree, lines: Sequence[bytes], checkpoint: Kept | None
    ) -> tuple[list[Made], PageTree]:
        """Pages of these lines with the tiles that are full by each, and the tree with them."""
        tree, made = tree.copy(), []
        for n, each in enumerate(lines, tree.pages):
            page = page_of(n, each)
            await self.compare(connection, tree, page.hashes, checkpoint)
            tile = page.tile
            made.append((page, (tile, *tree.add(tile.root))))
        return made, tree

    async def _store_batch(self, connection: AsyncConnection[Row], batch: Sequence[Made]) -> None:
        try:
            await self._store(connection, [page for page, _ in batch], [tile for _, tiles in batch for tile in tiles])
        except psycopg.errors.DiskFull as full:
            raise NoRoom(
                f"Page {batch[0][0].n:,} cannot be stored: the database has no space left. Make room; what is appended "
                "meanwhile waits unsealed."
            ) from full

    async def _read_back(
        self, connection: AsyncConnection[Row], batch: Sequence[Made]
    ) -> tuple[list[Stored], set[Tile]]:
        stored = await self._pages.read_back(connection, batch[0][0].n, len(batch))
        higher = [(tile.level, tile.n) for _, tiles in batch for tile in tiles[1:]]
        return stored, await self._pages.tiles(connection, higher)

    async def _count(
        self,
        connection: AsyncConnection[Row],
        tree: PageTree,
        made: Sequence[tuple[Tile, ...]],
        back: tuple[Sequence[Stored], set[Tile]],
        checkpoint: Kept | None,
    ) -> PageTree:
        """The tree with the pages that fit, up to the first that does not: that is discarded, unless it is evidence."""
        tree, (pages, above) = tree.copy(), back
        for (tile, *higher), stored in zip(made, pages, strict=True):
            if not stored.fits(tile):
                await self._check_evidence(connection, stored, checkpoint.size if checkpoint else 0)
                logger.error("sealing.page_discarded", page=tile.n)
                await self._pages.discard(connection, [tile.n])
                break
            if not above.issuperset(higher):
                wrong = [(t.level, t.n) for t in higher if t not in above]
                logger.error("sealing.tiles_discarded", tiles=wrong)
                await self._pages.discard_tiles(connection, wrong)
                break
            tree.add(tile.root)
        return tree

    async def _check_there(
        self, connection: AsyncConnection[Row], batch: Sequence[Made], checkpoint: Kept | None
    ) -> None:
        """Whether what is there already contradicts the rows: a tile made of them must not outvote it. Raises Forked, Unpageable."""
        first, settled = batch[0][0].n, checkpoint.size if checkpoint else 0
        if await self._pages.any(connection, first, len(batch)):
            back = await self._pages.read_back(connection, first, len(batch))
            for (page, _), stored in zip(batch, back, strict=True):
                if not stored.fits(page.tile):
                    await self._check_evidence(connection, stored, settled)

    async def _check_evidence(self, connection: AsyncConnection[Row], stored: Stored, settled: int) -> None:
        """Whether what is stored is damaged, or whole and against the events. Raises Forked, Unpageable.

        Damage leaves no tile that has its root and no page that unpacks to 256 events at their positions. What is whole and has
        other events than the rows was sealed from other rows: somebody changed one of the two, and it may be the only true copy.
        Up to `settled` a checkpoint says that the rows are right.
        """
        whole = [copy for copy in (_whole_tile(stored), _whole_page(stored)) if copy is not None]
        if not whole:
            return
        (lines,) = await self._pages.lines(connection, stored.n, 1)
        rows = page_of(stored.n, lines).hashes
        first = stored.n * PAGE_EVENTS + 1
        for position, (row, *sealed) in enumerate(zip(rows, *whole, strict=True), first):
            # Not even two that agree outvote the third: who changes rows can change a tile as well.
            if position > settled and any(copy != row for copy in sealed):
                raise Forked(
                    f"The row at position {position:,} is not the event with which page {stored.n:,} was sealed, and no signed "
                    "checkpoint covers it: one of them was changed. Nothing is sealed or signed on top of it, and the page is "
                    "kept, until the event that is right is put back; `tasma audit verify` says what each copy holds. If that is "
                    f"the row, `tasma audit verify --repair --give-up {stored.n}` sets the page aside in a file."
                )

    async def compare(
        self, connection: AsyncConnection[Row], tree: PageTree, leaves: Sequence[bytes], checkpoint: Kept | None
    ) -> None:
        """Where the checkpoint ends among these leaves after the tree: it has that root. Raises Forked."""
        if checkpoint is None:
            return
        begin = tree.pages * PAGE_EVENTS
        if not begin <= checkpoint.size <= begin + len(leaves):
            return
        if tree.root(leaves[: checkpoint.size - begin]) != checkpoint.root:
            await check_events(connection, self._pages, self._checkpoints, tree, checkpoint.size)
            raise Forked(
                f"The tiles up to position {checkpoint.size:,} changed while they were read: sealing begins again."
            )


def _whole_tile(stored: Stored) -> tuple[bytes, ...] | None:
    """The leaf hashes in the tile of a stored page, where they have its root."""
    if stored.hashes is None or len(stored.hashes) != PAGE_EVENTS * HASH_BYTES:
        return None
    hashes = tuple(stored.hashes[i : i + HASH_BYTES] for i in range(0, len(stored.hashes), HASH_BYTES))
    return hashes if root_of(hashes) == stored.root else None


def _whole_page(stored: Stored) -> tuple[bytes, ...] | None:
    """The leaf hashes of a stored page, where it unpacks to the events of its positions."""
    lines = None if stored.body is None else unpacked(stored.body)
    if lines is None or not lines.endswith(b"\n"):
        return None
    events, first = lines[:-1].split(b"\n"), stored.n * PAGE_EVENTS + 1
    at_place = all(event.startswith(b'{"sequence":"%020d",' % p) for p, event in enumerate(events, first))
    return hashes_of(lines) if len(events) == PAGE_EVENTS and at_place else None


def _begun(work: Coroutine[None, None, T]) -> asyncio.Task[T]:
    return asyncio.create_task(work)
