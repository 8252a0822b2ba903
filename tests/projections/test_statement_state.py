"""A statement goes from open books to the last payment, and says how far it is; its digest never changes with that."""

from datetime import date
from typing import Literal

import pytest

from domain.changing import replace
from domain.kernel import Event
from domain.settlement.events import (
    DisputeAnswered,
    DisputeClosed,
    DisputeEscalated,
    DisputeWithdrawn,
    LineDisputed,
    PeriodSettled,
    SettlementPlanned,
    StatementApproved,
    StatementChecked,
    StatementIssued,
)
from projections.statement import account_of
from projections.statement_state import State
from tests.projections.booked import (
    AGREEMENT,
    CURSOR,
    EKAMI,
    KSAO,
    PARTNERS,
    XAMK,
    books,
    closed,
    founded,
    ordered,
    paid,
    reversed_,
    shared,
)

SOLD = shared("entry:1", {EKAMI: 5000, KSAO: 100})
OF = {"statement": "statement:ekami.2019-03", "period": "2019-03", "digest": "0" * 64}
DAY = date(2019, 4, 3)


def issued(partner: str = EKAMI) -> StatementIssued:
    return StatementIssued(
        statement=f"statement:{partner[4:]}.2019-03",
        partner=partner,
        period="2019-03",
        form=2,
        position=1,
        opening_cents=0,
        closing_cents=5000,
        lines=1,
        digest="",
        dispute_by=date(2019, 4, 17),
        tacit_approval=False,
        parties=(partner,),
    )


def checked(partner: str = EKAMI) -> StatementChecked:
    return StatementChecked(**OF, partner=partner, by="person:1", checked_on=DAY, parties=(partner,))


def approved(partner: str = EKAMI) -> StatementApproved:
    return StatementApproved(
        **OF,
        partner=partner,
        by="person:2",
        tacit=False,
        approved_on=DAY,
        parties=(partner,),
    )


def disputed(dispute: str = "dispute:1") -> LineDisputed:
    return LineDisputed(
        dispute=dispute,
        statement="statement:ekami.2019-03",
        partner=EKAMI,
        counterparty=XAMK,
        period="2019-03",
        entry="entry:1",
        clause="steps[0]",
        cents=5000,
        reason="wrong-price",
        evidence=None,
        answer_by=DAY,
        by="person:1",
        disputed_on=DAY,
        parties=(EKAMI, XAMK),
    )


def answered(
    answer: Literal["accepted", "rejected"], stage: Literal["counterparty", "coordinator"] = "counterparty"
) -> DisputeAnswered:
    return DisputeAnswered(
        dispute="dispute:1",
        entry="entry:1",
        stage=stage,
        answer=answer,
        evidence=None,
        by="person:3",
        answered_on=DAY,
        parties=(EKAMI, XAMK),
    )


ESCALATED = DisputeEscalated(
    dispute="dispute:1", entry="entry:1", reason="answer-not-taken", escalated_on=DAY, parties=(EKAMI, XAMK)
)
WITHDRAWN = DisputeWithdrawn(
    dispute="dispute:1", entry="entry:1", by="person:1", withdrawn_on=DAY, parties=(EKAMI, XAMK)
)
CLOSED = DisputeClosed(
    dispute="dispute:1",
    entry="entry:1",
    how="silence",
    correction="entry:2",
    period="2019-04",
    closed_on=DAY,
    parties=(EKAMI, XAMK),
)
BACK = reversed_("entry:2", SOLD, (1000, 0), left_cents=4100, period="2019-04")
SETTLED = PeriodSettled(
    settlement="settlement:1",
    number=1,
    period="2019-03",
    agreement=AGREEMENT,
    version=1,
    mode="gross",
    clearing=None,
    members=(EKAMI, KSAO, XAMK),
    units=(),
    pay_on=DAY,
    by="person:4",
    settled_on=DAY,
)
PLANNED = SettlementPlanned(
    settlement="settlement:1", pairs=1, payments=1, total_cents=3800, planned_on=DAY, parties=(EKAMI, KSAO, XAMK)
)
APPROVED: tuple[Event, ...] = (closed(), issued(), checked(), approved())


def state(*events: Event, partner: str = EKAMI) -> State:
    found = account_of(books([*founded(), SOLD, *events]), partner, "2019-03")
    assert found is not None
    return found.state


def test_it_is_closed_issued_checked_and_approved() -> None:
    assert [state(*APPROVED[:n]) for n in range(5)] == ["open", "closed", "issued", "checked", "approved"]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), "disputed"),
        ((answered("rejected"),), "disputed"),
        ((answered("rejected"), ESCALATED), "disputed"),
        ((answered("rejected"), ESCALATED, answered("rejected", "coordinator")), "approved"),
        ((answered("accepted"),), "disputed"),
        ((answered("accepted"), BACK), "disputed"),
        ((answered("accepted"), BACK, CLOSED), "approved"),
        ((BACK, answered("accepted"), CLOSED), "approved"),
        ((ESCALATED, answered("accepted", "coordinator"), BACK, CLOSED), "approved"),
        ((answered("accepted"), BACK, replace(CLOSED, how="disputed-again"), disputed("dispute:2")), "disputed"),
        ((answered("accepted"), WITHDRAWN), "approved"),
        ((WITHDRAWN,), "approved"),
    ],
)
def test_a_dispute_holds_until_it_has_ended(events: tuple[Event, ...], expected: State) -> None:
    """Withdrawn, rejected by the coordinator, or accepted, corrected and then left alone: not by words or by a cent alone."""
    assert state(*APPROVED, disputed(), *events) == expected


