"""A network in which months are booked, approved, disputed, settled and paid: events, and the real decisions on top of them."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import combinations
from typing import Any, Literal
from uuid import UUID

from msgspec.structs import replace

from adapters.projecting.memory import Memory
from application.door import command_of
from application.registry import DECIDERS
from domain.agreements.events import Netting, UnitOf
from domain.calendar import month_after
from domain.kernel import Asked, Event, Role, derived, facts
from domain.money import vat_of
from domain.network.events import NetworkFounded
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from domain.settlement.disputable import DisputableLine, Posting, id_of, lines_in
from domain.settlement.events import (
    DisputeAnswered,
    DisputeClosed,
    DisputeWithdrawn,
    LineDisputed,
    Netted,
    PaymentOrdered,
    PeriodSettled,
    StatementApproved,
)
from domain.words import Names
from projections.rows import At
from projections.settlement_held import PostedAt, contested_entries, is_about_the_same
from projections.settlement_plan import plan_of
from projections.settlements import settlements
from tests.projections.booked import AGREEMENT, PARTNERS, closed, in_force, recorded

Mode = Literal["gross", "pairwise", "multilateral", "clearing"]
NOW = datetime(2029, 1, 2, 9, tzinfo=UTC)
POSTINGS = (RevenueShared, RevenueReversed, CostShared, RevenueTruedUp)


class World:
    """Its log is a list; the position of an event is its place in it, from 1."""

    def __init__(
        self, mode: Mode = "multilateral", units: tuple[UnitOf, ...] = (), clearing: str | None = None
    ) -> None:
        self.open = "2019-03"
        self.events: list[Event] = []
        self._decided = 0
        opened = NetworkFounded(
            network="kymenlaakso",
            name=Names(fi="Verkosto"),
            first_period=self.open,
            constructed=True,
            founded_on=date(2019, 1, 2),
        )
        agreed = in_force(netting=Netting(mode=mode, clearing=clearing if mode == "clearing" else None))
        self.add(opened, replace(agreed, units=units))

    def add(self, *events: Event) -> None:
        self.events += events

    def do(self, name: str, body: Mapping[str, Any], *, actor: str = "person:1") -> tuple[Event, ...]:
        """Carry out a command on what its boundary sees."""
        self._decided += 1
        role: Role = "coordinator" if "coordinator" in DECIDERS[name].may else "policy"
        command_id = derived(UUID(int=0), self._decided)
        asked = Asked(at=NOW, actor=actor, role=role, command_id=command_id)
        command = command_of(name, body, asked)
        boundary = DECIDERS[name].boundary(command)
        new = DECIDERS[name](command, [e for e in self.events if any(c.admits(e) for c in boundary)])
        self.add(*new)
        return new

    def close(self) -> str:
        period, self.open = self.open, month_after(self.open)
        self.add(closed(period))
        return period

    def approve(self, partner: str, period: str) -> None:
        statement = f"statement:{partner.removeprefix('org:')}.{period}"
        self.add(
            StatementApproved(
                statement=statement,
                partner=partner,
                period=period,
                digest="0" * 64,
                by="person:2",
                tacit=False,
                approved_on=date(2029, 1, 2),
                parties=(partner,),
            )
        )

    def approve_all(self, *periods: str) -> None:
        for period in periods:
            for partner in PARTNERS:
                self.approve(partner, period)

    def dispute(self, posting: Posting, line: DisputableLine, number: int = 1) -> str:
        dispute = f"dispute:{number}"
        self.add(
            LineDisputed(
                dispute=dispute,
                statement=f"statement:{line.partner.removeprefix('org:')}.{posting.period}",
                partner=line.partner,
                counterparty=line.hub,
                period=posting.period,
                entry=id_of(posting),
                clause=line.clause,
                cents=line.cents,
                reason="other",
                evidence=None,
                answer_by=date(2029, 1, 9),
                by="person:2",
                disputed_on=date(2029, 1, 2),
                parties=tuple(sorted((line.partner, line.hub))),
            )
        )
        return dispute

    def answer(self, dispute: str, answer: Literal["accepted", "rejected"], *, final: bool = True) -> None:
        disputed = self.disputed(dispute)
        self.add(
            DisputeAnswered(
                dispute=dispute,
                entry=disputed.entry,
                stage="coordinator" if final else "counterparty",
                answer=answer,
                evidence=None,
                by="person:3",
                answered_on=date(2029, 1, 2),
                parties=disputed.parties,
            )
        )

    def withdraw(self, dispute: str) -> None:
        disputed = self.disputed(dispute)
        self.add(
            DisputeWithdrawn(
                dispute=dispute,
                entry=disputed.entry,
                by="person:2",
                withdrawn_on=date(2029, 1, 2),
                parties=disputed.parties,
            )
        )

    def mended(self, dispute: str) -> RevenueReversed | None:
        """The first correction of a disputed line since it was disputed, of its clause or of all of the entry."""
        disputed = self.disputed(dispute)
        for event in self.events[self.events.index(disputed) :]:
            if isinstance(event, RevenueReversed) and event.entry == disputed.entry:
                cents = {share.clause: share.cents for share in event.shares}
                if cents.get(disputed.clause) or not event.left_cents:
                    return event
        return None

    def end(self, dispute: str, how: Literal["silence", "disputed-again"] = "silence") -> None:
        """Of what was accepted and has been corrected."""
        disputed, correction = self.disputed(dispute), self.mended(dispute)
        assert correction
        self.add(
            DisputeClosed(
                dispute=dispute,
                entry=disputed.entry,
                how=how,
                correction=correction.reversal,
                period=correction.period,
                closed_on=date(2029, 1, 2),
                parties=disputed.parties,
            )
        )

    def disputed(self, dispute: str) -> LineDisputed:
        return next(e for e in self.events if isinstance(e, LineDisputed) and e.dispute == dispute)

    def settle(self, period: str) -> str:
        """Settle a month and plan it as of the cut."""
        (settled,) = self.do("settle-period", {"period": period, "agreement": AGREEMENT})
        assert isinstance(settled, PeriodSettled)
        self.plan(settled)
        return settled.settlement

    def plan(self, settled: PeriodSettled) -> None:
        cut = self.events.index(settled) + 1
        rows = self.rows(cut)
        about = {entry: self.about(entry, cut) for entry in contested_entries(rows)}
        plan = plan_of(rows, settled.settlement, about)
        assert plan is not None
        for name, body in plan.commands():
            self.do(name, body)

    def about(self, entry: str, upto: int) -> list[PostedAt]:
        """What the log has about an entry, and of a correction all that was booked about the same after it."""
        criterion = facts(*POSTINGS, about=entry)
        posted = [PostedAt(n, e) for n, e in enumerate(self.events[:upto], 1) if isinstance(e, POSTINGS)]
        own = [each for each in posted if criterion.admits(each.posting)]
        costs = {e.posting.entry: e.posting for e in posted if isinstance(e.posting, CostShared)}
        for at in own:
            if isinstance(at.posting, RevenueTruedUp) or (
                isinstance(at.posting, RevenueReversed) and at.posting.reversal == entry
            ):
                corrected = costs.get(at.posting.entry)
                bill = {at.posting.entry} | {
                    each.entry
                    for each in costs.values()
                    if corrected
                    and corrected.voucher
                    and (each.voucher, each.collected_by) == (corrected.voucher, corrected.collected_by)
                }
                later = [each for each in posted if each.position > at.position and each not in own]
                return [*own, *(x for x in later if is_about_the_same(x.posting, at.posting, bill))]
        return own

    def pay(self, settlement: str, *, side: str = "payer") -> None:
        """All payments of a settlement, as one side's bank shows them; they are approved by somebody else."""
        self.do("approve-settlement", {"settlement": settlement}, actor="person:9")
        for event in self.of(PaymentOrdered):
            if event.settlement == settlement:
                self.do("record-payment", paid(event, side))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def rows(self, upto: int | None = None) -> Memory:
        memory = Memory(settlements)
        events: list[tuple[At, Event]] = recorded(self.events[:upto])
        memory.advance([(at, event) for at, event in events if type(event) in settlements.facts], len(events))
        assert not memory.parked
        return memory


