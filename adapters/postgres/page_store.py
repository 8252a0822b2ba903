"""Pages and tiles as they are stored: made of the events' bytes, and read back to be compared with them.

Making and comparing are apart on purpose. What was made in memory proves nothing about what came to lie on a disk; only
`Stored.fits` says that the page's bytes, the tile and the events agree, each as the database gives it back.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from psycopg import AsyncConnection
from psycopg.types.numeric import Int8

from adapters.postgres import frames
from adapters.postgres.database import Row, statement
from application.envelope import PAGE_EVENTS
from application.tree import leaf_hash, root_of

PAGE_BYTES_MAX: Final = PAGE_EVENTS * 65_536
"""A page's events with their line ends."""

# How many pages are sealed from the first one on. What lies behind a hole is not counted; the hole is looked for only where
# there is one: among 40,000 pages that takes 15 ms, counting 4.
SEALED = """
select case when count(*) = coalesce(max(p.n) + 1, 0) then count(*) else (
    select min(before) from (select n, row_number() over (order by n) - 1 as before from {schema}.page) q where n <> before
) end as pages from {schema}.page p
"""
_ROWS = "select position, data from {schema}.event where position > %s and position <= %s order by position"
_LINES = r"""
select (e.position - 1) / 256, count(*), string_agg(e.data, '\x0a'::bytea order by e.position)
from {schema}.event e where e.position > %s and e.position <= %s group by 1 order by 1
"""
_STORE_PAGES = """
insert into {schema}.page (n, body) select * from unnest(%b::bigint[], %b::bytea[]) on conflict do nothing
"""
_STORE_TILES = """
insert into {schema}.tile (level, n, hashes, root)
select * from unnest(%b::int[], %b::bigint[], %b::bytea[], %b::bytea[]) on conflict do nothing
"""
_READ_BACK = r"""
select w.n, p.body, t.hashes, t.root, (
    select sha256(string_agg(e.data, '\x0a'::bytea order by e.position))
    from {schema}.event e where e.position > w.n * 256 and e.position <= w.n * 256 + 256
)
from generate_series(%s::bigint, %s::bigint) as w(n)
left join {schema}.page p on p.n = w.n
left join {schema}.tile t on t.level = 0 and t.n = w.n
order by w.n
"""
_ANY = """
select exists (select from {schema}.page where n between %s and %s)
    or exists (select from {schema}.tile where level = 0 and n between %s and %s)
"""
_READ_TILES = """
select t.level, t.n, t.hashes, t.root from {schema}.tile t
join unnest(%b::int[], %b::bigint[]) as w(level, n) on w.level = t.level and w.n = t.n
"""
_DISCARD = """
with pages as (delete from {schema}.page where n = any (%b::bigint[]))
delete from {schema}.tile where level = 0 and n = any (%b::bigint[])
"""
_DISCARD_TILES = """
delete from {schema}.tile t using unnest(%b::int[], %b::bigint[]) as w(level, n) where w.level = t.level and w.n = t.n
"""
# What no event that is there can be under, and pages that a person gave up; nothing where a checkpoint covers what is not there.
# One statement sees one moment: a page that is sealed meanwhile has its events in it.
_LOG_END = """
log as materialized (
    select
        greatest(coalesce(max(position), 0), 0) as head,
        greatest((select max(size) from {schema}.checkpoint), %s::bigint) as signed
    from {schema}.event
)
"""
_TAKE_PAGES = f"""
with {_LOG_END}, strays as (
    select p.n from {{schema}}.page p, log where log.signed <= log.head
    and (p.n >= log.head / 256 or (p.n = any (%b::bigint[]) and p.n >= log.signed / 256)) order by p.n limit 64
)
delete from {{schema}}.page p using strays where p.n = strays.n returning p.n, p.body
"""  # noqa: S608 - of the constant above
_TAKE_TILES = f"""
with {_LOG_END}, strays as (
    select t.level, t.n from {{schema}}.tile t, log where log.signed <= log.head
    and ((t.n::numeric + 1) * 256::numeric ^ t.level > log.head / 256
        or (t.level = 0 and t.n = any (%b::bigint[]) and t.n >= log.signed / 256))
    order by t.level, t.n limit 64
)
delete from {{schema}}.tile t using strays s where t.level = s.level and t.n = s.n returning t.level, t.n, t.hashes, t.root
"""  # noqa: S608 - of the constant above


