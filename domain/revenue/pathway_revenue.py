"""What is known of a pathway's revenue, and how one amount of it is divided: for all who share it or correct it."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from domain.agreements.events import AgreementEnteredIntoForce
from domain.changing import replace
from domain.kernel import Asked, NotYet, Value
from domain.mentoring.events import HoursLeftOver, SessionHeld
from domain.money import SharingRule, clauses_counting, clauses_of, lies_within, share, taken_by_clause, unbound_roles
from domain.money.decimals import decimal_text
from domain.network.events import NetworkFounded
from domain.network.legal_persons import of_one_person
from domain.pathways.events import AgreedStep, PathwayAgreed, StepDelivered
from domain.revenue.events import ReceiptRecorded, RevenueReversed, RevenueShared
from domain.revenue.taking_back import Standing
from domain.settlement.books import Books
from domain.settlement.events import PeriodClosed
from domain.vat.events import VatTreatmentDecided
from domain.vat.treatments import Treatments
from domain.words import MENTOR_HOUR, PROVIDER, Amount, quantities_of

Seen = (
    PathwayAgreed
    | StepDelivered
    | ReceiptRecorded
    | SessionHeld
    | HoursLeftOver
    | RevenueShared
    | RevenueReversed
    | AgreementEnteredIntoForce
    | VatTreatmentDecided
    | NetworkFounded
    | PeriodClosed
)

SESSIONS_MAX = 50
"""Counted in with one amount, so that an entry always has room for them; the others come with the next."""


class AwaitsReceipt(NotYet):
    def __init__(self, pathway: str, step: int, part: int, agreement: str) -> None:
        super().__init__(
            f"{agreement} shares on receipt, and the client has not paid for part {part} of step {step} of {pathway}; record the receipt."
        )


class Shared(Value, frozen=True):
    books: Books = Books()
    agreed: PathwayAgreed | None = None
    versions: tuple[AgreementEnteredIntoForce, ...] = ()
    treatments: Treatments = Treatments()
    delivered: tuple[StepDelivered, ...] = ()
    received: tuple[ReceiptRecorded, ...] = ()
    sessions: tuple[SessionHeld, ...] = ()
    """Those whose hours came with no amount that stands and that nobody was told to look after."""
    counted: tuple[SessionHeld, ...] = ()
    """Those whose hours came with an amount that stands."""
    entries: tuple[Standing, ...] = ()
    """Entries of this pathway of which something is left."""
    corrected: Mapping[tuple[int, int], str] = {}
    """By step and part, the period in whose books the newest correction of it stands."""


def evolve(state: Shared, event: Seen) -> Shared:  # noqa: PLR0911 - a case for each kind of event
    match event:
        case NetworkFounded() | PeriodClosed():
            return replace(state, books=state.books.after(event))
        case PathwayAgreed():
            return replace(state, agreed=event)
        case AgreementEnteredIntoForce():
            return replace(state, versions=(*state.versions, event))
        case VatTreatmentDecided():
            return replace(state, treatments=state.treatments.after(event))
        case StepDelivered():
            return replace(state, delivered=(*state.delivered, event))
        case ReceiptRecorded():
            return replace(state, received=(*state.received, event))
        case SessionHeld():
            return replace(state, sessions=(*state.sessions, event))
        case HoursLeftOver():
            return replace(state, sessions=tuple(s for s in state.sessions if s.session not in event.sessions))
        case RevenueShared():
            return _after_sharing(state, event)
        case RevenueReversed():
            return _after_reversal(state, event)


def _after_sharing(state: Shared, entry: RevenueShared) -> Shared:
    return replace(
        state,
        entries=(*state.entries, Standing(entry=entry)),
        sessions=tuple(s for s in state.sessions if s.session not in entry.sessions),
        counted=(*state.counted, *(s for s in state.sessions if s.session in entry.sessions)),
    )


def _after_reversal(state: Shared, reversal: RevenueReversed) -> Shared:
    """Of an entry that is gone, the mentor's hours wait for the next amount again."""
    entries = [each.after(reversal) if each.entry.entry == reversal.entry else each for each in state.entries]
    gone = [each.entry for each in entries if each.is_gone]
    back = {session for entry in gone if isinstance(entry, RevenueShared) for session in entry.sessions}
    return replace(
        state,
        entries=tuple(each for each in entries if not each.is_gone),
        sessions=(*state.sessions, *(s for s in state.counted if s.session in back)),
        counted=tuple(s for s in state.counted if s.session not in back),
        corrected=state.corrected
        if reversal.step is None or reversal.part is None
        else {**state.corrected, (reversal.step, reversal.part): reversal.period},
    )


