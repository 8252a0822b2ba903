"""Which documents a closed month has, and what a credit note names: policies, statements and documents over memory."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TypeVar

from msgspec import Struct

from adapters.composed_documents import Invoices, invoice_of, statement_of
from adapters.cuts import cuts_of
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from adapters.memory.views import MemoryViews
from adapters.projecting.asking import Answer
from application.policies import POLICIES
from application.policy_worker import PolicyWorker, work_all
from domain.calendar import end_of, month_after
from domain.kernel import current
from domain.revenue.events import CostShared, RevenueShared
from domain.settlement.events import DocumentIssued
from projections.document import CorrectedStatement, Invoice, StatementDocument
from projections.rows import Projection, Rows
from tests.documents.test_same_figures import check_invoice
from tests.domain.story import AGREEMENT
from tests.invariants.network import START, PlayedNetwork
from tests.projections.sharing_history import History

NOTHING = {"take": {"percent": "0"}, "to": "role:referrer"}
T = TypeVar("T")
SHARES = {"rounding": "largest-remainder", "steps": [NOTHING, {"take": "remaining", "to": "org:ekami"}]}


class Played(Struct, frozen=True):
    """Four months, as their documents say them."""

    documents: tuple[DocumentIssued, ...]
    invoices: tuple[Invoice, ...]
    statements: dict[str, StatementDocument]
    """Ekami's, by month."""


@cache
def four_months() -> Played:
    """In January a part is sold, and another that is taken back at once.

    In February as much is sold as is taken back of January, in March that is taken back too, in April a sale at once.
    """
    return asyncio.run(_four_months())


async def _four_months() -> Played:
    log = MemoryLog("/networks/t", SeededEntropy(1), lambda: START)
    net = PlayedNetwork(log, MemoryMarks(), MemoryDocuments(), SeededEntropy(2))
    await net.found(SHARES)
    await net.agreed_pathway("pathway:p-0", [10_000, 10_000, 10_000, 10_000])
    first = await _sold(net, 1, 1)
    await _taken_back(net, await _sold(net, 2, 1))
    await _closed(net)
    second = await _sold(net, 1, 2)
    await _taken_back(net, first)
    await _closed(net)
    await _taken_back(net, second)
    await _closed(net)
    await _taken_back(net, await _sold(net, 2, 2))
    await _closed(net)
    documents = tuple(
        e for r in await net.log.read(0, limit=10_000) if isinstance(e := current(r.data), DocumentIssued)
    )
    invoices = [await invoice_of(net.views, each.document) for each in documents]
    months = ("2019-01", "2019-02", "2019-03", "2019-04")
    statements = {month: (await statement_of(net.views, "org:ekami", month)).document for month in months}
    return Played(documents, tuple(invoices), statements)


async def _sold(net: PlayedNetwork, step: int, part: int) -> str:
    body = {"pathway": "pathway:p-0", "step": step, "part": part, "delivered_on": f"{net.now:%Y-%m-%d}"}
    await net.do("deliver-step", body)
    await net.work_off()
    return [e.entry for r in await net.log.read(0, limit=10_000) if isinstance(e := current(r.data), RevenueShared)][-1]


async def _taken_back(net: PlayedNetwork, entry: str) -> None:
    await net.do("reverse-entry", {"entry": entry, "reason": "cancelled"})


async def _closed(net: PlayedNetwork) -> None:
    await net.work_off()
    assert await net.close_next() is None
    await net.work_off()


def test_what_comes_to_nothing_in_a_month_has_no_document() -> None:
    """Neither February, where as much was taken back as sold, nor April, where one sale was; the statement has their lines."""
    played = four_months()
    assert [(d.period, d.kind, d.gross_cents) for d in played.documents] == [
        ("2019-01", "invoice", 10_000),
        ("2019-03", "credit-note", -10_000),
    ]
    for month in ("2019-02", "2019-04"):
        assert [line.cents for line in played.statements[month].lines] == [10_000, -10_000]


def test_balances_are_what_documents_say() -> None:
    played, balance = four_months(), 0
    for month, statement in played.statements.items():
        balance += sum(d.gross_cents for d in played.documents if d.period == month)
        assert statement.closing_cents == balance


def test_a_credit_note_names_the_statement_that_it_corrects_where_there_is_no_document_of_it() -> None:
    played = four_months()
    note = played.invoices[-1]
    assert note.credits == ()
    february = played.statements["2019-02"].digest
    assert february
    assert note.corrects == (
        CorrectedStatement(statement="statement:ekami.2019-02", period="2019-02", digest=february),
    )
    check_invoice(note)


class Counting(MemoryViews):
    """Counts how often a read model is asked as of an earlier position."""

    asked: Counter[str]

    async def ask(
        self,
        projection: Projection,
        question: Callable[[Rows], T],
        *,
        at_least: int | None = None,
        as_of: int | None = None,
    ) -> Answer[T]:
        if as_of is not None:
            self.asked[projection.name] += 1
        return await super().ask(projection, question, at_least=at_least, as_of=as_of)


async def _two_buyers() -> tuple[History, tuple[DocumentIssued, ...]]:
    """Xamk divides a cost with two others in January, and another in February, where a part of January's is taken back."""
    history, documents = History(), MemoryDocuments()
    await history.begin(SHARES)
    cuts = cuts_of(history.views, documents, history.log)
    workers = [PolicyWorker(policy, history.desk, history.log, history.marks, cuts) for policy in POLICIES]
    for cents in (30_000, 9_000):
        cost = {"agreement": AGREEMENT, "key": "web", "project": None, "amount_cents": cents, "voucher": str(cents)}
        if cents == 9_000:
            entry = await history.newest(CostShared)
            await history.do("reverse-entry", {"entry": entry, "reason": "price-changed", "amount_cents": 15_000})
        await history.do("share-cost", {**cost, "occurred_on": str(history.now.date())})
        history.now = end_of(history.period) + timedelta(hours=9)
        await work_all(workers)
        await history.do("close-period", {"period": history.period})
        history.period = month_after(history.period)
        await work_all(workers)
    events = [current(r.data) for r in await history.log.read(0, limit=10_000)]
    return history, tuple(e for e in events if isinstance(e, DocumentIssued))


def test_the_documents_of_a_month_are_composed_from_one_look_at_its_statement() -> None:
    """However many buyers there are; and each is what it is by itself."""

    async def composed() -> None:
        history, issued = await _two_buyers()
        assert [(d.period, d.buyer, d.kind) for d in issued] == [
            ("2019-01", "org:ekami", "invoice"),
            ("2019-01", "org:ksao", "invoice"),
            ("2019-02", "org:ekami", "credit-note"),
            ("2019-02", "org:ksao", "credit-note"),
        ]
        alone = [await invoice_of(history.views, each.document) for each in issued]
        views = Counting(history.log)
        views.asked = Counter()
        invoices = Invoices(views)
        assert [await invoices.of(each.document) for each in issued] == alone
        assert views.asked["statements"] == len({each.period for each in issued})

    asyncio.run(composed())
