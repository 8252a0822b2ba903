"""Makes a long log fast: rows by COPY, past the function `append`.

`append` asks of every decision whether it may be recorded; here that is known, because nobody else writes into this log
and its decisions were recorded once already. What it leaves behind is the same: dense positions, rising times, the exact
bytes, a row for every type, tag and command. So it is good for measuring on, and for nothing that anybody settles on: it is
reachable from benches alone, on schemas that they make and drop.
"""

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import psycopg
from psycopg import sql

from adapters.bench.rounds import Say
from adapters.postgres.bench.copies import TYPE_IDS, Rows

BYTES_PER_EVENT: Final = 2_000
"""Table, indexes and write-ahead log of an event of 600 bytes, with room to spare."""
CHUNK_EVENTS: Final = 20_000
SAY_EVENTS: Final = 1_000_000
_COPIES: Final = {
    "event": "copy {} (position, type_id, at, tags, data) from stdin (format binary)",
    "tag": "copy {} (tag, type_id, position) from stdin (format binary)",
    "command": "copy {} (id, digest, last, n) from stdin (format binary)",
}
_HEAD, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


def load(
    admin_dsn: str, network: str, copies: Iterable[Rows], stop: threading.Event, *, constructed: bool, say: Say
) -> int:
    """Fill the empty log of a migrated network and return its head. Blocks: run it in a thread.

    `admin_dsn`: the role that owns the tables.
    """
    head = 0
    with psycopg.connect(admin_dsn, autocommit=True) as connection, ThreadPoolExecutor(1) as sender:
        connection.execute("set synchronous_commit = off")
        _begin(connection, network, constructed=constructed)
        chunk, waiting, sent = list[Rows](), 0, Future[None]()
        sent.set_result(None)
        for rows in copies:
            if stop.is_set():
                break
            chunk.append(rows)
            waiting += rows.events
            if waiting >= CHUNK_EVENTS:
                sent.result()
                sent = sender.submit(_send, connection, network, chunk)
                head += waiting
                if head % SAY_EVENTS < waiting:
                    say(f"{head:,} events loaded")
                chunk, waiting = [], 0
        sent.result()
        _send(connection, network, chunk)
        for table in _COPIES:  # as autovacuum would have done by now
            connection.execute(_composed("vacuum analyze {}", network, table))
    return head + waiting


def _begin(connection: psycopg.Connection, network: str, *, constructed: bool) -> None:
    with connection.cursor() as cursor:
        types = [(n, name) for name, n in TYPE_IDS.items()]
        cursor.executemany(_composed("insert into {} (id, name) values (%s, %s)", network, "event_type"), types)
        cursor.execute(_composed("insert into {} (constructed) values (%s)", network, "network"), (constructed,))


def _composed(statement: str, network: str, table: str) -> bytes:
    # Statements are constants of this file; names are quoted as identifiers.
    return sql.SQL(statement).format(sql.Identifier(network, table)).as_bytes()


def _send(connection: psycopg.Connection, network: str, chunk: list[Rows]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        for table, statement in _COPIES.items():
            with cursor.copy(_composed(statement, network, table)) as copying:
                copying.write(b"".join((_HEAD, *(getattr(rows, table) for rows in chunk), _END)))
