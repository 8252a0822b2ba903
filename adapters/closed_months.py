"""A closed month, passed through once for all that follows from it: its statements are kept, and what they come to is at hand."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

import structlog
from msgspec import Struct

from adapters.kept_lines import KeptLines
from adapters.projecting.working import Poison
from adapters.statement_passages import StatementPassages
from application.envelope import Recorded
from application.ports import Documents, Log
from domain.settlement.events import PeriodClosed
from projections.statement_passage import Ended

KEPT_TOGETHER: Final = 4
"""Statements: while the database takes one, the next are digested."""
logger = structlog.get_logger()


class ClosedMonth(Struct, frozen=True):
    """What each statement of a closed month ends with, in order of the partners' ids, and under which digest it is kept."""

    period: str
    cut: int
    ended: Sequence[Ended]
    digests: Mapping[str, str]
    """By partner."""


class ClosedMonths:
    """The month that was asked for last is remembered: several policies ask for it."""

    def __init__(self, log: Log, documents: Documents) -> None:
        self._log, self._documents = log, documents
        self._turn = asyncio.Lock()
        self._last: tuple[Recorded, ClosedMonth] | None = None

    async def of(self, closing: Recorded) -> ClosedMonth | None:
        """Keep the statement of every organisation ever admitted or posted to; None where the event closes no period.

        What is kept is the very bytes that the digest is of; a statement gets its words when somebody reads it. Raises Unavailable,
        Poison where an event of the log cannot be taken in, DoesNotAddUp.
        """
        if not isinstance(closing.data, PeriodClosed):
            return None
        async with self._turn:
            if self._last is None or self._last[0] != closing:
                self._last = closing, await self._passed(closing.data.period, closing.position)
            return self._last[1]

    async def _passed(self, period: str, cut: int) -> ClosedMonth:
        with KeptLines() as kept:
            try:
                ended = await StatementPassages(self._log, period, cut).write(kept.add)
            except Poison as poison:
                logger.error("statements.poisoned", period=period, sentence=poison.fault.sentence)  # noqa: TRY400 - the sentence says all
                raise
            digests = list[str]()
            for n in range(0, len(ended), KEPT_TOGETHER):
                digests += await asyncio.gather(*(self._keep(each, kept) for each in ended[n : n + KEPT_TOGETHER]))
            named = {each.partner: digest for each, digest in zip(ended, digests, strict=True)}
            return ClosedMonth(period, cut, ended, named)

    async def _keep(self, ended: Ended, kept: KeptLines) -> str:
        kept.add(ended.partner, ended.vat)
        return await self._documents.keep_pieces(chain((ended.before,), kept.of(ended.partner), (ended.after,)))
