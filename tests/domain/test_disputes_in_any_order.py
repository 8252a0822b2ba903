"""One statement with any lines, answered in any order, by anybody, on old knowledge, twice: its promises hold."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from msgspec.structs import replace

from adapters.projecting.memory import Memory
from adapters.projecting.slices import Facts
from application.door import command_of
from application.registry import DECIDERS
from domain.calendar import business_days_after, day_of
from domain.kernel import Asked, Event, Refused
from domain.money import Share
from domain.revenue.events import RevenueReversed, RevenueShared
from domain.settlement.dispute import FINAL
from domain.settlement.events import (
    CorrectionMissed,
    DisputeAnswered,
    DisputeClosed,
    DisputeEscalated,
    DisputeWithdrawn,
    LineDisputed,
    StatementApproved,
    StatementChecked,
    StatementUnanswered,
)
from projections import disputes, due_statements
from projections.rows import At
from tests.domain.disputing import MARCH, SHARED, TERMS, in_force, issued, reversal
from tests.domain.story import AGREEMENT

MINE, OTHERS = "org:ekami", ("org:xamk", "org:ksao", "org:lut")
ASKERS: Mapping[str, Asked] = {
    f"{actor} of {organisation}": Asked(
        at=datetime(2019, 4, 2, tzinfo=UTC),
        actor=f"person:{actor}",
        role="partner" if organisation != "nobody" else "coordinator",
        organisation=f"org:{organisation}" if organisation != "nobody" else None,
        command_id=UUID(int=0),
    )
    for actor, organisation in (
        *((actor, "ekami") for actor in ("a", "b")),
        ("x", "xamk"),
        ("k", "ksao"),
        ("l", "lut"),
        *((actor, "nobody") for actor in ("c", "d")),
    )
}
SCHEDULER = replace(ASKERS["c of nobody"], actor="policy:scheduler", role="policy")
END = r"(m?[wcn]?)"
"""After an acceptance: its correction missed, withdrawn, closed in silence, and `n` for disputed anew."""
LIFE = re.compile(rf"d(a{END}|w|r(w|(e(a[wcn]?|[xw])?))?|e(a[wcn]?|[xw])?)?")
"""Of a dispute: disputed, accepted, withdrawn, rejected, escalated, and `x` for rejected by the coordinator."""

SIDES = {MINE: ASKERS["a of ekami"], "org:xamk": ASKERS["x of xamk"]}
COORDINATOR = ASKERS["c of nobody"]

askers = st.sampled_from(sorted(ASKERS))
own = st.sampled_from(["a of ekami", "b of ekami", "c of nobody"])
answers = st.sampled_from(["accepted", "rejected", "rejected"])
behind = st.sampled_from([0, 0, 0, 1, 2])
which = st.integers(0, 5)


class Attack(RuleBasedStateMachine):
    """Rules ask; the decisions refuse or not; the promises hold after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Event] = []
        self.now = datetime(2019, 4, 2, 6, tzinfo=UTC)
        self.done: dict[UUID, tuple[Event, ...]] = {}
        self.asked: list[tuple[str, Mapping[str, str], Asked]] = []
        self.gone: set[str] = set()
        """Entries of which nothing is left."""
        self.models = (Memory(disputes.disputes), Memory(due_statements.due_statements))

    @initialize(
        cents=st.lists(st.sampled_from([1, 12_345, 0]), min_size=2, max_size=4),
        answer_days=st.integers(0, 6),
        dispute_days=st.integers(3, 10),
        tacit=st.booleans(),
    )
    def issue(self, cents: list[int], answer_days: int, dispute_days: int, *, tacit: bool) -> None:
        self.lines = [(f"entry:{n}", "steps[0]", c) for n, c in enumerate(cents, 1)] + [("entry:1", "steps[1]", 1)]
        self.dispute_by = business_days_after(day_of(self.now), dispute_days)
        mine = replace(issued(MINE, dispute_by=self.dispute_by), tacit_approval=tacit)
        self.answer_days = answer_days
        self.append(in_force(1, answer_days), *map(_posting, enumerate(cents, 1)))
        self.append(mine, issued("org:xamk", dispute_by=self.dispute_by))
        self.begun = len(self.history)

    # --- whose turn it is --------------------------------------------------------------------------------------------
    @rule(side=st.sampled_from((MINE, "org:xamk")), line=which, behind=behind)
    def dispute(self, side: str, line: int, behind: int) -> None:
        entry, clause, _ = self.lines[line % len(self.lines)]
        self.ask("dispute-line", _contested(side, entry, clause), SIDES[side], behind)

    @rule(dispute=which, answer=answers, behind=behind)
    def answer(self, dispute: int, answer: str, behind: int) -> None:
        """By the other side, or the coordinator where it is there."""
        if standing := [d for d in self.docket() if d.state not in (*FINAL, "accepted")]:
            one = standing[dispute % len(standing)]
            by = COORDINATOR if one.state == "escalated" else SIDES[one.counterparty]
            self.ask("answer-dispute", {"dispute": one.dispute, "answer": answer}, by, behind)

    @rule(dispute=which, name=st.sampled_from(["escalate-dispute", "withdraw-dispute"]), behind=behind)
    def go_on_or_back(self, dispute: int, name: str, behind: int) -> None:
        if begun := self.told(LineDisputed):
            one = begun[-1 - dispute % len(begun)]
            self.ask(name, {"dispute": one.dispute}, SIDES[one.partner], behind)

    @rule(line=which, clause=st.sampled_from(["steps[0]", "steps[1]"]), whole=st.booleans())
    def correct(self, line: int, clause: str, *, whole: bool) -> None:
        """A cent of a clause of an entry is taken back, or all that is left of it."""
        entry = self.lines[line % len(self.lines)][0]
        if entry in self.gone:
            return
        self.gone |= {entry} if whole else set()
        number, posting = f"entry:a{len(self.history)}", next(e for e in self.told(RevenueShared) if e.entry == entry)
        self.append(_back(number, posting, clause, day_of(self.now), left_cents=0 if whole else 1))

    @rule(asker=own, name=st.sampled_from(["check-statement", "approve-statement"]), behind=behind)
    def answer_the_statement(self, asker: str, name: str, behind: int) -> None:
        self.ask(name, {"partner": MINE, "period": MARCH, "digest": "a" * 64}, ASKERS[asker], behind)

    # --- and whose it is not -----------------------------------------------------------------------------------------
    @rule(asker=askers, side=st.sampled_from((MINE, *OTHERS)), line=which, behind=behind)
    def anybody_disputes(self, asker: str, side: str, line: int, behind: int) -> None:
        entry, clause, _ = self.lines[line % len(self.lines)]
        self.ask("dispute-line", _contested(side, entry, clause), ASKERS[asker], behind)

    @rule(asker=askers, dispute=which, answer=answers, behind=behind)
    def anybody_answers(self, asker: str, dispute: int, answer: str, behind: int) -> None:
        if begun := self.told(LineDisputed):
            body = {"dispute": begun[-1 - dispute % len(begun)].dispute, "answer": answer}
            self.ask("answer-dispute", body, ASKERS[asker], behind)

    @rule(days=st.sampled_from([1, 2, 7]))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule()
    def deadlines_are_looked_at(self) -> None:
        """What is due is done, and then nothing is: the read models and the decisions agree on every deadline."""
        today = day_of(self.now)
        for due in disputes.due(self.models[0], today):
            assert self.ask(*_next(due), SCHEDULER) is None
        for awaited in due_statements.due(self.models[1], today):
            body = {"partner": awaited.partner, "period": awaited.period}
            assert self.ask("pass-deadline", body, SCHEDULER) is None
        assert not disputes.due(self.models[0], today)
        assert not due_statements.due(self.models[1], today)

    @rule(dispute=which)
    def somebody_is_hasty(self, dispute: int) -> None:
        """The scheduler's commands before they are due."""
        if day_of(self.now) <= self.dispute_by:
            assert self.ask("pass-deadline", {"partner": MINE, "period": MARCH}, SCHEDULER)
        early = [d for d in self.docket() if d.due_on and d.due_on >= day_of(self.now)]
        if early:
            assert self.ask(*_next(early[dispute % len(early)]), SCHEDULER)

    @rule(which=st.integers(0, 100))
    def retry(self, which: int) -> None:
        if self.asked:
            name, body, asked = self.asked[which % len(self.asked)]
            before = list(self.history)
            known = asked.command_id in self.done
            self.carry_out(name, body, replace(asked, at=self.now), 0)
            assert not known or self.history == before

    # --- the log -----------------------------------------------------------------------------------------------------
    def ask(self, name: str, body: Mapping[str, str], asker: Asked, behind: int = 0) -> str | None:
        """The refusal, if it was refused. `behind`: how many events the asker has not seen."""
        asked = replace(asker, at=self.now, command_id=UUID(int=len(self.asked) + 1))
        self.asked.append((name, body, asked))
        return self.carry_out(name, body, asked, behind)

    def carry_out(self, name: str, body: Mapping[str, str], asked: Asked, behind: int) -> str | None:
        """As the log takes it: what was done is not done again, and what was decided on old knowledge is not stored."""
        if asked.command_id in self.done or not self.may(name, asked):
            return "done already, or not allowed"
        command = command_of(name, body, asked)
        decider = DECIDERS[name]
        boundary = decider.boundary(command)
        inside = [any(c.admits(event) for c in boundary) for event in self.history]
        seen = max(len(self.history) - behind, self.begun)
        try:
            events = decider(command, [e for e, is_in in zip(self.history[:seen], inside, strict=False) if is_in])
        except Refused as refusal:
            return str(refusal)
        if any(inside[seen:]):
            return "overtaken"
        self.done[asked.command_id] = events
        self.append(*events)
        return None

    @staticmethod
    def may(name: str, asked: Asked) -> bool:
        return asked.role in DECIDERS[name].may

    def append(self, *events: Event) -> None:
        for event in events:
            self.history.append(event)
            position = len(self.history)
            for model in self.models:
                told: Facts = [(At(position, self.now), event)] if type(event) in model.projection.facts else []
                model.advance(told, position)
                assert not model.parked

    def told(self, *kinds: type[Any]) -> list[Any]:
        return [event for event in self.history if isinstance(event, kinds)]

    def docket(self) -> Sequence[disputes.Dispute]:
        return disputes.docket(self.models[0])

    # --- promises ----------------------------------------------------------------------------------------------------
    @invariant()
    def a_line_is_either_free_or_held_by_one_dispute(self) -> None:
        held = [(d.entry, d.clause) for d in self.docket() if d.state not in FINAL]
        assert len(held) == len(set(held)), "two disputes of one line"
        ended = {
            event.dispute
            for event in self.told(DisputeAnswered, DisputeWithdrawn, DisputeClosed)
            if not isinstance(event, DisputeAnswered) or (event.stage, event.answer) == ("coordinator", "rejected")
        }
        unresolved = {(d.entry, d.clause) for d in self.told(LineDisputed) if d.dispute not in ended}
        free = {line[:2] for line in self.lines} - unresolved
        assert set(held) == unresolved
        assert not free & set(held)

    @invariant()
    def a_dispute_is_between_the_sides_of_a_line_and_on_time(self) -> None:
        sides = {(entry, clause): cents for entry, clause, cents in self.lines if clause == "steps[0]"}
        for dispute in self.told(LineDisputed):
            cents = sides[dispute.entry, dispute.clause]
            assert {dispute.partner, dispute.counterparty} == {MINE, "org:xamk"}
            assert dispute.cents == (cents if dispute.partner == MINE else -cents)
            assert dispute.partner == MINE or cents, "who got nothing disputes it, and nobody else"
            renewed = any(_follows(e, dispute) for e in self.told(DisputeClosed) if e.how == "disputed-again")
            assert renewed or dispute.disputed_on <= self.dispute_by

    @invariant()
    def nothing_changes_after_an_end(self) -> None:
        lives: dict[str, str] = {}
        for event in self.told(
            LineDisputed, DisputeAnswered, DisputeEscalated, DisputeWithdrawn, CorrectionMissed, DisputeClosed
        ):
            lives[event.dispute] = lives.get(event.dispute, "") + _letter(event)
        for life in lives.values():
            assert LIFE.fullmatch(life), life

    @invariant()
    def a_line_is_settled_by_silence_when_it_was_corrected_and_everybody_had_their_days(self) -> None:
        for n, event in enumerate(self.history):
            if not isinstance(event, CorrectionMissed | DisputeClosed):
                continue
            begun = next(e for e in self.told(LineDisputed) if e.dispute == event.dispute)
            since = self.history[self.history.index(begun) : n]
            accepted = next(e for e in since if isinstance(e, DisputeAnswered) and e.answer == "accepted")
            backs = [e for e in since if isinstance(e, RevenueReversed) and e.entry == begun.entry]
            mends = [e for e in backs if not e.left_cents or e.shares[0].clause == begun.clause]
            if isinstance(event, CorrectionMissed):
                assert not mends
                assert event.missed_on > business_days_after(accepted.answered_on, self.answer_days)
                continue
            assert event.correction == mends[0].reversal
            last = business_days_after(max(accepted.answered_on, mends[0].occurred_on), self.answer_days)
            assert (event.closed_on > last) is (event.how == "silence")

    @invariant()
    def who_checks_never_approves_and_nothing_is_approved_twice(self) -> None:
        approvals = self.told(StatementApproved)
        assert len(approvals) <= 1
        for approval in approvals:
            checkers = {
                event.by
                for event in self.history[: self.history.index(approval)]
                if isinstance(event, StatementChecked)
            }
            assert approval.tacit or (checkers and approval.by not in checkers)
            assert not approval.tacit or approval.approved_on > self.dispute_by
        silences = [event for event in self.told(StatementUnanswered) if event.partner == MINE]
        assert len(silences) <= 1
        assert all(event.passed_on > self.dispute_by for event in silences)


