"""Statements as a read model of the stock `eventsourcing` library: its projection runner, one event a transaction, SQL by hand.

It keeps what `projections.statements` keeps of what is posted and of what lines rest on: numbered lines on both sides of every
share, balances with VAT on the sums of a month, and what a correction needs.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
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
from domain.money import Terms, vat_of
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp, ShareVat
from domain.settlement.events import Netted, PaymentRecorded
from domain.vat.events import VatTreatmentDecided

INSERT_EVENTS: Final = 50
"""In one transaction: with 500 the pipeline of the library got stuck."""
WAIT_SECONDS: Final = 1.0
_ORIGINATOR: Final = UUID(int=1)

_TABLES: Final = (
    """create table {schema}.line (
    partner text, period text, n bigint, occurred_on date, recorded_at timestamptz, kind text, counterparty text, cents bigint,
    role text, clause text, terms jsonb, corrects text, project text, pathway text, step bigint, part bigint, entry text,
    events bigint[], primary key (partner, period, n))""",
    """create table {schema}.balance (partner text, period text, lines bigint, vat_lines bigint, cents bigint, own_cents bigint,
    primary key (partner, period))""",
    """create table {schema}.levy (partner text, period text, counterparty text, sells boolean, code text, rate text,
    base_cents bigint, primary key (partner, period, counterparty, sells, code, rate))""",
    """create table {schema}.posted (entry text primary key, position bigint, period text, numbers jsonb)""",
    """create table {schema}.bound (pathway text primary key, position bigint)""",
    """create table {schema}.delivered (pathway text, step bigint, part bigint, position bigint,
    primary key (pathway, step, part))""",
    """create table {schema}.rule (agreement text, version bigint, position bigint, primary key (agreement, version))""",
    """create table {schema}.decided (treatment text primary key, position bigint)""",
)
_RULE: Final = """insert into {schema}.rule values (%s, %s, %s)
on conflict (agreement, version) do update set position = excluded.position"""
_BOUND: Final = """insert into {schema}.bound values (%s, %s)
on conflict (pathway) do update set position = excluded.position"""
_DELIVERED: Final = """insert into {schema}.delivered values (%s, %s, %s, %s)
on conflict (pathway, step, part) do update set position = excluded.position"""
_DECIDED: Final = "insert into {schema}.decided values (%s, %s)"
_BEHIND: Final = """select
    (select position from {schema}.delivered where pathway = %s and step = %s and part = %s) as delivered,
    (select position from {schema}.bound where pathway = %s) as bound,
    (select position from {schema}.rule where agreement = %s and version = %s) as rule"""
_RULED: Final = "select position as rule from {schema}.rule where agreement = %s and version = %s"
_DECISION: Final = "select position from {schema}.decided where treatment = %s"
_BALANCE: Final = """insert into {schema}.balance as b values (%s, %s, %s, %s, %s, %s)
on conflict (partner, period) do update set lines = b.lines + excluded.lines, vat_lines = b.vat_lines + excluded.vat_lines,
    cents = b.cents + excluded.cents, own_cents = b.own_cents + excluded.own_cents
