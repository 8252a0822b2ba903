"""Makes damaged or lost pages and tiles again, as a verified checkpoint vouches for them. Rows are never touched."""

from collections.abc import Sequence

from adapters.auditing.report import Repairable
from adapters.postgres.database import Database
from adapters.postgres.page_store import PageStore, page_of
from application.tree import tile_path


async def repair(repairable: Repairable, database: Database, schema: str) -> Sequence[str]:
    """Make them again, the lower ones first; what was made, in words. Verify again afterwards."""
    store, made = PageStore(schema), []
    async with database.connection() as connection:
        for n, root in sorted(repairable.pages.items()):
            (lines,) = await store.lines(connection, n, 1)
            page = page_of(n, lines)
            if page.tile.root != root:
                continue  # the rows are not those any more that were verified
            async with connection.transaction():
                await store.discard(connection, [n])
                await store.store(connection, [page], [page.tile])
            made.append(f"page {n:,} and tile {tile_path(0, n).removeprefix('tile/')}")
        for (level, n), tile in sorted(repairable.tiles.items()):
            async with connection.transaction():
                await store.discard_tiles(connection, [(level, n)])
                await store.store(connection, [], [tile])
            made.append(f"tile {tile_path(level, n).removeprefix('tile/')}")
    return made
