"""Seals what the writers have appended: pages, tiles and signed checkpoints, behind them and without their lock.

Nothing here is trusted because it was written. A page counts, and its root enters the tree that is signed, once it was read
back, unpacked and hashed, and agreed with its tile and with the events' rows. A crash between any two statements leaves
pages and tiles that the next run finds, compares and counts; several sealers at once store the same bytes under the same keys.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import psycopg
import structlog
from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.types.numeric import Int8

from adapters.postgres.changed_events import Forked, check_events
from adapters.postgres.checkpoints import Checkpoints, Kept
from adapters.postgres.database import Database, Row, statement
from adapters.postgres.dedicated import Dedicated
from adapters.postgres.page_sealing import NoRoom, NotKept, PageSealing, Store
from adapters.postgres.page_store import SEALED, PageStore, Unpageable
from adapters.postgres.page_tree import PageTree
from adapters.postgres.succession import Keep, NotOurs, Outside, Succession
from application.counting import counted
from application.envelope import PAGE_EVENTS
from application.notes import Checkpoint, Signer, Verifier, checkpoint_text, signed
from application.ports import Log, Unavailable
from application.tree import TILE_WIDTH, leaf_hash

logger = structlog.get_logger()

SIGN_SECONDS: Final = 5.0
"""How long an event waits for a checkpoint that covers it, at most, where no page is full before."""
PACE_SECONDS: Final = 0.1
"""Between two rounds: under load a round then seals several pages with one checkpoint."""
REST_SECONDS, REST_SECONDS_MAX = 1.0, 30.0
FORKED_SECONDS: Final = 300.0
"""How often a sealer that stopped looks whether the events were put right."""
_ROUND_PAGES: Final = 1_024
"""After so many it says how far it is."""

_HEAD = "select coalesce(max(position), 0) from {schema}.event"
_STANDBYS = "select 1 from (select) one where current_setting('synchronous_standby_names') <> ''"
_REACH = b"select pg_logical_emit_message(true, 'tasma sealing', '')"
_ROOTS = "select root from {schema}.tile where level = %s and n >= %s and n < %s order by n"


class Sealed(Struct, frozen=True):
    """What a round of sealing led to."""

    head: int
    """The newest event when it began."""
    pages: int
    """Sealed and found right, from page 0."""
    checkpoint: int
    """The size of the newest signed checkpoint; 0 while there is none."""


async def _nowhere(_: str) -> None:
    """For those who keep no note outside the database."""


async def _none() -> None:
    """What is kept there then."""


class Sealer:
    """One network's sealer.

    origin: of its checkpoints, `tasma/networks/<network>`. signers: none means that pages are sealed and nothing is signed;
    each of several signs every checkpoint. keep: called with each signed note before it is stored; outside: gives what was
    kept.
    """

    def __init__(
        self,
        database: Database,
        schema: str,
        log: Log,
        *,
        origin: str,
        signers: Sequence[Signer] = (),
        keep: Keep = _nowhere,
        outside: Outside = _none,
        store: Store | None = None,
    ) -> None:
        self._database, self._log = database, log
        self._origin, self._signers, self._keep = origin, signers, keep
        self._pages, self._checkpoints = PageStore(schema), Checkpoints(schema)
        self._sealing = PageSealing(database, self._pages, self._checkpoints, store or self._pages.store)
        self._head_of, self._roots_of, self._pages_of = (statement(s, schema) for s in (_HEAD, _ROOTS, SEALED))
        self._standbys = statement(_STANDBYS, schema)
        self._succession = Succession(origin, signers, keep, outside)
        self._tree: PageTree | None = None
        self._compared = 0
        self._alone = asyncio.Lock()
        self.head = 0
        """The newest event it has seen."""
        self.sealed = 0
        """The newest event in a sealed page."""
        self.checkpoint = 0
        """The size of the newest checkpoint, 0 while there is none."""
        self.fault: str | None = None
        """Why it rests; None while all is well."""

    async def seal(self) -> Sealed:
        """Seal and sign all there is now; does nothing where all was done.

        Raises Forked (also as NotOurs), Unpageable, NotKept, NoRoom, Unavailable, and what `keep` raises.
        """
        async with self._alone:
            try:
                async with self._database.connection() as connection:
                    return await self._seal(connection)
            except BaseException:
                self._tree, self._compared = None, 0  # begin again from what is stored
                raise

    async def accept(self, trusted: Sequence[Verifier]) -> None:
        """Let this process's keys go on from the newest checkpoint, which one of these has signed: a person says so.

        Raises NotOurs, Unavailable, and what `keep` raises.
        """
        async with self._alone, self._database.connection() as connection:
            newest = await self._checkpoints.newest(connection)
            if newest is not None and self._signers:
                await self._succession.accept(newest, trusted)

    async def builds_on_newest(self) -> str | None:
        """Why nothing is signed on top of the newest checkpoint; None where it is. Raises Unavailable."""
        async with self._database.connection() as connection:
            try:
                await self._succession.base(await self._checkpoints.newest(connection))
            except NotOurs as why:
                return str(why)
        return None

    async def run(self) -> None:
        """Seal behind the head for ever. What stops it is logged and stands in `fault`; it goes on when that is over."""
        try:
            await self._forever()
        finally:
            self.fault = None  # it does not rest, it has ended

    async def _forever(self) -> None:
        clock = asyncio.get_running_loop().time
        signed_at, rest = -SIGN_SECONDS, REST_SECONDS
        while True:
            try:
                # What failed is tried again; otherwise there is something to do when something was appended.
                head = await self._log.wait(self.head, 0 if self.fault else SIGN_SECONDS)
                due = signed_at + SIGN_SECONDS - clock()
                if due > 0 and not self._full(head):
                    head = await self._log.wait((head // PAGE_EVENTS + 1) * PAGE_EVENTS - 1, due)
                if head != self.head or self._full(head) or (self._signers and head > await self._signed()):
                    await self.seal()
                    signed_at = clock()
                self.fault, rest = None, REST_SECONDS
                await asyncio.sleep(PACE_SECONDS)
            except Forked as forked:
                self._failed(forked)
                await asyncio.sleep(REST_SECONDS_MAX if isinstance(forked, NotOurs) else FORKED_SECONDS)
            except (Unavailable, Unpageable, NotKept, NoRoom, psycopg.Error, OSError) as error:
                self._failed(error)
                await asyncio.sleep(rest)
                rest = min(rest * 2, REST_SECONDS_MAX)

    async def _signed(self) -> int:
        """The size of the newest checkpoint that is there: a restored database has fewer than this process signed."""
        async with self._database.connection() as connection:
            newest = await self._checkpoints.newest(connection)
        return newest.size if newest else 0

    def _full(self, head: int) -> bool:
        """Whether there is a page to seal."""
        return head // PAGE_EVENTS > self.sealed // PAGE_EVENTS

    def _failed(self, error: Exception) -> None:
        if self.fault != (sentence := str(error)):
            logger.error("sealing.rests", why=sentence, sealed=self.sealed)
        self.fault = sentence

    async def _seal(self, connection: AsyncConnection[Row]) -> Sealed:
        newest = await self._checkpoints.newest(connection)
        base = await self._succession.base(newest)
        head = await self._number(connection, self._head_of)
        size = base.size if base else 0
        if head < size:
            raise Forked(
                f"A checkpoint of {counted(size, 'event')} was signed, and the log ends at {head:,}: events are gone. Nothing is signed "
                "until they are restored."
            )
        tree = self._tree
        if tree is None or (self._compared != size and size <= tree.pages * PAGE_EVENTS):
            tree = await self._begin(connection, base)
        self._tree, self.head = tree, head
        while tree.pages < (full := head // PAGE_EVENTS):
            tree = self._tree = await self._sealing.seal(connection, tree, min(full, tree.pages + _ROUND_PAGES), base)
            self.sealed = tree.pages * PAGE_EVENTS
        self.sealed = tree.pages * PAGE_EVENTS
        tail = [leaf_hash(body) for body in await self._pages.bodies(connection, self.sealed, head)]
        await self._sealing.compare(connection, tree, tail, base)
        self._compared = size
        if head > (newest.size if newest else 0) and self._signers:
            await self._sign(connection, Checkpoint(self._origin, head, tree.root(tail)))
            newest = await self._checkpoints.newest(connection)
        elif newest and self._signers:
            await self._succession.join(newest)
        self.checkpoint = newest.size if newest else 0
        return Sealed(head=head, pages=tree.pages, checkpoint=self.checkpoint)

    async def _begin(self, connection: AsyncConnection[Row], newest: Kept | None) -> PageTree:
        """The tree as far as the newest checkpoint vouches for the tiles it is made of.

        Where they do not give its root, the events decide: either they do, and all pages and tiles are compared with them
        again from the first one, or they are not what was signed. Without a signer nothing is at stake but pages.
        """
        if newest is None and self._signers:
            return PageTree()
        pages = newest.size // PAGE_EVENTS if newest else await self._number(connection, self._pages_of)
        waiting, above = [], 0
        for level in range(8):
            full = pages // TILE_WIDTH**level
            above = full // TILE_WIDTH * TILE_WIDTH
            cursor = await connection.execute(self._roots_of, (level, Int8(above), Int8(full)), binary=True)
            waiting.append([root for (root,) in await cursor.fetchall()])
        tree = PageTree(waiting)
        if newest is None:
            return tree if tree.pages == pages else PageTree()
        if tree.pages == pages:
            tail = await self._pages.bodies(connection, pages * PAGE_EVENTS, newest.size)
            if tree.root([leaf_hash(body) for body in tail]) == newest.root:
                self._compared = newest.size
                return tree
        await check_events(connection, self._pages, self._checkpoints, PageTree(), newest.size)
        logger.error("sealing.tiles_do_not_fit", checkpoint=newest.size)
        self._compared = 0
        return PageTree()

    async def _sign(self, connection: AsyncConnection[Row], checkpoint: Checkpoint) -> None:
        """Sign, keep outside, store: in this order.

        Kept before it is stored, because what is stored is published: were it the other way round, a crash in between would
        leave a published checkpoint unknown outside, and a backup from before it would pass for the newest state. A kept
        note that was never stored locks nobody out: the events it covers were committed before it was signed, and the next
        round signs again.
        """
        for signer in self._signers:
            await self._checkpoints.record_key(connection, signer.vkey, checkpoint.size)
        note = signed(checkpoint_text(checkpoint), self._signers)
        await self._reach_standbys(connection)
        await self._keep(note)
        await self._checkpoints.add(connection, checkpoint.size, checkpoint.root, note)

    async def _reach_standbys(self, connection: AsyncConnection[Row]) -> None:
        """Wait until the synchronous standbys, where there are any, have all that is to be signed. Raises Unavailable.

        A commit can be seen before they have it, when its wait for them was cancelled or the server started again. Signed and
        kept outside, it would make a standby that takes over without it pass for a restored backup.
        """
        if await self._number(connection, self._standbys):
            line = Dedicated(self._database.info, {"client_min_messages": "warning"})  # it heeds a cancelled wait
            try:
                await line.rows(_REACH, ())
            finally:
                await line.close()

    async def _number(self, connection: AsyncConnection[Row], query: bytes) -> int:
        row = await (await connection.execute(query, binary=True)).fetchone()
        return row[0] if row else 0