def test_both_sides_of_a_disputed_line_are_disputed_and_nobody_else() -> None:
    history = (closed(), *(issued(each) for each in PARTNERS), disputed(), disputed("dispute:2"), WITHDRAWN)
    assert {each: state(*history, partner=each) for each in PARTNERS} == {
        XAMK: "disputed",
        EKAMI: "disputed",
        KSAO: "issued",
        CURSOR: "issued",
    }


def test_it_is_settled_by_a_settlement_that_comes_after_its_approval_and_paid_when_all_is() -> None:
    assert state(*APPROVED, SETTLED) == "approved", "its payments are not ordered yet"
    assert state(*APPROVED, SETTLED, ordered(), PLANNED) == "settled"
    assert state(*APPROVED, SETTLED, ordered(), PLANNED, paid(3000)) == "settled"
    assert state(*APPROVED, SETTLED, ordered(), PLANNED, paid(3000), paid(800)) == "paid"
    assert state(*APPROVED[:3], SETTLED, ordered(), PLANNED, approved()) == "approved", "it was not counted in"


LATER = replace(SETTLED, settlement="settlement:2", number=2, period="2019-04")
LATER_PLANNED = replace(PLANNED, settlement="settlement:2", pairs=0, payments=0, total_cents=0)
SETTLE = (SETTLED, ordered(), PLANNED)
AGAIN = (LATER, LATER_PLANNED)


@pytest.mark.parametrize(
    ("ending", "settling"),
    [
        ((WITHDRAWN,), SETTLE),
        ((answered("rejected"), ESCALATED, answered("rejected", "coordinator")), SETTLE),
        ((answered("accepted"), replace(BACK, period="2019-03"), replace(CLOSED, period="2019-03")), SETTLE),
        ((answered("accepted"), BACK, CLOSED), AGAIN),
        ((BACK, answered("accepted"), CLOSED), AGAIN),
    ],
)
def test_a_disputed_statement_is_settled_when_its_dispute_is_over_before(
    ending: tuple[Event, ...], settling: tuple[Event, ...]
) -> None:
    """Whatever was settled meanwhile left the line out; what was taken back in a later month is settled with that month."""
    history = (*APPROVED, disputed(), *SETTLE, *ending)
    assert state(*history) == "approved"
    second = replace(SETTLED, settlement="settlement:2", number=2)
    settling = (second, LATER_PLANNED) if settling is SETTLE else settling
    assert state(*history, *settling) == "paid"


def test_what_is_taken_back_in_a_later_month_is_not_settled_with_the_one_before() -> None:
    history = (*APPROVED, disputed(), answered("accepted"), BACK, CLOSED)
    assert [state(*history, *SETTLE), state(*history, *SETTLE, *AGAIN)] == ["approved", "paid"]


def test_a_dispute_after_the_settlement_takes_nothing_out_of_it() -> None:
    """The line was paid; what is wrong with it is set right by a correction, in its own month."""
    for ending in ((WITHDRAWN,), (answered("accepted"), BACK, CLOSED)):
        assert state(*APPROVED, *SETTLE, paid(3800), disputed()) == "disputed"
        assert state(*APPROVED, *SETTLE, paid(3800), disputed(), *ending) == "paid"


def test_what_is_kept_from_being_settled_does_not_count_as_settled() -> None:
    """An accepted dispute of a correction holds it: nothing takes that back, it waits for what is booked anew."""
    against = replace(disputed(), entry="entry:2")
    accepted, withdrawn = replace(answered("accepted"), entry="entry:2"), replace(WITHDRAWN, entry="entry:2")
    history = (*APPROVED, replace(BACK, period="2019-03"), against, accepted, *SETTLE)
    assert state(*history) == "disputed"
    assert state(*history, withdrawn) == "approved"
    assert state(*history, withdrawn, *AGAIN) == "paid"


def test_whoever_pays_nothing_is_paid_at_once_and_whoever_is_no_member_never() -> None:
    for partner, expected in ((KSAO, "paid"), (CURSOR, "approved")):
        history = (closed(), issued(partner), approved(partner), SETTLED, ordered(), PLANNED)
        assert state(*history, partner=partner) == expected


def test_the_digest_does_not_know_of_the_state() -> None:
    found = {}
    for n in range(1, 5):
        account = account_of(books([*founded(), SOLD, *APPROVED[:n]]), EKAMI, "2019-03")
        assert account is not None
        found[account.state] = account.digest
    assert len(found) == 4
    assert len(set(found.values())) == 1
