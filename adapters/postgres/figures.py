"""The figures of one network that its tables hold."""

from datetime import UTC, datetime
from typing import Final

from psycopg.types.numeric import Int8

from adapters.figures import Figures
from adapters.postgres.database import Database, statement
from adapters.postgres.page_store import SEALED
from application.envelope import PAGE_EVENTS
from application.registry import EVENT_TYPES

ATTEMPTS: Final = 3

_READABLE: Final = "case when {at} >= '0001-01-02Z' and {at} < '9999-12-31Z' then {at} end"
"""A time in the years that can be read here; others are of a damaged row, which an audit names."""
_FIGURES = """
select
    coalesce(head.position, 0),
    sealed.pages,
    (select {event_at} from {schema}.event e where e.position = (sealed.pages + 1) * %(page)s),
    coalesce(signed.size, 0),
    {signed_at},
    (select {event_at} from {schema}.event e where e.position = coalesce(signed.size, 0) + 1),
    coalesce(verified.size, 0),
    {verified_at},
    (select coalesce(max(c.version), 0) from {schema}.catalogue c)
from (select) one
left join (select e.position from {schema}.event e order by e.position desc limit 1) head on true
cross join ({sealed}) sealed
left join (select c.size, c.signed_at from {schema}.checkpoint c order by c.size desc limit 1) signed on true
left join (select v.size, v.at from {schema}.verified v order by v.at desc limit 1) verified on true
""".replace("{sealed}", SEALED)
for _name, _column in {"event_at": "e.at", "signed_at": "signed.signed_at", "verified_at": "verified.at"}.items():
    _FIGURES = _FIGURES.replace(f"{{{_name}}}", _READABLE.replace("{at}", _column))
_VERIFIED = "insert into {schema}.verified (size, root) values (%s, %s) on conflict do nothing returning 1"


async def figures(database: Database, schema: str, now: datetime) -> Figures:
    """All of them, as of one moment; `now` by the clock of the network. Raises Unavailable."""
    (row,) = await database.rows(statement(_FIGURES, schema), {"page": Int8(PAGE_EVENTS)}, attempts=ATTEMPTS)
    head, pages, full_at, size, signed_at, unsigned_at, verified_size, verified_at, recorded = row
    return Figures(
        head=head,
        pages=pages,
        unsealed_events=max(head - pages * PAGE_EVENTS, 0),
        unsealed_seconds=_age(full_at, now),
        checkpoint_size=size,
        checkpoint_at=signed_at and signed_at.astimezone(UTC),
        unsigned_seconds=_age(unsigned_at, now),
        verified_size=verified_size,
        verified_at=verified_at and verified_at.astimezone(UTC),
        catalogue=len(EVENT_TYPES),
        recorded_catalogue=recorded,
    )


async def record_verified(database: Database, schema: str, size: int, root: bytes) -> None:
    """Note that the whole log was recomputed up to a size and found right. Raises Unavailable."""
    await database.rows(statement(_VERIFIED, schema), (Int8(size), root))


def _age(at: datetime | None, now: datetime) -> float:
    """In seconds; 0 of nothing."""
    return 0.0 if at is None else max((now - at).total_seconds(), 0.0)
