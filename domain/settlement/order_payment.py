"""Order a payment of a settlement, under a number of its own and a reference that a bank gives back."""

from typing import Annotated

from msgspec import Meta

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown, Value, cause_in, derived, facts
from domain.money.references import viite
from domain.network.legal_persons import of_one_person
from domain.settlement.events import PaymentOrdered, PeriodSettled, SettlementPlanned
from domain.words import PRICE_CENTS_MAX, Organisation, SettlementId

Seen = PeriodSettled | SettlementPlanned | PaymentOrdered

PAYMENTS_MAX = 100_000
"""Of one settlement, so that no two payments of the network have one reference."""


class OrderPayment(Command, frozen=True):
    """Order that one partner pays another. It is paid when a bank says so. Sent by the network itself after a settlement."""

    settlement: SettlementId
    number: Annotated[int, Meta(ge=1, lt=PAYMENTS_MAX)]
    payer: Organisation
    payee: Organisation
    cents: Annotated[int, Meta(ge=1, le=PRICE_CENTS_MAX)]


class OrderedAlready(Refused):
    def __init__(self, ordered: PaymentOrdered) -> None:
        super().__init__(f"Payment {ordered.number} of {ordered.settlement} is ordered already: {ordered.payment}.")


class PlannedAlready(Refused):
    def __init__(self, settlement: str) -> None:
        super().__init__(f"{settlement} is planned, and no payment is added to it; what is open is settled next time.")


class NoPayer(Refused):
    def __init__(self, settlement: str, payer: str, payee: str) -> None:
        super().__init__(
            f"{payer} cannot pay {payee} in {settlement}: a payment is between two of its members, of two legal persons."
        )


class Ordering(Value, frozen=True):
    settled: PeriodSettled | None = None
    planned: bool = False
    ordered: PaymentOrdered | None = None


def payment_id(settlement: str, number: int) -> str:
    """The id of a payment: there is one of each number, so it follows from that."""
    return f"payment:{derived(cause_in(settlement), settlement, number)}"


def boundary(command: OrderPayment) -> Boundary:
    return (
        facts(PeriodSettled, SettlementPlanned, about=command.settlement),
        facts(PaymentOrdered, about=payment_id(command.settlement, command.number)),
    )


def evolve(state: Ordering, event: Seen) -> Ordering:
    match event:
        case PeriodSettled():
            return replace(state, settled=event)
        case SettlementPlanned():
            return replace(state, planned=True)
        case PaymentOrdered():
            return replace(state, ordered=event)


def decide(command: OrderPayment, state: Ordering) -> tuple[Event, ...]:
    settled = state.settled
    if settled is None:
        raise Unknown(command.settlement)
    if state.ordered:
        raise OrderedAlready(state.ordered)
    if state.planned:
        raise PlannedAlready(command.settlement)
    payer, payee = command.payer, command.payee
    if not {payer, payee} <= set(settled.members) or of_one_person(dict(settled.units), payer, payee):
        raise NoPayer(command.settlement, payer, payee)
    return (
        PaymentOrdered(
            payment=payment_id(command.settlement, command.number),
            settlement=command.settlement,
            number=command.number,
            payer=payer,
            payee=payee,
            cents=command.cents,
            reference=viite(settled.number * PAYMENTS_MAX + command.number),
            pay_on=settled.pay_on,
            ordered_on=command.asked.on,
            parties=(payer, payee),
        ),
    )


order_payment = Decider(
    command=OrderPayment,
    boundary=boundary,
    initial=Ordering(),
    evolve=evolve,
    decide=decide,
    may={"policy": None},
    example={
        "settlement": "settlement:0168f4a2-7c00-8123-9abc-0123456789ab",
        "number": 1,
        "payer": "org:ekami",
        "payee": "org:ksao",
        "cents": 10000,
    },
)
