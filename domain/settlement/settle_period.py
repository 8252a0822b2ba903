"""Settle a closed month among the parties of an agreement: its position is the cut that the payments follow from."""

from datetime import timedelta

from domain.agreements.events import AgreementEnteredIntoForce
from domain.calendar import banking_day_from
from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Value, facts
from domain.settlement.events import PeriodClosed, PeriodSettled, SettlementPlanned
from domain.words import AgreementId, Period

Seen = PeriodClosed | AgreementEnteredIntoForce | PeriodSettled | SettlementPlanned


class SettlePeriod(Command, frozen=True):
    """Have all that is open between the parties of an agreement up to a closed month paid.

    What both sides have approved and nobody disputes is paid as the version in force says: gross, net for each two, net for
    each party, or through a clearing partner. Two whom another agreement that divides anything lets pay in another way pay each
    other all they owe, with nothing set off between them. Set-offs and payments follow from the log as it stands then. What is approved
    later is paid with a later settlement; one that comes to nothing does not stand in the way of the same month.
    """

    period: Period
    """A closed month: all that is open up to its end is settled."""
    agreement: AgreementId
    """The agreement in force among whose parties it is settled, in the way of its clause."""


class NotInForce(Refused):
    def __init__(self, agreement: str) -> None:
        super().__init__(f"{agreement} is not in force yet, so nothing is settled under it.")


class PeriodIsOpen(Refused):
    def __init__(self, period: str) -> None:
        super().__init__(f"{period} is not closed; close it and have its statements approved before it is settled.")


class SettledAlready(Refused):
    def __init__(self, settled: PeriodSettled) -> None:
        super().__init__(
            f"{settled.period} was settled under {settled.agreement} on {settled.settled_on} by {settled.settlement}; what has "
            "been approved since is paid when the next month is settled."
        )


class StillPlanning(Refused):
    def __init__(self, settlement: str, number: int) -> None:
        super().__init__(
            f"Settlement {number} ({settlement}) is still being planned, and what it pays must not be paid twice; "
            "settle again when its payments stand in the log."
        )


class Settling(Value, frozen=True):
    closed: bool = False
    versions: tuple[AgreementEnteredIntoForce, ...] = ()
    """Of the agreement, those that were ever in force; the last one is."""
    settlements: tuple[PeriodSettled, ...] = ()
    """Of the whole network."""
    planned: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()
    """Of these, those that came to nothing."""


def boundary(command: SettlePeriod) -> Boundary:
    return (
        facts(PeriodClosed, about=f"period:{command.period}"),
        facts(AgreementEnteredIntoForce, about=command.agreement),
        facts(PeriodSettled, SettlementPlanned),
    )


def evolve(state: Settling, event: Seen) -> Settling:
    match event:
        case PeriodClosed():
            return replace(state, closed=True)
        case AgreementEnteredIntoForce():
            return replace(state, versions=(*state.versions, event))
        case PeriodSettled():
            return replace(state, settlements=(*state.settlements, event))
        case SettlementPlanned():
            done, nothing = {event.settlement}, not (event.pairs or event.payments)
            return replace(state, planned=state.planned | done, empty=state.empty | done if nothing else state.empty)


def decide(command: SettlePeriod, state: Settling) -> tuple[Event, ...]:
    versions = state.versions
    if not versions:
        raise NotInForce(command.agreement)
    if not state.closed:
        raise PeriodIsOpen(command.period)
    for settled in state.settlements:
        of_it = (settled.period, settled.agreement) == (command.period, command.agreement)
        if of_it and settled.settlement not in state.empty:
            raise SettledAlready(settled)
    # Two plans at a time would each find the same open, whatever agreements bind the two that owe each other.
    for settled in state.settlements:
        if settled.settlement not in state.planned:
            raise StillPlanning(settled.settlement, settled.number)
    in_force = versions[-1]
    netting = in_force.clauses.netting
    # Whoever is bound no longer is still owed, and owes, what accrued until then.
    members = tuple(sorted({party for version in versions for party in version.parties}))
    units = tuple(sorted({u.party: u.legal_person for version in versions for u in version.units}.items()))
    return (
        PeriodSettled(
            settlement=command.asked.new("settlement"),
            number=len(state.settlements) + 1,
            period=command.period,
            agreement=in_force.agreement,
            version=in_force.version,
            mode=netting.mode,
            clearing=netting.clearing,
            members=members,
            units=units,
            pay_on=banking_day_from(command.asked.on + timedelta(days=in_force.clauses.payment_days)),
            by=command.asked.actor,
            settled_on=command.asked.on,
        ),
    )


settle_period = Decider(
    command=SettlePeriod,
    boundary=boundary,
    initial=Settling(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None},
    signed=True,
    example={"period": "2019-03", "agreement": "agreement:kymenlaakso-2019"},
)
