"""A month that is closed beside SQL: what the bench compares comes to the same, and every statement is what it is by itself."""

import asyncio
import threading
import tracemalloc
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from adapters import statement_passages
from adapters.bench.closing_lives import CLOSED_AT, MONTH
from adapters.bench.closing_log import closing_log
from adapters.bench.year import settings_of
from adapters.closed_months import ClosedMonths
from adapters.issued_statements import IssuedStatements
from adapters.kept_lines import KeptLines
from adapters.postgres.bench.loader import load
from adapters.postgres.bench.room import Room, room
from adapters.postgres.bench.statement_sums import StatementSums
from adapters.postgres.embedded import Server
from adapters.postgres.migrate import migrate
from adapters.projecting.pages import PageSlices
from adapters.settings import Settings
from adapters.statement_passages import Pathways, StatementPassages
from adapters.wiring import APP_ROLE, open_network
from application.desk import SHARING, Asker
from projections.invoicing import Supplied, supplied
from projections.statement import Account, account_of, totals
from projections.statements import statements
from tests.bench.conftest import quiet
from tests.bench.test_command_line import Bench, bench, checked, environment

__all__ = ["bench", "environment"]
PARTNERS = 8
COORDINATOR = Asker(actor="person:1", role="coordinator")


def test_statements_of_one_passage_are_those_that_each_partner_has(bench_settings: Settings) -> None:
    """Of a month with everything in it: the same bytes and figures, whatever the passage forgets; and SQL comes to the same sums."""

    async def run() -> None:
        async with room(bench_settings) as place:
            network, stop = place.schema(), threading.Event()
            await migrate(place.admin_dsn, network, APP_ROLE)
            rows = closing_log(PARTNERS, 400, 1)
            head = await asyncio.to_thread(
                lambda: load(place.admin_dsn, network, rows, stop, constructed=True, say=quiet)
            )
            async with open_network(settings_of(place, network)) as opened:
                await opened.marks.advance(SHARING, old=0, new=head)
                outcome = await opened.desk.carry_out("close-period", {"period": MONTH}, COORDINATOR, at=CLOSED_AT)
                cut = outcome.position
                (closing,) = await opened.log.read(cut - 1, limit=1)
                months = ClosedMonths(opened.log, opened.documents)
                month = await months.of(closing)
                assert month is await months.of(closing)
                issued = [each.body for each in await IssuedStatements(months).intentions(closing)]
                sold = {each.partner: supplied(each.supplies, each.partner) for each in month.ended} if month else {}
                kinds = set[str]()
                for body in issued:
                    question = partial(account_of, partner=body["partner"], period=MONTH)
                    account = (await opened.views.ask(statements, question, as_of=cut)).value
                    assert account
                    assert body == figures(account)
                    document = await opened.documents.find(body["digest"])
                    assert document == account.document
                    kinds.update(line.kind for line in account.lines)
                    whole = supplied(account.lines, account.partner)
                    assert [figures_of(s) for s in sold[account.partner]] == [figures_of(s) for s in whole]
                forgetful = StatementPassages(opened.log, MONTH, cut, remembered=1)
                with KeptLines() as kept:
                    for ended in await forgetful.write(kept.add):
                        kept.add(ended.partner, ended.vat)
                        document = b"".join((ended.before, *kept.of(ended.partner), ended.after))
                        assert await opened.documents.find(sha256(document).hexdigest()) == document
                sums = totals(await StatementPassages(opened.log, MONTH, cut).sums(), MONTH)
            assert kinds >= {"share-earned", "share-owed", "cost-share", "correction", "vat"}
            assert [(t.partner, t.opening_cents, t.closing_cents, t.lines) for t in sums] == [
                (b["partner"], b["opening_cents"], b["closing_cents"], b["lines"]) for b in issued
            ]
            assert any(body["opening_cents"] for body in issued)
            with StatementSums(place.admin_dsn, network, MONTH) as peers:
                peers.fill()
                shares = {t.partner: t.closing_cents - t.opening_cents - t.vat_cents for t in sums}
                assert peers.of_events() == peers.of_events(together=True) == peers.of_lines() == shares
                partner, positions = peers.longest()
                lines = peers.one_of_lines(partner)
                assert peers.one_of_events(partner, positions) == peers.one_of_log(partner) == lines
                assert sum(cents for _, _, _, cents, _ in lines) == shares[partner]

    asyncio.run(run())


