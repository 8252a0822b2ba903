"""Divide costs of upkeep among partners by a cost key, so that each owes its part to the one that paid."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from domain.agreements.events import AgreementEnteredIntoForce, Clauses
from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, InTheFuture, NotYours, Refused, Unknown, Value, facts
from domain.money import CostKey, CostShare, divide_cost
from domain.network.events import NetworkFounded
from domain.revenue.events import CostShared, CountedFor
from domain.settlement.books import BOOKKEEPING, Books
from domain.settlement.events import PeriodClosed
from domain.vat.events import VatTreatmentDecided
from domain.vat.treatments import Treatments, of_one_person
from domain.words import PRICE_CENTS_MAX, AgreementId, Code, Line, Price, ProjectCode

Seen = AgreementEnteredIntoForce | VatTreatmentDecided | NetworkFounded | PeriodClosed


class ShareCost(Command, frozen=True):
    """Divide costs by a cost key of the agreement that was in force on the day they arose.

    For the partner that paid them. Where the key splits by weights, `amount_cents` says what was paid, without VAT; where it asks
    for a fixed sum of each or a price for each unit, the amount follows, and `quantities` says what was counted for whom. The
    payer's own part stays with it; between parties that waived it, a share is recorded with zero. `voucher` names the bill in the
    payer's books, `project` the funded project that carries the costs, null: outside any project.
    """

    agreement: AgreementId
    key: Code
    occurred_on: date
    project: ProjectCode | None
    amount_cents: Price | None = None
    quantities: Annotated[tuple[CountedFor, ...], Meta(max_length=200)] = ()
    voucher: Line | None = None


class NoCostKey(Refused):
    def __init__(self, agreement: str, version: int, key: str, known: list[str]) -> None:
        super().__init__(
            f"{agreement} version {version} has no cost key {key}; it has {', '.join(known) or 'none'}. "
            "Costs are divided by a key that all parties have signed."
        )


class NotInForceThen(Refused):
    def __init__(self, agreement: str, day: date, first: date) -> None:
        super().__init__(
            f"{agreement} was not in force on {day}: it is from {first} on. Costs from before it cannot be divided by it."
        )


class CountedTwice(Refused):
    def __init__(self, partner: str, unit: str) -> None:
        super().__init__(f"{unit} of {partner} stands there twice; give each quantity once.")


class NobodyOwes(Refused):
    def __init__(self, key: str) -> None:
        super().__init__(f"By {key} nobody would bear anything of this; give an amount or quantities above 0.")


class TooMuchAtOnce(Refused):
    def __init__(self, key: str, cents: int) -> None:
        super().__init__(
            f"By {key} this comes to {cents} cents, and one entry holds {PRICE_CENTS_MAX} at most; compare the quantities, "
            "or divide it in several entries."
        )


class Dividing(Value, frozen=True):
    books: Books = Books()
    versions: tuple[AgreementEnteredIntoForce, ...] = ()
    treatments: Treatments = Treatments()


def boundary(command: ShareCost) -> Boundary:
    return (facts(AgreementEnteredIntoForce, VatTreatmentDecided, about=command.agreement), BOOKKEEPING)


def evolve(state: Dividing, event: Seen) -> Dividing:
    match event:
        case NetworkFounded() | PeriodClosed():
            return replace(state, books=state.books.after(event))
        case AgreementEnteredIntoForce():
            return replace(state, versions=(*state.versions, event))
        case VatTreatmentDecided():
            return replace(state, treatments=state.treatments.after(event))


def decide(command: ShareCost, state: Dividing) -> tuple[Event, ...]:
    if not any(command.asked.acts_for(party) for version in state.versions for party in version.parties):
        raise Unknown(f"{command.agreement} in force")
    if command.occurred_on > command.asked.on:
        raise InTheFuture("Costs", command.occurred_on, command.asked.on)
    version = _in_force(command, state)
    key = _key(command, version)
    if not command.asked.acts_for(key.paid_by):
        raise NotYours(command.asked, key.paid_by, "divide what it has paid")
    shares = divide_cost(
        key, amount_cents=command.amount_cents, quantities=_counted(command), waived=_waived(version.clauses, key.name)
    )
    if not any(s.cents or s.waived_cents for s in shares):
        raise NobodyOwes(key.name)
    if (amount_cents := sum(s.cents for s in shares)) > PRICE_CENTS_MAX:
        raise TooMuchAtOnce(key.name, amount_cents)
    persons = {u.party: u.legal_person for u in version.units}
    return (
        CostShared(
            entry=command.asked.new("entry"),
            agreement=command.agreement,
            version=version.version,
            key=key.name,
            amount_cents=amount_cents,
            collected_by=key.paid_by,
            occurred_on=command.occurred_on,
            period=state.books.period_of(command.occurred_on),
            project=command.project,
            voucher=command.voucher,
            parties=tuple(sorted({key.paid_by, *(s.partner for s in shares)})),
            quantities=tuple(sorted(command.quantities, key=lambda q: (q.partner, q.unit))),
            shares=shares,
            vat=state.treatments.on(
                ((key.paid_by, s.clause, f"costs.{key.name}") for s in _owed(shares, key, persons)), command.occurred_on
            ),
        ),
    )


def _in_force(command: ShareCost, state: Dividing) -> AgreementEnteredIntoForce:
    """The newest version that was in force on the day."""
    held = [v for v in state.versions if v.in_force_on <= command.occurred_on]
    if not held:
        raise NotInForceThen(command.agreement, command.occurred_on, min(v.in_force_on for v in state.versions))
    return held[-1]


def _key(command: ShareCost, version: AgreementEnteredIntoForce) -> CostKey:
    keys = {key.name: key for key in version.clauses.cost_keys}
    if command.key not in keys:
        raise NoCostKey(command.agreement, version.version, command.key, sorted(keys))
    return keys[command.key]


def _counted(command: ShareCost) -> dict[str, dict[str, str]]:
    counted: dict[str, dict[str, str]] = {}
    for each in command.quantities:
        if each.unit in counted.setdefault(each.partner, {}):
            raise CountedTwice(each.partner, each.unit)
        counted[each.partner][each.unit] = each.quantity
    return counted


def _waived(clauses: Clauses, key: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(w.between) for w in clauses.waivers if not w.keys or key in w.keys)


def _owed(shares: tuple[CostShare, ...], key: CostKey, persons: dict[str, str]) -> list[CostShare]:
    """The shares that one legal person supplies to another."""
    return [s for s in shares if s.cents and not of_one_person(persons, s.partner, key.paid_by)]


share_cost = Decider(
    command=ShareCost,
    boundary=boundary,
    initial=Dividing(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-approve"},
    example={
        "agreement": "agreement:kymenlaakso-2019",
        "key": "web-service",
        "occurred_on": "2019-03-05",
        "project": None,
        "amount_cents": 90000,
        "voucher": "Lasku 4711",
    },
)
