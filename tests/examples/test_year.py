"""The constructed year: what it promises to contain, and that one seed is one log."""

import asyncio
import hashlib
from collections import Counter

import pytest

from application.envelope import Recorded
from domain.mentoring.events import SessionHeld
from domain.network.events import FollowUpOpened, PartnerAdmitted
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from domain.settlement.events import (
    DisputeAnswered,
    DisputeWithdrawn,
    DocumentIssued,
    LineDisputed,
    Netted,
    PaymentOrdered,
    PaymentRecorded,
    PeriodClosed,
    PeriodSettled,
    SettlementApproved,
    SettlementPlanned,
    StatementIssued,
)
from domain.vat.events import VatTreatmentDecided
from examples.kymenlaakso.year import Year
from projections.statement import account_of
from projections.statements import statements
from tests.examples.memory_stage import MemoryStage, played, year_of
from tests.invariants.promises import check_log, check_mentors, check_money, check_statements
from tests.projections.same import folded


@pytest.fixture(scope="module")
def year() -> tuple[MemoryStage, Year]:
    return year_of(2019)


def events_of(stage: MemoryStage) -> list[Recorded]:
    return list(asyncio.run(stage.log.read(0, limit=100_000)))


def test_it_contains_what_a_year_contains(year: tuple[MemoryStage, Year]) -> None:
    stage, played_year = year
    events = events_of(stage)
    types = Counter(r.type.removeprefix("tasma.").rpartition(".v")[0] for r in events)
    assert types["referral.sent"] == 150
    assert min(types[f"referral.{outcome}"] for outcome in ("accepted", "declined", "completed", "expired")) > 5
    assert types["pathway.drafted"] == 40
    assert types["pathway.agreed"] == 40
    assert types["mentoring.mentor_nominated"] == 12
    assert types["settlement.period_closed"] == 12
    assert types["revenue.reversed"] > 3
    assert Counter(r.data.code for r in events if isinstance(r.data, FollowUpOpened)) == {
        "referral-declined": types["referral.declined"],
        "referral-expired": types["referral.expired"],
        "hours-left-over": types["mentoring.hours_left_over"],
        **({"correction-missed": missed} if (missed := types["settlement.correction_missed"]) else {}),
    }
    assert any(each.result == "refused" for each in played_year.imported)
    late = [
        r.data for r in events if isinstance(r.data, RevenueShared) and r.data.period > f"{r.data.occurred_on:%Y-%m}"
    ]
    assert late, "some deliveries are reported after their month was closed"
    partners = types["network.partner_admitted"]
    for done in ("issued", "checked", "approved"):
        assert types[f"settlement.statement_{done}"] == 12 * partners


def test_it_contains_what_a_year_of_money_contains(year: tuple[MemoryStage, Year]) -> None:
    """Costs, sessions, corrections of every sort, disputes and VAT; each month is settled, and all of it is paid."""
    stage, _ = year
    events = [r.data for r in events_of(stage)]
    types = Counter(type(event) for event in events)
    assert types[CostShared] == 12 + 2
    assert types[VatTreatmentDecided] == types[PartnerAdmitted] + 4
    assert min(types[kind] for kind in (SessionHeld, RevenueTruedUp, DocumentIssued, Netted, DisputeWithdrawn)) > 0
    assert types[LineDisputed] == types[DisputeAnswered] > 5
    assert {event.of for event in events if isinstance(event, RevenueReversed)} == {"revenue"}
    assert {bool(event.left_cents) for event in events if isinstance(event, RevenueReversed)} == {True, False}
    documents = {event.kind for event in events if isinstance(event, DocumentIssued)}
    assert documents == {"invoice", "credit-note", "internal-voucher"}
    assert {tax.rate for event in events if isinstance(event, RevenueShared | CostShared) for tax in event.vat} == {
        "0",
        "24",
    }
    assert types[PeriodSettled] == types[SettlementPlanned] == types[SettlementApproved] == 12
    ordered = {event.payment: event.cents for event in events if isinstance(event, PaymentOrdered)}
    paid: Counter[str] = Counter()
    for event in events:
        if isinstance(event, PaymentRecorded):
            paid[event.payment] += event.posted_cents
    assert paid == ordered
    assert types[PaymentRecorded] == 2 * len(ordered), "both banks show it"


def test_every_promise_holds_of_it(year: tuple[MemoryStage, Year]) -> None:
    stage, _ = year
    events = events_of(stage)
    memory = folded(statements, events)
    check_log(events)
    check_money(events)
    check_mentors(events)
    found = check_statements(events, memory)
    assert len([s for s in found.values() if s.state not in ("open", "closed")]) == sum(
        isinstance(r.data, StatementIssued) for r in events
    )


def test_a_closed_statement_never_changes(year: tuple[MemoryStage, Year]) -> None:
    """The digest at the end of the year is the digest that was issued at the cut, for every partner and period."""
    stage, _ = year
    events = events_of(stage)
    memory = folded(statements, events)
    cuts = {r.data.period: r.position for r in events if isinstance(r.data, PeriodClosed)}
    issued = [r.data for r in events if isinstance(r.data, StatementIssued)]
    assert any(isinstance(r.data, RevenueReversed) for r in events[cuts["2019-06"] :])
    for each in issued:
        assert each.position == cuts[each.period]
        account = account_of(memory, each.partner, each.period)
        assert account is not None
        assert account.digest == each.digest
        kept = asyncio.run(stage.documents.find(each.digest))
        assert kept is not None
        assert hashlib.sha256(kept).hexdigest() == each.digest


def test_one_seed_is_one_log(year: tuple[MemoryStage, Year]) -> None:
    stage, _ = year
    again, _ = asyncio.run(played(2019))
    other, _ = asyncio.run(played(2020))

    def fingerprint(of: MemoryStage) -> str:
        bodies = (asyncio.run(of.log.body(n)) or b"" for n in range(1, asyncio.run(of.log.head()).position + 1))
        return hashlib.sha256(b"\n".join(bodies)).hexdigest()

    assert fingerprint(stage) == fingerprint(again) != fingerprint(other)