def test_memory_does_not_grow_with_the_log(bench_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same partners' statements with four times the lines: what is written is handed over.

    A page at a time is read, so that what was read and is not passed yet is little beside all that is written.
    """
    monkeypatch.setattr(statement_passages, "PageSlices", partial(PageSlices, pages=1, rows=100))

    async def measured(place: Room, entries: int) -> tuple[int, int]:
        """The most bytes that were held at one time, and how many were written."""
        network, stop = place.schema(), threading.Event()
        await migrate(place.admin_dsn, network, APP_ROLE)
        rows = closing_log(PARTNERS, entries, 1)
        head = await asyncio.to_thread(lambda: load(place.admin_dsn, network, rows, stop, constructed=True, say=quiet))
        async with open_network(settings_of(place, network)) as opened:
            written = 0
            with KeptLines() as kept:

                def keep(partner: str, lines: bytes) -> None:
                    nonlocal written
                    written += len(lines)
                    kept.add(partner, lines)

                passages = StatementPassages(opened.log, MONTH, head, remembered=50)
                tracemalloc.start()
                try:
                    await passages.write(keep)
                    return tracemalloc.get_traced_memory()[1], written
                finally:
                    tracemalloc.stop()

    async def run() -> None:
        async with room(bench_settings) as place:
            (short_peak, short), (long_peak, long) = [await measured(place, n) for n in (400, 1_600)]
        assert long > 3.9 * short
        assert long_peak < 1.5 * short_peak, "measured: 1.1 to 1.2; 2.2 and more where lines are kept"

    asyncio.run(run())


def test_a_pathway_that_came_by_long_ago_is_forgotten() -> None:
    """What is remembered of a log is as many pathways, however many there are."""
    pathways = Pathways(at_most=10)
    first = pathways.get("pathway:0")
    for n in range(1, 10):
        pathways.get(f"pathway:{n}")
    assert pathways.get("pathway:0") is first
    for n in range(10, 40):
        pathways.get(f"pathway:{n}")
    assert pathways.get("pathway:0") is not first


def figures(account: Account) -> Mapping[str, Any]:
    assert account.document
    return {
        "partner": account.partner,
        "period": account.period,
        "form": account.form,
        "position": account.cut,
        "opening_cents": account.opening_cents,
        "closing_cents": account.closing_cents,
        "lines": len(account.lines),
        "digest": sha256(account.document).hexdigest(),
        "dispute_days": account.dispute_days,
        "tacit_approval": account.tacit_approval,
    }


def figures_of(what: Supplied) -> tuple[object, ...]:
    versions = {(line.agreement, line.version) for line in what.lines}
    return what.seller, what.buyer, what.totals, what.net_cents, what.is_invoiced, what.corrected, versions


def test_a_closing_is_measured_beside_sql_over_the_same_rows(bench: Bench, server: Server, tmp_path: Path) -> None:
    """Every figure says of which work and whose; ratios are quotients of these very figures."""
    done = bench("close", "--entries", "1", "--partners", "7", "--rounds", "2", "--format", "json")
    report = checked(done, server, tmp_path)
    ms = {(r["what"], r["system"]): r["ms"] for r in report["results"]}
    peers = ("sql events", "sql lines")
    assert set(ms) == {
        *((what, "tasma") for what in ("close", "statements", "documents", "sums")),
        *((what, "tasma") for what in ("statement", "statement in words", "statement as of")),
        *((what, peer) for what in ("sums", "statement") for peer in peers),
        ("statement", "sql whole log"),
        ("sums", "sql events parallel"),
    }
    assert all(("peak_mb" in r) is (r["system"] == "tasma") for r in report["results"])
    ((what, documents),) = ((r["what"], r["documents"]) for r in report["results"] if "documents" in r)
    assert (what, 7 <= documents <= 7 * 6) == ("documents", True), "one at most for each pair and direction"
    for what in ("close", "documents"):
        assert report["ratios"][f"{what}/sql events@1"] == round(ms[what, "tasma"] / ms["sums", "sql events"], 2)
    once = {r["what"] for r in report["results"] if len(r["rounds"]) == 1}
    assert once == {"close", "statements", "documents", "statement as of"}
    assert "A month is closed once" in report["reading"]
