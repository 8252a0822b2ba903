"""Dispute one line of a statement, until its deadline, with a reason; the other side answers."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from domain.agreements.events import AgreementEnteredIntoForce
from domain.calendar import business_days_after
from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from domain.settlement.disputable import DisputableLine, Posting, id_of, lines_in, shares_in
from domain.settlement.dispute import FINAL, Course, Courses, courses_after
from domain.settlement.events import (
    CorrectionMissed,
    DisputeAnswered,
    DisputeClosed,
    DisputeEscalated,
    DisputeReason,
    DisputeWithdrawn,
    LineDisputed,
    StatementIssued,
)
from domain.settlement.statement import issued_to, statement_id
from domain.words import NULL, AgreementId, EntryId, Line, Organisation, Period

Seen = (
    StatementIssued
    | RevenueShared
    | RevenueReversed
    | CostShared
    | RevenueTruedUp
    | AgreementEnteredIntoForce
    | LineDisputed
    | DisputeAnswered
    | DisputeEscalated
    | DisputeWithdrawn
    | DisputeClosed
    | CorrectionMissed
)


_OF_THE_LINE = Meta(
    extra={
        NULL: "A line of VAT, a set-off or a payment has none of its own, so it is not disputed by itself: of a tax dispute the "
        "lines that it is for, and tell the coordinator what is wrong with a set-off or a payment"
    }
)


class DisputeLine(Command, frozen=True):
    """Contest one line of your statement: until that is answered the line is not settled, and the others are.

    `entry` and `clause` stand on the line and say which it is, `agreement` is the one of its entry. The other side has the
    business days of its clause to answer; then the coordinator does. `evidence` refers to what shows it, such as a
    document's number; it says nothing about people. A line of VAT follows the lines that it taxes, so dispute those; set-offs and
    payments follow from the settlement and the banks and are not disputed. A share of 0 cents is on no statement; whom it is for may
    dispute it all the same. A line that was found wrong may be disputed again by who disputed it, after its correction and for as
    many business days as the other side had for its answer.
    """

    partner: Organisation
    """Whose statement it is: who contests the line."""
    period: Period
    """The month of that statement."""
    entry: Annotated[EntryId, _OF_THE_LINE]
    """As it stands on the line."""
    clause: Annotated[Line, _OF_THE_LINE]
    """As it stands on the line, such as `steps[0]`."""
    agreement: Annotated[AgreementId, _OF_THE_LINE]
    """As it stands on the line."""
    reason: DisputeReason
    """What is wrong with the line; `other` where none fits."""
    evidence: Line | None = None
    """A reference to what shows it, such as a document's number; nothing about people."""


class OnAnotherStatement(Refused):
    def __init__(self, entry: str, booked: str, named: str) -> None:
        super().__init__(f"{entry} is booked in {booked}, not in {named}; dispute it on the statement of {booked}.")


class NoLineOfThat(Refused):
    def __init__(self, entry: str, clause: str, clauses: tuple[str, ...]) -> None:
        listed = ", ".join(clauses) or "none"
        super().__init__(
            f"{entry} makes no line under {clause}: what the collector or payer keeps is none, and a share of 0 cents is disputed by "
            f"whom it is for. It makes lines under: {listed}."
        )


class NoSideOfThat(Refused):
    def __init__(self, partner: str, entry: str, line: DisputableLine) -> None:
        super().__init__(
            f"The line of {entry} under {line.clause} is between {line.partner} and {line.hub}; {partner} cannot dispute it."
        )


class UnderAnotherAgreement(Refused):
    def __init__(self, entry: str, booked: str, named: str) -> None:
        super().__init__(f"{entry} follows from {booked}, not from {named}; name {booked}.")


class TooLateToDispute(Refused):
    def __init__(self, statement: str, dispute_by: date, other: str) -> None:
        super().__init__(
            f"The lines of {statement} could be disputed until {dispute_by}; ask {other} for a correction."
        )


class NothingLeftOfThat(Refused):
    def __init__(self, entry: str, reversal: str) -> None:
        super().__init__(f"{entry} was taken back as a whole by {reversal}; nothing of its lines is left to dispute.")


class DisputedAlready(Refused):
    def __init__(self, entry: str, line: DisputableLine, earlier: LineDisputed) -> None:
        super().__init__(
            f"{earlier.partner} disputes the line of {entry} under {line.clause} already, by {earlier.dispute}; "
            "it is not settled before that is answered."
        )


class DecidedAlready(Refused):
    def __init__(self, entry: str, line: DisputableLine, earlier: Course) -> None:
        disputed = earlier.disputed
        super().__init__(
            f"The line of {entry} under {line.clause} was disputed by {disputed.partner} before, and {disputed.dispute} was "
            f"{earlier.state}; what has to change after that is set right by a correction."
        )


class ToBeCorrected(Refused):
    def __init__(self, entry: str, line: DisputableLine, disputed: LineDisputed) -> None:
        super().__init__(
            f"{disputed.dispute} was accepted, so the line of {entry} under {line.clause} is held until it is corrected; "
            f"{disputed.partner} may then dispute it again."
        )


class ToBeBookedAnew(Refused):
    def __init__(self, entry: str, line: DisputableLine, disputed: LineDisputed) -> None:
        super().__init__(
            f"{disputed.dispute} was accepted, so the line of {entry} under {line.clause} is held until what it has taken or given is "
            f"booked anew or {disputed.partner} withdraws the dispute; dispute what is booked anew if that is wrong too."
        )


class TooLateToDisputeAgain(Refused):
    def __init__(self, entry: str, line: DisputableLine, disputed: LineDisputed, until: date) -> None:
        super().__init__(
            f"The corrected line of {entry} under {line.clause} could be disputed again by {disputed.partner} until {until}; what has to "
            "change after that is set right by another correction."
        )


