"""What must hold of any log, whatever was asked in whatever order: the invariants of money, mentors and statements."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from application.envelope import Recorded
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorCapacitySet
from domain.money import cents_by
from domain.network.events import FollowUpOpened, PartnerAdmitted
from domain.pathways.events import StepDelivered
from domain.referrals.events import ReferralCompleted, ReferralDeclined, ReferralExpired
from domain.revenue.events import RevenueReversed, RevenueShared
from domain.settlement.events import PeriodClosed, StatementIssued
from projections.rows import Rows
from projections.statement import Account, account_of, partners_stated, totals
from projections.statement_lines import Line, lines_of
from projections.statements import Balance


def check_log(events: Sequence[Recorded]) -> None:
    """Dense positions, time that never goes back, one time a decision, every id once."""
    assert [r.position for r in events] == list(range(1, len(events) + 1))
    for earlier, later in pairwise(events):
        same = earlier.commandid == later.commandid
        assert (earlier.time == later.time) if same else (earlier.time < later.time)
    assert len({r.id for r in events}) == len({r.nonce for r in events}) == len(events)


def check_money(events: Sequence[Recorded]) -> None:
    """Shares sum to the amount, each part has one standing entry, each entry is taken back once, no posting in a closed period."""
    entries: dict[str, RevenueShared] = {}
    standing: Counter[tuple[str, int, int]] = Counter()
    delivered: Counter[tuple[str, int, int]] = Counter()
    closed: list[str] = []
    for recorded in events:
        match recorded.data:
            case StepDelivered() as d:
                delivered[d.pathway, d.step, d.part] += 1
            case PeriodClosed() as c:
                assert closed == sorted(closed)
                assert c.period not in closed
                closed.append(c.period)
            case RevenueShared() as e:
                assert sum(s.cents for s in e.shares) == e.amount_cents
                assert all(cents_by(s.terms) == s.cents for s in e.shares)
                assert e.period not in closed
                assert e.entry not in entries
                entries[e.entry] = e
                standing[e.pathway, e.step, e.part] += 1
                assert standing[e.pathway, e.step, e.part] == 1
            case RevenueReversed() as r:
                assert r.period not in closed
                original = entries.pop(r.entry)
                assert [(s.partner, s.cents) for s in r.shares] == [(s.partner, s.cents) for s in original.shares]
                standing[r.pathway, r.step, r.part] -= 1
            case _:
                pass
    assert all(times == 1 for times in delivered.values())
    assert not [part for part in standing if part not in delivered], "what is shared was delivered"


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


def check_referrals(events: Sequence[Recorded], *, worked_off: bool) -> None:
    """No wrong door: what was declined or expired stands on the coordinator's list, once, when policies have worked."""
    lost = [r for r in events if isinstance(r.data, (ReferralDeclined, ReferralExpired))]
    listed = Counter(r.data.about for r in events if isinstance(r.data, FollowUpOpened) and r.data.code != "refused")
    assert all(times == 1 for times in listed.values())
    assert set(listed) <= {r.data.referral for r in lost if isinstance(r.data, (ReferralDeclined, ReferralExpired))}
    if worked_off:
        assert sum(listed.values()) == len(lost)
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
    periods = sorted(
        {r.data.period for r in events if isinstance(r.data, (RevenueShared, RevenueReversed, PeriodClosed))}
    )
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
        assert [line.n for line in lines] == list(range(1, balance.lines + 1))
        assert sum(line.cents for line in lines) == balance.cents
        found += lines
    return found
