"""Statements by when things happened, and by what was known when: both explain each cent of the booked ones."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import causes
from adapters.causes import CauseMissing
from adapters.compared_statements import compared, standing_of
from domain.calendar import first_day, month_after
from domain.revenue.events import CostShared
from projections.balance_effective import Balances
from projections.rows import Rows
from projections.statement import Account, account_of
from projections.statement_difference import StatementDifference
from projections.statement_effective import EffectiveAccount, EffectiveStatement, EndsBeforeItsMonth, account_effective
from projections.statements import statements
from tests.domain.story import AGREEMENT, PARTNERS
from tests.projections.sharing_history import History

T = TypeVar("T")
RULE = {
    "steps": [
        {"take": {"percent": "7"}, "to": "org:cursor"},
        {"take": {"percent": "10"}, "to": "kept"},
        {"take": "remaining", "to": {"split": {"role:provider": "2", "org:ekami": "1"}}},
    ]
}
MONTHS = ("2019-01", "2019-02", "2019-03", "2019-04")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def ask(history: History, question: Callable[[Rows], T], as_of: int | None = None) -> T:
    return (await history.views.ask(statements, question, as_of=as_of)).value


async def booked(history: History, partner: str, period: str) -> Account:
    found = await ask(history, partial(account_of, partner=partner, period=period))
    assert found
    return found


async def effective(history: History, partner: str, period: str, day: date) -> EffectiveAccount:
    found = await ask(history, partial(account_effective, partner=partner, period=period, effective=day))
    assert found
    return found


async def differing(
    history: History, partner: str, period: str, since: int, upto: int | None = None
) -> StatementDifference:
    found = await compared(history.views, history.log, partner, period, since=since, upto=upto)
    assert found
    return found.value


async def balance(history: History, partner: str, day: date | None) -> Balances:
    found = await standing_of(history.views, partner, day, as_of=None)
    assert found
    return found


def last_day(period: str) -> date:
    return first_day(month_after(period)) - timedelta(days=1)


async def begun(prices: Sequence[int]) -> History:
    """Two partners tax what they sell, at two rates; one sells untaxed."""
    history = History()
    await history.begin(RULE)
    await history.tax("org:ekami", "24")
    await history.tax("org:ksao", "10")
    await history.tax("org:xamk", "24", "costs.web")
    await history.agree("pathway:p-1", [(n % 2, cents) for n, cents in enumerate(prices)], referred=False)
    return history


PLAYS = st.lists(
    st.tuples(
        st.integers(1, 60_000),
        st.integers(0, 1),  # months that pass before
        st.integers(0, 70),  # how many days late it is reported
        st.sampled_from([0, 0, 333, 1000]),  # per mille of it that is taken back
        st.sampled_from([0, 0, 9_999]),  # costs beside it
    ),
    min_size=1,
    max_size=5,
)
Play = tuple[int, int, int, int, int]


async def played(plays: Sequence[Play], *, late: bool) -> tuple[History, list[int]]:
    """The history, and the positions after each play."""
    history = await begun([cents for cents, *_ in plays])
    positions = [(await history.log.head()).position]
    for n, (cents, months, days, back, costs) in enumerate(plays):
        if months and history.period < MONTHS[-1]:
            await history.close()
        today = history.now.date()
        day = max(date(2019, 1, 2), today - timedelta(days=days)) if late else today
        entry = await history.share("pathway:p-1", n % 2, n // 2 + 1, on=day)
        if less := cents * back // 1000:
            await history.do("reverse-entry", {"entry": entry, "reason": "price-changed", "amount_cents": less})
        if costs:
            cost = {"agreement": AGREEMENT, "key": "web", "project": None, "amount_cents": costs, "voucher": str(n)}
            await history.do("share-cost", {**cost, "occurred_on": str(day)})
            if back:
                of = {"entry": await history.newest(CostShared), "amount_cents": 5_000}
                await history.do("reverse-entry", {**of, "reason": "price-changed"})
        positions.append((await history.log.head()).position)
    return history, positions


@settings(max_examples=10, deadline=None)
@given(plays=PLAYS)
def test_with_nothing_late_what_happened_is_what_is_booked(plays: Sequence[Play]) -> None:
    async def both() -> None:
        history, _ = await played(plays, late=False)
        for partner in PARTNERS:
            for period in MONTHS:
                books = await booked(history, partner, period)
                days = await effective(history, partner, period, last_day(period))
                assert (days.opening_cents, days.closing_cents) == (books.opening_cents, books.closing_cents)
                said = days.statement(9, None)
                lines = [(x.n, x.kind, x.counterparty, x.clause, x.cents, x.booked, x.occurred_on) for x in said.lines]
                assert lines == [
                    (
                        x.n,
                        x.kind,
                        x.counterparty,
                        x.clause,
                        x.cents,
                        None if x.kind == "vat" else f"{period}/{x.n}",
                        x.occurred_on,
                    )
                    for x in books.lines
                ]
                assert said.subtotals == books.subtotals

    run(both())


@settings(max_examples=15, deadline=None)
@given(plays=PLAYS)
def test_each_month_opens_where_the_one_before_closed_and_all_of_them_come_to_what_is_booked(
    plays: Sequence[Play],
) -> None:
    """Whatever is late: lines stand in their own month, over all partners every month sums to zero, and no cent of tax is lost."""

    async def all_months() -> None:
        history, _ = await played(plays, late=True)
        closings = dict.fromkeys((*MONTHS, "2019-05"), 0)
        for partner in PARTNERS:
            opening = 0
            for period in closings:
                account = await effective(history, partner, period, last_day(period))
                said = account.statement(9, None)
                assert account.opening_cents == opening
                assert opening + sum(line.cents for line in said.lines) == account.closing_cents
                assert all(f"{line.occurred_on:%Y-%m}" == period for line in said.lines)
                half = await effective(history, partner, period, first_day(period) + timedelta(days=9))
                assert {x.line.events[0] for x in half.lines} <= {x.line.events[0] for x in account.lines}
                assert all(x.line.occurred_on.day <= 10 for x in half.lines)
                opening = account.closing_cents
                closings[period] += opening
            assert opening == (await booked(history, partner, "2019-05")).closing_cents
        assert set(closings.values()) == {0}

    run(all_months())


@settings(max_examples=10, deadline=None)
@given(plays=PLAYS, day=st.dates(date(2019, 1, 1), date(2019, 6, 1)))
def test_a_balance_of_a_day_is_the_closing_of_its_month_up_to_it(plays: Sequence[Play], day: date) -> None:
    async def all_partners() -> None:
        history, _ = await played(plays, late=True)
        for partner in PARTNERS:
            account = await effective(history, partner, f"{day:%Y-%m}", day)
            found = await balance(history, partner, day)
            assert found.cents == account.closing_cents
            assert found.cents == sum(each.booked_cents - each.later_cents for each in found.counterparties)
            whole = await balance(history, partner, None)
            assert whole.cents == (await booked(history, partner, "2019-09")).closing_cents

    run(all_partners())


@settings(max_examples=15, deadline=None)
@given(plays=PLAYS, ends=st.tuples(st.integers(0, 5), st.integers(0, 5)))
def test_what_came_between_two_moments_explains_the_closings_to_the_cent(
    plays: Sequence[Play], ends: tuple[int, int]
) -> None:
    async def all_statements() -> None:
        history, positions = await played(plays, late=True)
        since, upto = sorted(positions[min(end, len(positions) - 1)] for end in ends)
        for partner in PARTNERS:
            for period in MONTHS:
                found = await differing(history, partner, period, since, upto)
                changes = (*found.opening, *found.lines)
                assert sum(each.difference_cents for each in changes) == found.difference_cents
                assert found.difference_cents == found.after.closing_cents - found.before.closing_cents
                opened = sum(each.difference_cents for each in found.opening)
                assert opened == found.after.opening_cents - found.before.opening_cents
                causes = {position for each in changes for position in each.events}
                assert sorted(causes) == [each.position for each in found.events]
                assert all(since < position <= upto for position in causes)
                assert all((each.events and each.difference_cents) or each.kind == "cost-share" for each in changes)
                assert all(each.kind == "vat" for each in changes if each.change != "new")

    run(all_statements())


@pytest.fixture(scope="module")
def known() -> tuple[History, int]:
    """In January 100.00; when January and February are closed, 50.00 of January become known. The place before that."""

    async def tell() -> tuple[History, int]:
        history = await begun([10_000, 5_000, 5_000])
        await history.share("pathway:p-1", 0, 1)
        await history.close()
        await history.close()
        history.now = datetime(2019, 3, 4, 9, tzinfo=UTC)
        before = (await history.log.head()).position
        await history.share("pathway:p-1", 1, 1, on=date(2019, 1, 20))
        return history, before

    return run(tell())


def said(known: tuple[History, int], partner: str, period: str, day: date) -> EffectiveStatement:
    return run(effective(known[0], partner, period, day)).statement(99, None)


def test_a_late_fact_shows_in_its_own_month_with_its_part_of_the_tax(known: tuple[History, int]) -> None:
    """org:ekami has 83 % of 100.00 as provider and in the split, and a third of 83 % of 50.00; all of it is taxed at 24 %."""
    january = said(known, "org:ekami", "2019-01", date(2019, 1, 31))
    lines = [(line.kind, line.cents, line.vat_cents, line.booked, str(line.occurred_on)) for line in january.lines]
    assert lines == [
        ("share-earned", 8_300, 1_992, "2019-01/1", "2019-01-02"),
        ("share-earned", 1_383, 332, "2019-03/1", "2019-01-20"),
        ("vat", 2_324, 0, None, "2019-01-31"),
    ]
    assert (january.state, january.opening_cents, january.closing_cents) == ("effective", 0, 12_007)
    assert (
        january.lines[2].text["en"]
        == "VAT of 24 % on the lines 1, 2: their parts of the tax that was booked with them."
    )
    assert said(known, "org:ekami", "2019-01", date(2019, 1, 19)).closing_cents == 8_300 + 1_992
    march = said(known, "org:ekami", "2019-03", date(2019, 3, 31))
    assert (march.opening_cents, march.lines, march.closing_cents) == (12_007, (), 12_007)


def test_a_month_that_ended_before_the_day_began_has_nothing_to_show(known: tuple[History, int]) -> None:
    with pytest.raises(EndsBeforeItsMonth) as refused:
        said(known, "org:ekami", "2019-03", date(2019, 2, 28))
    assert str(refused.value) == (
        "2019-02-28 lies before 2019-03, of which nothing had happened by then; ask for the statement of an earlier month."
    )


def test_a_difference_names_the_events_that_brought_it(known: tuple[History, int]) -> None:
    history, before = known
    found = run(differing(history, "org:ekami", "2019-03", before))
    assert [(c.change, c.kind, c.before_cents, c.after_cents) for c in found.lines] == [
        ("new", "share-earned", 0, 1_383),
        ("new", "vat", 0, 332),
    ]
    (cause,) = found.events
    assert (cause.type, cause.position) == ("tasma.revenue.shared.v2", before + 2)
    assert found.lines[0].events == found.lines[1].events == (cause.position,)
    assert (found.opening, found.difference_cents) == ((), 1_715)
    april = run(differing(history, "org:ekami", "2019-04", before))
    assert [(c.period, c.difference_cents) for c in april.opening] == [("2019-03", 1_383), ("2019-03", 332)]
    assert (april.lines, april.difference_cents) == ((), 1_715)
    closed = run(differing(history, "org:ekami", "2019-01", before))
    assert (closed.opening, closed.lines, closed.difference_cents) == ((), (), 0)


def test_the_events_behind_a_difference_are_read_some_at_a_time(
    known: tuple[History, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one after the other, of which there may be thousands, and not all of them at once."""
    log, at_once = known[0].log, Counter[str]()
    stored = log.body

    async def body(position: int) -> bytes | None:
        at_once["now"] += 1
        at_once["most"] = max(at_once["most"], at_once["now"])
        await asyncio.sleep(0)
        at_once["now"] -= 1
        return await stored(position)

    monkeypatch.setattr(log, "body", body)
    for together, most in ((1, 1), (2, 2), (32, 2)):
        monkeypatch.setattr(causes, "READ_TOGETHER", together)
        at_once.clear()
        found = run(differing(known[0], "org:ekami", "2019-04", 0))
        assert [cause.type for cause in found.events] == 2 * ["tasma.revenue.shared.v2"]
        assert at_once["most"] == most


