"""Statements written in one passage: the bytes of each line, and the check against sums that were reckoned apart."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest

from adapters.closed_months import ClosedMonths
from adapters.entropy import SeededEntropy
from adapters.kept_starts import KeptStarts
from adapters.memory.log import MemoryDocuments, MemoryLog
from adapters.projecting.memory import Memory
from adapters.projecting.working import Poison
from adapters.statement_passages import StatementPassages
from application.ports import Decision
from domain.canonical import canonical
from domain.changing import replace
from domain.kernel import Asked, Event
from domain.money import Terms
from domain.revenue.events import RevenueShared
from projections.rows import At
from projections.statement import account_of
from projections.statement_bytes import around_lines, bytes_of
from projections.statement_forms import line_form_2
from projections.statement_lines import lines_of
from projections.statement_passage import DoesNotAddUp, Passage
from projections.statement_rows import Balance
from projections.statements import statements
from tests.projections.booked import (
    CURSOR,
    EKAMI,
    EXEMPT,
    FIRST,
    KSAO,
    PARTNERS,
    START,
    XAMK,
    closed,
    founded,
    month,
    reversed_,
    shared,
    taken_back,
    tax,
)
from tests.projections.booked import books as books_of

MARCH, APRIL = "2019-03", "2019-04"


def history(events: Sequence[Event]) -> MemoryLog:
    """A log in which all of that was recorded, one after the other."""
    log = MemoryLog("/networks/test", SeededEntropy(1), lambda: START)

    async def record() -> None:
        for number, event in enumerate(events, 1):
            at = START + timedelta(milliseconds=number)
            asked = Asked(at=at, actor="person:1", role="coordinator", command_id=UUID(int=number))
            await log.append(Decision(events=(event,), asked=asked, digest=bytes(32), unless=(), after=()))

    asyncio.run(record())
    return log


def kept_of(events: Sequence[Event], period: str = MARCH) -> Mapping[str, bytes | None]:
    """By partner the statement that is kept when the last event closes the period."""
    log, documents = history(events), MemoryDocuments()

    async def keep() -> Mapping[str, bytes | None]:
        (closing,) = await log.read(len(events) - 1, limit=1)
        month = await ClosedMonths(log, documents).of(closing)
        assert month
        assert month.period == period
        return {partner: await documents.find(digest) for partner, digest in month.digests.items()}

    return asyncio.run(keep())


def accounts_of(events: Sequence[Event], period: str = MARCH) -> Mapping[str, bytes | None]:
    """By partner the same as each of them has it by itself."""
    log = history(events)

    async def fold() -> Mapping[str, bytes | None]:
        memory = Memory(statements)
        read = await log.read(0, limit=len(events))
        memory.advance([(At(each.position, each.time), each.data) for each in read], len(events))
        accounts = (account_of(memory, partner, period) for partner in PARTNERS)
        return {account.partner: account.document for account in accounts if account}

    return asyncio.run(fold())


def test_a_line_is_the_canonical_json_of_form_2() -> None:
    """Of every kind of line, taxed, exempt or neither."""
    rows = books_of([*founded(), *month(), closed()])
    lines = [line for partner in PARTNERS for line in lines_of(rows, partner, MARCH)]
    kinds = {"share-earned", "share-owed", "cost-share", "correction", "true-up", "set-off", "payment", "vat"}
    assert {line.kind for line in lines} == kinds
    assert all(bytes_of(line) == canonical(line_form_2(line)) for line in lines)


def by_the_unit(entry: str, quantity: str) -> RevenueShared:
    """Divided by a price for each credit."""
    sold = shared(entry, {EKAMI: 900, KSAO: 300}, period=APRIL)
    terms = Terms(kind="per-unit", base_cents=1200, unit_cents=120, unit="credit", quantity=quantity)
    return replace(sold, shares=tuple(replace(share, terms=terms) for share in sold.shares))


def test_statements_of_a_passage_are_those_that_each_partner_has() -> None:
    """Also where lines are made of patterns: a clause again and again, taxed otherwise, by a unit, corrected a month later."""
    march = [*founded(), *month(), closed()]
    assert kept_of(march) == accounts_of(march)
    cents, taxes = {EKAMI: 701, KSAO: 200, XAMK: 99}, (tax("steps[0]"), tax("steps[1]", "0", EXEMPT))
    sold = [shared(f"entry:a{n}", {k: c + n for k, c in cents.items()}, vat=taxes, period=APRIL) for n in range(3)]
    april = [
        *sold,
        *(shared(f"entry:b{n}", cents, vat=(tax("steps[0]", decision=EXEMPT),), period=APRIL) for n in range(2)),
        *(shared(f"entry:c{n}", {XAMK: 7, CURSOR: 8 * n}, hub=CURSOR, period=APRIL) for n in range(2)),
        *(by_the_unit(f"entry:d{n}", quantity) for n, quantity in enumerate(("2.5", "10", "2.5"))),
        shared("entry:e", cents, period=MARCH[:-1] + "5"),
        reversed_("entry:f0", sold[1], (702, 201, 100), period=APRIL),
        reversed_("entry:f1", shared("entry:2", {EKAMI: 333, CURSOR: 100}), (33, 10), left_cents=390, period=APRIL),
        taken_back(period=APRIL),
        shared("entry:a9", cents, vat=taxes, period=APRIL),
    ]
    events = [*march, *april, closed(APRIL, date(2019, 5, 2))]
    assert kept_of(events, APRIL) == accounts_of(events, APRIL)


def test_what_stands_around_the_lines_leaves_a_place_for_them() -> None:
    before, after = around_lines(XAMK, MARCH, 17, -5, 12, ())
    assert before + after == (
        b'{"closing_cents":12,"form":2,"lines":[],"opening_cents":-5,"partner":"org:xamk","period":"2019-03",'
        b'"position":17,"subtotals":[]}'
    )


def test_sums_are_those_of_the_read_model_without_what_lines_are_made_of() -> None:
    events = [*founded(), *month(), closed()]
    rows = asyncio.run(StatementPassages(history(events), MARCH, len(events)).sums())
    assert rows.under(Balance) == books_of(events).under(Balance)


def test_statements_that_do_not_come_to_their_sums_are_not_issued() -> None:
    events = [*founded(), *month(), closed()]
    rows = asyncio.run(StatementPassages(history(events), MARCH, len(events)).sums())
    with KeptStarts() as starts, pytest.raises(DoesNotAddUp) as refused:
        list(Passage(MARCH, starts.new).ended(rows, len(events)))
    partner = next(b for b in rows.under(Balance) if b.cents or b.lines)
    assert str(refused.value) == (
        f"The lines of {partner.partner} for 2019-03 come to 0 cents, its sums to {partner.cents}; no statement of the period is "
        "issued before the coordinator has found out why: `tasma audit verify` says what is wrong with the log."
    )


def test_an_event_that_cannot_be_taken_in_is_poison() -> None:
    """Not something that passes: asked again tomorrow it would be the same, so the policy halts there and says where."""
    nowhere = reversed_("entry:f", shared("entry:e", {EKAMI: 5}), (5,))
    with pytest.raises(Poison) as refused:
        kept_of([*founded(), *month(), nowhere, closed()])
    assert str(refused.value) == (
        f"Projection statement-lines cannot take in tasma.revenue.reversed.v2 at position {FIRST + len(month())}: NotInTheLog."
    )


def test_where_lines_begin_is_found_in_the_file() -> None:
    with KeptStarts() as starts:
        one, other = starts.new(), starts.new()
        one.add([3, 1, 5, 2])
        other.add([5, 1])
        one.add([])
        one.add([9, 4])
        assert [one.first(3), one.first(5), one.first(9), other.first(5)] == [1, 2, 4, 1]
        for position in (1, 4, 10):
            with pytest.raises(LookupError, match=f"position {position}"):
                one.first(position)
