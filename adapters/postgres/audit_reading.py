"""What a verification reads: one network's tables as of one moment, in order and in parts.

All of it is seen through one snapshot, on two connections: while a program checks a part on one, the database looks up tags
and commands of that part on the other.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.types.numeric import Int4, Int8

from adapters.postgres.checkpoints import KEYS
from adapters.postgres.database import Row, conninfo, statement, unreachable
from adapters.postgres.documents import FIND, as_kept
from application.envelope import EVENT_BYTES_MAX, TAGS_MAX
from domain.kernel import Refused

# A time before year 1 or after 9999 is none that an event can have, nor one that can be read here. What is longer than it may be
# is fetched no further than it takes to see that, so that no row, whoever put it there, fills the memory.
_EVENTS = """
select
    position,
    type_id,
    case when at between '0001-01-01Z' and '9999-12-31 23:59:59.999999Z' then at end,
    case
        when tags is null or cardinality(tags) <= {tags} and octet_length(array_to_string(tags, '')) <= {bytes} then tags
        else array['(more than an event may have)']
    end,
    substr(data, 1, {bytes} + 1),
    octet_length(data)
from {schema}.event where position > %s and position <= %s order by position
""".replace("{bytes}", str(EVENT_BYTES_MAX)).replace("{tags}", str(TAGS_MAX))
_TYPES = "select id, left(name, 200) from {schema}.event_type"
# Each row is of one position, each page and tile of 256. If half of all that was recorded is gone, and one page more, each of
# the positions is still looked for; what stands beyond that is a stray.
_ROOM = """
select 256 + 2 * ((select count(*) from {schema}.event) + 256 * (
    (select count(*) from {schema}.page) + (select count(*) from {schema}.tile where level = 0)
))
"""
_HEAD = "select coalesce(max(position), 0) from {schema}.event where position <= %s"
_PAGES = "select n, substr(body, 1, 17000001) from {schema}.page where n >= %s and n < %s"
_TILES = (
    "select n, substr(hashes, 1, 8193), substr(root, 1, 33) from {schema}.tile where level = %s and n >= %s and n < %s"
)
_LAST_TILE = "select max(n) from {schema}.tile where level = 0 and n < %s"
_PAGES_DOWN = "select n from {schema}.page where n >= %s and n < %s order by n desc"
_TILES_BEYOND = """
select level, n from {schema}.tile where (n::numeric + 1) * 256::numeric ^ level > %s order by level, n limit 100
"""
_PAGES_BEYOND = "select n from {schema}.page where n >= %s order by n limit 100"
_EVENTS_BEYOND = "select position from {schema}.event where position > %s order by position limit 100"
_CHECKPOINTS_DOWN = "select size, root, note from {schema}.checkpoint order by size desc"
_CHECKPOINTS = "select size, root, note from {schema}.checkpoint where size > %s and size <= %s order by size"
_COSIGNATURES = "select size, vkey, line from {schema}.cosignature order by size, vkey"
_WITNESSES = "select vkey from {schema}.witness order by registered_at"
_MISSING_TAGS = """
select e.position, left(w.tag, 200) from {schema}.event e cross join lateral (select distinct unnest(e.tags) as tag) w
where e.position > %s and e.position <= %s
    and not exists (select from {schema}.tag t where t.tag = w.tag and t.type_id = e.type_id and t.position = e.position)
order by e.position, w.tag limit 100
"""
_BELOW = "select position from {schema}.event where position < 1 order by position limit 100"
_TAG_COUNTS = "select count(*) from {schema}.tag"
_STRAY_TAGS = """
select t.position, t.tag from {schema}.tag t left join {schema}.event e on e.position = t.position
where t.position < 1 or e.position is null or e.type_id <> t.type_id or not coalesce(t.tag = any (e.tags), false)
order by t.position, t.tag limit 100
"""
_WRONG_COMMANDS = """
select w.id, w.last, c.last, c.n from unnest(%b::uuid[], %b::bigint[], %b::int[]) as w(id, last, n)
left join {schema}.command c on c.id = w.id
where c.id is null or c.last <> w.last or c.n <> w.n
"""
_COMMANDS = "select count(*) from {schema}.command"
_STRAY_COMMANDS = """
select c.id, c.last from {schema}.command c left join {schema}.event e on e.position = c.last
where c.last < 1 or e.position is null or position(convert_to('"commandid":"' || c.id || '"', 'UTF8') in e.data) = 0
order by c.last limit 100
"""
_ORPHANS = """
select size, vkey from {schema}.cosignature s
where not exists (select from {schema}.checkpoint c where c.size = s.size)
    or not exists (select from {schema}.witness w where w.vkey = s.vkey)
