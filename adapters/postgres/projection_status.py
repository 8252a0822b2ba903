"""How far the read models and the policies are: what status and health checks show."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import psycopg
from msgspec import Struct

from adapters.postgres.follower import Standing, kept_fault, standing
from adapters.postgres.read_tables import Connection, ReadTables, live_schema
from adapters.postgres.views import Connect
from adapters.projecting.slices import time_of, type_of
from adapters.projecting.working import Fault
from application.envelope import UNREADABLE, decode
from application.policy_worker import MARK_WAY_OUT, PolicyWorker, beyond_end, halt_at
from application.ports import Log
from projections.rows import Projection

FAULTS_MAX = 20
State = Literal["live", "behind", "halted", "parked", "stale"]

_PARKED = """
select position, fault::text, count(*) over () from {schema}.parked where projection = %s order by position desc limit %s
"""


class Status(Struct, frozen=True):
    """One projection or policy as an operator sees it."""

    name: str
    position: int
    lag_events: int
    lag_seconds: float
    """The age of the oldest event that was not applied; 0 at the head."""
    state: State
    """`halted`: it does not get past the next event; `parked`: it follows, but left events out; `stale`: it stands beyond the
    end of the log, so it is of another history."""
    faults: tuple[Fault, ...] = ()
    """Where it halted, why it is stale, or the newest of the events it left out."""
    parked: int = 0
    """How many events it left out."""


async def projection_status(
    projections: Sequence[Projection], *, connect: Connect, network: str, log: Log, now: datetime
) -> tuple[Status, ...]:
    """Give the status of each projection, in the order given. Raises Unavailable when the log cannot be reached."""
    async with connect() as connection:
        found = [await _one(ReadTables(p, live_schema(network)), connection) for p in projections]
    # The head comes last, so that a lag is rather too large than too small.
    head = (await log.head()).position
    statuses = []
    for projection, (stands, faults, parked) in zip(projections, found, strict=True):
        position = stands.position if stands else 0
        body = await log.body(position + 1) if position < head else None
        stale = _stale(f"Projection {projection.name}", position, head, "it is rebuilt as soon as a process leads")
        statuses.append(
            Status(
                name=projection.name,
                position=position,
                lag_events=max(head - position, 0),
                lag_seconds=_age(body, now),
                state="stale" if stale else _state(stands, parked, head),
                faults=(*stale, *faults),
                parked=parked,
            )
        )
    return tuple(statuses)


async def policy_status(workers: Sequence[PolicyWorker], *, log: Log, now: datetime) -> tuple[Status, ...]:
    """Give the status of each policy, in the order given. Raises Unavailable when the log cannot be reached.

    A policy is halted when the event after its mark cannot be read, which every process sees, or when a worker of this
    process failed at that event. Of what failed in another process only the lag is known here.
    """
    marks = [await worker.marks.mark(worker.policy.name) for worker in workers]
    head = (await log.head()).position
    statuses = []
    for worker, mark in zip(workers, marks, strict=True):
        body = await log.body(mark + 1) if mark < head else None
        stale = _stale(
            f"Policy {worker.policy.name}",
            mark,
            head,
            MARK_WAY_OUT,
        )
        faults = stale or (() if body is None else _halt(worker, mark + 1, body))
        statuses.append(
            Status(
                name=worker.policy.name,
                position=mark,
                lag_events=max(head - mark, 0),
                lag_seconds=_age(body, now),
                state="stale" if stale else "halted" if faults else "behind" if body else "live",
                faults=faults,
            )
        )
    return tuple(statuses)


def _halt(worker: PolicyWorker, position: int, body: bytes) -> tuple[Fault, ...]:
    """Why a policy does not get past the event at a position; empty if it may."""
    halt = worker.last_halt
    if halt is None or halt.position != position:
        try:
            decode(body)
        except UNREADABLE as error:
            halt = halt_at(worker.policy, position, error)
        else:
            return ()
    return (Fault(position, type_of(body), halt.error, halt.sentence),)


def _stale(who: str, position: int, head: int, then: str) -> tuple[Fault, ...]:
    """Why something that stands beyond the log's end is not of this log; empty where it does not."""
    if position <= head:
        return ()
    return (Fault(position=position, type="", error="Stale", sentence=f"{beyond_end(who, position, head)}; {then}."),)


def _age(body: bytes | None, now: datetime) -> float:
    """How long an event has been there, in seconds; 0 for none."""
    return 0.0 if body is None else max((now - time_of(body)).total_seconds(), 0.0)


async def _one(tables: ReadTables, connection: Connection) -> tuple[Standing | None, tuple[Fault, ...], int]:
    """Give where it stands, what went wrong with it, and how many events it left out."""
    try:
        stands = await standing(tables, connection)
        cursor = await connection.execute(tables.qualified(_PARKED), (tables.projection.name, FAULTS_MAX))
        parked = await cursor.fetchall()
    except psycopg.errors.UndefinedTable:
        return None, (), 0
    if stands and stands.shape != tables.shape:  # of no use to this version: to it nothing is built yet
        return None, (), 0
    halted = (stands.fault,) if stands and stands.fault else ()
    faults = (kept_fault(tables.projection, position, fault) for position, fault, _ in parked)
    return stands, (*halted, *faults), parked[0][2] if parked else 0


def _state(stands: Standing | None, parked: int, head: int) -> State:
    if stands and stands.state == "halted":
        return "halted"
    if parked:
        return "parked"
    behind = head > 0 if stands is None else stands.position < head or stands.state == "building"
    return "behind" if behind else "live"