class Unpageable(Exception):
    """Rows of which no page can be made: a position is missing, or bytes would not stay one line."""


class Tile(NamedTuple):
    """A full tile, by level and number."""

    level: int
    n: int
    hashes: bytes
    root: bytes


class Page(NamedTuple):
    """Page `n` as the rows of the events make it."""

    n: int
    lines: bytes
    hashes: tuple[bytes, ...]
    """Of its leaves."""

    @property
    def tile(self) -> Tile:
        return Tile(0, self.n, b"".join(self.hashes), root_of(self.hashes))


class Stored(NamedTuple):
    """What the database gives back of page `n`: None for what is not there."""

    n: int
    body: bytes | None
    hashes: bytes | None
    root: bytes | None
    rows_digest: bytes | None
    """SHA-256 over the events' lines without the last line end, by the database."""

    def fits(self, tile: Tile) -> bool:
        """Whether the page as stored, the tile as stored and the events give the hashes of this tile."""
        lines = None if self.body is None else unpacked(self.body)
        return (
            lines is not None
            and lines.endswith(b"\n")
            and sha256(memoryview(lines)[:-1]).digest() == self.rows_digest
            and b"".join(hashes_of(lines)) == tile.hashes == self.hashes
            and self.root == tile.root
        )


def packed(lines: bytes) -> bytes:
    """A page's lines as they are stored."""
    return frames.packed(lines)


def unpacked(body: bytes) -> bytes | None:
    """The lines of a stored page; None where its bytes are damaged."""
    return frames.unpacked(body, PAGE_BYTES_MAX)


def hashes_of(lines: bytes) -> tuple[bytes, ...]:
    """The leaf hashes of a page's lines."""
    return tuple(map(leaf_hash, lines.removesuffix(b"\n").split(b"\n")))


def page_of(n: int, lines: bytes) -> Page:
    """Page `n` of the lines of its events. Raises Unpageable."""
    hashes = hashes_of(lines)
    if len(hashes) != PAGE_EVENTS:
        raise Unpageable(
            f"An event of page {n:,} holds a line break, which no event's bytes have: restore it from a backup."
        )
    return Page(n, lines, hashes)


