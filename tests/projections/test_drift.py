"""Drift: exact and booked totals to the last fraction; what is off is set right after a closing, once, for ever."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from adapters.projecting.memory import Memory
from application.desk import SHARING
from domain.kernel import Event
from domain.money import parse_rule, share
from domain.revenue.events import RevenueReversed, RevenueShared, RevenueTruedUp
from domain.revenue.taking_back import Standing
from projections.drift import Drift, drift, drifted, off_by
from projections.registry import all_projections
from projections.rows import At
from tests.domain.disputing import COSTS, SHARED, TRUED_UP, reversal
from tests.given_when_then import asked
from tests.invariants.network import START, PlayedNetwork

AT = datetime(2019, 3, 5, tzinfo=UTC)
SIXTY = {"steps": [{"take": "remaining", "to": {"split": {"role:referrer": "60", "org:ksao": "25", "org:xamk": "15"}}}]}
"""The referrer is cursor."""
DELIVERED_ON = "2019-01-02"


def folded(*slices: list[Event]) -> Memory:
    memory, position = Memory(drift), 0
    for part in slices:
        events = [(At(n, AT), event) for n, event in enumerate(part, position + 1)]
        position += len(part)
        memory.advance([(at, event) for at, event in events if type(event) in drift.facts], position)
    return memory


def totals(memory: Memory) -> dict[str, tuple[Fraction, int]]:
    return {row.partner: (Fraction(row.exact), row.booked_cents) for row in memory.under(Drift)}


# --- sums ------------------------------------------------------------------------------------------------------------
sales = st.lists(
    st.tuples(st.integers(0, 10**6), st.tuples(*[st.integers(1, 97)] * 3), st.lists(st.integers(1, 10**6), max_size=3)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25)
@given(sold=sales, cut=st.integers(0, 12))
def test_totals_are_the_exact_sums_of_all_entries_less_what_was_taken_back(
    sold: list[tuple[int, tuple[int, int, int], list[int]]], cut: int
) -> None:
    """However they are sliced. Exact and booked totals are of the same cents, so that a true-up can always be made."""
    events: list[Event] = []
    exact, booked = defaultdict[str, Fraction](Fraction), defaultdict[str, int](int)
    for number, (amount, weights, parts) in enumerate(sold):
        split = dict(zip(("org:ekami", "org:ksao", "org:xamk"), map(str, weights), strict=True))
        rule = parse_rule({"steps": [{"take": "remaining", "to": {"split": split}}]})
        shares = share(rule, amount, collected_by="org:xamk", bind={}, quantities={}).shares
        standing = Standing(entry=replace(SHARED, entry=f"entry:{number}", amount_cents=amount, shares=shares))
        events.append(standing.entry)
        for each in shares:
            exact[each.partner] += Fraction(each.exact)
            booked[each.partner] += each.cents
        for part in parts:
            if part < standing.left_cents:
                back = standing.taken_back(asked(), part, "price-changed", "2019-03", f"entry:{number}0")
                standing = standing.after(back)
                events.append(back)
                for taken in back.shares:
                    exact[taken.partner] -= Fraction(taken.exact)
                    booked[taken.partner] -= taken.cents
    memory = folded(events[:cut], events[cut:])
    assert totals(memory) == {partner: (exact[partner], booked[partner]) for partner in exact}
    assert sum(exact.values()) == sum(booked.values())
    off = off_by(memory.under(Drift))
    assert sum(off.values()) == 0
    assert all(abs(exact[p] - booked[p] - off.get(p, 0)) < 1 for p in exact)


def test_what_was_taken_back_whole_leaves_no_drift() -> None:
    back = Standing(entry=SHARED).taken_back(asked(), None, "price-changed", "2019-03", "entry:9")
    memory = folded([SHARED, back])
    assert set(totals(memory).values()) == {(Fraction(), 0)}
    assert not drifted(memory)


def test_divided_costs_do_not_drift() -> None:
    """Also what is taken back of them does not; a true-up is booked, and is exact as nothing was."""
    assert not folded([COSTS, reversal("entry:9", COSTS, 200, 89_800)]).under(Drift)
    assert totals(folded([TRUED_UP])) == {
        "org:ekami": (Fraction(), 3),
        "org:ksao": (Fraction(), -4),
        "org:xamk": (Fraction(), 1),
    }


def test_each_version_and_collector_drifts_by_itself() -> None:
    third = replace(SHARED, version=2, collected_by="org:ekami")
    memory = folded([SHARED, replace(SHARED, version=2), third])
    assert [(row.version, row.collected_by) for row in memory.under(Drift)] == [
        *[(1, "org:xamk")] * 4,
        *[(2, "org:ekami")] * 4,
        *[(2, "org:xamk")] * 4,
    ]


def test_the_read_model_is_found_by_itself_like_every_other() -> None:
    """So the year is folded into it live, rebuilt and in memory, as into every read model there is."""
    assert {"drift", "documents"} <= {projection.name for projection in all_projections()}


# --- at work ---------------------------------------------------------------------------------------------------------
async def ten_sales() -> PlayedNetwork:
    """Ten parts of 1 cent each, delivered and shared in January at 60/25/15."""
    entropy = SeededEntropy(1)
    log = MemoryLog("/networks/t", entropy, lambda: START)
    network = PlayedNetwork(log, MemoryMarks(), MemoryDocuments(), entropy)
    await network.found(SIXTY)
    await network.agreed_pathway("pathway:1", [1] * 10)
    for step in (1, 2):
        for part in range(1, 6):
            await network.do("deliver-step", delivery(step, part))
    await network.work_off()
    return network


def delivery(step: int, part: int) -> dict[str, object]:
    of = {"pathway": "pathway:1", "step": step, "part": part}
    return {**of, "delivered_on": DELIVERED_ON, "quantities": []}


async def trued_up(network: PlayedNetwork) -> list[RevenueTruedUp]:
    return [r.data for r in await network.events() if isinstance(r.data, RevenueTruedUp)]


async def rows_of(network: PlayedNetwork) -> Memory:
    return folded([r.data for r in await network.events()])


def test_ten_sales_of_one_cent_are_set_right_after_the_closing() -> None:
    async def play() -> None:
        network = await ten_sales()
        before = await rows_of(network)
        assert off_by(before.under(Drift)) == {"org:cursor": -4, "org:ksao": 3, "org:xamk": 1}
        assert await network.close_next() is None
        await network.work_off()
        (event,) = await trued_up(network)
        assert [(s.partner, s.exact, s.booked_cents, s.cents) for s in event.shares] == [
            ("org:cursor", "6/1", 10, -4),
            ("org:ksao", "5/2", 0, 3),
            ("org:xamk", "3/2", 0, 1),
        ]
        assert (event.closed_period, event.period) == ("2019-01", "2019-02")
        assert not drifted(await rows_of(network))
        assert await network.close_next() is None
        await network.work_off()
        assert len(await trued_up(network)) == 1, "nobody is off any more"

    asyncio.run(play())


def test_closings_that_are_worked_off_late_give_no_cent_twice() -> None:
    """The totals of the second closing are folded up to it, where what follows from the first was not booked yet."""

    async def play() -> None:
        network = await ten_sales()
        for _ in range(3):
            assert await network.close_next() is None
            await next(w for w in network.workers() if w.policy.name == SHARING).work_off()
        await network.work_off()
        (event,) = await trued_up(network)
        assert (event.closed_period, event.period) == ("2019-01", "2019-04")
        assert not drifted(await rows_of(network))

    asyncio.run(play())


def test_what_is_taken_back_later_drifts_back_and_is_set_right_again() -> None:
    """Nine of the ten sales are cancelled: one cent stays with whom the rule gives it, and nobody keeps a true-up of the rest."""

    async def play() -> None:
        network = await ten_sales()
        assert await network.close_next() is None
        await network.work_off()
        entries = [r.data for r in await network.events() if isinstance(r.data, RevenueShared)]
        for entry in entries[1:]:
            await network.do("reverse-entry", {"entry": entry.entry, "reason": "cancelled"})
        await network.work_off()
        assert await network.close_next() is None
        await network.work_off()
        _, second = await trued_up(network)
        assert [(s.partner, s.exact, s.booked_cents, s.cents) for s in second.shares] == [
            ("org:cursor", "3/5", -3, 4),
            ("org:ksao", "1/4", 3, -3),
            ("org:xamk", "3/20", 1, -1),
        ]
        assert not drifted(await rows_of(network))
        assert len([r for r in await network.events() if isinstance(r.data, RevenueReversed)]) == 9

    asyncio.run(play())
