"""Agreements as they are read: every version says its text, whether it is the first or amends another."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from adapters.projecting.memory import Memory
from projections.agreements import Agreement, agreement_of, agreements
from projections.rows import At
from tests.domain.story import AGREEMENT, PARTNERS, amended, do, in_force, written
from tests.given_when_then import Given, asked

APRIL = asked("2019-04-10T09:00:00+03:00")


def versions(so_far: Given) -> Sequence[Agreement]:
    memory = Memory(agreements)
    placed = [(At(n, datetime(2019, 4, 10, tzinfo=UTC)), event) for n, event in enumerate(so_far.history, 1)]
    memory.advance([fact for fact in placed if type(fact[1]) in agreements.facts], len(placed))
    assert not memory.parked
    return agreement_of(memory, AGREEMENT)


def test_an_amendment_is_read_like_the_first_version_by_its_parties_before_anybody_signs_it() -> None:
    first, second = versions(do(in_force(), "amend-agreement", written(None, dispute_days=7), APRIL))
    assert (first.version, second.version) == (1, 2)
    assert (second.title, second.parties) == (first.title, first.parties)
    assert second.clauses is not None
    assert second.clauses.dispute_days == 7
    assert second.drafted_on == date(2019, 4, 10)
    assert (second.text_digest, second.approvals, second.signatures, second.in_force_on) == (None, (), (), None)


def test_an_amendment_in_force_says_who_approved_and_signed_it() -> None:
    _, second = versions(amended(in_force(), APRIL))
    assert second.in_force_on == date(2019, 4, 10)
    assert {each.organisation for each in second.approvals} == set(PARTNERS)
    assert {each.organisation for each in second.signatures} == set(PARTNERS)
    assert second.text_digest is not None
