"""The bookkeeper goes on: statements, disputes, documents, settlements and payments, each compared with the lines behind it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from msgspec import Struct

from application.envelope import Recorded
from domain.agreements.events import UnitOf
from domain.calendar import is_business_day
from domain.kernel import current
from domain.network.events import BillingDetailsSet, OrganisationRegistered, OrganisationRenamed
from domain.revenue.events import BillDivided, CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from domain.settlement.events import (
    BankLineListed,
    CorrectionMissed,
    DisputeAnswered,
    DisputeClosed,
    DisputeEscalated,
    DisputeWithdrawn,
    DocumentIssued,
    LineDisputed,
    Netted,
    PaymentOrdered,
    PaymentRecorded,
    PaymentTakenBack,
    PeriodSettled,
    SettlementApproved,
    SettlementPlanned,
    StatementApproved,
    StatementChecked,
    StatementIssued,
    StatementUnanswered,
)
from tests.invariants.accounts_said import AccountsSaid, Approved
from tests.invariants.contested import Contested
from tests.invariants.entered import Entered, Pair, by_document, gross_of, pair_of
from tests.invariants.ledger import Ledger

Subject = tuple[object, ...]
"""A part, a bill of somebody, or a drift: what a posting is about."""
Statement = tuple[str, str]
"""Partner and period."""


class Planned(Struct):
    """A settlement, with what the ledger says that it has to settle."""

    settled: PeriodSettled
    position: int
    expected: dict[Pair, int]
    """By pair, what the second owes the first on balance."""
    netted: dict[Pair, Netted]
    orders: list[PaymentOrdered]
    fixed: Approved
    """What payments say of everybody: as it was settled, or approved last."""
    otherwise: set[Pair]
    """Those whom another agreement lets pay in another way."""
    planned: bool = False
    approved: bool = False


class SettlingLedger(Ledger):
    """All that the ledger does, and what follows from it."""

    def __init__(self) -> None:
        super().__init__()
        self.issued: dict[Statement, StatementIssued] = {}
        self.checked: defaultdict[Statement, set[str]] = defaultdict(set)
        self.approved: dict[Statement, int] = {}
        self.unanswered: set[Statement] = set()
        self.disputes: dict[str, Contested] = {}
        self.bills: dict[str, Subject] = {}
        """By entry, the bill that it divides."""
        self.subjects: dict[str, Subject] = {}
        self.divided: list[tuple[int, str, str]] = []
        """Entries and true-ups: where each was booked, its id and its period."""
        self.documents: dict[tuple[str, str, str], DocumentIssued] = {}
        self.series: Counter[str] = Counter()
        self.said = AccountsSaid()
        self.settlements: dict[str, Planned] = {}
        self.settled: Counter[Pair] = Counter()
        """What all settlements so far have counted, as the second owing the first."""
        self.counted: dict[tuple[str, str], int] = {}
        """By posting and clause, the first settlement that counted the line."""
        self.payments: dict[str, PaymentOrdered] = {}
        self.shown: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """By payment, what the accounts of payer and payee show."""
        self.outcomes: dict[str, str] = {}
        """By the bank's line, what it was recognised as."""
        self.bank_lines: dict[tuple[str, str], PaymentRecorded] = {}
        """By payment and line, what stands as recorded."""
        self.over_counted: dict[str, int] = {}
        """By payment, what the last settlement counted as paid too much."""
        self.gone: set[tuple[str, str]] = set()
        """Those that were taken back."""

    def take(self, recorded: Recorded) -> None:  # noqa: C901, PLR0912 - a case for each kind of event
        self._note(current(recorded.data), recorded.position)
        match event := current(recorded.data):
            case StatementIssued():
                self._issue(event)
            case StatementChecked() | StatementApproved() | StatementUnanswered():
                self._answer(event, recorded)
            case LineDisputed():
                self._dispute(event, recorded.position)
            case DisputeAnswered() | DisputeEscalated() | DisputeWithdrawn() | DisputeClosed() | CorrectionMissed():
                dispute = self.disputes[event.dispute]
                dispute.resolve(event, recorded.position)
                self.counts[
                    f"dispute {'not mended in time' if isinstance(event, CorrectionMissed) else dispute.state}"
                ] += 1
            case RevenueReversed():
                for dispute in self.disputes.values():
                    dispute.mend(event)
            case DocumentIssued():
                self._document(event)
            case PeriodSettled():
                self._settle(event, recorded.position)
            case Netted():
                self._net(event)
            case PaymentOrdered():
                self._order(event)
            case SettlementPlanned():
                self._plan(event)
            case SettlementApproved():
                self._approve(event)
            case OrganisationRegistered() | OrganisationRenamed() | BillingDetailsSet():
                self.said.take(event)
            case PaymentRecorded():
                self._record(event)
            case PaymentTakenBack():
                self._take_back(event)
            case BankLineListed():
                self.counts[f"listed: {event.reason}"] += 1
            case _:
                pass
        super().take(recorded)

    def _note(self, event: object, position: int) -> None:
        """What each posting is about."""
        match event:
            case BillDivided():
                self.bills[event.entry] = (event.paid_by, event.bill)
            case RevenueReversed():
                self.subjects[event.reversal] = self.subjects[event.entry]
            case RevenueShared() | CostShared() | RevenueTruedUp():
                self.divided.append((position, event.entry, event.period))
                self.subjects[event.entry] = self._subject(event)
            case _:
                pass

    def _subject(self, event: RevenueShared | CostShared | RevenueTruedUp) -> Subject:
        match event:
            case RevenueShared():
                return event.pathway, event.step, event.part
            case CostShared():
                return self.bills.get(event.entry, (event.entry,))
            case RevenueTruedUp():
                return (event.drift,)

    # --- statements and disputes -------------------------------------------------------------------------------------
    def _issue(self, e: StatementIssued) -> None:
        key = (e.partner, e.period)
        assert key not in self.issued, "a statement is issued once"
        assert e.position == self.closed[e.period]
        sums = self.closings()
        opening = sum(cents for (partner, period), cents in sums.items() if partner == e.partner and period < e.period)
        assert (e.opening_cents, e.closing_cents) == (opening, opening + sums[key])
        self.issued[key] = e

    def _answer(self, e: StatementChecked | StatementApproved | StatementUnanswered, recorded: Recorded) -> None:
        key = (e.partner, e.period)
        issued = self.issued[key]
        assert key not in self.approved, "what is approved stands"
        if isinstance(e, StatementUnanswered):
            assert issued.dispute_by
            assert e.passed_on > issued.dispute_by
            assert not issued.tacit_approval
            self.unanswered.add(key)
            return
        assert e.digest == issued.digest
        if isinstance(e, StatementChecked):
            self.checked[key].add(e.by)
            return
        if e.tacit:
            assert issued.tacit_approval
            assert issued.dispute_by
            assert e.approved_on > issued.dispute_by
        else:
            assert self.checked[key]
            assert e.by not in self.checked[key], "who checks may not approve"
        self.approved[key] = recorded.position
        self.counts["approved by silence" if e.tacit else "approved"] += 1
        self.counts["approved after the deadline"] += key in self.unanswered

    def _dispute(self, e: LineDisputed, position: int) -> None:
        kind = self._disputed(e)
        issued = self.issued[e.partner, e.period]
        same = [d for d in self.disputes.values() if (d.disputed.entry, d.disputed.clause) == (e.entry, e.clause)]
        assert all(d.state in ("withdrawn", "renewed") for d in same), "a line is disputed once at a time"
        again = any(d.state == "renewed" and d.ended == position - 1 for d in same)
        assert again or issued.dispute_by is None or e.disputed_on <= issued.dispute_by
        days = sum(is_business_day(e.disputed_on + timedelta(n + 1)) for n in range((e.answer_by - e.disputed_on).days))
        self.disputes[e.dispute] = Contested(e, position, days)
        self.counts[f"disputed: {kind}"] += 1
        self.counts["disputed again"] += again
        self.counts["disputed after it was settled"] += (e.entry, e.clause) in self.counted

    def _disputed(self, e: LineDisputed) -> str:
        """What is disputed: a line as it stands, or by whom it is for, a share of nothing."""
        if e.cents:
            [line] = [x for x in self.lines if (x.posting, x.clause) == (e.entry, e.clause)]
            assert line.period == e.period
            assert {e.partner, e.counterparty} == {line.seller, line.buyer}
            assert e.cents == (line.cents if e.partner == line.seller else -line.cents)
            return line.kind
        entry = self.left[e.entry].entry
        assert (e.partner, e.clause, 0) in {(s.partner, s.clause, s.cents) for s in entry.shares}
        assert e.counterparty == entry.collected_by != e.partner
        assert e.period == entry.period
        return "nothing"

    # --- documents ---------------------------------------------------------------------------------------------------
    def supplies(self, period: str) -> dict[tuple[str, str, str], list[Entered]]:
        """What has to be invoiced for a period: nobody sends an invoice over nothing, or over the cents of rounding alone."""
        lines = by_document(line for line in self.lines if line.period == period)
        return {key: each for key, each in lines if any(_by_tax(each).values())}

    def _document(self, e: DocumentIssued) -> None:
        key = (e.seller, e.buyer, e.period)
        assert key not in self.documents, "what one sold another in a month is invoiced once"
        assert e.position == self.closed[e.period]
        self.documents[key] = e
        self.series[e.series] += 1
        assert e.number == self.series[e.series], "the numbers of a series have no gap"
        lines = self.supplies(e.period).get(key, [])
        assert e.net_cents == sum(line.cents for line in lines)
        internal = self.person(e.seller) == self.person(e.buyer)
        assert internal is (e.kind == "internal-voucher")
        assert (e.kind == "credit-note") is (not internal and e.gross_cents < 0)
        tax = self.taxes()[key]
        assert e.gross_cents == sum(line.cents for line in lines) + tax, "the total is that of the statements' lines"
        assert sum(v.vat_cents for v in e.vat) == tax
        rates = [(v.code, v.rate) for v in e.vat if v.vat_cents]
        assert len(rates) == len(set(rates)), "the tax is computed once for each code and rate"
        assert set(e.credits) <= {d.document for d in self.documents.values()}
        self.counts[e.kind] += 1
        self.counts["self-billed"] += e.self_billed
        self.counts["taxed document"] += bool(tax)
        self.counts["credit note with its originals"] += bool(e.credits)

    # --- settlements -------------------------------------------------------------------------------------------------
    def due(self, now: PeriodSettled, position: int) -> Iterator[tuple[Pair, int]]:
        """What a settlement has to settle between each two, and which lines that counts."""
        overpaid = self.overpaid()
        self.over_counted |= {
            payment: self._over_counting(payment)
            for payment, order in self.payments.items()
            if _settles(now, pair_of(order.payer, order.payee))
        }
        for pair in sorted({*overpaid, *self.settled, *(line.pair for line in self.lines)}):
            if not _settles(now, pair):
                continue
            upto = max(
                [now.period, *(s.settled.period for s in self.settlements.values() if _settles(s.settled, pair))]
            )
            counting = [x for x in self.lines if x.pair == pair and x.period <= upto and self._counts(pair, x.period)]
            held = {(x.posting, x.clause) for x in self._held(pair, upto)}
            free = [x for x in counting if (x.posting, x.clause) not in held]
            self.counts["lines held"] += len(counting) - len(free)
            self.counts["paid too much and set off"] += bool(overpaid[pair])
            for line in free:
                self.counted.setdefault((line.posting, line.clause), position)
            gross = {key: gross_of(lines) for key, lines in by_document(free)}
            owed = sum(g if seller == pair[0] else -g for (seller, _, _), g in gross.items())
            yield pair, owed + overpaid[pair] - self.settled[pair]

    def _counts(self, pair: Pair, period: str) -> bool:
        return all((partner, period) in self.approved for partner in pair)

    def _held(self, pair: Pair, upto: str) -> Iterator[Entered]:
        for dispute in self.disputes.values():
            line = dispute.disputed
            about = [x for x in self._about(line.entry) if x.clause == line.clause and x.pair == pair]
            if about and self._waits(dispute, pair, upto):
                yield from about

    def _about(self, entry: str) -> list[Entered]:
        """A line with what was taken back of it; what was taken back with all that was booked of the same part or bill since."""
        own = [x for x in self.lines if entry in (x.posting, x.entry)]
        back = next((x.position for x in own if x.posting == entry != x.entry), None)
        if back is None:
            return own
        return [x for x in self.lines if x.position >= back and self.subjects[x.posting] == self.subjects[entry]]

    def _waits(self, dispute: Contested, pair: Pair, upto: str) -> bool:
        line = dispute.disputed
        if dispute.ended or (dispute.accepted and self._is_right(dispute, pair, upto)):
            return False
        # What was settled before anybody disputed it is corrected, not paid back.
        return self.counted.get((line.entry, line.clause), dispute.position) >= dispute.position

    def _is_right(self, dispute: Contested, pair: Pair, upto: str) -> bool:
        entry = dispute.disputed.entry
        if entry in self.left:
            return self._is_settled_up_to(dispute.settled_with, pair, upto)
        # A correction is set right by what is booked anew: once that counts, and neither of the two contests it.
        for later, month in self.booked_anew(dispute):
            if self._is_settled_up_to(month, pair, upto) and not self._is_contested(later, pair, upto):
                self.counts["a wrong correction is booked anew"] += 1
                return True
        self.counts["a wrong correction waits"] += 1
        return False

    def booked_anew(self, dispute: Contested) -> Iterator[tuple[str, str]]:
        """What is about the same as a correction and was booked after the acceptance that it is wrong, with its months."""
        entry = dispute.disputed.entry
        for position, later, month in self.divided:
            if position > dispute.accepted and later != entry and self.subjects[later] == self.subjects[entry]:
                yield later, month

    def _is_settled_up_to(self, month: str, pair: Pair, upto: str) -> bool:
        return bool(month) and month <= upto and self._counts(pair, month)

    def _is_contested(self, entry: str, pair: Pair, upto: str) -> bool:
        return any(
            d.disputed.entry == entry
            and pair == pair_of(d.disputed.partner, d.disputed.counterparty)
            and self._waits(d, pair, upto)
            for d in self.disputes.values()
        )

    def _settle(self, e: PeriodSettled, position: int) -> None:
        assert e.number == len(self.settlements) + 1
        assert e.period in self.closed
        assert all(s.planned for s in self.settlements.values()), "one settlement is planned at a time"
        before = [
            s for s in self.settlements.values() if (s.settled.period, s.settled.agreement) == (e.period, e.agreement)
        ]
        assert not any(s.netted or s.orders for s in before), "a month is settled again only where it came to nothing"
        self.counts["settled again"] += bool(before)
        assert dict(e.units) == {u.party: u.legal_person for u in self._units(e.agreement)}
        expected = dict(self.due(e, position))
        self.settlements[e.settlement] = Planned(
            e, position, expected, {}, [], self.said.now(e.members), set(self._otherwise(e))
        )
        self.counts[f"settled {e.mode}"] += 1

    def _approve(self, e: SettlementApproved) -> None:
        settlement = self.settlements[e.settlement]
        assert settlement.planned
        assert e.by != settlement.settled.by, "who settles may not approve"
        parties = {party for order in settlement.orders for party in (order.payer, order.payee)}
        self.said.check(settlement.fixed, parties, e.by, again=settlement.approved)
        self.counts["approved again"] += settlement.approved
        settlement.approved, settlement.fixed = True, self.said.now(settlement.settled.members)

    def _otherwise(self, e: PeriodSettled) -> Iterator[Pair]:
        """Any two whom a second agreement about money, in its newest version, lets pay by another clause."""
        way, newest = (e.mode, e.clearing), dict[str, int]()
        for name, version in self.versions:
            newest[name] = max(version, newest.get(name, 0))
        for name, version in newest.items():
            clauses = self.versions[name, version].clauses
            divides = [
                v
                for (n, _), v in self.versions.items()
                if n == name and (v.clauses.sharing_rule or v.clauses.cost_keys)
            ]
            if name != e.agreement and divides and (clauses.netting.mode, clauses.netting.clearing) != way:
                parties = self.versions[name, version].parties
                yield from ((one, other) for one in parties for other in parties if one < other)

    def _units(self, agreement: str) -> Iterator[UnitOf]:
        for (name, _), version in self.versions.items():
            if name == agreement:
                yield from version.units

    def _net(self, e: Netted) -> None:
        settlement, pair = self.settlements[e.settlement], (e.first, e.second)
        assert e.first < e.second
        assert pair not in settlement.netted
        assert _settles(settlement.settled, pair)
        owed, paid = e.second_owes_cents - e.first_owes_cents, e.second_pays_cents - e.first_pays_cents
        assert e.moved_cents == paid - owed
        settlement.netted[pair] = e
        self.settled[pair] += owed
        self.counts["set off"] += bool(e.moved_cents)

    def _order(self, e: PaymentOrdered) -> None:
        settlement = self.settlements[e.settlement]
        assert e.number == len(settlement.orders) + 1
        assert e.cents > 0
        assert _settles(settlement.settled, pair_of(e.payer, e.payee))
        assert e.reference not in {p.reference for p in self.payments.values()}
        settlement.orders.append(e)
        self.payments[e.payment] = e

    def _plan(self, e: SettlementPlanned) -> None:
        settlement = self.settlements[e.settlement]
        settled, netted, orders = settlement.settled, settlement.netted, settlement.orders
        assert (e.pairs, e.payments, e.total_cents) == (len(netted), len(orders), sum(o.cents for o in orders))
        positions, ways = Counter[str](), Counter[tuple[str, str]]()
        for pair in {*netted, *settlement.expected}:
            n = netted.get(pair)
            owed = n.second_owes_cents - n.first_owes_cents if n else 0
            assert owed == settlement.expected.get(pair, 0), (
                "what is settled is what is approved and free, and nothing twice"
            )
            positions[pair[0]] += owed
            positions[pair[1]] -= owed
            if n:
                ways[n.first, n.second] += n.first_pays_cents
                ways[n.second, n.first] += n.second_pays_cents
        for order in orders:
            positions[order.payer] += order.cents
            positions[order.payee] -= order.cents
            ways[order.payer, order.payee] -= order.cents
        assert not any(positions.values()), "everybody is paid the sum of its pairs"
        assert not any(ways.values())
        if settled.mode in ("gross", "pairwise"):
            assert not any(n.moved_cents for n in netted.values()), "nothing moves where each two pay each other"
        if settled.mode == "pairwise":
            bound = set(self.versions[settled.agreement, settled.version].parties)
            paying = [pair_of(o.payer, o.payee) for o in orders if {o.payer, o.payee} <= bound]
            paying = [pair for pair in paying if pair not in settlement.otherwise]
            assert len(paying) == len(set(paying))
        for n in netted.values():
            if (n.first, n.second) in settlement.otherwise:
                assert n.first_pays_cents >= n.first_owes_cents, "nothing between the two is set off"
                assert n.second_pays_cents >= n.second_owes_cents
                self.counts["netted otherwise"] += settled.mode != "gross"
        settlement.planned = True
        self.counts["settled with payments"] += bool(orders)
        self.counts["settled in several payments"] += len(orders) > 1

    def _record(self, e: PaymentRecorded) -> None:
        order, shown = self.payments[e.payment], self.shown[e.payment]
        assert self.settlements[e.settlement].approved
        assert e.bank_line not in self.outcomes, "a bank's line counts once"
        self.outcomes[e.bank_line] = e.outcome
        assert (e.payer, e.payee) == (order.payer, order.payee)
        before = _paid(order.cents, shown)
        shown[e.side] += e.cents
        assert e.posted_cents == _paid(order.cents, shown) - before, "what both accounts show counts once"
        assert (e.payment, e.bank_line) not in self.gone, "what was taken back of a payment shows it no more"
        self.bank_lines[e.payment, e.bank_line] = e

    def _take_back(self, e: PaymentTakenBack) -> None:
        line = self.bank_lines.pop((e.payment, e.bank_line))
        assert (e.side, e.cents, e.payer, e.payee) == (line.side, line.cents, line.payer, line.payee)
        assert e.occurred_on >= line.occurred_on
        self.gone.add((e.payment, e.bank_line))
        order, shown = self.payments[e.payment], self.shown[e.payment]
        before = _paid(order.cents, shown)
        shown[e.side] -= e.cents
        assert e.posted_cents == before - _paid(order.cents, shown), "what no account shows any more is not paid"
        if e.reason == "not-received":
            assert e.side == "payer"
            assert shown["payee"] < before, "what the payee's account shows was received"
        if e.reason == "wrong-line":
            del self.outcomes[e.bank_line]
        self.counts["paid back after it was settled"] += e.posted_cents > 0 and line.period in self.closed

    def overpaid(self) -> Counter[Pair]:
        """By pair, what accounts of payees show beyond the orders, as the second owing the first.

        Where the other account shows another sum it stays as the last settlement of the two has counted it.
        """
        return self._by_pair({payment: self._over_counting(payment) for payment in self.payments})

    def unsure(self) -> Counter[Pair]:
        """By pair, what payees' accounts show beyond the orders and no settlement counts yet, or any more."""
        return self._by_pair({p: self._over_now(p)[0] - self._over_counting(p) for p in self.payments})

    def _over_now(self, payment: str) -> tuple[int, bool]:
        """What goes beyond the order, and whether the accounts agree of it."""
        ordered = self.payments[payment].cents
        got = sum(x.cents for (p, _), x in self.bank_lines.items() if p == payment and x.side == "payee")
        sent = sum(x.cents for (p, _), x in self.bank_lines.items() if p == payment and x.side == "payer")
        return max(0, got - ordered), sent in (0, got) or max(got, sent) <= ordered

    def _over_counting(self, payment: str) -> int:
        over, agreed = self._over_now(payment)
        return over if agreed else self.over_counted.get(payment, 0)

    def _by_pair(self, cents: Mapping[str, int]) -> Counter[Pair]:
        found: Counter[Pair] = Counter()
        for payment, over in cents.items():
            order = self.payments[payment]
            pair = pair_of(order.payer, order.payee)
            found[pair] += over if order.payer == pair[0] else -over
        return found

    def still_to_pay(self) -> Counter[Pair]:
        """By pair, what is ordered and not shown yet, as the second owing the first; paid too much is owed anew."""
        found: Counter[Pair] = Counter()
        for payment, order in self.payments.items():
            left = max(0, order.cents - _paid(order.cents, self.shown[payment]))
            pair = pair_of(order.payer, order.payee)
            found[pair] += left if order.payee == pair[0] else -left
        return found


def _settles(settled: PeriodSettled, pair: Pair) -> bool:
    persons = dict(settled.units)
    return set(pair) <= set(settled.members) and persons.get(pair[0], pair[0]) != persons.get(pair[1], pair[1])


def _paid(ordered: int, shown: Mapping[str, int]) -> int:
    """What both accounts together show: the payer's own alone never more than was ordered."""
    return max(min(shown["payer"], ordered), shown["payee"])


def _by_tax(lines: Iterable[Entered]) -> Counter[object]:
    """What lines come to in each category of tax, without the cents of rounding."""
    sums: Counter[object] = Counter()
    for line in lines:
        sums[line.tax] += line.cents if line.kind != "trued up" else 0
    return sums