order by size, vkey limit 100
"""
_MARKS = "select policy, position from {schema}.mark order by policy"
_BEYOND_MARK = """
select position from {schema}.event
where position > %s and position(convert_to('"id":"' || %s::uuid || '"', 'UTF8') in substr(data, 1, {bytes})) > 0
order by position limit 1
""".replace("{bytes}", str(EVENT_BYTES_MAX))
_CATALOGUE = "select coalesce(max(version), 0) from {schema}.catalogue"
_NETWORK = "select constructed from {schema}.network"


class TileRow(NamedTuple):
    """A tile as stored."""

    hashes: bytes
    root: bytes


class Unreadable(Refused):
    """The database has values that no column of ours takes."""

    def __init__(self, error: psycopg.DataError) -> None:
        super().__init__(
            f"The tables hold what cannot be read ({str(error).partition(chr(10))[0]}), so the log is not what it says. Restore it "
            "from a backup."
        )


class AuditReading:
    """The tables of one schema as of one moment. Made by `audit_reading`."""

    def __init__(self, main: AsyncConnection[Row], beside: AsyncConnection[Row], schema: str) -> None:
        self._main, self._beside, self._schema = main, beside, schema

    async def room(self) -> int:
        """The position that the log reaches at most, by how much is stored of it."""
        return int((await self._rows(_ROOM))[0][0])

    async def head(self, room: int) -> int:
        """The last position of a row, of those up to `room`."""
        return int((await self._rows(_HEAD, Int8(room)))[0][0])

    async def types(self) -> dict[int, str]:
        return dict(await self._rows(_TYPES))

    async def last_tile(self, end: int) -> int | None:
        """The number of the last tile of level 0 before `end`."""
        n: int | None = (await self._rows(_LAST_TILE, Int8(end)))[0][0]
        return n

    async def pages_down(self, first: int, end: int) -> list[int]:
        """The numbers of the pages from `first` up to `end`, the last one first."""
        return [n for (n,) in await self._rows(_PAGES_DOWN, Int8(first), Int8(end))]

    async def events(self, after: int, upto: int) -> list[Row]:
        """Rows (position, type id, time, tags, bytes, number of bytes).

        The time is None where no event can have it; of the bytes there are at most one more than an event may have.
        """
        return await self._rows(_EVENTS, Int8(after), Int8(upto))

    async def pages(self, first: int, end: int) -> dict[int, bytes]:
        return dict(await self._rows(_PAGES, Int8(first), Int8(end)))

    async def tiles(self, level: int, first: int, end: int) -> dict[int, TileRow]:
        rows = await self._rows(_TILES, Int4(level), Int8(first), Int8(end))
        return {n: TileRow(hashes, root) for n, hashes, root in rows}

    async def tiles_beyond(self, pages: int) -> list[Row]:
        """Rows (level, n) of tiles over more pages than there are."""
        return await self._rows(_TILES_BEYOND, Int8(pages))

    async def pages_beyond(self, pages: int) -> list[int]:
        """The numbers of the pages from `pages` on."""
        return [n for (n,) in await self._rows(_PAGES_BEYOND, Int8(pages))]

    async def events_beyond(self, last: int) -> list[int]:
        """The positions of rows after `last`."""
        return [position for (position,) in await self._rows(_EVENTS_BEYOND, Int8(last))]

    async def checkpoints_down(self) -> AsyncGenerator[Row, None]:
        """Rows (size, root, note), the largest size first, as far as they are asked for."""
        async with self._main.cursor(name="checkpoints", binary=True) as cursor:
            await cursor.execute(statement(_CHECKPOINTS_DOWN, self._schema))
            async for row in cursor:
                yield row

    async def checkpoints(self, after: int, upto: int) -> list[Row]:
        """Rows (size, root, note)."""
        return await self._rows(_CHECKPOINTS, Int8(after), Int8(upto))

    async def cosignatures(self) -> list[Row]:
        """Rows (size, key, line)."""
        return await self._rows(_COSIGNATURES)

    async def keys(self) -> list[str]:
        return [vkey for (vkey,) in await self._rows(KEYS)]

    async def witnesses(self) -> list[str]:
        return [vkey for (vkey,) in await self._rows(_WITNESSES)]

    async def orphans(self) -> list[Row]:
        """Rows (size, key) of cosignatures whose checkpoint or witness is not there."""
        return await self._rows(_ORPHANS)

    async def marks(self) -> dict[str, int]:
        """Up to where each policy has worked."""
        return dict(await self._rows(_MARKS))

    async def beyond_mark(self, mark: int, event: UUID) -> int | None:
        """The position of an event by its id, if it stands beyond a mark."""
        return next((position for (position,) in await self._rows(_BEYOND_MARK, Int8(mark), event)), None)

    async def catalogue(self) -> int:
        """The newest version of events that the network says it has recorded with."""
        return int((await self._rows(_CATALOGUE))[0][0])

    async def constructed(self) -> bool | None:
        """What the table of the network says; None where it has no row."""
        return next((bool(constructed) for (constructed,) in await self._rows(_NETWORK)), None)

    async def document(self, digest: str) -> bytes | None:
        return next((as_kept(body, length) for body, length in await self._rows(FIND, digest)), None)

    async def missing_tags(self, after: int, upto: int) -> list[Row]:
        """Rows (position, tag): what the events' rows have and the index of tags has not. On the second connection."""
        return await self._rows_beside(_MISSING_TAGS, Int8(after), Int8(upto))

    async def below(self) -> list[int]:
        """Positions of events before the first."""
        return [position for (position,) in await self._rows(_BELOW)]

    async def tag_count(self) -> int:
        return int((await self._rows(_TAG_COUNTS))[0][0])

    async def stray_tags(self) -> list[Row]:
        """Rows (position, tag): what the index has and no event's row."""
        return await self._rows(_STRAY_TAGS)

    async def wrong_commands(self, decisions: Sequence[tuple[UUID, int, int]]) -> list[Row]:
        """Rows (id, last, recorded last, recorded n) of decisions recorded otherwise, or not. On the second connection."""
        ids, lasts, ns = [d[0] for d in decisions], [Int8(d[1]) for d in decisions], [Int4(d[2]) for d in decisions]
        return await self._rows_beside(_WRONG_COMMANDS, ids, lasts, ns)

    async def command_count(self) -> int:
        return int((await self._rows(_COMMANDS))[0][0])

    async def stray_commands(self) -> list[Row]:
        """Rows (id, last) of commands that the event at their last position was not written by."""
        return await self._rows(_STRAY_COMMANDS)

    async def _rows(self, query: str, *parameters: Any) -> list[Row]:  # noqa: ANN401 - whatever SQL takes
        cursor = await self._main.execute(statement(query, self._schema), parameters, binary=True)
        return await cursor.fetchall()

    async def _rows_beside(self, query: str, *parameters: Any) -> list[Row]:  # noqa: ANN401 - whatever SQL takes
        cursor = await self._beside.execute(statement(query, self._schema), parameters, binary=True)
        return await cursor.fetchall()


@asynccontextmanager
async def audit_reading(dsn: str, schema: str) -> AsyncIterator[AuditReading]:
    """Read as of now, for as long as the block lasts. Raises Unavailable and Unreadable."""
    info = conninfo(dsn, "tasma audit")
    try:
        async with (
            await AsyncConnection.connect(info, autocommit=True, prepare_threshold=0) as main,
            await AsyncConnection.connect(info, autocommit=True, prepare_threshold=0) as beside,
        ):
            for connection in (main, beside):
                await connection.execute("set timezone = 'UTC'")
                await connection.execute("begin isolation level repeatable read, read only")
            row = await (await main.execute("select pg_export_snapshot()")).fetchone()
            await beside.execute(f"set transaction snapshot '{row[0] if row else ''}'")
            yield AuditReading(main, beside, schema)
            for connection in (main, beside):
                await connection.execute("commit")
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise unreachable(error) from error
    except psycopg.DataError as error:
        raise Unreadable(error) from error
