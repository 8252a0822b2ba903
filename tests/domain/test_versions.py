"""Versions: what was written in an older form is read for ever, and everybody sees it in the newest."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import fields

from adapters.cuts import cuts_of
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from adapters.memory.views import MemoryViews
from adapters.projecting.memory import Memory
from application.desk import Desk
from application.envelope import Recorded
from application.policies import Cuts, Intention, Policy
from application.policy_worker import PolicyWorker
from application.ports import Decision
from application.registry import DECIDERS, EVENT_TYPES
from domain.agreements import earlier as earlier_agreements
from domain.kernel import FACTS, UPCASTS, Event, Refused, current, facts, name_of, tags_of, versions_of
from domain.revenue.earlier import RevenueReversed as ReversedBefore
from domain.revenue.events import RevenueReversed
from domain.settlement.earlier import StatementIssued as IssuedBefore
from domain.settlement.events import PeriodSettled, SettlementPlanned, StatementIssued
from projections.registry import all_projections
from projections.rows import At, Projection
from tests.architecture.golden import GOLDEN
from tests.domain.story import (
    AGREE,
    AGREEMENT,
    closed,
    delivery,
    do,
    in_force,
    numbered,
    planned,
    shared,
    sharing,
    written,
)
from tests.given_when_then import Given, asked, example, given

WRITTEN = json.loads(GOLDEN.read_text(encoding="utf-8"))
MAY = "2019-05-02T09:00:00+03:00"
AT = datetime(2019, 3, 5, tzinfo=UTC)
OLDER = sorted(UPCASTS, key=name_of)
NEWEST = {
    older: type(current(msgspec.json.decode(WRITTEN[name_of(older)]["sample"]["data"], type=older))) for older in OLDER
}
FOLLOW_UP = {
    "follow_up": "follow-up:1",
    "cause": "0168f4a2-7c00-8123-9abc-0123456789ab",
    "about": "referral:r-1",
    "code": "refused",
    "reason": "It was refused.",
}


def sample(older: type[Event]) -> Event:
    """As it was once written."""
    return _written(name_of(older))


def _written(name: str) -> Event:
    event = msgspec.json.decode(WRITTEN[name]["sample"]["data"], type=EVENT_TYPES[name])
    assert isinstance(event, Event)
    return event


def as_before(event: Event) -> Event:
    """An event in the oldest form that says all that it says."""
    for older in OLDER:
        if NEWEST[older] is type(event):
            content = _only(msgspec.to_builtins(event), older)
            if "clauses" in content:
                content["clauses"] = _only(content["clauses"], earlier_agreements.Clauses)
            if current(before := msgspec.convert(content, older)) == _unnamed(event, older):
                return before
    return event


def _unnamed(event: Event, older: type[Event]) -> Event:
    """Without those who may see it, where everybody might before: it is who sees it that they change, and nothing else."""
    return (
        msgspec.structs.replace(event, parties=())
        if (FACTS[older].seen_by, FACTS[type(event)].seen_by) == ("network", "parties")
        else event
    )


def _only(content: Mapping[str, Any], form: type[msgspec.Struct]) -> dict[str, Any]:
    return {f.name: content[f.name] for f in fields(form)}


def written_before(so_far: Given) -> Given:
    return Given(tuple(as_before(event) for event in so_far.history))


# --- the forms -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("older", OLDER, ids=name_of)
def test_an_older_form_is_read_as_the_newest(older: type[Event]) -> None:
    """One step or several lead there; what both forms say is the same, its tags too, so that it is found again."""
    event = sample(older)
    newest = current(event)
    assert type(newest) not in UPCASTS
    assert current(newest) is newest
    name, _, number = name_of(older).rpartition(".v")
    others = [int(n.rpartition(".v")[2]) for n in EVENT_TYPES if n.rpartition(".v")[0] == name]
    assert name_of(type(newest)) == f"{name}.v{max(others)}"
    assert int(number) < max(others)
    for field in older.__struct_fields__:
        if field != "clauses":
            assert getattr(newest, field) == getattr(event, field)
    assert tags_of(newest) == tags_of(event)
    old, new = FACTS[older], FACTS[type(newest)]
    assert (old.about, old.frequent) == (new.about, new.frequent)
    assert old.seen_by == new.seen_by or (old.seen_by, new.seen_by) == ("network", "parties"), (
        "seen by fewer, never by more"
    )


@pytest.mark.parametrize("older", OLDER, ids=name_of)
def test_the_newest_form_of_an_older_fact_can_be_written_and_read(older: type[Event]) -> None:
    newest = current(sample(older))
    assert msgspec.json.decode(msgspec.json.encode(newest), type=type(newest)) == newest


@pytest.mark.parametrize("older", OLDER, ids=name_of)
def test_who_asks_for_a_fact_asks_for_all_its_versions(older: type[Event]) -> None:
    newest = NEWEST[older]
    assert older in versions_of(newest)
    criterion = facts(newest)
    assert set(criterion.types) == set(versions_of(newest))
    assert criterion.admits(sample(older))
    assert facts(newest, about=tags_of(sample(older))[0]).admits(sample(older))


@pytest.mark.parametrize("name", DECIDERS)
def test_no_decision_looks_past_an_older_form(name: str) -> None:
    """A boundary that names a version names all older ones; no decision asks for an older form alone."""
    decider = DECIDERS[name]
    for criterion in decider.boundary(example(name, asked(role=next(iter(decider.may))))):
        assert {v for t in criterion.types for v in versions_of(t)} == set(criterion.types)
        assert {NEWEST.get(t, t) for t in criterion.types} <= set(criterion.types)


# --- decisions -------------------------------------------------------------------------------------------------------
ENTRY = asked().new("entry")


def reversed_once() -> Given:
    return do(shared(), "reverse-entry", {"entry": ENTRY, "reason": "price-changed"}, numbered(1))


def listed() -> Given:
    return do(shared(), "open-follow-up", FOLLOW_UP, asked(role="policy"))


TAKING = {"entry": ENTRY, "reason": "price-changed"}
DECISIONS: list[tuple[Given, str, Mapping[str, Any]]] = [
    (planned(), "agree-pathway", AGREE),
    (in_force(), "amend-agreement", written(None, payment_days=30)),
    (in_force(), "draft-agreement", written()),
    (in_force(), "freeze-agreement", {"agreement": AGREEMENT, "version": 1}),
    (do(shared(), "deliver-step", delivery(part=2)), "share-revenue", sharing(part=2)),
    (shared(), "share-revenue", sharing()),
    (shared(), "reverse-entry", {**TAKING, "amount_cents": 12345}),
    (shared(), "rebook-part", {**sharing(), "amount_cents": 50000, "reason": "price-changed"}),
    (reversed_once(), "reverse-entry", TAKING),
    (reversed_once(), "share-revenue", sharing()),
    (in_force(), "decide-vat-treatment", dict(DECIDERS["decide-vat-treatment"].example)),
    (in_force(), "share-cost", dict(DECIDERS["share-cost"].example)),
    (listed(), "open-follow-up", FOLLOW_UP),
]


@pytest.mark.parametrize(("so_far", "name", "body"), DECISIONS, ids=[name for _, name, _ in DECISIONS])
def test_decisions_over_older_forms_are_those_over_their_newest(
    so_far: Given, name: str, body: Mapping[str, Any]
) -> None:
    before = written_before(so_far)
    assert any(type(event) in UPCASTS for event in before.history)
    outcomes: list[object] = []
    for history in (so_far, before):
        try:
            outcomes.append(history.when(name, body, numbered(9)).events())
        except Refused as refusal:
            outcomes.append(str(refusal))
    assert outcomes[0] == outcomes[1]


def test_a_statement_that_was_issued_without_a_deadline_is_answered_like_any_other() -> None:
    old = sample(IssuedBefore)
    new = current(old)
    assert isinstance(new, StatementIssued)
    assert (new.dispute_by, new.tacit_approval) == (None, False)
    body = {"partner": new.partner, "period": new.period, "digest": new.digest}
    by = asked(MAY, new.partner)
    assert (
        given(old).when("check-statement", body, by).events() == given(new).when("check-statement", body, by).events()
    )
    given(old).when(
        "pass-deadline", {"partner": new.partner, "period": new.period}, asked(MAY, role="policy")
    ).then_refused(f"{new.statement} was issued without a deadline; it waits until it is approved.")


def test_what_an_older_reversal_took_back_is_gone() -> None:
    (old,) = [e for e in written_before(reversed_once()).history if isinstance(e, ReversedBefore)]
    new = current(old)
    assert isinstance(new, RevenueReversed)
    assert (new.of, new.entry_amount_cents, new.left_cents, new.vat) == ("revenue", 40000, 0, ())


# --- read models and policies ----------------------------------------------------------------------------------------
def every_older_form() -> Given:
    """A history in which each older form occurs."""
    so_far = do(reversed_once(), "share-revenue", sharing(), numbered(2))
    so_far = do(so_far, "open-follow-up", FOLLOW_UP, asked(role="policy"))
    so_far = do(so_far, "draft-pathway", {"pathway": "pathway:p-2", "client": "client:c-2", "organisation": "org:xamk"})
    so_far = closed(so_far, "2019-01", "2019-02", "2019-03", at=MAY)
    statement = current(sample(IssuedBefore))
    assert isinstance(statement, StatementIssued)
    march = msgspec.structs.replace(
        statement, statement="statement:ekami.2019-03", partner="org:ekami", period="2019-03", parties=("org:ekami",)
    )
    settled = [_written(name_of(event)) for event in (PeriodSettled, SettlementPlanned)]
    return Given((*so_far.history, march, *settled))


def rows_of(projection: Projection, so_far: Given) -> list[Any]:
    memory = Memory(projection)
    events = [(At(n, AT), event) for n, event in enumerate(so_far.history, 1)]
    memory.advance([(at, event) for at, event in events if type(event) in projection.facts], len(events))
    assert not memory.parked
    return [list(memory.under(table)) for table in projection.tables]


@pytest.mark.parametrize("projection", all_projections(), ids=lambda p: p.name)
def test_read_models_of_older_forms_are_those_of_their_newest(projection: Projection) -> None:
    so_far = every_older_form()
    before = written_before(so_far)
    assert {type(event) for event in before.history} >= set(OLDER)
    for older in OLDER:
        assert (older in projection.facts) is (NEWEST[older] in projection.facts)
    assert rows_of(projection, before) == rows_of(projection, so_far)


def test_a_policy_is_given_the_newest_form() -> None:
    """A policy on a fact reacts to it in every version, and sees none but the newest."""
    given_to_it: list[Event] = []

    async def plan(event: Recorded, _: Cuts) -> AsyncIterator[Intention]:
        given_to_it.append(event.data)
        nothing: tuple[Intention, ...] = ()
        for intention in nothing:
            yield intention

    async def play() -> None:
        entropy = SeededEntropy(1)
        log = MemoryLog("/networks/t", entropy, lambda: asked().at)
        marks = MemoryMarks()
        for number, older in enumerate(OLDER):
            await log.append(
                Decision(events=(sample(older),), asked=numbered(number), digest=bytes(32), unless=(), after=())
            )
        views = MemoryViews(log)
        policy = Policy("test", tuple(set(NEWEST.values())), plan)
        desk = Desk(log, marks, lambda: asked().at, entropy)
        await PolicyWorker(policy, desk, log, marks, cuts_of(views, MemoryDocuments(), log)).work_off()

    asyncio.run(play())
    assert given_to_it == [current(sample(older)) for older in OLDER]
