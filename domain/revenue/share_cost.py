"""Divide costs of upkeep among partners by a cost key, so that each owes its part to the one that paid."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from domain.agreements.events import AgreementEnteredIntoForce, Clauses
from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, InTheFuture, NotYours, Refused, Unknown, Value, facts
from domain.money import CostKey, CostShare, divide_cost
from domain.network.events import NetworkFounded
from domain.network.legal_persons import of_one_person
from domain.revenue.bills import Bill, BillDividedAlready, bill_of, check_voucher
from domain.revenue.events import BillDivided, CostShared, CountedFor, RevenueReversed
from domain.settlement.books import BOOKKEEPING, Books
from domain.settlement.events import PeriodClosed
from domain.vat.events import VatTreatmentDecided
from domain.vat.treatments import Treatments
from domain.words import PRICE_CENTS_MAX, AgreementId, Code, EntryId, Line, Price, ProjectCode

Seen = AgreementEnteredIntoForce | VatTreatmentDecided | NetworkFounded | PeriodClosed | BillDivided | RevenueReversed


class ShareCost(Command, frozen=True):
    """Divide costs by a cost key of the agreement that was in force on the day they arose.

    For the partner that paid them. Where the key splits by weights, `amount_cents` says what was paid, without VAT; where it asks
    for a fixed sum of each or a price for each unit, the amount follows, and `quantities` says what was counted for whom. The
    payer's own part stays with it; between parties that waived it, a share is recorded with zero. `voucher` names the bill in the
    payer's books: a payer's bill is divided once, and again only in place of an entry that was taken back as a whole.
    """

    agreement: AgreementId
    """The agreement that has the cost key."""
    key: Code
    """The name of the cost key."""
    occurred_on: date
    """The day on which the costs arose, in Helsinki; not later than today."""
    project: ProjectCode | None
    """The funded project that carries them; null: outside any project."""
    amount_cents: Price | None = None
    """What was paid; null where it follows from the key."""
    quantities: Annotated[tuple[CountedFor, ...], Meta(max_length=200)] = ()
    """What was counted for whom, where the key has a price for each unit; none elsewhere."""
    voucher: Line | None = None
    """The bill in the payer's books, by its number there, of which only letters and digits are compared."""
    in_place_of: EntryId | None = None
    """The entry that divided the same bill before and was taken back as a whole; null: none did."""


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


class NotCounted(Refused):
    def __init__(self, key: str, counted: CountedFor, unit: str | None) -> None:
        super().__init__(
            f"{key} counts {unit or 'no unit'}, but {counted.unit} was given for {counted.partner}; leave that quantity out."
        )


class NoVoucher(Refused):
    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key} divides what was paid, so there is a bill; name it in `voucher` by its number in the payer's books."
        )


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
    bills: tuple[Bill, ...] = ()
    """Those of this voucher, of any payer, in the order in which they were divided."""


def boundary(command: ShareCost) -> Boundary:
    return (
        facts(AgreementEnteredIntoForce, VatTreatmentDecided, about=command.agreement),
        BOOKKEEPING,
        *((facts(BillDivided, about=bill_of(command.voucher)),) if command.voucher else ()),
        *((facts(RevenueReversed, about=command.in_place_of),) if command.in_place_of else ()),
    )


def evolve(state: Dividing, event: Seen) -> Dividing:
    match event:
        case NetworkFounded() | PeriodClosed():
            return replace(state, books=state.books.after(event))
        case AgreementEnteredIntoForce():
            return replace(state, versions=(*state.versions, event))
        case VatTreatmentDecided():
            return replace(state, treatments=state.treatments.after(event))
        case BillDivided():
            return replace(state, bills=(*state.bills, Bill(divided=event)))
        case RevenueReversed():
            return replace(state, bills=tuple(bill.after(event) for bill in state.bills))


def decide(command: ShareCost, state: Dividing) -> tuple[Event, ...]:
    if not any(command.asked.acts_for(party) for version in state.versions for party in version.parties):
        raise Unknown(f"{command.agreement} in force")
    if command.occurred_on > command.asked.on:
        raise InTheFuture("Costs", command.occurred_on, command.asked.on)
    version = _in_force(command, state)
    key = _key(command, version)
    if not command.asked.acts_for(key.paid_by):
        raise NotYours(command.asked, key.paid_by, "divide what it has paid")
    _check_bill(command, state, key)
    shares = divide_cost(
        key,
        amount_cents=command.amount_cents,
        quantities=_counted(command, key),
        waived=_waived(version.clauses, key.name),
    )
    if not any(s.cents or s.waived_cents for s in shares):
        raise NobodyOwes(key.name)
    if (amount_cents := sum(s.cents for s in shares)) > PRICE_CENTS_MAX:
        raise TooMuchAtOnce(key.name, amount_cents)
    persons = {u.party: u.legal_person for u in version.units}
    entry, parties = command.asked.new("entry"), tuple(sorted({key.paid_by, *(s.partner for s in shares)}))
    bill = (
        BillDivided(
            bill=bill_of(command.voucher), voucher=command.voucher, paid_by=key.paid_by, entry=entry, parties=parties
        )
        if command.voucher
        else None
    )
    return (
        *((bill,) if bill else ()),
        CostShared(
            entry=entry,
            agreement=command.agreement,
            version=version.version,
            key=key.name,
            amount_cents=amount_cents,
            collected_by=key.paid_by,
            occurred_on=command.occurred_on,
            period=state.books.period_of(command.occurred_on),
            project=command.project,
            voucher=command.voucher,
            parties=parties,
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


def _check_bill(command: ShareCost, state: Dividing, key: CostKey) -> None:
    """The newest entry of the bill is the only one of which something may be left."""
    if key.costs.split and not command.voucher:
        raise NoVoucher(key.name)
    if command.voucher:
        check_voucher(command.voucher)
    for bill in reversed(state.bills):
        if bill.divided.paid_by == key.paid_by:
            if bill.is_free and bill.divided.entry == command.in_place_of:
                return
            raise BillDividedAlready(bill.divided)
    if command.in_place_of:
        raise Unknown(f"{command.in_place_of} of this voucher")


def _counted(command: ShareCost, key: CostKey) -> dict[str, dict[str, str]]:
    counted: dict[str, dict[str, str]] = {}
    for each in command.quantities:
        if each.unit != key.costs.unit:
            raise NotCounted(key.name, each, key.costs.unit)
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
        "in_place_of": "entry:0168f4a2-7c00-8123-9abc-0123456789ab",
    },
)