class Disputing(Value, frozen=True):
    issued: StatementIssued | None = None
    postings: tuple[Posting, ...] = ()
    """Those about the entry: itself, and what takes it back."""
    answer_days: tuple[tuple[int, int], ...] = ()
    """By version of the agreement."""
    disputes: Courses = ()
    """Of any of the entry's lines, by either side."""


def boundary(command: DisputeLine) -> Boundary:
    return (
        facts(StatementIssued, about=statement_id(command.partner, command.period)),
        facts(
            RevenueShared,
            RevenueReversed,
            CostShared,
            RevenueTruedUp,
            LineDisputed,
            DisputeAnswered,
            DisputeEscalated,
            DisputeWithdrawn,
            DisputeClosed,
            CorrectionMissed,
            about=command.entry,
        ),
        facts(AgreementEnteredIntoForce, about=command.agreement),
    )


def evolve(state: Disputing, event: Seen) -> Disputing:
    match event:
        case StatementIssued():
            return replace(state, issued=event)
        case RevenueReversed():
            disputes = courses_after(state.disputes, event)
            return replace(state, postings=(*state.postings, event), disputes=disputes)
        case RevenueShared() | CostShared() | RevenueTruedUp():
            return replace(state, postings=(*state.postings, event))
        case AgreementEnteredIntoForce():
            days = (event.version, event.clauses.dispute_answer_days)
            return replace(state, answer_days=(*state.answer_days, days))
        case _:
            return replace(state, disputes=courses_after(state.disputes, event))


def decide(command: DisputeLine, state: Disputing) -> tuple[Event, ...]:
    issued = issued_to(command.asked, command.partner, command.period, state.issued)
    posting = next((p for p in state.postings if id_of(p) == command.entry), None)
    if posting is None or not any(command.asked.acts_for(party) for party in posting.parties):
        raise Unknown(command.entry)
    line = _line(command, posting)
    other = line.other_than(command.partner)
    if posting.agreement != command.agreement:
        raise UnderAnotherAgreement(command.entry, posting.agreement, command.agreement)
    corrected = _corrected(command, line, posting, state.disputes)
    if corrected is None and issued.dispute_by is not None and command.asked.on > issued.dispute_by:
        raise TooLateToDispute(issued.statement, issued.dispute_by, other)
    _check_left(command.entry, state.postings)
    return (
        *((corrected,) if corrected else ()),
        LineDisputed(
            dispute=command.asked.new("dispute"),
            statement=issued.statement,
            partner=command.partner,
            counterparty=other,
            period=command.period,
            entry=command.entry,
            clause=line.clause,
            cents=line.cents_for(command.partner),
            reason=command.reason,
            evidence=command.evidence,
            answer_by=business_days_after(command.asked.on, dict(state.answer_days)[posting.version]),
            by=command.asked.actor,
            disputed_on=command.asked.on,
            parties=tuple(sorted((command.partner, other))),
        ),
    )


def _line(command: DisputeLine, posting: Posting) -> DisputableLine:
    """The line that the command names, of this partner's statement of this period."""
    line = next((each for each in shares_in(posting) if each.clause == command.clause), None)
    if line is None or not (line.cents or command.partner == line.partner):
        raise NoLineOfThat(command.entry, command.clause, tuple(each.clause for each in lines_in(posting)))
    if command.partner not in (line.partner, line.hub):
        if command.asked.role == "partner":
            raise NotYours(command.asked, f"{line.partner} or {line.hub}", "dispute this line")
        raise NoSideOfThat(command.partner, command.entry, line)
    if posting.period != command.period:
        raise OnAnotherStatement(command.entry, posting.period, command.period)
    return line


def _check_left(entry: str, postings: tuple[Posting, ...]) -> None:
    """What was taken back as a whole could not be corrected any more, and its dispute would never end."""
    for each in postings:
        if isinstance(each, RevenueReversed) and each.entry == entry and each.left_cents == 0:
            raise NothingLeftOfThat(entry, each.reversal)


def _corrected(command: DisputeLine, line: DisputableLine, posting: Posting, disputes: Courses) -> DisputeClosed | None:
    """The end of the dispute whose correction this one contests; None where the line is free.

    Disputed once at a time, whoever disputes it; again only where an earlier dispute was withdrawn, or accepted and corrected.
    """
    for earlier in disputes:
        disputed = earlier.disputed
        if disputed.clause != line.clause or earlier.state in ("withdrawn", "renewed"):
            continue
        if earlier.state in FINAL:
            raise DecidedAlready(command.entry, line, earlier)
        if earlier.state != "accepted":
            raise DisputedAlready(command.entry, line, disputed)
        if isinstance(posting, RevenueReversed | RevenueTruedUp):
            raise ToBeBookedAnew(command.entry, line, disputed)
        until = earlier.settled_after
        if earlier.correction is None or until is None or command.partner != disputed.partner:
            raise ToBeCorrected(command.entry, line, disputed)
        if command.asked.on > until:
            raise TooLateToDisputeAgain(command.entry, line, disputed, until)
        return earlier.closed(earlier.correction, "disputed-again", command.asked.on)
    return None


dispute_line = Decider(
    command=DisputeLine,
    boundary=boundary,
    initial=Disputing(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-check"},
    signed=True,
    example={
        "partner": "org:ekami",
        "period": "2019-03",
        "entry": "entry:0168f4a2-7c00-8123-9abc-0123456789ab",
        "clause": "steps[3].to.split[0]",
        "agreement": "agreement:kymenlaakso-2019",
        "reason": "wrong-quantity",
        "evidence": "Lähetyslista 2019-117",
    },
)
