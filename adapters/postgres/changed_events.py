"""Which event is not the one that was signed: the events are hashed again and held against every checkpoint."""

from psycopg import AsyncConnection

from adapters.postgres.checkpoints import Checkpoints
from adapters.postgres.database import Row
from adapters.postgres.page_store import PageStore
from adapters.postgres.page_tree import PageTree
from application.counting import counted
from application.envelope import PAGE_EVENTS
from application.tree import HASH_BYTES, leaf_hash, root_of


class Forked(Exception):
    """The events are not those that a signed checkpoint covers: nothing is sealed or signed on top of them."""


async def check_events(
    connection: AsyncConnection[Row], pages: PageStore, checkpoints: Checkpoints, tree: PageTree, upto: int
) -> None:
    """Hash the events after a tree that is known to be right, up to a size. Raises Forked, Unpageable.

    The checkpoint before the first that does not fit says after which position the change lies; the sealed tile, where it is
    there and not changed as well, at which one.
    """
    tree = tree.copy()
    fitted, differing = tree.pages * PAGE_EVENTS, 0
    roots = dict(await checkpoints.roots(connection, upto))
    for first in range(fitted, upto, PAGE_EVENTS):
        last = min(first + PAGE_EVENTS, upto)
        leaves = [leaf_hash(body) for body in await pages.bodies(connection, first, last)]
        for tile in await pages.tiles(connection, [(0, first // PAGE_EVENTS)]):
            there = [tile.hashes[i : i + HASH_BYTES] for i in range(0, len(leaves) * HASH_BYTES, HASH_BYTES)]
            differing = differing or next((p for p, h in enumerate(leaves, first + 1) if h != there[p - first - 1]), 0)
        for size in (s for s in range(first + 1, last + 1) if s in roots):
            if tree.root(leaves[: size - first]) == roots[size]:
                fitted, differing = size, differing if differing > size else 0
            else:
                raise Forked(_sentence(fitted, size, differing if fitted < differing <= size else 0))
        if len(leaves) == PAGE_EVENTS:
            tree.add(root_of(leaves))


def _sentence(fitted: int, size: int, position: int) -> str:
    if position or size == fitted + 1:
        what = f"The event at position {position or size:,} is not the one that was signed"
    else:
        what = f"One of the events at the positions {fitted + 1:,} to {size:,} is not the one that was signed"
    return (
        f"{what}: the checkpoint of {counted(size, 'event')} does not fit. Nothing is sealed or signed on top of it until the signed "
        "event is restored from a backup; `tasma audit verify` says what each copy holds."
    )