returning lines"""
_LEVY: Final = """insert into {schema}.levy as b values (%s, %s, %s, %s, %s, %s, %s)
on conflict (partner, period, counterparty, sells, code, rate) do update set base_cents = b.base_cents + excluded.base_cents
returning base_cents"""
_LINE: Final = """insert into {schema}.line values
    (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_POSTED: Final = "insert into {schema}.posted values (%s, %s, %s, %s)"
_FIND: Final = "select position, period, numbers from {schema}.posted where entry = %s"

Posted = RevenueShared | RevenueReversed | CostShared | RevenueTruedUp | Netted | PaymentRecorded


class _Cut(NamedTuple):
    """One share: cents with the sign of the event, also where they are the hub's own."""

    partner: str
    cents: int
    clause: str | None = None
    role: str | None = None
    terms: Terms | None = None
    waived_cents: int = 0


class _Booking(NamedTuple):
    """What one event posts."""

    hub: str
    kinds: tuple[str, str]
    """Of the partners' lines, and of the hub's."""
    cuts: Sequence[_Cut]
    entry: str | None
    sign: int = 1
    """What a share of positive cents is to its partner: 1, due to it; -1, owed by it."""
    keeps: int = 0
    """Whether what is the hub's own is kept by it (1), was before (-1), or is no income."""
    hub_sells: bool = False


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
                case VatTreatmentDecided() as fact:
                    rows(_DECIDED, fact.treatment, position)
                case PathwayAgreed() as fact:
                    rows(_BOUND, fact.pathway, position)
                case StepDelivered() as fact:
                    rows(_DELIVERED, fact.pathway, fact.step, fact.part, position)
                case (
                    RevenueShared()
                    | RevenueReversed()
                    | CostShared()
                    | RevenueTruedUp()
                    | Netted()
                    | PaymentRecorded() as fact
                ):
                    self._post(rows, fact, recorded, position)
                case _:
                    pass

    def _post(self, rows: Any, fact: Posted, recorded: Recorded, position: int) -> None:  # noqa: ANN401 - see take
        booking = _booking(fact)
        hub, kinds, sign = booking.hub, booking.kinds, booking.sign
        taken_back = rows(_FIND, fact.entry)[0] if isinstance(fact, RevenueReversed) else None
        before = (taken_back["position"],) if taken_back else ()
        behind = (position, *before, *_behind(rows, fact))
        taxes = (
            {t.clause: t for t in fact.vat} if isinstance(fact, RevenueShared | RevenueReversed | CostShared) else {}
        )
        numbers: dict[str, tuple[int, ...]] = {}
        for cut in booking.cuts:
            if cut.partner == hub:
                if booking.keeps:
                    rows(_BALANCE, hub, fact.period, 0, 0, 0, booking.keeps * cut.cents)
                continue
            if not (cut.cents or cut.waived_cents):
                continue
            tax, due_cents = taxes.get(cut.clause or ""), sign * cut.cents
            events = [*behind, *(row["position"] for row in (rows(_DECISION, tax.decision) if tax else ()))]
            sides = ((cut.partner, hub, due_cents), (hub, cut.partner, -due_cents))
            found = []
            for at_hub, (kind, (partner, other, cents)) in enumerate(zip(kinds, sides, strict=True)):
                n = rows(_BALANCE, partner, fact.period, 1, 0, cents, 0)[0]["lines"]
                corrects = f"{taken_back['period']}/{taken_back['numbers'][cut.clause][at_hub]}" if taken_back else None
                party = (
                    partner,
                    fact.period,
                    n,
                    fact.occurred_on,
                    recorded.time,
                    kind,
                    other,
                    cents,
                    cut.role,
                    cut.clause,
                )
                terms = msgspec.json.encode(cut.terms).decode() if cut.terms else None
                rows(_LINE, *party, terms, corrects, *_where(fact), booking.entry, events)
                found.append(n)
            numbers[cut.clause or ""] = tuple(found)
            if tax:
                _levy(rows, fact.period, tax, sides, hub_sells=booking.hub_sells)
        if isinstance(fact, RevenueShared | CostShared):
            rows(_POSTED, fact.entry, position, fact.period, msgspec.json.encode(numbers).decode())


def _booking(fact: Posted) -> _Booking:
    match fact:
        case RevenueShared():
            cuts = [_Cut(s.partner, s.cents, s.clause, s.role, s.terms) for s in fact.shares]
            return _Booking(fact.collected_by, ("share-earned", "share-owed"), cuts, fact.entry, keeps=1)
        case CostShared():
            cuts = [_Cut(s.partner, s.cents, s.clause, None, s.terms, s.waived_cents) for s in fact.shares]
            return _Booking(fact.collected_by, ("cost-share",) * 2, cuts, fact.entry, sign=-1, hub_sells=True)
        case RevenueReversed():
            cuts, cost = [_Cut(s.partner, s.cents, s.clause, s.role) for s in fact.shares], fact.of == "cost"
            sign, keeps = (1, 0) if cost else (-1, -1)
            return _Booking(fact.collected_by, ("correction",) * 2, cuts, fact.reversal, sign, keeps, hub_sells=cost)
        case RevenueTruedUp():
            cuts = [_Cut(s.partner, s.cents, s.partner) for s in fact.shares]
            return _Booking(fact.collected_by, ("true-up",) * 2, cuts, fact.entry, keeps=1)
        case Netted():
            return _Booking(fact.second, ("set-off",) * 2, [_Cut(fact.first, fact.moved_cents)], fact.netting)
        case PaymentRecorded():
            return _Booking(fact.payee, ("payment",) * 2, [_Cut(fact.payer, fact.posted_cents)], None)


def _behind(rows: Any, fact: Posted) -> tuple[int, ...]:  # noqa: ANN401 - see take
    """Where the part was delivered, its pathway agreed and its rule in force."""
    if isinstance(fact, Netted | PaymentRecorded):
        return ()
    if isinstance(fact, CostShared | RevenueTruedUp) or fact.pathway is None:
        return tuple(rows(_RULED, fact.agreement, fact.version)[0].values())
    where = (fact.pathway, fact.step, fact.part, fact.pathway, fact.agreement, fact.version)
    return tuple(rows(_BEHIND, *where)[0].values())


def _where(fact: Posted) -> tuple[object, ...]:
    match fact:
        case RevenueShared() | RevenueReversed():
            return (fact.project, fact.pathway, fact.step, fact.part)
        case CostShared():
            return (fact.project, None, None, None)
        case _:
            return (None,) * 4


def _levy(
    rows: Any,  # noqa: ANN401 - see take
    period: str,
    tax: ShareVat,
    sides: Sequence[tuple[str, str, int]],
    *,
    hub_sells: bool,
) -> None:
    """What this line adds to the tax on the sum of the month, on both sides."""
    if not vat_of(100_00, tax.rate):
        return
    for at_hub, (partner, other, cents) in enumerate(sides):
        sells = bool(at_hub) is hub_sells
        added = cents if sells else -cents
        base = rows(_LEVY, partner, period, other, sells, tax.code, tax.rate, added)[0]["base_cents"]
        now, then = vat_of(base, tax.rate), vat_of(base - added, tax.rate)
        rows(_BALANCE, partner, period, 0, (now != 0) - (then != 0), now - then if sells else then - now, 0)


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
