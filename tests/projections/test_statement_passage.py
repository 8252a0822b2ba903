"""Statements written in one passage: the bytes of each line, and the check against sums that were reckoned apart."""

import pytest

from adapters.projecting.memory import Memory
from domain.canonical import canonical
from projections.rows import At
from projections.statement_bytes import around_lines, bytes_of
from projections.statement_forms import line_form_2
from projections.statement_lines import lines_of
from projections.statement_passage import DoesNotAddUp, Passage
from projections.statement_rows import Balance
from projections.statement_sums import sums_in_memory
from tests.projections.booked import PARTNERS, START, XAMK, closed, founded, month
from tests.projections.booked import books as books_of

MARCH = "2019-03"


def test_lines_are_the_canonical_json_of_form_2() -> None:
    """Of every kind of line, taxed, exempt or neither, also several at once."""
    rows = books_of([*founded(), *month(), closed()])
    kinds = set[str]()
    for partner in PARTNERS:
        lines = lines_of(rows, partner, MARCH)
        kinds.update(line.kind for line in lines)
        assert bytes_of(lines) == b",".join(canonical(line_form_2(line)) for line in lines)
    assert kinds == {"share-earned", "share-owed", "cost-share", "correction", "true-up", "set-off", "payment", "vat"}


def test_what_stands_around_the_lines_leaves_a_place_for_them() -> None:
    before, after = around_lines(XAMK, MARCH, 17, -5, 12, ())
    assert before + after == (
        b'{"closing_cents":12,"form":2,"lines":[],"opening_cents":-5,"partner":"org:xamk","period":"2019-03",'
        b'"position":17,"subtotals":[]}'
    )


def test_sums_are_those_of_the_read_model_without_what_lines_are_made_of() -> None:
    events = [*founded(), *month(), closed()]
    memory = Memory(sums_in_memory())
    memory.advance([(At(n, START), event) for n, event in enumerate(events, 1)], len(events))
    assert memory.under(Balance) == books_of(events).under(Balance)


def test_statements_that_do_not_come_to_their_sums_are_not_issued() -> None:
    events = [*founded(), *month(), closed()]
    memory = Memory(sums_in_memory())
    memory.advance([(At(n, START), event) for n, event in enumerate(events, 1)], len(events))
    with pytest.raises(DoesNotAddUp) as refused:
        list(Passage(memory, MARCH, {}).ended(len(events)))
    partner = next(b for b in memory.under(Balance) if b.cents or b.lines)
    assert str(refused.value) == (
        f"The lines of {partner.partner} for 2019-03 come to 0 cents, its sums to {partner.cents}; no statement of the period is "
        "issued before the coordinator has found out why: `tasma audit verify` says what is wrong with the log."
    )
