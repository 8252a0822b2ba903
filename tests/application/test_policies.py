"""What a policy puts on the coordinator's list is said whole, and what asks for nothing costs nothing."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import cast
from uuid import UUID

import pytest

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog, MemoryMarks
from application.desk import Desk
from application.envelope import Recorded
from application.policies import REASON_MAX, Cuts, Intention, Policy, follow_up
from application.policy_worker import PolicyWorker
from application.registry import DECIDERS
from domain.kernel import NotYet, Refused
from domain.mentoring.events import MentorCapacitySet
from domain.network.open_follow_up import AlreadyOnTheList
from domain.revenue import share_revenue, true_up
from domain.settlement import issue_document, issue_statement, net_pair, order_payment, plan_settlement
from domain.settlement.events import Netted, PaymentOrdered
from tests.domain.test_versions import sample
from tests.given_when_then import asked
from tests.projections.mentors import START, append

ID = UUID("0168f4a2-7c00-8123-9abc-0123456789ab")
PATHWAY, ENTRY, SETTLEMENT = f"pathway:{ID}", f"entry:{ID}", f"settlement:{ID}"
AGREEMENT, A, B, MARCH = "agreement:kymenlaakso-2019", "org:cursor", "org:ekami", "2019-03"
DRIFT = f"drift:{AGREEMENT}.10.{A}"
PLAN = plan_settlement.PlanSettlement(
    asked=asked(), settlement=SETTLEMENT, pairs=120, payments=115, total_cents=123_456_789
)
MET: dict[str, list[Refused]] = {
    "share-revenue": [
        share_revenue.SharedAlready(PATHWAY, 12, 10, ENTRY),
        share_revenue.BoundToAnother(PATHWAY, AGREEMENT, AGREEMENT),
    ],
    "open-follow-up": [AlreadyOnTheList(f"follow-up:{ID}")],
    "list-left-over-hours": [],
    "issue-statement": [issue_statement.IssuedAlready(A, MARCH), issue_statement.PeriodIsOpen(MARCH)],
    "issue-document": [
        issue_document.IssuedAlready(A, B, MARCH, f"document:{ID}"),
        issue_document.PeriodIsOpen(MARCH),
        issue_document.WrongSum("gross", 123_456_789, 123_456_788),
        issue_document.SeriesIsFull(A, MARCH),
    ],
    "true-up": [true_up.PeriodIsOpen(MARCH), true_up.TruedUpAlready(DRIFT, MARCH)],
    "net-pair": [
        net_pair.NettedAlready(cast("Netted", sample(Netted))),
        net_pair.PlannedAlready(SETTLEMENT),
        net_pair.NoPair(SETTLEMENT, A, B),
        net_pair.NothingToNet(SETTLEMENT, A, B),
    ],
    "order-payment": [
        order_payment.OrderedAlready(cast("PaymentOrdered", sample(PaymentOrdered))),
        order_payment.PlannedAlready(SETTLEMENT),
        order_payment.NoPayer(SETTLEMENT, A, B),
    ],
    "plan-settlement": [
        plan_settlement.PlannedAlready(SETTLEMENT),
        plan_settlement.NotAsPlanned(PLAN, 119, 114, 123_456_788),
        plan_settlement.Unbalanced(SETTLEMENT, A, 123_456_789),
        plan_settlement.PaysOtherwise(SETTLEMENT, A, B, 123_456_789, 123_456_788),
    ],
}
"""What policies' commands are refused with, with ids as they are given."""
OF_PEOPLE = {share_revenue.NotShared, share_revenue.OtherQuantities}
"""Of commands in the same files that no policy asks for."""


@pytest.mark.parametrize("name", MET)
def test_a_sentence_that_a_policy_meets_fits_on_the_list_with_its_way_out(name: str) -> None:
    for refusal in MET[name]:
        assert len(f"{name} was refused: {refusal}") <= REASON_MAX, str(refusal)


@pytest.mark.parametrize("name", MET)
def test_every_refusal_of_a_policys_command_is_among_them(name: str) -> None:
    module = DECIDERS[name].decide.__module__
    made = {
        each
        for each in vars(sys.modules[module]).values()
        if isinstance(each, type) and issubclass(each, Refused) and each.__module__ == module
    }
    assert {each for each in made - OF_PEOPLE if not issubclass(each, NotYet)} == {type(r) for r in MET[name]}


async def recorded() -> Recorded:
    log = new_log()
    await append(log, 1, number=1)
    (event,) = await log.read(0, limit=1)
    return event


def new_log() -> MemoryLog:
    return MemoryLog("/networks/test", SeededEntropy(1), lambda: START)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("a" * 197 + " bb", "a" * 197 + " bb"),
        ("a" * 199 + " bb", "a" * 199 + "…"),
        ("a" * 190 + f" entry:{ID}; reverse it.", "a" * 190 + "…"),
    ],
    ids=["fits", "at the end of a word", "within an id"],
)
def test_what_is_too_long_for_the_list_ends_with_a_whole_word_and_says_that_it_went_on(reason: str, said: str) -> None:
    assert follow_up(asyncio.run(recorded()), ID, "refused", reason)["reason"] == said


class CountingMarks(MemoryMarks):
    def __init__(self) -> None:
        super().__init__()
        self.moves: list[int] = []

    async def advance(self, policy: str, *, old: int, new: int) -> None:
        self.moves.append(new)
        await super().advance(policy, old=old, new=new)


def test_an_event_after_which_nothing_is_asked_for_moves_the_mark_only_with_others() -> None:
    """A policy that hears of each sharing would else write as often as it hears."""

    async def plan(_: Recorded, __: Cuts) -> AsyncIterator[Intention]:
        for intention in tuple[Intention, ...]():
            yield intention

    async def play() -> list[int]:
        log, marks = new_log(), CountingMarks()
        for number in (1, 2, 3):
            await append(log, 1, number=number)
        desk = Desk(log, marks, lambda: START, SeededEntropy(1))
        policy = Policy("hears", (MentorCapacitySet,), plan)
        await PolicyWorker(policy, desk, log, marks, cast("Cuts", None)).work_off()
        return marks.moves

    assert asyncio.run(play()) == [3]