def paid(ordered: PaymentOrdered, side: str = "payer") -> dict[str, Any]:
    number = UUID(ordered.payment.removeprefix("payment:"))
    return {
        "payment": ordered.payment,
        "settlement": ordered.settlement,
        "bank_line": f"bank-line:{derived(number, side).hex}",
        "side": side,
        "cents": ordered.cents,
        "booked_on": "2019-05-02",
    }


def pairs() -> list[tuple[str, str]]:
    return list(combinations(sorted(PARTNERS), 2))


class Reckoned:
    """What is to be settled, reckoned line by line from the very events: no sums are kept, and nothing is subtracted."""

    def __init__(self) -> None:
        self.settled: set[tuple[str, str, str]] = set()
        """Posting, clause and partner of every line that a settlement has ever counted."""
        self.late: set[str] = set()
        """Disputes of lines that were settled when they were disputed: those are corrected, not paid back."""

    def dispute(self, dispute: str, posting: Posting, line: DisputableLine) -> None:
        if (id_of(posting), line.clause, line.partner) in self.settled:
            self.late.add(dispute)

    def settle(self, world: World, settled: PeriodSettled) -> dict[tuple[str, str], int]:
        """Of each two that may be settled, what the second owes the first for all that is counted now."""
        events = world.events[: world.events.index(settled)]
        upto = max(event.period for event in world.of(PeriodSettled) if event.number <= settled.number)
        approved = {(e.partner, e.period) for e in events if isinstance(e, StatementApproved)}
        held = self._held(events, approved, upto)
        documents: defaultdict[tuple[str, str, str, str, str], int] = defaultdict(int)
        for posting in (e for e in events if isinstance(e, POSTINGS) and e.period <= upto):
            for line in lines_in(posting):
                key = (id_of(posting), line.clause, line.partner)
                if key in held or not {(line.partner, posting.period), (line.hub, posting.period)} <= approved:
                    continue
                self.settled.add(key)
                seller, buyer, code, rate = _sold(posting, line)
                documents[seller, buyer, posting.period, code, rate] += line.cents_for(seller)
        owed = dict.fromkeys(pairs(), 0)
        for (seller, buyer, _, _, rate), base in documents.items():
            gross = base + vat_of(base, rate)
            first, second = sorted((seller, buyer))
            owed[first, second] += gross if seller == first else -gross
        return owed

    def _held(self, events: list[Event], approved: set[tuple[str, str]], upto: str) -> set[tuple[str, str, str]]:
        held: set[tuple[str, str, str]] = set()
        for disputed in events:
            if not isinstance(disputed, LineDisputed) or not self._holds(events, disputed, approved, upto):
                continue
            for posting in (e for e in events if isinstance(e, POSTINGS)):
                if disputed.entry in (id_of(posting), posting.entry if isinstance(posting, RevenueReversed) else ""):
                    held |= {
                        (id_of(posting), line.clause, line.partner)
                        for line in lines_in(posting)
                        if line.clause == disputed.clause and {line.partner, line.hub} == set(disputed.parties)
                    }
        return held

    def _holds(self, events: list[Event], disputed: LineDisputed, approved: set[tuple[str, str]], upto: str) -> bool:
        stands, accepted = _ended(events, disputed.dispute)
        settled_with = {
            e.period
            for e in events
            if isinstance(e, DisputeClosed) and (e.dispute, e.how) == (disputed.dispute, "silence")
        }
        if accepted and not settled_with:  # of a correction, what counts that is booked anew and not held
            settled_with = {
                later.period
                for later in _booked_anew(events, disputed, accepted)
                if not any(
                    isinstance(e, LineDisputed)
                    and (e.entry, e.parties) == (later.entry, disputed.parties)
                    and self._holds(events, e, approved, upto)
                    for e in events
                )
            }
        mended = any(
            period <= upto and {(partner, period) for partner in disputed.parties} <= approved
            for period in settled_with
        )
        return not (stands or mended or disputed.dispute in self.late)