def step_of(agreed: PathwayAgreed, number: int) -> AgreedStep:
    return next(s for s in agreed.steps if s.step == number)


def entry_of(  # noqa: PLR0917 - what a division rests on
    asked: Asked,
    state: Shared,
    agreed: PathwayAgreed,
    delivered: StepDelivered,
    amount_cents: int,
    reported: tuple[Amount, ...],
) -> RevenueShared:
    """The division of an amount of a delivered part."""
    version = next(v for v in state.versions if v.version == agreed.version)
    rule = version.clauses.sharing_rule
    if rule is None:  # pragma: no cover - a pathway is agreed only under a version that has a rule
        raise AssertionError(f"{agreed.agreement} version {agreed.version} shares nothing.")
    step = step_of(agreed, delivered.step)
    sessions = state.sessions[:SESSIONS_MAX] if amount_cents and state.sessions and _pays_hours(rule, agreed) else ()
    quantities = _with_hours(reported, sessions) if MENTOR_HOUR in agreed.units else reported
    left = ((clause, cents) for each in state.entries for clause, cents in each.left_of_clauses().items())
    division = share(
        rule,
        amount_cents,
        collected_by=agreed.collected_by,
        bind={PROVIDER: step.provider, **{b.role: b.organisation for b in agreed.roles}},
        quantities=quantities_of(quantities),
        taken=taken_by_clause(rule, left),
    )
    persons = {u.party: u.legal_person for u in version.units}
    # In an earlier period that is still open a part would stand twice, until the one in which it was taken back.
    corrected_in = state.corrected.get((delivered.step, delivered.part), "")
    period = max(state.books.period_of(_due_on(state, version, delivered)), corrected_in)
    return RevenueShared(
        entry=asked.new("entry"),
        pathway=agreed.pathway,
        step=delivered.step,
        part=delivered.part,
        agreement=agreed.agreement,
        version=agreed.version,
        provider=step.provider,
        amount_cents=amount_cents,
        collected_by=agreed.collected_by,
        occurred_on=delivered.delivered_on,
        period=period,
        project=agreed.project,
        parties=tuple(sorted({agreed.collected_by, step.provider, *(s.partner for s in division.shares)})),
        quantities=quantities,
        skipped=division.skipped,
        shares=division.shares,
        vat=state.treatments.on(
            (
                (s.partner, s.clause, s.clause)
                for s in division.shares
                if not of_one_person(persons, s.partner, agreed.collected_by)
            ),
            delivered.delivered_on,
        ),
        sessions=tuple(s.session for s in sessions),
    )


def _pays_hours(rule: SharingRule, agreed: PathwayAgreed) -> bool:
    """Whether hours of mentors take something of an amount: a clause that is skipped for want of a mentor takes nothing."""
    bound = {PROVIDER, *(b.role for b in agreed.roles)}
    skipped = [path for path, clause in clauses_of(rule) if clause.if_unbound and unbound_roles(clause, bound)]
    return any(not any(lies_within(path, each) for each in skipped) for path in clauses_counting(rule, MENTOR_HOUR))


def _due_on(state: Shared, version: AgreementEnteredIntoForce, delivered: StepDelivered) -> date:
    """The day on which the revenue became due: of delivery, or where the agreement says so of the client's payment."""
    if version.clauses.due == "delivery":
        return delivered.delivered_on
    part = (delivered.step, delivered.part)
    received = next((r for r in state.received if (r.step, r.part) == part), None)
    if received is None:
        raise AwaitsReceipt(delivered.pathway, *part, delivered.agreement)
    return max(received.received_on, delivered.delivered_on)


def _with_hours(reported: tuple[Amount, ...], sessions: tuple[SessionHeld, ...]) -> tuple[Amount, ...]:
    """What was reported, with the hours of sessions."""
    hours = sum((Fraction(q.quantity) for q in reported if q.unit == MENTOR_HOUR), Fraction())
    hours += sum((Fraction(s.hours) for s in sessions), Fraction())
    others = [q for q in reported if q.unit != MENTOR_HOUR]
    return tuple(sorted([*others, Amount(unit=MENTOR_HOUR, quantity=decimal_text(hours))], key=lambda q: q.unit))
