"""Many real events at once, with everything that the log keeps beside them, put into the tables by their owner."""

from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from adapters.entropy import SeededEntropy
from application.envelope import encode, placed
from domain.kernel import Event
from tests.log.decisions import capacity, decision, founded
from tests.sealing.conftest import Sealing

NINE = datetime(2026, 3, 5, 9, tzinfo=UTC)
EVENTS = 64
"""Of a decision: the first is the founding with 63 others."""


def bulk(sealing: Sealing, size: int, *, backwards_at: int | None = None, unknown: bool = False) -> None:
    """A log of that size.

    backwards_at: the decision around this position gets an earlier time than the one before it.
    unknown: the last event is of a type that nobody knows yet.
    """
    entropy = SeededEntropy(5)
    with psycopg.connect(sealing.server.admin_dsn) as connection, connection.cursor() as cursor:
        events: list[tuple[object, ...]] = []
        tags: list[tuple[object, ...]] = []
        commands: list[tuple[object, ...]] = []
        types: dict[str, int] = {}
        while len(events) < size:
            head = len(events)
            made: list[Event] = [capacity(n % 7, 1 + n % 50) for n in range(head, min(head + EVENTS, size))]
            if not head:
                made[0] = founded(constructed=False)
            asked = decision(*made)
            at = NINE + timedelta(seconds=head)
            if backwards_at is not None and head <= backwards_at < head + EVENTS:
                at -= timedelta(seconds=EVENTS + 1)
            for position, event in enumerate(encode(asked.events, asked.asked, "/networks/test", entropy), head + 1):
                name, body = event.type, event.body
                if unknown and position == size:
                    body, name = body.replace(name.encode(), b"tasma.later.thing.v1"), "tasma.later.thing.v1"
                kind = types.setdefault(name, len(types) + 1)
                events.append((position, kind, at, list(event.tags), placed(position, at, body)))
                tags += [(tag, kind, position) for tag in event.tags]
            commands.append((asked.asked.command_id, asked.digest, len(events), len(made)))
        rows: dict[str, list[tuple[object, ...]]] = {
            "event_type": [(kind, name) for name, kind in types.items()],
            "event": events,
            "tag": tags,
            "command": commands,
            "network": [(True, False)],
        }
        for table, each in rows.items():
            named = sql.Identifier(sealing.schema, table)
            with cursor.copy(sql.SQL("copy {} from stdin").format(named)) as copy:
                for row in each:
                    copy.write_row(row)
