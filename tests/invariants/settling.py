"""The bookkeeper goes on: statements, disputes, documents, settlements and payments, each compared with the lines behind it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from msgspec import Struct

from application.envelope import Recorded
from domain.agreements.events import UnitOf
from domain.kernel import current
from domain.settlement.events import (
    BankLineListed,
    DisputeAnswered,
    DisputeEscalated,
    DisputeWithdrawn,
    DocumentIssued,
    LineDisputed,
    Netted,
    PaymentOrdered,
    PaymentRecorded,
    PeriodSettled,
    SettlementApproved,
    SettlementPlanned,
    StatementApproved,
    StatementChecked,
    StatementIssued,
    StatementUnanswered,
)
from tests.invariants.entered import Entered, Pair, by_document, gross_of, pair_of
from tests.invariants.ledger import Ledger

Statement = tuple[str, str]
"""Partner and period."""


class Contested(Struct):
    """A dispute: the line, where it began, and what became of it."""

    disputed: LineDisputed
    position: int
    state: str = "open"
    accepted: int = 0
    ended: int = 0


class Planned(Struct):
    """A settlement, with what the ledger says that it has to settle."""

    settled: PeriodSettled
    position: int
    expected: dict[Pair, int]
    """By pair, what the second owes the first on balance."""
    netted: dict[Pair, Netted]
    orders: list[PaymentOrdered]
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
        self.documents: dict[tuple[str, str, str], DocumentIssued] = {}
        self.series: Counter[str] = Counter()
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

    def take(self, recorded: Recorded) -> None:  # noqa: C901, PLR0912 - a case for each kind of event
        match event := current(recorded.data):
            case StatementIssued():
                self._issue(event)
            case StatementChecked() | StatementApproved() | StatementUnanswered():
                self._answer(event, recorded)
            case LineDisputed():
                self._dispute(event, recorded.position)
            case DisputeAnswered() | DisputeEscalated() | DisputeWithdrawn():
                self._resolve(event, recorded.position)
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
                settlement = self.settlements[event.settlement]
                assert settlement.planned
                assert not settlement.approved
                assert event.by != settlement.settled.by, "who settles may not approve"
                settlement.approved = True
            case PaymentRecorded():
                self._record(event)
            case BankLineListed():
                self.counts[f"listed: {event.reason}"] += 1
            case _:
                pass
        super().take(recorded)

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
        [line] = [x for x in self.lines if (x.posting, x.clause) == (e.entry, e.clause)]
        assert line.period == e.period
        assert {e.partner, e.counterparty} == {line.seller, line.buyer}
        assert e.cents == (line.cents if e.partner == line.seller else -line.cents)
        issued = self.issued[e.partner, e.period]
        assert issued.dispute_by is None or e.disputed_on <= issued.dispute_by
        same = [d for d in self.disputes.values() if (d.disputed.entry, d.disputed.clause) == (e.entry, e.clause)]
        assert all(d.state == "withdrawn" for d in same), "a line is disputed once at a time"
        self.disputes[e.dispute] = Contested(e, position)
        self.counts[f"disputed: {line.kind}"] += 1
        self.counts["disputed after it was settled"] += (e.entry, e.clause) in self.counted

    def _resolve(self, e: DisputeAnswered | DisputeEscalated | DisputeWithdrawn, position: int) -> None:
        dispute = self.disputes[e.dispute]
        assert not dispute.ended
        assert not dispute.accepted
        match e:
            case DisputeAnswered(answer="accepted"):
                dispute.state, dispute.accepted = f"accepted by {e.stage}", position
            case DisputeAnswered(stage="counterparty"):
                dispute.state = "rejected"
            case DisputeAnswered():
                dispute.state, dispute.ended = "dismissed", position
            case DisputeEscalated():
                dispute.state = f"escalated: {e.reason}"
            case DisputeWithdrawn():
                dispute.state, dispute.ended = "withdrawn", position
        self.counts[f"dispute {dispute.state}"] += 1

    # --- documents ---------------------------------------------------------------------------------------------------
    def supplies(self, period: str) -> dict[tuple[str, str, str], list[Entered]]:
        """What has to be invoiced for a period: nobody sends an invoice over the cents of rounding alone."""
        lines = by_document(line for line in self.lines if line.period == period)
        return {key: each for key, each in lines if any(line.kind != "trued up" for line in each)}

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
        for pair in sorted({line.pair for line in self.lines}):
            if not _settles(now, pair):
                continue
            upto = max(
                [now.period, *(s.settled.period for s in self.settlements.values() if _settles(s.settled, pair))]
            )
            counting = [x for x in self.lines if x.pair == pair and x.period <= upto and self._counts(pair, x.period)]
            held = {(x.posting, x.clause) for x in self._held(pair, upto)}
            free = [x for x in counting if (x.posting, x.clause) not in held]
            self.counts["lines held"] += len(counting) - len(free)
            for line in free:
                self.counted.setdefault((line.posting, line.clause), position)
            gross = {key: gross_of(lines) for key, lines in by_document(free)}
            yield pair, sum(g if seller == pair[0] else -g for (seller, _, _), g in gross.items()) - self.settled[pair]

    def _counts(self, pair: Pair, period: str) -> bool:
        return all((partner, period) in self.approved for partner in pair)

    def _held(self, pair: Pair, upto: str) -> Iterator[Entered]:
        for dispute in self.disputes.values():
            line = dispute.disputed
            about = [
                x
                for x in self.lines
                if x.clause == line.clause and x.pair == pair and line.entry in (x.posting, x.entry)
            ]
            if not about or dispute.ended or (dispute.accepted and self._is_right(dispute, pair, upto)):
                continue
            if self.counted.get((line.entry, line.clause), dispute.position) < dispute.position:
                continue  # it was settled before anybody disputed it: it is corrected, not paid back
            yield from about

    def _is_right(self, dispute: Contested, pair: Pair, upto: str) -> bool:
        entry = dispute.disputed.entry
        if entry not in self.left:
            return True  # a correction or a true-up is set right by a new entry
        return any(
            (position > dispute.position or not left) and period <= upto and self._counts(pair, period)
            for position, period, left in self.reversals[entry]
        )

    def _settle(self, e: PeriodSettled, position: int) -> None:
        assert e.number == len(self.settlements) + 1
        assert e.period in self.closed
        assert all(s.planned for s in self.settlements.values()), "one settlement is planned at a time"
        assert (e.period, e.agreement) not in {
            (s.settled.period, s.settled.agreement) for s in self.settlements.values()
        }
        assert dict(e.units) == {u.party: u.legal_person for u in self._units(e.agreement)}
        expected = dict(self.due(e, position))
        self.settlements[e.settlement] = Planned(e, position, expected, {}, [])
        self.counts[f"settled {e.mode}"] += 1

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
            assert len(paying) == len(set(paying))
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

    def still_to_pay(self) -> Counter[Pair]:
        """By pair, what is ordered and not shown yet, as the second owing the first; paid too much is negative."""
        found: Counter[Pair] = Counter()
        for payment, order in self.payments.items():
            left = order.cents - _paid(order.cents, self.shown[payment])
            pair = pair_of(order.payer, order.payee)
            found[pair] += left if order.payee == pair[0] else -left
        return found


def _settles(settled: PeriodSettled, pair: Pair) -> bool:
    persons = dict(settled.units)
    return set(pair) <= set(settled.members) and persons.get(pair[0], pair[0]) != persons.get(pair[1], pair[1])


def _paid(ordered: int, shown: Mapping[str, int]) -> int:
    """What both accounts together show: the payer's own alone never more than was ordered."""
    return max(min(shown["payer"], ordered), shown["payee"])
