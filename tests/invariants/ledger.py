"""Another bookkeeper: enters every posting by hand as it comes, by rules of its own, and says what does not add up."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from application.envelope import Recorded
from domain.agreements.events import AgreementEnteredIntoForce
from domain.kernel import current
from domain.mentoring.events import SessionHeld
from domain.money import cents_by
from domain.network.events import NetworkFounded, OrganisationRegistered
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import (
    CostShared,
    ReceiptRecorded,
    RevenueReversed,
    RevenueShared,
    RevenueTruedUp,
    ShareVat,
)
from domain.settlement.events import Netted, PaymentRecorded, PaymentTakenBack, PeriodClosed
from domain.vat.events import VatTreatmentDecided
from tests.invariants.entered import Entered, Tax, tax_on

Account = tuple[str, int, str]
"""Agreement, version and collector: what drifts together."""


class Left(Struct):
    """An entry and what is left of it."""

    entry: RevenueShared | CostShared
    cents: int
    clauses: dict[str, int]
    exact: dict[str, Fraction]
    is_gone: bool = False


class Drift(Struct):
    """By partner, what all entries come to exactly and as booked."""

    exact: defaultdict[str, Fraction]
    booked: Counter[str]

    def copy(self) -> "Drift":
        return Drift(self.exact.copy(), self.booked.copy())


class Ledger:
    """Accounts of everybody with everybody. Whatever does not add up is an AssertionError."""

    def __init__(self) -> None:
        self.position = 0
        self.first_open = ""
        self.closed: dict[str, int] = {}
        """By period, the position of its closing."""
        self.lines: list[Entered] = []
        self.left: dict[str, Left] = {}
        self.reversals: defaultdict[str, list[tuple[int, str, int]]] = defaultdict(list)
        """By entry: where some of it was taken back, in which period, and how much was left then."""
        self.standing: dict[tuple[str, int, int], str] = {}
        self.delivered: dict[tuple[str, int, int], StepDelivered] = {}
        self.received: set[tuple[str, int, int]] = set()
        self.agreed: dict[str, PathwayAgreed] = {}
        self.versions: dict[tuple[str, int], AgreementEnteredIntoForce] = {}
        self.treatments: list[VatTreatmentDecided] = []
        self.sessions: dict[str, str | None] = {}
        """By session, the entry that counts it."""
        self.persons: dict[str, str] = {}
        self.other: Counter[tuple[str, str, str]] = Counter()
        """By partner, counterparty and period: set-offs and payments, positive: due to the partner."""
        self.drift: defaultdict[Account, Drift] = defaultdict(lambda: Drift(defaultdict(Fraction), Counter()))
        self.drift_at: dict[str, dict[Account, Drift]] = {}
        """By closed period, as it was then."""
        self.counts: Counter[str] = Counter()
        """What was reached."""

    def enter(self, events: Iterable[Recorded]) -> None:
        for recorded in events:
            assert recorded.position == self.position + 1
            self.position = recorded.position
            self.counts[recorded.type] += 1
            self.take(recorded)

    def take(self, recorded: Recorded) -> None:  # noqa: C901, PLR0912 - a case for each kind of event
        match event := current(recorded.data):
            case NetworkFounded():
                self.first_open = event.first_period
            case OrganisationRegistered(unit_of=str()):
                self.persons[event.organisation] = event.unit_of or ""
            case AgreementEnteredIntoForce():
                self.versions[event.agreement, event.version] = event
                self.counts["amended"] += event.version > 1
            case VatTreatmentDecided():
                self.treatments.append(event)
            case PathwayAgreed():
                self.agreed[event.pathway] = event
            case StepDelivered():
                part = event.pathway, event.step, event.part
                assert part not in self.delivered, "a part is delivered once"
                self.delivered[part] = event
            case ReceiptRecorded():
                self.received.add((event.pathway, event.step, event.part))
            case SessionHeld():
                self.sessions[event.session] = None
            case PeriodClosed():
                self._close(event, recorded.position)
            case RevenueShared():
                self._share(event, recorded.position)
            case CostShared():
                self._cost(event, recorded.position)
            case RevenueReversed():
                self._reverse(event, recorded.position)
            case RevenueTruedUp():
                self._true_up(event, recorded.position)
            case Netted():
                self._move(event.first, event.second, event.period, event.moved_cents)
            case PaymentRecorded():
                self._move(event.payer, event.payee, event.period, event.posted_cents)
                self.counts[f"paid: {event.outcome}"] += 1
            case PaymentTakenBack():
                self._move(event.payee, event.payer, event.period, event.posted_cents)
                self.counts[f"paid back: {event.reason}"] += 1
            case _:
                pass

    # --- questions ---------------------------------------------------------------------------------------------------
    def person(self, organisation: str) -> str:
        return self.persons.get(organisation, organisation)

    def taxes(self) -> Counter[tuple[str, str, str]]:
        """By seller, buyer and period, the tax: once for each code and rate on the sum of the lines."""
        bases: Counter[tuple[str, str, str, str, Decimal]] = Counter()
        for line in self.lines:
            if line.tax:
                bases[line.seller, line.buyer, line.period, line.tax[0], Decimal(line.tax[1])] += line.cents
        taxes: Counter[tuple[str, str, str]] = Counter()
        for (seller, buyer, period, _, rate), base in bases.items():
            taxes[seller, buyer, period] += tax_on(base, rate)
        return taxes

    def closings(self) -> Counter[tuple[str, str]]:
        """By partner and period, what the period adds to its balance."""
        sums: Counter[tuple[str, str]] = Counter()
        for line in self.lines:
            sums[line.seller, line.period] += line.cents
            sums[line.buyer, line.period] -= line.cents
        for (seller, buyer, period), tax in self.taxes().items():
            sums[seller, period] += tax
            sums[buyer, period] -= tax
        for (partner, _, period), cents in self.other.items():
            sums[partner, period] += cents
        return sums

    def treated(self, agreement: str, seller: str, clause: str, day: object) -> VatTreatmentDecided | None:
        """The decision nearest around a clause, of these the one valid from the latest day, of those the newest."""
        fitting = [
            (len(t.clause or ""), t.valid_from, n)
            for n, t in enumerate(self.treatments)
            if (t.agreement, t.seller) == (agreement, seller)
            and str(t.valid_from) <= str(day)
            and (t.clause is None or clause == t.clause or clause.startswith(f"{t.clause}."))
        ]
        return self.treatments[max(fitting)[2]] if fitting else None

    # --- postings ----------------------------------------------------------------------------------------------------
    def _check_period(self, period: str) -> None:
        assert period not in self.closed, "nothing is posted in a closed period"
        assert period >= self.first_open

    def _close(self, event: PeriodClosed, position: int) -> None:
        assert event.period == self.first_open, "periods close in order, each once"
        self.closed[event.period] = position
        year, month = map(int, event.period.split("-"))
        self.first_open = f"{year + month // 12}-{month % 12 + 1:02}"
        self.drift_at[event.period] = {account: drift.copy() for account, drift in self.drift.items()}

    def _share(self, e: RevenueShared, position: int) -> None:
        self._check_period(e.period)
        part, agreed, version = (
            (e.pathway, e.step, e.part),
            self.agreed[e.pathway],
            self.versions[e.agreement, e.version],
        )
        assert sum(s.cents for s in e.shares) == e.amount_cents
        assert sum((Fraction(s.exact) for s in e.shares), Fraction()) == e.amount_cents
        assert all(cents_by(s.terms) == s.cents for s in e.shares)
        assert e.entry not in self.left
        assert part not in self.standing, "a part has one entry that stands"
        assert part in self.delivered
        assert version.clauses.due == "delivery" or part in self.received
        assert (agreed.agreement, agreed.version) == (e.agreement, e.version)
        for session in e.sessions:
            assert self.sessions[session] is None, "an hour is counted once"
            self.sessions[session] = e.entry
        self._check_vat(e, {s.clause: (s.partner, s.clause) for s in e.shares if s.partner != e.collected_by})
        self.standing[part] = e.entry
        self._stand(e)
        self._drift(e, ((s.partner, s.cents, Fraction(s.exact)) for s in e.shares))
        self._lines(e.entry, e.entry, position, e, "shared", ((s.partner, s.clause, s.cents) for s in e.shares))
        self.counts["late"] += e.period > f"{e.occurred_on:%Y-%m}"
        self.counts["hours counted"] += bool(e.sessions)
        self.counts["shared under an amended version"] += e.version > 1

    def _cost(self, e: CostShared, position: int) -> None:
        self._check_period(e.period)
        assert sum(s.cents for s in e.shares) == e.amount_cents
        assert sum((Fraction(s.exact) for s in e.shares), Fraction()) == e.amount_cents or not any(
            "split" in s.clause for s in e.shares
        )
        assert all(not s.waived_cents or not s.cents for s in e.shares)
        self._check_vat(
            e,
            {s.clause: (e.collected_by, f"costs.{e.key}") for s in e.shares if s.partner != e.collected_by and s.cents},
        )
        self._stand(e)
        self._lines(e.entry, e.entry, position, e, "cost", ((s.partner, s.clause, -s.cents) for s in e.shares))
        self.counts["waived"] += any(s.waived_cents for s in e.shares)

    def _reverse(self, r: RevenueReversed, position: int) -> None:
        self._check_period(r.period)
        left = self.left[r.entry]
        assert not left.is_gone
        assert 0 <= r.amount_cents <= left.cents
        assert sum(s.cents for s in r.shares) == r.amount_cents
        whole, before = r.amount_cents == left.cents, left.cents
        for s in r.shares:
            was = left.clauses[s.clause]
            assert 0 <= s.cents <= was, "a reversal never exceeds what is left of its share"
            assert not whole or s.cents == was
            assert whole or abs(s.cents - Fraction(was * r.amount_cents, before)) < 1
            left.clauses[s.clause] -= s.cents
            left.exact[s.clause] -= Fraction(s.exact)
        self.reversals[r.entry].append((position, r.period, r.left_cents))
        left.cents -= r.amount_cents
        assert left.cents == r.left_cents
        assert left.entry.vat == r.vat, "a correction keeps the rate of what it corrects"
        if whole:
            assert not any(left.exact.values())
            left.is_gone = True
            if isinstance(left.entry, RevenueShared):
                del self.standing[left.entry.pathway, left.entry.step, left.entry.part]
                self.sessions |= dict.fromkeys(left.entry.sessions)
        if r.of == "revenue":
            self._drift(r, ((s.partner, -s.cents, -Fraction(s.exact)) for s in r.shares))
        sign = -1 if r.of == "revenue" else 1
        self._lines(
            r.reversal, r.entry, position, r, "corrected", ((s.partner, s.clause, sign * s.cents) for s in r.shares)
        )
        self.counts[f"taken back: {'whole' if whole else 'part'} of {r.of}"] += 1
        self.counts["taken back in a later period"] += r.period > r.entry_period

    def _true_up(self, e: RevenueTruedUp, position: int) -> None:
        self._check_period(e.period)
        assert not sum(s.cents for s in e.shares)
        account = (e.agreement, e.version, e.collected_by)
        then, now = self.drift_at[e.closed_period][account], self.drift[account]
        given = {s.partner: s.booked_cents - then.booked[s.partner] for s in e.shares}
        for s in e.shares:
            assert Fraction(s.exact) == then.exact[s.partner]
            assert abs(s.booked_cents + s.cents - Fraction(s.exact)) < 1, "nobody is off by a cent any more"
            now.booked[s.partner] += s.cents
        assert not sum(given.values()), "between the closing and now only true-ups were given, which sum to zero"
        self._lines(e.entry, e.entry, position, e, "trued up", ((s.partner, s.partner, s.cents) for s in e.shares))

    def _stand(self, e: RevenueShared | CostShared) -> None:
        clauses = {s.clause: s.cents for s in e.shares}
        self.left[e.entry] = Left(e, e.amount_cents, clauses, {s.clause: Fraction(s.exact) for s in e.shares})

    def _drift(self, e: RevenueShared | RevenueReversed, shares: Iterable[tuple[str, int, Fraction]]) -> None:
        account = self.drift[e.agreement, e.version, e.collected_by]
        for partner, cents, exact in shares:
            account.booked[partner] += cents
            account.exact[partner] += exact

    def _lines(
        self,
        posting: str,
        entry: str,
        position: int,
        e: RevenueShared | CostShared | RevenueReversed | RevenueTruedUp,
        kind: str,
        shares: Iterable[tuple[str, str, int]],
    ) -> None:
        """`shares`: partner, clause, and what is due to the partner."""
        hub, hub_sells = (
            e.collected_by,
            isinstance(e, CostShared) or (isinstance(e, RevenueReversed) and e.of == "cost"),
        )
        taxes = {} if isinstance(e, RevenueTruedUp) else {t.clause: (t.code, t.rate, t.ground) for t in e.vat}
        for partner, clause, due in shares:
            if partner == hub or not due:
                continue
            seller, buyer = (hub, partner) if hub_sells else (partner, hub)
            cents, tax = -due if hub_sells else due, taxes.get(clause)
            assert tax is None or self.person(seller) != self.person(buyer), "no tax within one legal person"
            self.lines.append(Entered(position, e.period, posting, entry, clause, seller, buyer, cents, kind, tax))

    def _check_vat(self, e: RevenueShared | CostShared, supplies: dict[str, tuple[str, str]]) -> None:
        """Each share is taxed as its seller had decided for the day."""
        units = {u.party: u.legal_person for u in self.versions[e.agreement, e.version].units}
        found = {t.clause: t for t in e.vat}
        for clause, (seller, named) in supplies.items():
            share = next(s for s in e.shares if s.clause == clause)
            within = units.get(share.partner, share.partner) == units.get(e.collected_by, e.collected_by)
            wanted = None if within else self.treated(e.agreement, seller, named, e.occurred_on)
            assert _said(wanted) == _said(found.pop(clause, None))
        assert not found

    def _move(self, one: str, other: str, period: str, cents: int) -> None:
        self._check_period(period)
        self.other[one, other, period] += cents
        self.other[other, one, period] -= cents


def _said(tax: VatTreatmentDecided | ShareVat | None) -> Tax | None:
    return (tax.code, tax.rate, tax.ground) if tax else None
