"""What statements come to by plain SQL: over the events as the log has them, and over a narrow table of lines filled beforehand.

Both stop at the shares: neither adds VAT, names, what a line rests on, a digest or bytes that are kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString, Self

import psycopg
from psycopg import sql

_TYPES: Final = ("tasma.revenue.shared.v2", "tasma.revenue.reversed.v2", "tasma.revenue.cost_shared.v1")
# Each `offset 0` keeps the planner from decoding an event again for every expression about it: twenty times as slow.
_POSTINGS: Final = """
posting as (
    select
        e.position,
        case when e.kind = 'tasma.revenue.cost_shared.v1' or e.kind = 'tasma.revenue.reversed.v2' and e.d ->> 'of' = 'revenue'
            then -1 else 1 end as sign,
        e.d ->> 'collected_by' as hub,
        e.d ->> 'period' as period,
        e.d -> 'shares' as shares
    from (
        select e.position, k.name as kind, convert_from(e.data, 'UTF8')::jsonb -> 'data' as d
        from {network}.event e join {network}.event_type k on k.id = e.type_id
        where k.name = any (%(types)s) and {events} offset 0
    ) e
    offset 0
), share as (
    select p.position, p.period, p.sign, p.hub, s.partner, s.clause, s.cents
    from posting p cross join lateral jsonb_to_recordset(p.shares) as s(partner text, clause text, cents bigint)
    where s.partner <> p.hub and s.cents <> 0 and {period}
    offset 0
), line as (
    select s.position, s.period, side.partner, side.counterparty, s.clause, side.cents
    from share s cross join lateral (
        values (s.partner, s.hub, s.sign * s.cents), (s.hub, s.partner, -s.sign * s.cents)
    ) as side(partner, counterparty, cents)
)
"""
_SUMS: Final = "with {postings} select partner, sum(cents)::bigint from line group by partner order by partner"
_ONE: Final = """
with {postings} select position, counterparty, clause, cents, sum(cents) over ()::bigint
from line where partner = %(partner)s order by position, clause
"""
_ALONE: Final = "set max_parallel_workers_per_gather = 0"
_TOGETHER: Final = "reset max_parallel_workers_per_gather"
_MAKE: Final = """
create table {lines} (partner text, period text, position bigint, counterparty text, clause text, cents bigint)
"""
_FILL: Final = """
insert into {lines} with {postings} select partner, period, position, counterparty, clause, cents from line order by position
"""
_LINE_SUMS: Final = (
    "select partner, sum(cents)::bigint from {lines} where period = %(period)s group by partner order by partner"
)
_LINES_ONE: Final = """
select position, counterparty, clause, cents, sum(cents) over ()::bigint
from {lines} where partner = %(partner)s and period = %(period)s order by position, clause
"""
_LONGEST: Final = """
select partner from {lines} where period = %(period)s group by partner order by count(*) desc, partner limit 1
"""


class StatementSums:
    """Asks by SQL on one connection, prepared and warm or not as the server likes. Use it as a context manager; it blocks."""

    def __init__(self, admin_dsn: str, network: str, period: str) -> None:
        """`admin_dsn`: of the role that may make a table beside those of the log."""
        self._connection = psycopg.connect(admin_dsn, autocommit=True)
        self._connection.execute(_ALONE)
        self._network, self._period = sql.Identifier(network), period
        self._lines = sql.Identifier(network, "bench_line")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def fill(self) -> None:
        """Make the narrow table of lines, with an index for one statement."""
        self._ask(_MAKE)
        self._ask(_FILL)
        self._ask("create index on {lines} (partner, period, position)")
        self._ask("vacuum analyze {lines}")

    def longest(self) -> tuple[str, Sequence[int]]:
        """The partner with most lines, and the positions of its postings."""
        ((partner,),) = self._ask(_LONGEST)
        return partner, sorted({position for position, *_ in self.one_of_lines(partner)})

    def of_events(self, *, together: bool = False) -> Mapping[str, int]:
        """By partner what its lines of the period come to, from the events.

        `together`: with as many processes as the server likes; else by one, as who is compared with it is one.
        """
        self._connection.execute(_TOGETHER if together else _ALONE)
        try:
            return dict(self._ask(_SUMS))
        finally:
            self._connection.execute(_ALONE)

    def of_lines(self) -> Mapping[str, int]:
        """The same from the narrow table."""
        return dict(self._ask(_LINE_SUMS))

    def one_of_events(self, partner: str, positions: Sequence[int]) -> Sequence[tuple[Any, ...]]:
        """One partner's lines with their sum, from the events of its postings."""
        return self._ask(_ONE, events="e.position = any (%(positions)s)", partner=partner, positions=list(positions))

    def one_of_log(self, partner: str) -> Sequence[tuple[Any, ...]]:
        """The same where nobody knows which events these are."""
        return self._ask(_ONE, partner=partner)

    def one_of_lines(self, partner: str) -> Sequence[tuple[Any, ...]]:
        """The same from the narrow table."""
        return self._ask(_LINES_ONE, partner=partner)

    def _ask(self, query: LiteralString, *, events: LiteralString = "true", **given: object) -> list[tuple[Any, ...]]:
        period: LiteralString = "true" if query == _FILL else "p.period = %(period)s"
        postings = sql.SQL(_POSTINGS).format(network=self._network, events=sql.SQL(events), period=sql.SQL(period))
        composed = sql.SQL(query).format(postings=postings, lines=self._lines)
        # Nothing is given where nothing is asked for: a command that is no question takes no parameters.
        wanted = {"types": list(_TYPES), "period": self._period, **given} if "%(" in composed.as_string() else None
        cursor = self._connection.execute(composed, wanted)
        return cursor.fetchall() if cursor.description else []