def _contested(side: str, entry: str, clause: str) -> dict[str, str]:
    of = {"partner": side, "period": MARCH, "entry": entry, "clause": clause}
    return {**of, "agreement": AGREEMENT, "reason": "other"}


def _posting(numbered: tuple[int, int]) -> Event:
    """What ekami gets of one amount that xamk collects; xamk keeps one cent."""
    n, cents = numbered
    shares = ((MINE, "steps[0]", cents), ("org:xamk", "steps[1]", 1))
    return replace(
        SHARED,
        entry=f"entry:{n}",
        amount_cents=cents + 1,
        shares=tuple(
            Share(partner=partner, role=None, clause=clause, cents=c, exact=f"{c}/1", terms=TERMS)
            for partner, clause, c in shares
        ),
    )


def _back(number: str, posting: RevenueShared, clause: str, on: date, *, left_cents: int) -> RevenueReversed:
    """A cent of a clause."""
    whole = reversal(number, posting, 1, left_cents)
    (share,) = whole.shares
    return replace(whole, shares=(replace(share, clause=clause),), occurred_on=on)


def _next(dispute: disputes.Dispute) -> tuple[str, dict[str, str]]:
    """What the scheduler asks for when a turn has passed."""
    this = {"dispute": dispute.dispute}
    if dispute.state != "accepted":
        return "escalate-dispute", this
    return "close-dispute" if dispute.correction else "miss-correction", {**this, "entry": dispute.entry}


def _follows(ended: DisputeClosed, begun: LineDisputed) -> bool:
    return ended.entry == begun.entry and ended.dispute != begun.dispute and ended.closed_on == begun.disputed_on


def _letter(event: Event) -> str:
    match event:
        case CorrectionMissed():
            return "m"
        case DisputeClosed():
            return "c" if event.how == "silence" else "n"
        case DisputeAnswered():
            return {("accepted"): "a"}.get(event.answer, "r" if event.stage == "counterparty" else "x")
        case DisputeEscalated():
            return "e"
        case DisputeWithdrawn():
            return "w"
        case _:
            return "d"


def test_in_any_order() -> None:
    run_state_machine_as_test(
        Attack, settings=settings(max_examples=100, stateful_step_count=40, deadline=None, derandomize=True)
    )