def test_an_event_behind_a_difference_that_is_gone_is_missed(
    known: tuple[History, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not passed over, nor shown as an event of no type and time."""
    history, before = known

    async def gone(_: int) -> None:
        return None

    monkeypatch.setattr(history.log, "body", gone)
    with pytest.raises(CauseMissing) as missed:
        run(differing(history, "org:ekami", "2019-03", before))
    assert str(missed.value) == (
        f"The event at {before + 2:,}, from which a line of the statement follows, is not in the log; `tasma audit verify` says "
        "what else is wrong with it."
    )


def test_before_the_books_began_there_was_nothing(known: tuple[History, int]) -> None:
    found = run(differing(known[0], "org:ekami", "2019-01", 0))
    assert (found.before.state, found.before.closing_cents, found.after.closing_cents) == (None, 0, 10_292)
    assert run(compared(known[0].views, known[0].log, "org:none", "2019-01", since=0, upto=None)) is None


def test_who_stood_how_with_whom_on_a_day(known: tuple[History, int]) -> None:
    found = run(balance(known[0], "org:xamk", date(2019, 1, 10)))
    assert [(each.counterparty, each.booked_cents, each.later_cents, each.cents) for each in found.counterparties] == [
        ("org:cursor", -1_050, -350, -700),
        ("org:ekami", -12_007, -1_715, -10_292),
        ("org:ksao", -3_044, -3_044, 0),
    ]
