"""Share the revenue of a delivered part among the partners, once, by the rule of the version bound to its pathway."""

from domain.agreements.events import AgreementEnteredIntoForce
from domain.kernel import Boundary, Command, Decider, Event, NotYet, NotYours, Refused, Unknown, facts
from domain.mentoring.events import HoursLeftOver, SessionHeld
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import ReceiptRecorded, RevenueReversed, RevenueShared, ReversalReason
from domain.revenue.pathway_revenue import Shared, entry_of, evolve, step_of
from domain.revenue.taking_back import Standing
from domain.settlement.books import BOOKKEEPING
from domain.vat.events import VatTreatmentDecided
from domain.words import AgreementId, Amount, PartNumber, PathwayId, Price, StepNumber


class ShareRevenue(Command, frozen=True):
    """Divide the price of a delivered part. Sent by the network after each delivery; by the coordinator after a reversal.

    The amount, the roles and the version of the rule were fixed when the pathway was agreed; the period is the earliest
    open one not before the month of delivery. Where the agreement shares on receipt, that comes after the client has paid. Hours
    of the mentor's sessions that came with no amount yet are counted in.
    """

    pathway: PathwayId
    step: StepNumber
    part: PartNumber
    agreement: AgreementId
    """The agreement that the pathway is bound to."""


class RebookPart(Command, frozen=True):
    """Correct what a delivered part came to: all that is left of its entry is taken back, and another amount is shared.

    For the partner that collected it. Both stand in one open period, that of the correction; the division is by the version bound
    to the pathway.
    `quantities`: what was delivered in truth, where the rule counts a unit; without them as it was reported.
    """

    pathway: PathwayId
    step: StepNumber
    part: PartNumber
    agreement: AgreementId
    """The agreement that the pathway is bound to."""
    amount_cents: Price
    """What the part came to in truth."""
    reason: ReversalReason
    """Why it is corrected."""
    quantities: tuple[Amount, ...] | None = None
    """What was delivered in truth, once for each unit that the rule counts; null: as it was reported."""


class NotDelivered(NotYet):
    """As of a part that was paid in advance: its delivery asks again."""

    def __init__(self, pathway: str, step: int, part: int) -> None:
        super().__init__(
            f"Part {part} of step {step} of {pathway} has not been delivered; revenue is shared after delivery."
        )


class SharedAlready(Refused):
    def __init__(self, pathway: str, step: int, part: int, entry: str) -> None:
        super().__init__(
            f"The revenue of part {part} of step {step} of {pathway} is shared already, by {entry}; reverse that first."
        )


class SharedAndPaid(NotYet):
    """The network asks after the delivery and after the receipt, whichever comes first: one of them finds it done."""

    def __init__(self, pathway: str, step: int, part: int, entry: str) -> None:
        super().__init__(
            f"Part {part} of step {step} of {pathway} is paid, and its revenue is shared already, by {entry}; "
            "reverse that entry before sharing anew."
        )


class NotShared(Refused):
    def __init__(self, pathway: str, step: int, part: int) -> None:
        super().__init__(
            f"The revenue of part {part} of step {step} of {pathway} is not shared, so there is nothing to correct; share it."
        )


class BoundToAnother(Refused):
    def __init__(self, pathway: str, bound: str, asked: str) -> None:
        super().__init__(f"{pathway} is bound to {bound}; its revenue cannot be shared under {asked}.")


class OtherQuantities(Refused):
    def __init__(self, given: list[str], needed: list[str]) -> None:
        super().__init__(
            f"The sharing rule counts {', '.join(needed) or 'no unit'}; given is {', '.join(given) or 'none'}. "
            "Give each counted unit once and no other."
        )


def boundary(command: ShareRevenue | RebookPart) -> Boundary:
    return (
        facts(
            PathwayAgreed,
            StepDelivered,
            ReceiptRecorded,
            SessionHeld,
            HoursLeftOver,
            RevenueShared,
            RevenueReversed,
            about=command.pathway,
        ),
        facts(AgreementEnteredIntoForce, VatTreatmentDecided, about=command.agreement),
        BOOKKEEPING,
    )


def share_it(command: ShareRevenue, state: Shared) -> tuple[Event, ...]:
    agreed, delivered, standing = _found(command, state)
    if standing:
        paid = any((r.step, r.part) == (command.step, command.part) for r in state.received)
        refusal = SharedAndPaid if paid else SharedAlready
        raise refusal(command.pathway, command.step, command.part, standing.entry.entry)
    step = step_of(agreed, command.step)
    amount_cents = next(p.cents for p in step.parts if p.part == command.part)
    return (entry_of(command.asked, state, agreed, delivered, amount_cents, delivered.quantities),)


def rebook(command: RebookPart, state: Shared) -> tuple[Event, ...]:
    if state.agreed is None or not any(command.asked.acts_for(party) for party in state.agreed.parties):
        raise Unknown(command.pathway)
    if not command.asked.acts_for(collector := state.agreed.collected_by):
        raise NotYours(command.asked, collector, "correct what it has shared")
    agreed, delivered, standing = _found(command, state)
    if standing is None:
        raise NotShared(command.pathway, command.step, command.part)
    quantities = delivered.quantities if command.quantities is None else command.quantities
    if sorted(q.unit for q in quantities) != (needed := sorted(q.unit for q in delivered.quantities)):
        raise OtherQuantities(sorted(q.unit for q in quantities), needed)
    period = state.books.period_of(command.asked.on)
    reversed_ = standing.taken_back(command.asked, None, command.reason, period, command.asked.new("entry", 1))
    after = evolve(state, reversed_)
    ordered = tuple(sorted(quantities, key=lambda q: q.unit))
    return (reversed_, entry_of(command.asked, after, agreed, delivered, command.amount_cents, ordered))


def _found(command: ShareRevenue | RebookPart, state: Shared) -> tuple[PathwayAgreed, StepDelivered, Standing | None]:
    """The pathway, the delivery, and the entry of it that stands."""
    wanted = (command.step, command.part)
    delivered = next((d for d in state.delivered if (d.step, d.part) == wanted), None)
    if state.agreed is None or delivered is None:
        raise NotDelivered(command.pathway, *wanted)
    if state.agreed.agreement != command.agreement:
        raise BoundToAnother(command.pathway, state.agreed.agreement, command.agreement)
    for standing in state.entries:
        entry = standing.entry
        if isinstance(entry, RevenueShared) and (entry.step, entry.part) == wanted:
            return state.agreed, delivered, standing
    return state.agreed, delivered, None


share_revenue = Decider(
    command=ShareRevenue,
    boundary=boundary,
    initial=Shared(),
    evolve=evolve,
    decide=share_it,
    may={"coordinator": None, "policy": None},
    example={"pathway": "pathway:p-07", "step": 1, "part": 1, "agreement": "agreement:kymenlaakso-2019"},
)
rebook_part = Decider(
    command=RebookPart,
    boundary=boundary,
    initial=Shared(),
    evolve=evolve,
    decide=rebook,
    may={"coordinator": None, "partner": "finance-approve"},
    example={
        "pathway": "pathway:p-07",
        "step": 1,
        "part": 1,
        "agreement": "agreement:kymenlaakso-2019",
        "amount_cents": 45000,
        "reason": "price-changed",
    },
)
