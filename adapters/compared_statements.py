"""A statement as it was known at two moments, compared; and how a partner stands, asked of two read models at one position."""

from collections.abc import Collection, Mapping
from datetime import date
from functools import partial
from typing import Final

from adapters.causes import causes_at
from adapters.projecting.asking import Answer, Views
from adapters.projecting.slices import time_of, type_of
from application.ports import Log
from domain.changing import replace
from projections.balance_effective import Balances, balances_of, booked_with, later_than
from projections.settlements import settlements
from projections.statement_difference import Caused, Moment, StatementDifference, difference_of, moment_of
from projections.statements import statements

LOOKS_MAX: Final = 3
"""How often two read models are asked before the log is folded up to where one of them stood."""


async def compared(
    views: Views, log: Log, partner: str, period: str, *, since: int, upto: int | None, at_least: int | None = None
) -> Answer[StatementDifference] | None:
    """What came of a statement after one position up to another, or until now. None where there is no such statement then.

    Of earlier months only those are read in which something was booked meanwhile. Raises Unavailable, also as CauseMissing.
    """

    async def ask(at: int | None, earlier: Collection[str] | Mapping[str, int]) -> Answer[Moment]:
        question = partial(moment_of, partner=partner, period=period, earlier=earlier)
        return await views.ask(statements, question, as_of=at, at_least=at_least if at is None else None)

    before = await ask(since, ())
    after = await ask(upto, before.value.sums)
    if after.value.account is None:
        return None
    if after.value.lines:
        before = await ask(since, tuple(after.value.lines))
    found = difference_of(partner, period, before.value, after.value, since=since, upto=after.position)
    positions = sorted({position for change in (*found.opening, *found.lines) for position in change.events})
    bodies = await causes_at(log, positions)
    events = tuple(
        Caused(position=position, type=type_of(body), recorded_at=time_of(body))
        for position, body in zip(positions, bodies, strict=True)
    )
    return Answer(replace(found, events=events), after.position)


async def standing_of(
    views: Views, partner: str, effective: date | None, *, as_of: int | None, at_least: int | None = None
) -> Balances | None:
    """How a partner stood with each other. None where nobody knows it. Raises Unavailable."""
    for _ in range(LOOKS_MAX):
        later = await views.ask(
            statements,
            partial(later_than, partner=partner, effective=effective),
            as_of=as_of,
            at_least=at_least if as_of is None else None,
        )
        if later.value is None:
            return None
        booked = await views.ask(
            settlements,
            partial(booked_with, partner=partner),
            as_of=as_of,
            at_least=later.position if as_of is None else None,
        )
        if booked.position == later.position:
            return balances_of(partner, effective, later.position, later.value, booked.value)
        at_least = booked.position
    return await standing_of(views, partner, effective, as_of=at_least)
