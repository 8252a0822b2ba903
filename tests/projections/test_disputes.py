"""Disputes are listed for their sides with whose turn it is; what passes its deadline is found, and becomes one command."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.due_work import DUE_WORK, due_work
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog, MemoryMarks
from adapters.memory.views import MemoryViews
from adapters.projecting.memory import Memory
from application.desk import Desk
from application.ports import Decision
from application.registry import DECIDERS
from application.scheduler import Due, expire_due
from domain.kernel import Event
from domain.settlement.events import DisputeEscalated, StatementUnanswered
from projections import disputes, due_statements
from projections.disputes import Dispute, DisputeStep, dispute_of, docket
from projections.rows import At, Projection
from tests.domain.disputing import (
    BOOKS,
    COST,
    DISPUTE,
    ENTRY,
    accepted,
    coordinator,
    corrected,
    correction,
    disputed,
    issued,
    line,
    scheduler,
    somebody,
)
from tests.domain.story import PARTNERS, do
from tests.given_when_then import Given, given
from tests.projections.same import Ground, assert_same

ONE = {"dispute": DISPUTE}
OF_ENTRY = {**ONE, "entry": ENTRY}
REJECT = {**ONE, "answer": "rejected", "evidence": "Läsnäololista 12"}
SILENT = "2019-04-11T07:00:00+03:00"


def folded(so_far: Given, projection: Projection = disputes.disputes) -> Memory:
    memory = Memory(projection)
    memory.advance([fact for fact in placed(so_far.history) if type(fact[1]) in projection.facts], len(so_far.history))
    assert not memory.parked
    return memory


def placed(events: Sequence[Event]) -> list[tuple[At, Event]]:
    return [(At(n, datetime(2019, 4, 3, tzinfo=UTC)), event) for n, event in enumerate(events, 1)]


def rejected(at: str = "2019-04-09T09:00:00+03:00") -> Given:
    return do(disputed(), "answer-dispute", REJECT, somebody("xamk", at))


def to_the_end() -> Given:
    escalated = do(rejected(), "escalate-dispute", ONE, somebody("ekami", SILENT))
    return do(escalated, "answer-dispute", {**ONE, "answer": "accepted"}, coordinator(SILENT))


def test_a_dispute_says_whose_line_it_is_and_whose_turn_until_when() -> None:
    (open_,) = docket(folded(disputed()))
    assert open_ == Dispute(
        dispute=DISPUTE,
        state="open",
        statement="statement:ekami.2019-03",
        partner="org:ekami",
        counterparty="org:xamk",
        period="2019-03",
        entry=ENTRY,
        clause="steps[2]",
        cents=12_500,
        reason="wrong-quantity",
        disputed_on=date(2019, 4, 3),
        answer_by=date(2019, 4, 10),
        due_on=date(2019, 4, 10),
        changed_on=date(2019, 4, 3),
    )


@pytest.mark.parametrize(
    ("so_far", "state", "due_on"),
    [
        (disputed(), "open", date(2019, 4, 10)),
        (rejected(), "rejected", date(2019, 4, 16)),
        (do(disputed(), "escalate-dispute", ONE, scheduler(SILENT)), "escalated", None),
        (do(disputed(), "withdraw-dispute", ONE, somebody("ekami")), "withdrawn", None),
        (to_the_end(), "accepted", None),
    ],
)
def test_a_dispute_is_due_once_and_as_the_decision_says(so_far: Given, state: str, due_on: date | None) -> None:
    """On its last day nothing is due yet; on the day after the scheduler's command is taken."""
    memory = folded(so_far)
    (dispute,) = docket(memory)
    assert (dispute.state, dispute.due_on) == (state, due_on)
    if due_on is None:
        assert not disputes.due(memory, date(2099, 1, 1))
        return
    assert not disputes.due(memory, due_on)
    next_day = due_on.replace(day=due_on.day + 1)
    assert disputes.due(memory, next_day) == [dispute]
    escalated = do(so_far, "escalate-dispute", ONE, scheduler(f"{next_day}T07:00:00+03:00"))
    assert not disputes.due(folded(escalated), next_day)


