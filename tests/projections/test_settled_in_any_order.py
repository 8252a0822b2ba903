"""Whatever happens in between, all is settled as reckoned line by line; when all is paid, nobody owes anybody."""

from collections import Counter
from typing import get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.agreements.events import UnitOf
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from domain.settlement.disputable import Posting, id_of, lines_in
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
from projections.settlement_views import (
    balances,
)
from tests.projections.booked import (
    PARTNERS,
    cost,
    reversed_,
    shared,
    tax,
    trued_up,
)
from tests.projections.settled_month import CITY, replaced
from tests.projections.settling import Mode, Reckoned, World, pairs, settled_so_far


class Settling(RuleBasedStateMachine):
    """Months are booked, approved, disputed, settled and paid in any order, in every mode, with units and without."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.reckoned = Reckoned()
        self.closed: list[str] = []
        self.expected = dict.fromkeys(pairs(), 0)
        self.number = 0
        self.unpaid: list[str] = []

    @initialize(
        mode=st.sampled_from(get_args(Mode)), units=st.sampled_from([(), CITY]), clearing=st.sampled_from(PARTNERS)
    )
    def begin(self, mode: Mode, units: tuple[UnitOf, ...], clearing: str) -> None:
        self.world = World(mode, units, clearing)
        self.units = dict.fromkeys((unit.party for unit in units), "org:city")

    @rule(data=st.data())
    def book(self, data: st.DataObject) -> None:
        """A few postings of the month that is open."""
        for kind in data.draw(st.lists(st.sampled_from(["share", "share", "cost", "drift"]), min_size=1, max_size=3)):
            rate = data.draw(st.sampled_from([None, "24", "10"]))
            match kind:
                case "share":
                    cents = data.draw(
                        st.dictionaries(st.sampled_from(PARTNERS), st.integers(1, 500), min_size=2, max_size=3)
                    )
                    taxes = tuple(tax(f"steps[{n}]", rate) for n in range(len(cents)) if rate)
                    hub = data.draw(st.sampled_from(PARTNERS))
                    self.world.add(shared(self._entry(), cents, hub=hub, vat=taxes, period=self.world.open))
                case "cost":
                    taxes = tuple(tax(f"costs.split[{n}]", rate) for n in range(3) if rate)
                    amount = data.draw(st.integers(1, 900))
                    self.world.add(replaced(cost(self._entry(), amount, vat=taxes), period=self.world.open))
                case _:
                    self.world.add(replaced(trued_up(self._entry()), period=self.world.open))

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        """All or a part of an entry; one that is disputed rather than another."""
        taken = {e.entry for e in self.world.of(RevenueReversed)}
        entries = [e for e in self._postings() if isinstance(e, RevenueShared | CostShared) and e.entry not in taken]
        disputed = {e.entry for e in self.world.of(LineDisputed)}
        if entries := [e for e in entries if e.entry in disputed] or entries:
            entry = data.draw(st.sampled_from(entries))
            cents = [data.draw(st.sampled_from([0, share.cents // 2, share.cents])) for share in entry.shares]
            left = entry.amount_cents - sum(cents)
            self.world.add(reversed_(self._entry(), entry, cents, left_cents=left, period=self.world.open))

    @rule(late=st.sampled_from([None, None, *PARTNERS]))
    def close(self, late: str | None = None) -> None:
        """All approve but one who is late."""
        period = self.world.close()
        self.closed.append(period)
        for partner in PARTNERS:
            if partner != late:
                self.world.approve(partner, period)

    @precondition(lambda self: len(self.world.of(StatementApproved)) < len(self.closed) * len(PARTNERS))
    @rule()
    def approve_what_is_late(self) -> None:
        done = {(e.partner, e.period) for e in self.world.of(StatementApproved)}
        for period in self.closed:
            for partner in PARTNERS:
                if (partner, period) not in done:
                    self.world.approve(partner, period)

    @precondition(lambda self: self.closed)
    @rule(data=st.data(), corrections=st.booleans())
    def dispute(self, data: st.DataObject, corrections: bool) -> None:  # noqa: FBT001 - one switch of a story
        """One of the newest lines."""
        lines = [(p, line) for p in self._postings() if p.period in self.closed for line in lines_in(p)]
        free = [(p, line) for p, line in lines if not self._disputed(id_of(p), line.clause)]
        backs = [(p, line) for p, line in free if isinstance(p, RevenueReversed)]
        if free:
            posting, line = data.draw(st.sampled_from((backs if corrections and backs else free)[-6:]))
            self.number += 1
            self.reckoned.dispute(self.world.dispute(posting, line, self.number), posting, line)

    @precondition(lambda self: self._unresolved())
    @rule(data=st.data(), how=st.sampled_from(["withdrawn", "accepted", "accepted", "rejected", "dismissed"]))
    def end_dispute(self, data: st.DataObject, how: str) -> None:
        dispute = data.draw(st.sampled_from(self._unresolved()))
        match how:
            case "withdrawn":
                self.world.withdraw(dispute)
            case "accepted":
                self.world.answer(dispute, "accepted")
            case _:
                self.world.answer(dispute, "rejected", final=how == "dismissed")

    @precondition(lambda self: self._mended())
    @rule(data=st.data(), again=st.sampled_from([False, False, True]))
    def end_what_was_corrected(self, data: st.DataObject, again: bool) -> None:  # noqa: FBT001 - one switch of a story
        """Nobody says anything until the last day, or who disputed the line disputes it again."""
        dispute = data.draw(st.sampled_from(self._mended()))
        self.world.end(dispute, "disputed-again" if again else "silence")
        if again:
            disputed = self.world.disputed(dispute)
            posting = next(p for p in self._postings() if id_of(p) == disputed.entry)
            line = next(each for each in lines_in(posting) if each.clause == disputed.clause)
            self.number += 1
            self.reckoned.dispute(self.world.dispute(posting, line, self.number), posting, line)

    @precondition(lambda self: any(e.answer == "accepted" for e in self.world.of(DisputeAnswered)))
    @rule()
    def set_right(self) -> None:
        """Take back what is left of every entry that was disputed and accepted as wrong."""
        accepted = {e.entry for e in self.world.of(DisputeAnswered) if e.answer == "accepted"}
        for entry in (e for e in self._postings() if isinstance(e, RevenueShared | CostShared)):
            backs = [e for e in self.world.of(RevenueReversed) if e.entry == entry.entry]
            if entry.entry in accepted and all(e.left_cents for e in backs):
                taken: Counter[str] = Counter()
                for share in (share for e in backs for share in e.shares):
                    taken[share.clause] += share.cents
                left = [share.cents - taken[share.clause] for share in entry.shares]
                self.world.add(reversed_(self._entry(), entry, left, period=self.world.open))

    @precondition(lambda self: self.closed)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        done = {e.period for e in self.world.of(PeriodSettled)}
        left = [period for period in self.closed if period not in done]
        if left:
            self._settle(data.draw(st.sampled_from(left)))

    @rule(side=st.sampled_from(["payer", "payee"]))
    def pay(self, side: str) -> None:
        if self.unpaid:
            self.world.pay(self.unpaid.pop(0), side=side)

    @invariant()
    def is_settled_as_reckoned(self) -> None:
        assert settled_so_far(self.world) == self.expected

    def teardown(self) -> None:
        """In the end every dispute is resolved, every month approved, settled and paid: nothing is open."""
        for dispute in (*self._unresolved(), *self._accepted(of=(RevenueReversed, RevenueTruedUp))):
            self.world.withdraw(dispute)
        self.set_right()
        for dispute in self._mended():
            self.world.end(dispute)
        self.close()
        self.approve_what_is_late()
        self._settle(self.closed[-1])
        for settlement in self.unpaid:
            self.world.pay(settlement)
        self.close()
        self._settle(self.closed[-1])
        assert not [e for e in self.world.of(Netted) if e.settlement == self.unpaid[-1]], "all was settled before"
        self.is_settled_as_reckoned()
        for balance in balances(self.world.rows(), None):
            assert balance.to_pay_cents == 0
            assert balance.open_cents == 0 or self._is_one(balance.organisation, balance.counterparty)

    def _settle(self, period: str) -> None:
        settlement = self.world.settle(period)
        self.unpaid.append(settlement)
        (settled,) = [e for e in self.world.of(PeriodSettled) if e.settlement == settlement]
        owed_now = self.reckoned.settle(self.world, settled)
        self.expected = {pair: 0 if self._is_one(*pair) else cents for pair, cents in owed_now.items()}
        moved: Counter[str] = Counter()
        for event in self.world.of(Netted):
            moved[event.first] += event.moved_cents
            moved[event.second] -= event.moved_cents
        assert not any(moved.values()), "set-offs of everybody sum to zero"
        for payment in self.world.of(PaymentOrdered):
            assert not self._is_one(payment.payer, payment.payee)

    def _is_one(self, one: str, other: str) -> bool:
        return self.units.get(one, one) == self.units.get(other, other)

    def _entry(self) -> str:
        self.number += 1
        return f"entry:{self.number}"

    def _postings(self) -> list[Posting]:
        return [
            e for e in self.world.events if isinstance(e, RevenueShared | RevenueReversed | CostShared | RevenueTruedUp)
        ]

    def _unresolved(self) -> list[str]:
        answers = [e for e in self.world.of(DisputeAnswered) if e.answer == "accepted" or e.stage == "coordinator"]
        ends = {e.dispute for e in (*answers, *self.world.of(DisputeWithdrawn), *self.world.of(DisputeClosed))}
        return [e.dispute for e in self.world.of(LineDisputed) if e.dispute not in ends]

    def _accepted(self, of: tuple[type[Posting], ...] = (RevenueShared, CostShared)) -> list[str]:
        """Those of entries, or of corrections, not at their end."""
        over = {e.dispute for e in (*self.world.of(DisputeWithdrawn), *self.world.of(DisputeClosed))}
        entries = {id_of(p) for p in self._postings() if isinstance(p, of)}
        answers = [e for e in self.world.of(DisputeAnswered) if e.answer == "accepted" and e.entry in entries]
        return [e.dispute for e in answers if e.dispute not in over]

    def _mended(self) -> list[str]:
        return [dispute for dispute in self._accepted() if self.world.mended(dispute)]

    def _disputed(self, entry: str, clause: str) -> bool:
        waiting = [*self._unresolved(), *self._accepted(), *self._accepted((RevenueReversed, RevenueTruedUp))]
        return any((e.entry, e.clause) == (entry, clause) and e.dispute in waiting for e in self.world.of(LineDisputed))


TestSettling = Settling.TestCase
TestSettling.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
