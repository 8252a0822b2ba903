"""Statements as a read model of the stock `eventsourcing` library: its projection runner, one event a transaction, SQL by hand.

It keeps what `projections.statements` keeps of revenue, deliveries, pathways and rules: numbered lines on both sides of every
share, balances, and what a correction needs.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg import connect, sql

from adapters.bench.rounds import Count
from adapters.postgres.bench.stock import environment
from application.envelope import Recorded, decode
from domain.agreements.events import AgreementEnteredIntoForce
from domain.money import Share
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import RevenueReversed, RevenueShared, ReversedShare

INSERT_EVENTS: Final = 50
"""In one transaction: with 500 the pipeline of the library got stuck."""
WAIT_SECONDS: Final = 1.0
_ORIGINATOR: Final = UUID(int=1)

_TABLES: Final = (
    """create table {schema}.line (
    partner text, period text, n bigint, occurred_on date, recorded_at timestamptz, kind text, counterparty text, cents bigint,
    role text, clause text, terms jsonb, corrects text, project text, pathway text, step bigint, part bigint, entry text,
    events bigint[], primary key (partner, period, n))""",
    """create table {schema}.balance (partner text, period text, lines bigint, cents bigint, own_cents bigint,
    primary key (partner, period))""",
    """create table {schema}.posted (entry text primary key, period text, events bigint[], numbers jsonb)""",
    """create table {schema}.bound (pathway text primary key, position bigint)""",
    """create table {schema}.delivered (pathway text, step bigint, part bigint, position bigint,
    primary key (pathway, step, part))""",
    """create table {schema}.rule (agreement text, version bigint, position bigint, primary key (agreement, version))""",
)
_RULE: Final = """insert into {schema}.rule values (%s, %s, %s)
on conflict (agreement, version) do update set position = excluded.position"""
_BOUND: Final = """insert into {schema}.bound values (%s, %s)
on conflict (pathway) do update set position = excluded.position"""
_DELIVERED: Final = """insert into {schema}.delivered values (%s, %s, %s, %s)
on conflict (pathway, step, part) do update set position = excluded.position"""
_BEHIND: Final = """select
    (select position from {schema}.delivered where pathway = %s and step = %s and part = %s) as delivered,
    (select position from {schema}.bound where pathway = %s) as bound,
    (select position from {schema}.rule where agreement = %s and version = %s) as rule"""
_BALANCE: Final = """insert into {schema}.balance as b values (%s, %s, %s, %s, %s)
on conflict (partner, period) do update set
    lines = b.lines + excluded.lines, cents = b.cents + excluded.cents, own_cents = b.own_cents + excluded.own_cents
