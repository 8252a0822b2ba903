"""Record that the client has paid for a part: where the agreement shares on receipt, its revenue is due from then on."""

from datetime import date

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, InTheFuture, NotYours, Refused, Unknown, Value, facts
from domain.pathways.events import PathwayAgreed
from domain.revenue.events import ReceiptRecorded
from domain.words import PartNumber, PathwayId, StepNumber

Seen = PathwayAgreed | ReceiptRecorded


class RecordReceipt(Command, frozen=True):
    """Record the client's payment for a part of a pathway, for the partner that collected it; also one paid in advance.

    Where the agreement shares revenue on receipt, the network shares it once the part is delivered and paid.
    """

    pathway: PathwayId
    step: StepNumber
    part: PartNumber
    received_on: date
    """The day on which the money came, in Helsinki; not later than today."""


class ReceivedAlready(Refused):
    def __init__(self, pathway: str, step: int, part: int, on: date) -> None:
        super().__init__(f"The payment for part {part} of step {step} of {pathway} was received on {on} already.")


class Paying(Value, frozen=True):
    agreed: PathwayAgreed | None = None
    received: tuple[ReceiptRecorded, ...] = ()


def boundary(command: RecordReceipt) -> Boundary:
    return (facts(PathwayAgreed, ReceiptRecorded, about=command.pathway),)


def evolve(state: Paying, event: Seen) -> Paying:
    match event:
        case PathwayAgreed():
            return replace(state, agreed=event)
        case ReceiptRecorded():
            return replace(state, received=(*state.received, event))


def decide(command: RecordReceipt, state: Paying) -> tuple[Event, ...]:
    agreed, wanted = state.agreed, (command.step, command.part)
    if agreed is None or not any(command.asked.acts_for(party) for party in agreed.parties):
        raise Unknown(command.pathway)
    if not command.asked.acts_for(agreed.collected_by):
        raise NotYours(command.asked, agreed.collected_by, "record what the client has paid it")
    if wanted not in {(s.step, p.part) for s in agreed.steps for p in s.parts}:
        raise Unknown(f"part {command.part} of step {command.step} in {command.pathway}")
    for received in state.received:
        if (received.step, received.part) == wanted:
            raise ReceivedAlready(command.pathway, *wanted, received.received_on)
    if command.received_on > command.asked.on:
        raise InTheFuture("A payment", command.received_on, command.asked.on)
    return (
        ReceiptRecorded(
            pathway=command.pathway,
            step=command.step,
            part=command.part,
            agreement=agreed.agreement,
            received_on=command.received_on,
            collected_by=agreed.collected_by,
            parties=agreed.parties,
        ),
    )


record_receipt = Decider(
    command=RecordReceipt,
    boundary=boundary,
    initial=Paying(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-approve"},
    example={"pathway": "pathway:p-07", "step": 1, "part": 1, "received_on": "2019-03-12"},
)
