"""Deliver a pathway part by part, each part once, and complete it when all are delivered."""

from datetime import date

from domain.changing import replace
from domain.kernel import (
    Asked,
    Boundary,
    Command,
    Decider,
    Event,
    InTheFuture,
    NotYours,
    Refused,
    Unknown,
    Value,
    facts,
)
from domain.pathways.events import AgreedStep, PathwayAgreed, PathwayCompleted, StepDelivered
from domain.words import MENTOR_HOUR, Amount, PartNumber, PathwayId, StepNumber

Seen = PathwayAgreed | StepDelivered | PathwayCompleted


class DeliverStep(Command, frozen=True):
    """Report that a part of a step has been delivered, on which day and how much of each unit the sharing rule counts.

    Its revenue is shared by the network itself, at once. A late report is never refused: it is booked in the open period.
    """

    pathway: PathwayId
    step: StepNumber
    part: PartNumber
    delivered_on: date
    """The day of delivery, in Helsinki: not before the pathway was agreed, not later than today."""
    quantities: tuple[Amount, ...] = ()
    """How much was delivered, once for each unit that the sharing rule counts; `mentor_hour` is counted by the network itself."""


class CompletePathway(Command, frozen=True):
    """Complete a pathway whose parts have all been delivered."""

    pathway: PathwayId


class NotAgreed(Unknown):
    def __init__(self, pathway: str) -> None:
        Refused.__init__(self, f"There is no agreed {pathway} here; a pathway is delivered after it has been agreed.")


class DeliveredAlready(Refused):
    def __init__(self, pathway: str, step: int, part: int, on: date) -> None:
        super().__init__(
            f"Part {part} of step {step} of {pathway} was delivered on {on} already; a part is delivered once."
        )


class BeforeItWasAgreed(Refused):
    def __init__(self, pathway: str, delivered_on: date, agreed_on: date) -> None:
        super().__init__(
            f"{pathway} was agreed on {agreed_on}; a part of it cannot have been delivered on {delivered_on}."
        )


class WrongQuantities(Refused):
    def __init__(self, given: list[str], needed: list[str]) -> None:
        super().__init__(
            f"The sharing rule counts {', '.join(needed) or 'no unit'}; the delivery reports {', '.join(given) or 'none'}. "
            "Give each counted unit once and no other."
        )


class PartsOpen(Refused):
    def __init__(self, pathway: str, parts: list[str]) -> None:
        super().__init__(f"{pathway} cannot be completed: {', '.join(parts)} (step.part) not delivered yet.")


class CompletedAlready(Refused):
    def __init__(self, pathway: str, on: date) -> None:
        super().__init__(f"{pathway} was completed on {on}.")


class Delivery(Value, frozen=True):
    agreed: PathwayAgreed | None = None
    delivered: tuple[StepDelivered, ...] = ()
    completed_on: date | None = None


def boundary(command: DeliverStep | CompletePathway) -> Boundary:
    return (facts(PathwayAgreed, StepDelivered, PathwayCompleted, about=command.pathway),)


def evolve(state: Delivery, event: Seen) -> Delivery:
    match event:
        case PathwayAgreed():
            return replace(state, agreed=event)
        case StepDelivered():
            return replace(state, delivered=(*state.delivered, event))
        case PathwayCompleted():
            return replace(state, completed_on=event.completed_on)


def deliver(command: DeliverStep, state: Delivery) -> tuple[Event, ...]:
    agreed = _agreed(command.asked, command.pathway, state)
    step = _step(command, agreed)
    if not command.asked.acts_for(step.provider):
        raise NotYours(command.asked, step.provider, "report what it delivers")
    for done in state.delivered:
        if (done.step, done.part) == (command.step, command.part):
            raise DeliveredAlready(command.pathway, command.step, command.part, done.delivered_on)
    if command.delivered_on > command.asked.on:
        raise InTheFuture("A delivery", command.delivered_on, command.asked.on)
    if command.delivered_on < agreed.agreed_on:
        raise BeforeItWasAgreed(command.pathway, command.delivered_on, agreed.agreed_on)
    units = sorted(a.unit for a in command.quantities)
    if units != sorted(reported := [u for u in agreed.units if u != MENTOR_HOUR]):
        raise WrongQuantities(units, reported)
    return (
        StepDelivered(
            pathway=command.pathway,
            step=command.step,
            part=command.part,
            delivered_on=command.delivered_on,
            quantities=tuple(sorted(command.quantities, key=lambda a: a.unit)),
            provider=step.provider,
            agreement=agreed.agreement,
            project=agreed.project,
            parties=agreed.parties,
        ),
    )


def complete(command: CompletePathway, state: Delivery) -> tuple[Event, ...]:
    agreed = _agreed(command.asked, command.pathway, state)
    if not command.asked.acts_for(agreed.organisation):
        raise NotYours(command.asked, agreed.organisation, "complete its pathways")
    if state.completed_on:
        raise CompletedAlready(command.pathway, state.completed_on)
    done = {(d.step, d.part) for d in state.delivered}
    if left := [f"{s.step}.{p.part}" for s in agreed.steps for p in s.parts if (s.step, p.part) not in done]:
        raise PartsOpen(command.pathway, left)
    return (
        PathwayCompleted(
            pathway=command.pathway,
            completed_on=command.asked.on,
            project=agreed.project,
            parties=agreed.parties,
        ),
    )


def _agreed(asked: Asked, pathway: str, state: Delivery) -> PathwayAgreed:
    if state.agreed is None or not any(asked.acts_for(party) for party in state.agreed.parties):
        raise NotAgreed(pathway)
    return state.agreed


def _step(command: DeliverStep, agreed: PathwayAgreed) -> AgreedStep:
    for step in agreed.steps:
        if step.step == command.step and any(p.part == command.part for p in step.parts):
            return step
    raise Unknown(f"part {command.part} of a confirmed step {command.step} in {command.pathway}")


deliver_step = Decider(
    command=DeliverStep,
    boundary=boundary,
    initial=Delivery(),
    evolve=evolve,
    decide=deliver,
    may={"coordinator": None, "partner": "content"},
    example={
        "pathway": "pathway:p-07",
        "step": 1,
        "part": 1,
        "delivered_on": "2019-03-05",
        "quantities": [{"unit": "credit", "quantity": "2.5"}],
    },
)
complete_pathway = Decider(
    command=CompletePathway,
    boundary=boundary,
    initial=Delivery(),
    evolve=evolve,
    decide=complete,
    may={"coordinator": None, "partner": "content"},
    example={"pathway": "pathway:p-07"},
)
