"""Finish the plan of a settlement: all its set-offs and payments stand in the log, and they agree with each other."""

from collections import Counter
from typing import Annotated

from msgspec import Meta

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown, Value, facts
from domain.settlement.events import Netted, PaymentOrdered, PeriodSettled, SettlementPlanned
from domain.words import SettlementId, Total

Seen = PeriodSettled | Netted | PaymentOrdered | SettlementPlanned


class PlanSettlement(Command, frozen=True):
    """Say that a settlement is planned in full, so that it can be approved. Sent by the network itself."""

    settlement: SettlementId
    pairs: Annotated[int, Meta(ge=0)]
    payments: Annotated[int, Meta(ge=0)]
    total_cents: Total


class PlannedAlready(Refused):
    def __init__(self, settlement: str) -> None:
        super().__init__(f"{settlement} is planned already.")


class NotAsPlanned(Refused):
    """Something of the plan was refused: it must not be approved as if it were whole."""

    def __init__(self, command: PlanSettlement, pairs: int, payments: int, total_cents: int) -> None:
        super().__init__(
            f"The log has {pairs} of {command.pairs} set-offs of {command.settlement} and {payments} of {command.payments} payments, "
            f"{total_cents} of {command.total_cents} cents; the coordinator's list says why."
        )


class Unbalanced(Refused):
    def __init__(self, settlement: str, organisation: str, cents: int) -> None:
        super().__init__(
            f"The set-offs of {organisation} in {settlement} come to {cents} cents and not to 0: somebody would gain or lose."
        )


class PaysOtherwise(Refused):
    def __init__(self, settlement: str, payer: str, payee: str, netted_cents: int, ordered_cents: int) -> None:
        super().__init__(
            f"In {settlement} {payer} is to pay {payee} {netted_cents} cents by its set-off, but {ordered_cents} are ordered."
        )


class Planning(Value, frozen=True):
    settled: bool = False
    planned: bool = False
    netted: tuple[Netted, ...] = ()
    ordered: tuple[PaymentOrdered, ...] = ()


def boundary(command: PlanSettlement) -> Boundary:
    return (facts(PeriodSettled, Netted, PaymentOrdered, SettlementPlanned, about=command.settlement),)


def evolve(state: Planning, event: Seen) -> Planning:
    match event:
        case PeriodSettled():
            return replace(state, settled=True)
        case Netted():
            return replace(state, netted=(*state.netted, event))
        case PaymentOrdered():
            return replace(state, ordered=(*state.ordered, event))
        case SettlementPlanned():
            return replace(state, planned=True)


def decide(command: PlanSettlement, state: Planning) -> tuple[Event, ...]:
    if not state.settled:
        raise Unknown(command.settlement)
    if state.planned:
        raise PlannedAlready(command.settlement)
    found = len(state.netted), len(state.ordered), sum(each.cents for each in state.ordered)
    if found != (command.pairs, command.payments, command.total_cents):
        raise NotAsPlanned(command, *found)
    _check_balanced(command.settlement, state)
    _check_paid_as_netted(command.settlement, state)
    return (
        SettlementPlanned(
            settlement=command.settlement,
            pairs=command.pairs,
            payments=command.payments,
            total_cents=command.total_cents,
            planned_on=command.asked.on,
            parties=(),
        ),
    )


def _check_balanced(settlement: str, state: Planning) -> None:
    moved: Counter[str] = Counter()
    for each in state.netted:
        moved[each.first] += each.moved_cents
        moved[each.second] -= each.moved_cents
    for organisation, cents in sorted(moved.items()):
        if cents:
            raise Unbalanced(settlement, organisation, cents)


def _check_paid_as_netted(settlement: str, state: Planning) -> None:
    netted: Counter[tuple[str, str]] = Counter()
    ordered: Counter[tuple[str, str]] = Counter()
    for pair in state.netted:
        netted[pair.first, pair.second] += pair.first_pays_cents
        netted[pair.second, pair.first] += pair.second_pays_cents
    for payment in state.ordered:
        ordered[payment.payer, payment.payee] += payment.cents
    for payer, payee in sorted(netted | ordered):
        if netted[payer, payee] != ordered[payer, payee]:
            raise PaysOtherwise(settlement, payer, payee, netted[payer, payee], ordered[payer, payee])


plan_settlement = Decider(
    command=PlanSettlement,
    boundary=boundary,
    initial=Planning(),
    evolve=evolve,
    decide=decide,
    may={"policy": None},
    example={
        "settlement": "settlement:0168f4a2-7c00-8123-9abc-0123456789ab",
        "pairs": 3,
        "payments": 1,
        "total_cents": 10000,
    },
)