def test_an_accepted_dispute_is_due_for_its_correction_and_then_for_silence() -> None:
    """Accepted on Wednesday 3 April, it is to be corrected until the 10th; corrected on Friday the 5th, it stands after the 12th."""
    history = []
    for so_far, name, day in (
        (accepted(), "miss-correction", date(2019, 4, 10)),
        (do(accepted(), "miss-correction", OF_ENTRY, scheduler(SILENT)), None, None),
        (corrected(), "close-dispute", date(2019, 4, 12)),
        (corrected(correction(1, "steps[0]")), "miss-correction", date(2019, 4, 10)),
    ):
        memory = folded(so_far)
        (dispute,) = docket(memory)
        assert dispute.due_on == day
        history.append([step.did for step in memory.under(DisputeStep, DISPUTE)])
        if day is None or name is None:
            assert not disputes.due(memory, date(2099, 1, 1))
            continue
        assert not disputes.due(memory, day)
        (due,) = dict(DUE_WORK)[disputes.disputes](memory, day + timedelta(days=1))
        assert (due.name, due.body) == (name, OF_ENTRY)
        after = folded(do(so_far, due.name, due.body, scheduler(f"{day + timedelta(days=1)}T07:00:00+03:00")))
        assert not disputes.due(after, date(2099, 1, 1))
    assert history == [
        ["disputed", "answered"],
        ["disputed", "answered", "missed"],
        ["disputed", "answered", "corrected"],
        ["disputed", "answered"],
    ]
    over = folded(do(corrected(), "close-dispute", OF_ENTRY, scheduler("2019-04-15T07:00:00+03:00")))
    (dispute,) = docket(over, state="settled")
    assert (dispute.correction, dispute.corrected_on, dispute.listed) == ("entry:9", date(2019, 4, 5), False)


def test_a_dispute_has_its_whole_history() -> None:
    view = dispute_of(folded(to_the_end()), DISPUTE)
    assert view is not None
    at = len(disputed().history)
    day, late = date(2019, 4, 9), date(2019, 4, 11)
    assert view.history == (
        DisputeStep(DISPUTE, at, "disputed", date(2019, 4, 3), "person:ekami", None, "wrong-quantity", None),
        DisputeStep(DISPUTE, at + 1, "answered", day, "person:xamk", "counterparty", "rejected", "Läsnäololista 12"),
        DisputeStep(DISPUTE, at + 2, "escalated", late, None, None, "answer-not-taken", None),
        DisputeStep(DISPUTE, at + 3, "answered", late, "person:test", "coordinator", "accepted", None),
    )
    assert dispute_of(folded(disputed()), "dispute:99") is None


def test_the_list_is_of_ones_own_lines_the_newest_first() -> None:
    """Cursor is a side of none of them, ekami of one, xamk of both."""
    ksao = replace(somebody("ksao", SILENT), command_id=UUID(int=7))
    both = folded(do(rejected(), "dispute-line", line(COST, "costs.split[1]", "org:ksao"), ksao))
    for organisation, partners in (
        (None, ["org:ksao", "org:ekami"]),
        ("org:xamk", ["org:ksao", "org:ekami"]),
        ("org:ekami", ["org:ekami"]),
        ("org:cursor", []),
    ):
        assert [d.partner for d in docket(both, organisation)] == partners
    assert [d.partner for d in docket(both, state="rejected")] == ["org:ekami"]


# --- statements ------------------------------------------------------------------------------------------------------
def statements_due(so_far: Given, today: date) -> list[str]:
    return [s.partner for s in due_statements.due(folded(so_far, due_statements.due_statements), today)]