returning lines"""
_LINE: Final = """insert into {schema}.line values
    (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_POSTED: Final = "insert into {schema}.posted values (%s, %s, %s, %s)"
_FIND: Final = "select period, events, numbers from {schema}.posted where entry = %s"


@dataclass(frozen=True)
class Told(DomainEvent):
    """An event as Täsmä stored it."""

    body: str


class History(Application[UUID]):
    name = "bench"


class StatementView(PostgresTrackingRecorder):
    """Writes what one event changes, and how far it has come, in one transaction."""

    def _create_table(self, curs: Any) -> None:  # noqa: ANN401 - the library's cursor
        super()._create_table(curs)
        for table in _TABLES:
            curs.execute(self._own(table))

    def _own(self, statement: str) -> bytes:
        # Statements are constants of this file.
        return sql.SQL(statement).format(schema=sql.Identifier(self.datastore.schema)).as_bytes()

    def take(self, recorded: Recorded, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)

            def rows(statement: str, *parameters: object) -> list[dict[str, Any]]:
                cursor.execute(self._own(statement), parameters, prepare=True)
                return cursor.fetchall() if cursor.description else []

            position = tracking.notification_id
            match recorded.data:
                case AgreementEnteredIntoForce() as fact:
                    rows(_RULE, fact.agreement, fact.version, position)
                case PathwayAgreed() as fact:
                    rows(_BOUND, fact.pathway, position)
                case StepDelivered() as fact:
                    rows(_DELIVERED, fact.pathway, fact.step, fact.part, position)
                case RevenueShared() as fact:
                    self._shared(rows, fact, recorded, position)
                case RevenueReversed() as fact:
                    self._reversed(rows, fact, recorded, position)
                case _:
                    pass

    def _shared(self, rows: Any, fact: RevenueShared, recorded: Recorded, position: int) -> None:  # noqa: ANN401 - see take
        where = (fact.pathway, fact.step, fact.part)
        (behind,) = rows(_BEHIND, *where, fact.pathway, fact.agreement, fact.version)
        events = [position, *behind.values()]
        numbers: list[tuple[int, int]] = []
        for share in fact.shares:
            if share.partner == fact.collected_by:
                rows(_BALANCE, share.partner, fact.period, 0, 0, share.cents)
            if share.partner == fact.collected_by or share.cents == 0:
                numbers.append((0, 0))
                continue
            sides = ((share.partner, fact.collected_by, share.cents), (fact.collected_by, share.partner, -share.cents))
            pair = []
            for kind, side in zip(("share-earned", "share-owed"), sides, strict=True):
                n = rows(_BALANCE, side[0], fact.period, 1, side[2], 0)[0]["lines"]
                rows(_LINE, *_line(fact, share, recorded, side, n=n, kind=kind), fact.entry, events)
                pair.append(n)
            numbers.append((pair[0], pair[1]))
        rows(_POSTED, fact.entry, fact.period, events, msgspec.json.encode(numbers).decode())

    def _reversed(self, rows: Any, fact: RevenueReversed, recorded: Recorded, position: int) -> None:  # noqa: ANN401 - see take
        (posted,) = rows(_FIND, fact.entry)
        events = [position, *posted["events"]]
        for share, numbers in zip(fact.shares, posted["numbers"], strict=True):
            if share.partner == fact.collected_by:
                rows(_BALANCE, share.partner, fact.period, 0, 0, -share.cents)
            if not numbers[0]:
                continue
            sides = ((share.partner, fact.collected_by, -share.cents), (fact.collected_by, share.partner, share.cents))
            for number, side in zip(numbers, sides, strict=True):
                n = rows(_BALANCE, side[0], fact.period, 1, side[2], 0)[0]["lines"]
                corrects = f"{posted['period']}/{number}"
                line = _line(fact, share, recorded, side, n=n, kind="correction", corrects=corrects)
                rows(_LINE, *line, fact.reversal, events)


def _line(
    fact: RevenueShared | RevenueReversed,
    share: Share | ReversedShare,
    recorded: Recorded,
    side: tuple[str, str, int],
    *,
    n: int,
    kind: str,
    corrects: str | None = None,
) -> tuple[object, ...]:
    partner, other, cents = side
    terms = msgspec.json.encode(share.terms).decode() if isinstance(share, Share) else None
    party = (partner, fact.period, n, fact.occurred_on, recorded.time, kind, other, cents, share.role, share.clause)
    return (*party, terms, corrects, fact.project, fact.pathway, fact.step, fact.part)


class StatementProjection(Projection[StatementView]):
    name = "statements"

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:  # noqa: ANN401 - the library's signature
        raise NotImplementedError

    @process_event.register
    def told(self, domain_event: Told, tracking: Tracking) -> None:
        self.view.take(decode(domain_event.body.encode()), tracking)


def run_stock(admin_dsn: str, schema: str, bodies: Sequence[bytes], stop: threading.Event) -> Count:
    """Store the events, then follow them all from the first. Blocks. Raises TimeoutError when told to stop."""
    with connect(admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    given = environment(admin_dsn, schema, "eventsourcing.postgres")
    with History(given) as history:
        for some in range(0, len(bodies), INSERT_EVENTS):
            told = enumerate(bodies[some : some + INSERT_EVENTS], some + 1)
            history.recorder.insert_events([history.mapper.to_stored_event(_told(n, body)) for n, body in told])
        last = history.recorder.max_notification_id()
    began = time.perf_counter()
    with ProjectionRunner[History, StatementView](
        application_class=History, projection_class=StatementProjection, view_class=StatementView, env=given
    ) as runner:
        while not stop.is_set():
            with suppress(TimeoutError):
                runner.wait(last, timeout=WAIT_SECONDS)
                return Count(len(bodies), time.perf_counter() - began)
    raise TimeoutError


def _told(n: int, body: bytes) -> Told:
    return Told(originator_id=_ORIGINATOR, originator_version=n, timestamp=decode(body).time, body=body.decode())