def _booked_anew(events: list[Event], disputed: LineDisputed, accepted: int) -> list[Posting]:
    """The later divisions of the part, or true-ups of the drift, that a disputed correction is about; costs have no voucher here."""
    about = {
        _subject(e)
        for e in events
        if (isinstance(e, RevenueReversed) and e.reversal == disputed.entry)
        or (isinstance(e, RevenueTruedUp) and e.entry == disputed.entry)
    }
    later = (e for e in events[accepted:] if isinstance(e, RevenueShared | RevenueTruedUp))
    return [e for e in later if _subject(e) in about]


def _subject(posting: Posting) -> tuple[object, ...]:
    match posting:
        case RevenueTruedUp():
            return (posting.drift,)
        case CostShared():
            return (posting.entry,)
        case _:
            return (posting.pathway, posting.step, posting.part)


def _ended(events: list[Event], dispute: str) -> tuple[bool, int]:
    """Whether the line stands or another dispute holds it, and where it was accepted that it is wrong."""
    answers = [e for e in events if isinstance(e, DisputeAnswered) and e.dispute == dispute]
    stands = any(e.stage == "coordinator" and e.answer == "rejected" for e in answers)
    withdrawn = any(isinstance(e, DisputeWithdrawn) and e.dispute == dispute for e in events)
    renewed = any(isinstance(e, DisputeClosed) and (e.dispute, e.how) == (dispute, "disputed-again") for e in events)
    accepted = [n for n, e in enumerate(events, 1) if e in answers and getattr(e, "answer", "") == "accepted"]
    return stands or withdrawn or renewed, max(accepted, default=0)


def _sold(posting: Posting, line: DisputableLine) -> tuple[str, str, str, str]:
    """Seller, buyer, code and rate."""
    is_cost = isinstance(posting, CostShared) or (isinstance(posting, RevenueReversed) and posting.of == "cost")
    seller, buyer = (line.hub, line.partner) if is_cost else (line.partner, line.hub)
    vat = () if isinstance(posting, RevenueTruedUp) else posting.vat
    tax = next((tax for tax in vat if tax.clause == line.clause), None)
    return seller, buyer, tax.code if tax else "", tax.rate if tax else "0"


def settled_so_far(world: World) -> dict[tuple[str, str], int]:
    """Of each two, what the second owed the first in all settlements together, by the set-offs in the log."""
    owed = dict.fromkeys(pairs(), 0)
    for event in world.of(Netted):
        owed[event.first, event.second] += event.second_owes_cents - event.first_owes_cents
    return owed