class PageStore:
    """The statements on pages and tiles of one schema, for a connection that the caller holds."""

    def __init__(self, schema: str) -> None:
        self._rows = statement(_ROWS, schema)
        self._lines = statement(_LINES, schema)
        self._store_pages = statement(_STORE_PAGES, schema)
        self._store_tiles = statement(_STORE_TILES, schema)
        self._read_back = statement(_READ_BACK, schema)
        self._any = statement(_ANY, schema)
        self._read_tiles = statement(_READ_TILES, schema)
        self._discard = statement(_DISCARD, schema)
        self._discard_tiles = statement(_DISCARD_TILES, schema)
        self._take_pages = statement(_TAKE_PAGES, schema)
        self._take_tiles = statement(_TAKE_TILES, schema)

    async def bodies(self, connection: AsyncConnection[Row], after: int, upto: int) -> list[bytes]:
        """The bytes of the events after one position up to another. Raises Unpageable where one is missing."""
        cursor = await connection.execute(self._rows, (Int8(after), Int8(upto)), binary=True)
        rows = await cursor.fetchall()
        if len(rows) != upto - after:
            missing = next((p for p, (q, _) in enumerate(rows, after + 1) if p != q), after + len(rows) + 1)
            raise Unpageable(
                f"The event at position {missing:,} is gone, and later ones are there: restore it from a backup; until then "
                "nothing after it is sealed."
            )
        return [body for _, body in rows]

    async def lines(self, connection: AsyncConnection[Row], first: int, count: int) -> list[bytes]:
        """The events of full pages, one a line. Raises Unpageable where one is missing."""
        after, upto = first * PAGE_EVENTS, (first + count) * PAGE_EVENTS
        cursor = await connection.execute(self._lines, (Int8(after), Int8(upto)), binary=True)
        rows = await cursor.fetchall()
        if [(n, events) for n, events, _ in rows] != [(n, PAGE_EVENTS) for n in range(first, first + count)]:
            await self.bodies(connection, after, upto)  # says which
        return [lines + b"\n" for _, _, lines in rows]

    async def store(self, connection: AsyncConnection[Row], pages: Sequence[Page], tiles: Sequence[Tile]) -> None:
        """Store pages and tiles, all or none. What another process has stored stays as it is."""
        bodies = [packed(page.lines) for page in pages]
        async with connection.transaction():
            # What is lost with the machine is made again; a checkpoint waits for the disk, and for all that was before it.
            await connection.execute("set local synchronous_commit = off")
            await connection.execute(self._store_pages, ([Int8(page.n) for page in pages], bodies))
            await self._insert_tiles(connection, tiles)

    async def _insert_tiles(self, connection: AsyncConnection[Row], tiles: Sequence[Tile]) -> None:
        columns = [list(column) for column in zip(*tiles, strict=True)] or [[], [], [], []]
        await connection.execute(self._store_tiles, columns)

    async def any(self, connection: AsyncConnection[Row], first: int, count: int) -> bool:
        """Whether one of these pages or its tile is there."""
        between = Int8(first), Int8(first + count - 1)
        row = await (await connection.execute(self._any, (*between, *between), binary=True)).fetchone()
        return bool(row and row[0])

    async def read_back(self, connection: AsyncConnection[Row], first: int, count: int) -> list[Stored]:
        cursor = await connection.execute(self._read_back, (Int8(first), Int8(first + count - 1)), binary=True)
        return [Stored(*row) for row in await cursor.fetchall()]

    async def tiles(self, connection: AsyncConnection[Row], wanted: Sequence[tuple[int, int]]) -> set[Tile]:
        """Those of the wanted tiles, each a level and a number, that are there."""
        if not wanted:
            return set()
        levels, numbers = [level for level, _ in wanted], [Int8(n) for _, n in wanted]
        cursor = await connection.execute(self._read_tiles, (levels, numbers), binary=True)
        return {Tile(*row) for row in await cursor.fetchall()}

    async def discard(self, connection: AsyncConnection[Row], pages: Sequence[int]) -> None:
        """Delete pages with their tiles: they are made again from the events."""
        numbers = [Int8(n) for n in pages]
        await connection.execute(self._discard, (numbers, numbers))

    async def discard_tiles(self, connection: AsyncConnection[Row], tiles: Sequence[tuple[int, int]]) -> None:
        """Delete higher tiles."""
        levels, numbers = [level for level, _ in tiles], [Int8(n) for _, n in tiles]
        await connection.execute(self._discard_tiles, (levels, numbers))

    async def take_pages(
        self, connection: AsyncConnection[Row], given_up: Sequence[int], signed: int
    ) -> list[tuple[int, bytes]]:
        """Delete pages beyond the log's end, and those that were given up and no checkpoint covers whole; what they were.

        signed: how far what is kept outside covers the log. Some at a time: again until there are none. None where a checkpoint
        covers events that are gone.
        """
        parameters = Int8(signed), [Int8(n) for n in given_up]
        cursor = await connection.execute(self._take_pages, parameters, binary=True)
        return [(n, body) for n, body in await cursor.fetchall()]

    async def take_tiles(self, connection: AsyncConnection[Row], given_up: Sequence[int], signed: int) -> list[Tile]:
        """The same of tiles: those over events that are not there, and those of the pages."""
        parameters = Int8(signed), [Int8(n) for n in given_up]
        cursor = await connection.execute(self._take_tiles, parameters, binary=True)
        return [Tile(*row) for row in await cursor.fetchall()]
