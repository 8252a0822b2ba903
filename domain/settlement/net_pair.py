"""Set off what two partners owe each other in a settlement, once, so that what stays open is what will be paid."""

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown, Value, cause_in, derived, facts
from domain.network.events import NetworkFounded
from domain.network.legal_persons import of_one_person
from domain.settlement.books import BOOKKEEPING, Books
from domain.settlement.events import Netted, PeriodClosed, PeriodSettled, SettlementPlanned
from domain.words import Organisation, SettlementId, Total

Seen = PeriodSettled | SettlementPlanned | Netted | NetworkFounded | PeriodClosed


class NetPair(Command, frozen=True):
    """Book what two partners owe each other in a settlement and what they will pay each other.

    What others pay in their place moves from their account with each other. Sent by the network itself after a settlement.
    """

    settlement: SettlementId
    first: Organisation
    second: Organisation
    first_owes_cents: Total
    second_owes_cents: Total
    first_pays_cents: Total
    second_pays_cents: Total


class NettedAlready(Refused):
    def __init__(self, netted: Netted) -> None:
        super().__init__(
            f"{netted.first} and {netted.second} are netted in {netted.settlement} already, once and for all."
        )


class PlannedAlready(Refused):
    def __init__(self, settlement: str) -> None:
        super().__init__(f"{settlement} is planned, and nothing is added to it; what is open is settled next time.")


class NoPair(Refused):
    def __init__(self, settlement: str, first: str, second: str) -> None:
        super().__init__(
            f"{first} and {second} are no pair of {settlement}: two of its members in ascending order, of two legal persons."
        )


class NothingToNet(Refused):
    def __init__(self, settlement: str, first: str, second: str) -> None:
        super().__init__(f"{first} and {second} neither owe nor pay each other anything in {settlement}.")


class Netting(Value, frozen=True):
    books: Books = Books()
    settled: PeriodSettled | None = None
    planned: bool = False
    netted: Netted | None = None


def netting_id(settlement: str, first: str, second: str) -> str:
    """The id of the set-off of two in a settlement: there is one, so it follows from them."""
    return f"entry:{derived(cause_in(settlement), settlement, first, second)}"


def boundary(command: NetPair) -> Boundary:
    return (
        facts(PeriodSettled, SettlementPlanned, about=command.settlement),
        facts(Netted, about=netting_id(command.settlement, command.first, command.second)),
        BOOKKEEPING,
    )


def evolve(state: Netting, event: Seen) -> Netting:
    match event:
        case NetworkFounded() | PeriodClosed():
            return replace(state, books=state.books.after(event))
        case PeriodSettled():
            return replace(state, settled=event)
        case SettlementPlanned():
            return replace(state, planned=True)
        case Netted():
            return replace(state, netted=event)


def decide(command: NetPair, state: Netting) -> tuple[Event, ...]:
    settled = state.settled
    if settled is None:
        raise Unknown(command.settlement)
    if state.netted:
        raise NettedAlready(state.netted)
    if state.planned:
        raise PlannedAlready(command.settlement)
    first, second = command.first, command.second
    members, persons = set(settled.members), dict(settled.units)
    if not first < second or not {first, second} <= members or of_one_person(persons, first, second):
        raise NoPair(command.settlement, first, second)
    if not (
        command.first_owes_cents or command.second_owes_cents or command.first_pays_cents or command.second_pays_cents
    ):
        raise NothingToNet(command.settlement, first, second)
    open_cents = command.second_owes_cents - command.first_owes_cents
    return (
        Netted(
            netting=netting_id(command.settlement, first, second),
            settlement=command.settlement,
            first=first,
            second=second,
            first_owes_cents=command.first_owes_cents,
            second_owes_cents=command.second_owes_cents,
            first_pays_cents=command.first_pays_cents,
            second_pays_cents=command.second_pays_cents,
            moved_cents=command.second_pays_cents - command.first_pays_cents - open_cents,
            occurred_on=command.asked.on,
            period=state.books.period_of(command.asked.on),
            parties=(first, second),
        ),
    )


net_pair = Decider(
    command=NetPair,
    boundary=boundary,
    initial=Netting(),
    evolve=evolve,
    decide=decide,
    may={"policy": None},
    example={
        "settlement": "settlement:0168f4a2-7c00-8123-9abc-0123456789ab",
        "first": "org:ekami",
        "second": "org:xamk",
        "first_owes_cents": 10000,
        "second_owes_cents": 0,
        "first_pays_cents": 0,
        "second_pays_cents": 0,
    },
)
