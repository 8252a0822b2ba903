"""Makes damaged or lost pages and tiles again, from rows that fit the signed tree. Rows are never touched."""

from collections.abc import Sequence

from adapters.auditing.report import Repairable
from adapters.postgres.database import Database
from adapters.postgres.page_store import PageStore, Tile, page_of
from adapters.postgres.tree import PostgresTree
from application.tree import TILE_WIDTH, root_of, tile_path


async def repair(repairable: Repairable, database: Database, schema: str) -> Sequence[str]:
    """Make them again, the lower ones first; what was made, in words. Verify again afterwards."""
    store, made = PageStore(schema), []
    async with database.connection() as connection:
        for n in sorted(repairable.pages):
            (lines,) = await store.lines(connection, n, 1)
            page = page_of(n, lines)
            async with connection.transaction():
                await store.discard(connection, [n])
                await store.store(connection, [page], [page.tile])
            made.append(f"page {n:,} and tile {tile_path(0, n).removeprefix('tile/')}")
        for level, n in sorted(repairable.tiles):
            async with connection.transaction():
                await store.discard_tiles(connection, [(level, n)])
            tree = PostgresTree(database, schema)
            span = TILE_WIDTH**level
            hashes = [await tree.subtree(i * span, (i + 1) * span) for i in range(n * TILE_WIDTH, (n + 1) * TILE_WIDTH)]
            await store.store(connection, [], [Tile(level, n, b"".join(hashes), root_of(hashes))])
            made.append(f"tile {tile_path(level, n).removeprefix('tile/')}")
    return made
