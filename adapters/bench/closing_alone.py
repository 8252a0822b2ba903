"""One piece of a closing in a process of its own, so that the memory it takes is its own: settings on stdin, figures on stdout."""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from adapters.bench.closing_lives import CLOSED_AT, MONTH
from adapters.bench.rebuild_alone import peak_bytes
from adapters.entropy import SeededEntropy
from adapters.http.logs import configure_logs
from adapters.settings import Settings
from adapters.statement_passages import StatementPassages
from adapters.wiring import Network, open_network
from application.desk import Asker
from application.envelope import Recorded
from application.policies import POLICIES, Cut, Intention
from application.policy_worker import PolicyWorker
from domain.changing import replace
from domain.kernel import facts
from domain.settlement.events import DocumentIssued, PeriodClosed, StatementIssued
from projections.rows import Rows
from projections.statement import Account, account_of, totals
from projections.statements import statements

Work = Literal["close", "sums", "statement", "statement in words", "statement as of"]
ISSUING, INVOICING = "issue-statements", "issue-documents"
_COORDINATOR: Final = Asker(actor="person:bench", role="coordinator")
_READ: Final = 2_000


class Wanted(Struct, frozen=True):
    """What is to be done, where, and how often."""

    network: str
    database_url: str
    data_dir: str
    work: Work
    rounds: int
    partner: str = ""


class Alone(Struct, frozen=True):
    """What it took, and what came out."""

    seconds: tuple[float, ...]
    peak_bytes: int
    lines: int = 0
    statements: int = 0
    documents: int = 0
    sums: Mapping[str, int] = {}
    """Of each partner's lines but those of VAT, in cents."""
    told: Mapping[str, "Alone"] = {}
    """Of a closing: `statements`, the part of it that writes, digests and keeps them, before the first is issued; and `documents`,
    which come after it."""


class NotAllIssued(Exception):
    """What is quick because it was refused is no figure."""

    def __init__(self, what: str, issued: int, intended: int) -> None:
        super().__init__(f"{issued} of {intended} {what} were issued.")


class _Timed:
    """A cut that says how long it took, and how much it wants."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self.seconds, self.intended = 0.0, 0

    async def intentions(self, event: Recorded) -> Sequence[Intention]:
        began = time.perf_counter()
        found = await self._cut.intentions(event)
        self.seconds += time.perf_counter() - began
        self.intended += len(found)
        return found


async def closing_alone(wanted: Wanted) -> Alone:
    settings = Settings(network=wanted.network, database_url=wanted.database_url, data_dir=Path(wanted.data_dir))
    async with open_network(settings, entropy=SeededEntropy(1)) as network:
        return await WORKS[wanted.work](network, wanted)


async def _close(network: Network, _: Wanted) -> Alone:
    """From the command to the last statement issued, and then, told apart, to the last document.

    One process does both, as where one serves alone: documents find the month passed, and begin with the memory of the statements.
    What other policies do with a closing is not done.
    """
    head = (await network.log.head()).position
    for policy in POLICIES:  # everything before was worked off as it came
        await network.marks.advance(policy.name, old=await network.marks.mark(policy.name), new=head)
    issuing, invoicing = (_worker(network, name) for name in (ISSUING, INVOICING))
    written, drawn = _Timed(issuing.cuts.statements), _Timed(invoicing.cuts.documents)
    issuing.cuts = replace(issuing.cuts, statements=written)
    invoicing.cuts = replace(invoicing.cuts, documents=drawn)
    began = time.perf_counter()
    await network.desk.carry_out("close-period", {"period": MONTH}, _COORDINATOR, at=CLOSED_AT)
    await issuing.work_off()
    seconds, peak = time.perf_counter() - began, peak_bytes()
    began = time.perf_counter()
    await invoicing.work_off()
    documented, documented_peak = time.perf_counter() - began, peak_bytes()
    issued, documents = list[StatementIssued](), 0
    while found := await network.log.read(head, limit=_READ):
        issued += (each.data for each in found if isinstance(each.data, StatementIssued))
        documents += sum(isinstance(each.data, DocumentIssued) for each in found)
        head = found[-1].position
    for what, done, timed in (("statements", len(issued), written), ("documents", documents, drawn)):
        if done != timed.intended:
            raise NotAllIssued(what, done, timed.intended)
    closed = Alone((seconds,), peak, lines=sum(each.lines for each in issued), statements=len(issued))
    told = {
        "statements": replace(closed, seconds=(written.seconds,)),
        "documents": Alone((documented,), documented_peak, documents=documents),
    }
    return replace(closed, told=told)


def _worker(network: Network, policy: str) -> PolicyWorker:
    (worker,) = (each for each in network.policies if each.policy.name == policy)
    return worker


async def _sums(network: Network, wanted: Wanted) -> Alone:
    """The balances of all partners as of the closing, from the log alone."""
    cut, seconds, found = await _cut(network), list[float](), list[Mapping[str, int]]()
    for _ in range(wanted.rounds):
        began = time.perf_counter()
        rows = await StatementPassages(network.log, MONTH, cut).sums()
        figures = totals(rows, MONTH)
        seconds.append(time.perf_counter() - began)
        found.append({f.partner: f.closing_cents - f.opening_cents - f.vat_cents for f in figures})
    return Alone(tuple(seconds), peak_bytes(), statements=len(found[-1]), sums=found[-1])


async def _statement(network: Network, wanted: Wanted, *, words: bool = False) -> Alone:
    """One statement of the live rows, as far as they have followed."""
    seconds, account = list[float](), None
    for _ in range(wanted.rounds):
        began = time.perf_counter()
        answer = await network.views.ask(statements, partial(_account, partner=wanted.partner))
        account = answer.value
        if words:
            account.statement(answer.position, None)
        else:
            account.verified()
        seconds.append(time.perf_counter() - began)
    return _said(seconds, account)


async def _as_of(network: Network, wanted: Wanted) -> Alone:
    """One statement as of the cut, which the live rows have left behind. Once: the next one would find the fold of this one."""
    cut, began = await _cut(network), time.perf_counter()
    answer = await network.views.ask(statements, partial(_account, partner=wanted.partner), as_of=cut)
    answer.value.verified()
    return _said([time.perf_counter() - began], answer.value)


def _said(seconds: list[float], account: Account | None) -> Alone:
    lines = [line for line in account.lines if line.kind != "vat"] if account else []
    sums = {account.partner: sum(line.cents for line in lines)} if account else {}
    return Alone(tuple(seconds), peak_bytes(), lines=len(lines), statements=1, sums=sums)


def _account(rows: Rows, partner: str) -> Account:
    account = account_of(rows, partner, MONTH)
    if account is None and rows.complete():
        raise LookupError(f"{partner} has no account of {MONTH}.")
    return account  # type: ignore[return-value]  # where not all is known yet, it is asked again


async def _cut(network: Network) -> int:
    return (await network.log.look((facts(PeriodClosed, about=f"period:{MONTH}"),))).events[-1].position


WORKS: Final[Mapping[Work, Callable[[Network, Wanted], Awaitable[Alone]]]] = {
    "close": _close,
    "sums": _sums,
    "statement": _statement,
    "statement in words": partial(_statement, words=True),
    "statement as of": _as_of,
}

if __name__ == "__main__":
    configure_logs("console", level=logging.WARNING)
    found = asyncio.run(closing_alone(msgspec.json.decode(sys.stdin.buffer.read(), type=Wanted)))
    sys.stdout.buffer.write(msgspec.json.encode(found))
