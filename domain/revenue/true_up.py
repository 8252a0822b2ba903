"""Set right what rounding has moved between partners over many entries: visible, zero-sum, after a period was closed."""

from collections.abc import Mapping
from fractions import Fraction

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYet, Refused, Value, facts
from domain.money import true_up as difference
from domain.network.events import NetworkFounded
from domain.revenue.events import RevenueTruedUp, TruedUpShare
from domain.settlement.books import BOOKKEEPING, Books
from domain.settlement.events import PeriodClosed
from domain.words import AgreementId, Cents, Organisation, Period, Version

Seen = RevenueTruedUp | NetworkFounded | PeriodClosed


class Drifted(Value, frozen=True):
    """What all entries of one partner come to, exactly and as they were booked."""

    partner: Organisation
    exact: str
    booked_cents: Cents


class TrueUp(Command, frozen=True):
    """Give and take the cents by which rounding has let partners drift. Sent by the network itself after each closing.

    The totals are those of all entries up to the closing, under one version of an agreement and of one collector.
    """

    agreement: AgreementId
    version: Version
    collected_by: Organisation
    closed_period: Period
    totals: tuple[Drifted, ...]


class PeriodIsOpen(Refused):
    def __init__(self, period: str) -> None:
        super().__init__(f"{period} is not closed; drift is set right after the closing.")


class TruedUpAlready(Refused):
    def __init__(self, drift: str, period: str) -> None:
        super().__init__(f"{drift} was set right up to {period} already.")


class NothingDrifted(NotYet):
    def __init__(self, drift: str) -> None:
        super().__init__(f"Nobody is off by a cent in {drift}; there is nothing to set right.")


class Rounding(Value, frozen=True):
    books: Books = Books()
    up_to: str = ""
    """The last period up to which it was set right."""
    given: Mapping[str, int] = {}
    """What was given to each partner so far, in cents."""
    given_at: Mapping[str, Mapping[str, int]] = {}
    """By closed period, what was given when it was closed: so much of it is in the totals of that closing."""

    def given_since(self, closed_period: str, partner: str) -> int:
        return self.given.get(partner, 0) - self.given_at.get(closed_period, {}).get(partner, 0)


def drift_id(agreement: str, version: int, collected_by: str) -> str:
    """`drift:kymenlaakso-2019.1.xamk`."""
    return f"drift:{agreement.removeprefix('agreement:')}.{version}.{collected_by.removeprefix('org:')}"


def _drift(command: TrueUp) -> str:
    return drift_id(command.agreement, command.version, command.collected_by)


def boundary(command: TrueUp) -> Boundary:
    return (facts(RevenueTruedUp, about=_drift(command)), BOOKKEEPING)


def evolve(state: Rounding, event: Seen) -> Rounding:
    match event:
        case NetworkFounded():
            return replace(state, books=state.books.after(event))
        case PeriodClosed():
            given_at = {**state.given_at, event.period: state.given}
            return replace(state, books=state.books.after(event), given_at=given_at)
        case RevenueTruedUp():
            given = {**state.given, **{s.partner: state.given.get(s.partner, 0) + s.cents for s in event.shares}}
            return replace(state, up_to=event.closed_period, given=given)


def decide(command: TrueUp, state: Rounding) -> tuple[Event, ...]:
    if command.closed_period >= state.books.open_period():
        raise PeriodIsOpen(command.closed_period)
    if command.closed_period <= state.up_to:
        raise TruedUpAlready(_drift(command), state.up_to)
    # A closing may be worked off late, when what follows from an earlier one was booked after it: that counts too.
    booked = {t.partner: t.booked_cents + state.given_since(command.closed_period, t.partner) for t in command.totals}
    off = difference(booked, {t.partner: Fraction(t.exact) for t in command.totals})
    if not off:
        raise NothingDrifted(_drift(command))
    return (
        RevenueTruedUp(
            entry=command.asked.new("entry"),
            drift=_drift(command),
            agreement=command.agreement,
            version=command.version,
            collected_by=command.collected_by,
            closed_period=command.closed_period,
            occurred_on=command.asked.on,
            period=state.books.period_of(command.asked.on),
            parties=tuple(sorted({command.collected_by, *(t.partner for t in command.totals)})),
            shares=tuple(
                TruedUpShare(
                    partner=t.partner, exact=t.exact, booked_cents=booked[t.partner], cents=off.get(t.partner, 0)
                )
                for t in sorted(command.totals, key=lambda t: t.partner)
            ),
        ),
    )


true_up = Decider(
    command=TrueUp,
    boundary=boundary,
    initial=Rounding(),
    evolve=evolve,
    decide=decide,
    may={"policy": None},
    example={
        "agreement": "agreement:kymenlaakso-2019",
        "version": 1,
        "collected_by": "org:xamk",
        "closed_period": "2019-03",
        "totals": [
            {"partner": "org:ekami", "exact": "5/2", "booked_cents": 0},
            {"partner": "org:xamk", "exact": "15/2", "booked_cents": 10},
        ],
    },
)
