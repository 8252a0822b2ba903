"""Sets aside what stands where no events are, so that sealing and export go on: into a file first, out of the tables then.

A page beyond the log's end may be all that is left of events that were removed. So nothing is deleted here whose bytes are not
in a file that survives a crash; and nothing at all where a checkpoint covers events that are gone, for then the events come back
from a backup, or a person goes on without them.
"""

import asyncio
import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct
from msgspec.json import encode

from adapters.auditing.extent import is_own
from adapters.kept_file import OWNERS, sync_folder
from adapters.postgres.database import Database
from adapters.postgres.page_store import PageStore, Tile
from application.envelope import PAGE_EVENTS
from domain.kernel import Refused

_NAMED_MAX: Final = 100


class SetAside(Struct, frozen=True, kw_only=True):
    """Pages and tiles that are in a file now and no longer in the tables."""

    file: str
    """One JSON object a line, with its table's name and columns; bytes in base64."""
    count: int
    names: tuple[str, ...]
    """At most 100."""
    own: tuple[int, ...]
    """Of the pages, those that hold the events of their own positions: these may have been recorded and lost. At most 100."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What people are told."""
        more = f" and {self.count - len(self.names):,} more" if self.count > len(self.names) else ""
        said = [f"Set aside, with every byte, in {self.file}: {', '.join(self.names)}{more}. Keep that file."]
        said += [
            f"Page {n:,} held events of the positions {n * PAGE_EVENTS + 1:,} to {(n + 1) * PAGE_EVENTS:,}: they may have been "
            "recorded and lost. Compare with a backup before you go on."
            for n in self.own
        ]
        return tuple(said)


class NotSetAside(Refused):
    """Nothing was taken out of the tables."""

    def __init__(self, folder: Path, why: OSError) -> None:
        super().__init__(
            f"What is over no events cannot be kept in {folder}: {os.strerror(why.errno or 0)}. Nothing was taken out of the "
            "tables; make room there, or a folder that can be written to, and repair again."
        )


async def set_aside(
    database: Database, schema: str, folder: Path, *, given_up: Sequence[int] = (), signed: int = 0
) -> SetAside | None:
    """Set aside pages and tiles beyond the log's end, and the pages that a person gave up where no checkpoint covers them whole.

    signed: how far the checkpoint kept outside covers it; it counts like those inside. None where there are none, or where a
    checkpoint covers events that are gone. Raises Unavailable and NotSetAside.
    """
    try:
        return await _set_aside(database, schema, folder, given_up, signed)
    except OSError as why:
        raise NotSetAside(folder, why) from why


async def _set_aside(
    database: Database, schema: str, folder: Path, given_up: Sequence[int], signed: int
) -> SetAside | None:
    store, names, own, number = PageStore(schema), list[str](), list[int](), 0
    file = await asyncio.to_thread(_opened, folder, schema)
    try:
        with file:
            async with database.connection() as connection, connection.transaction():
                while pages := await store.take_pages(connection, given_up, signed):
                    number += len(pages)
                    names += [f"page {n:,}" for n, _ in sorted(pages)[: _NAMED_MAX - len(names)]]
                    own += [n for n, body in sorted(pages) if len(own) < _NAMED_MAX and is_own(n, body)]
                    await asyncio.to_thread(_add, file, [_page(schema, *page) for page in pages])
                while tiles := await store.take_tiles(connection, given_up, signed):
                    number += len(tiles)
                    names += [_name(tile) for tile in sorted(tiles)[: _NAMED_MAX - len(names)]]
                    await asyncio.to_thread(_add, file, [_tile(schema, tile) for tile in tiles])
                await asyncio.to_thread(_synced, file, folder)
    except BaseException:
        # Of a commit that was not answered nobody knows whether it was carried out: what was written stays.
        _forget_empty(Path(file.name))
        raise
    if not number:
        _forget_empty(Path(file.name))
        return None
    return SetAside(file=file.name, count=number, names=tuple(names), own=tuple(own))


def _opened(folder: Path, schema: str) -> BinaryIO:
    """A file that was not there, its owner's alone: pages hold what every party may not see."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        try:
            path = folder / f"{schema}.set-aside.{number}.ndjson"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNERS)
        except FileExistsError:
            continue
        return open(path, "wb", opener=lambda _, __: descriptor)  # noqa: B023 - used at once
    raise AssertionError("There is always another number.")


def _add(file: BinaryIO, lines: Sequence[bytes]) -> None:
    file.writelines(line + b"\n" for line in lines)


def _synced(file: BinaryIO, folder: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    sync_folder(folder)


def _forget_empty(path: Path) -> None:
    if path.stat().st_size == 0:
        path.unlink()


def _page(schema: str, n: int, body: bytes) -> bytes:
    return encode({"network": schema, "table": "page", "n": n, "body": body})


def _tile(schema: str, tile: Tile) -> bytes:
    return encode({"network": schema, "table": "tile", **tile._asdict()})


def _name(tile: Tile) -> str:
    return f"tile {tile.level}/{tile.n}"