def test_a_statement_is_due_after_its_last_day_until_it_is_answered_or_was_found_silent() -> None:
    of = {"partner": "org:ekami", "period": "2019-03"}
    everybody = sorted(PARTNERS)
    assert statements_due(BOOKS, date(2019, 4, 16)) == []
    assert statements_due(BOOKS, date(2019, 4, 17)) == everybody
    silent = do(BOOKS, "pass-deadline", of, scheduler("2019-04-17T07:00:00+03:00"))
    assert statements_due(silent, date(2019, 4, 18)) == [p for p in everybody if p != "org:ekami"]
    read = {**of, "digest": "a" * 64}
    checked = do(BOOKS, "check-statement", read, somebody("ekami", actor="a"))
    approved = do(checked, "approve-statement", read, somebody("ekami", actor="b"))
    assert statements_due(checked, date(2019, 4, 17)) == everybody
    assert statements_due(approved, date(2019, 4, 17)) == [p for p in everybody if p != "org:ekami"]


def test_a_statement_without_a_deadline_is_never_due() -> None:
    assert statements_due(given(issued("org:ekami", dispute_by=None)), date(2099, 1, 1)) == []


# --- the scheduler ---------------------------------------------------------------------------------------------------
class Network:
    """What was booked and disputed, in a log, with the read models that say what is due."""

    def __init__(self, so_far: Given) -> None:
        self.now = datetime(2019, 4, 3, 9, tzinfo=UTC)
        self.log = MemoryLog("/networks/test", SeededEntropy(1), lambda: self.now)
        self.desk = Desk(self.log, MemoryMarks(), lambda: self.now, SeededEntropy(2))
        self.views = MemoryViews(self.log)
        self.so_far = so_far

    async def begin(self) -> None:
        asked = replace(coordinator(), at=self.now)
        decision = Decision(events=self.so_far.history, asked=asked, digest=bytes(32), unless=(), after=())
        await self.log.look(())
        await self.log.append(decision)

    async def due(self, today: date) -> Sequence[Due]:
        return await due_work(self.views, today)


def test_the_scheduler_does_what_is_due_once_and_in_any_process() -> None:
    """On 17 April the dispute has been silent for a week and each of four statements since the day before."""

    async def play() -> None:
        network = Network(disputed())
        await network.begin()
        assert await expire_due(network, network.desk) == 0
        network.now = datetime(2019, 4, 17, 9, tzinfo=UTC)
        due = await network.due(network.now.date())
        assert await expire_due(network, network.desk) == len(due) == 5
        assert await network.due(network.now.date()) == []
        head = await network.log.head()
        events = [r.data for r in await network.log.read(0, limit=1_000)]
        assert Counter(type(event) for event in events[-5:]) == {DisputeEscalated: 1, StatementUnanswered: 4}

        class Behind:
            async def due(self, today: date) -> Sequence[Due]:
                assert today == network.now.date()
                return due

        await expire_due(Behind(), network.desk)
        assert await network.log.head() == head, "what was done is recognised"

    asyncio.run(play())


def test_every_kind_of_due_work_is_a_command_that_the_network_may_send() -> None:
    async def play() -> None:
        network = Network(disputed())
        await network.begin()
        for due in await network.due(date(2019, 5, 31)):
            assert "policy" in DECIDERS[due.name].may
            assert set(due.key) <= set(due.body.values())

    asyncio.run(play())
    assert {projection.name for projection, _ in DUE_WORK} == {"referrals", "due_statements", "disputes"}


# --- live = rebuilt = in memory ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("projection", [disputes.disputes, due_statements.due_statements], ids=lambda p: p.name)
def test_live_is_rebuilt_is_in_memory(ground: Ground, projection: Projection) -> None:
    """With every kind of step, in small slices and with crashes in between."""
    passed = do(
        to_the_end(),
        "pass-deadline",
        {"partner": "org:ksao", "period": "2019-03"},
        scheduler("2019-04-17T07:00:00+03:00"),
    )
    again = replace(somebody("cursor", SILENT), command_id=UUID(int=8))
    history = do(passed, "dispute-line", line(ENTRY, "steps[0]", "org:cursor"), again)
    withdrawn = do(history, "withdraw-dispute", {"dispute": again.new("dispute")}, somebody("cursor", SILENT))
    own = [fact for fact in placed(withdrawn.history) if type(fact[1]) in projection.facts]
    assert_same(ground, projection, own, cuts=(2, 1, 3), crashes=(0, 2), keep=1)
