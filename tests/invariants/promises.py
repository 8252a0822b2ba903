"""What must hold of any log, whatever was asked in whatever order: the invariants of money, mentors and statements."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from application.envelope import Recorded
from domain.kernel import Event
from domain.mentoring.events import HoursLeftOver, MenteeAssigned, MenteeReleased, MentorCapacitySet
from domain.network.events import FollowUpOpened, PartnerAdmitted
from domain.referrals.events import ReferralCompleted, ReferralDeclined, ReferralExpired
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from domain.settlement.events import (
    CorrectionMissed,
    DisputeEscalated,
    Netted,
    PaymentRecorded,
    PaymentTakenBack,
    PeriodClosed,
    StatementIssued,
    StatementUnanswered,
)
from projections.rows import Rows
from projections.statement import Account, account_of, partners_stated, totals
from projections.statement_line import Line
from projections.statement_lines import lines_of
from projections.statement_rows import Balance
from tests.invariants.settling import SettlingLedger

LOST = (ReferralDeclined, ReferralExpired, StatementUnanswered, DisputeEscalated, CorrectionMissed, HoursLeftOver)
"""What came to nothing, so that somebody has to look after it."""
POSTED = (RevenueShared, RevenueReversed, CostShared, RevenueTruedUp, Netted, PaymentRecorded, PaymentTakenBack)
"""What stands in the books of a period."""


def check_log(events: Sequence[Recorded]) -> None:
    """Dense positions, time that never goes back, one time a decision, every id once."""
    assert [r.position for r in events] == list(range(1, len(events) + 1))
    for earlier, later in pairwise(events):
        same = earlier.commandid == later.commandid
        assert (earlier.time == later.time) if same else (earlier.time < later.time)
    assert len({r.id for r in events}) == len({r.nonce for r in events}) == len(events)


def check_money(events: Sequence[Recorded]) -> SettlingLedger:
    """Whatever is booked, stated, disputed, invoiced, settled and paid adds up in another bookkeeper's ledger, who gives it."""
    ledger = SettlingLedger()
    ledger.enter(events)
    return ledger


def check_mentors(events: Sequence[Recorded]) -> None:
    """Never more clients than capacity at the moment of assigning, never two mentors for a client."""
    capacity: dict[str, int] = {}
    guided: defaultdict[str, set[str]] = defaultdict(set)
    for recorded in events:
        match recorded.data:
            case MentorCapacitySet() as c:
                capacity[c.mentor] = c.capacity
            case MenteeAssigned() as a:
                assert not any(a.client in clients for clients in guided.values())
                guided[a.mentor].add(a.client)
                assert len(guided[a.mentor]) <= capacity[a.mentor]
            case MenteeReleased() as r:
                guided[r.mentor].remove(r.client)
            case _:
                pass


def _is_for_coordinator(event: Event) -> bool:
    return isinstance(event, LOST)


def check_referrals(events: Sequence[Recorded], *, worked_off: bool) -> None:
    """No wrong door: what was declined or expired or left unanswered stands on the coordinator's list, once, when policies have worked."""
    lost = {str(r.id): r.subject for r in events if _is_for_coordinator(r.data)}
    listed = [r.data for r in events if isinstance(r.data, FollowUpOpened) and r.data.code != "refused"]
    about = {each.cause: each.about for each in listed}
    assert len(about) == len(listed)
    assert about.items() <= lost.items()
    if worked_off:
        assert about == lost
    ended: Counter[str] = Counter()
    for recorded in events:
        match recorded.data:
            case ReferralDeclined() | ReferralExpired() | ReferralCompleted() as end:
                ended[end.referral] += 1
            case _:
                pass
    assert all(times == 1 for times in ended.values())


def check_statements(events: Sequence[Recorded], rows: Rows) -> dict[tuple[str, str], Account]:
    """Opening + lines = closing; all partners together zero; what was issued is what is recomputed; each cent has one line."""
    periods = sorted({r.data.period for r in events if isinstance(r.data, (*POSTED, PeriodClosed))})
    found: dict[tuple[str, str], Account] = {}
    opening: dict[str, int] = {}
    for period in periods:
        assert sum(t.closing_cents for t in totals(rows, period)) == 0
        for partner in partners_stated(rows):
            statement = account_of(rows, partner, period)
            assert statement is not None
            found[partner, period] = statement
            assert statement.opening_cents == opening.get(partner, 0)
            assert statement.opening_cents + sum(line.cents for line in statement.lines) == statement.closing_cents
            assert sum(s.cents for s in statement.subtotals) == statement.closing_cents - statement.opening_cents
            assert [line.n for line in statement.lines] == list(range(1, len(statement.lines) + 1))
            opening[partner] = statement.closing_cents
    lines = every_line(rows)
    by_posting: Counter[int] = Counter()
    for line in lines:
        by_posting[line.events[0]] += line.cents
    assert not any(by_posting.values()), "the lines of every posting sum to zero"
    issued = [r.data for r in events if isinstance(r.data, StatementIssued)]
    for each in issued:
        statement = found[each.partner, each.period]
        assert (statement.digest, statement.closing_cents) == (each.digest, each.closing_cents)
    closings = {r.data.period: r.position for r in events if isinstance(r.data, PeriodClosed)}
    assert len(issued) == len({i.statement for i in issued})
    admitted = [r for r in events if isinstance(r.data, PartnerAdmitted)]
    for period, cut in closings.items():
        of_period = [i for i in issued if i.period == period]
        assert {i.position for i in of_period} <= {cut}
        assert len(of_period) <= len(admitted)
    return found


def every_line(rows: Rows) -> list[Line]:
    """The lines of all statements; each balance counted its own."""
    found: list[Line] = []
    for balance in rows.under(Balance):
        lines = lines_of(rows, balance.partner, balance.period)
        assert [line.n for line in lines] == list(range(1, balance.lines + balance.vat_lines + 1))
        assert sum(line.cents for line in lines) == balance.cents
        found += lines
    return found
