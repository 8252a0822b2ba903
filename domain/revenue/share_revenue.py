"""Share the revenue of a delivered part among the partners, once, by the rule of the version bound to its pathway."""

from domain.agreements.events import AgreementEnteredIntoForce
from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Value, facts
from domain.money import SharingRule, share, taken_by_clause
from domain.network.events import NetworkFounded
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import RevenueReversed, RevenueShared
from domain.settlement.books import BOOKKEEPING, Books
from domain.settlement.events import PeriodClosed
from domain.words import PROVIDER, AgreementId, Number, PathwayId, quantities_of

Seen = (
    PathwayAgreed
    | StepDelivered
    | RevenueShared
    | RevenueReversed
    | AgreementEnteredIntoForce
    | NetworkFounded
    | PeriodClosed
)


class ShareRevenue(Command, frozen=True):
    """Divide the price of a delivered part. Sent by the network after each delivery; by the coordinator after a reversal.

    The amount, the roles and the version of the rule were fixed when the pathway was agreed; the period is the earliest
    open one not before the month of delivery.
    """

    pathway: PathwayId
    step: Number
    part: Number
    agreement: AgreementId


class NotDelivered(Refused):
    def __init__(self, pathway: str, step: int, part: int) -> None:
        super().__init__(
            f"Part {part} of step {step} of {pathway} has not been delivered; revenue is shared after delivery."
        )


class SharedAlready(Refused):
    def __init__(self, pathway: str, step: int, part: int, entry: str) -> None:
        super().__init__(
            f"The revenue of part {part} of step {step} of {pathway} is shared already, by {entry}; reverse that entry before sharing anew."
        )


class BoundToAnother(Refused):
    def __init__(self, pathway: str, bound: str, asked: str) -> None:
        super().__init__(f"{pathway} is bound to {bound}; its revenue cannot be shared under {asked}.")


class Shared(Value, frozen=True):
    books: Books = Books()
    agreed: PathwayAgreed | None = None
    rules: tuple[tuple[int, SharingRule | None], ...] = ()
    delivered: tuple[StepDelivered, ...] = ()
    entries: tuple[RevenueShared, ...] = ()
    """Entries of this pathway that were not taken back."""


def boundary(command: ShareRevenue) -> Boundary:
    return (
        facts(PathwayAgreed, StepDelivered, RevenueShared, RevenueReversed, about=command.pathway),
        facts(AgreementEnteredIntoForce, about=command.agreement),
        BOOKKEEPING,
    )


def evolve(state: Shared, event: Seen) -> Shared:
    match event:
        case NetworkFounded() | PeriodClosed():
            return replace(state, books=state.books.after(event))
        case PathwayAgreed():
            return replace(state, agreed=event)
        case AgreementEnteredIntoForce():
            return replace(state, rules=(*state.rules, (event.version, event.clauses.sharing_rule)))
        case StepDelivered():
            return replace(state, delivered=(*state.delivered, event))
        case RevenueShared():
            return replace(state, entries=(*state.entries, event))
        case RevenueReversed():
            return replace(state, entries=tuple(e for e in state.entries if e.entry != event.entry))


def decide(command: ShareRevenue, state: Shared) -> tuple[Event, ...]:
    wanted = (command.step, command.part)
    delivered = next((d for d in state.delivered if (d.step, d.part) == wanted), None)
    if state.agreed is None or delivered is None:
        raise NotDelivered(command.pathway, *wanted)
    agreed = state.agreed
    if agreed.agreement != command.agreement:
        raise BoundToAnother(command.pathway, agreed.agreement, command.agreement)
    for entry in state.entries:
        if (entry.step, entry.part) == wanted:
            raise SharedAlready(command.pathway, *wanted, entry.entry)
    rule = dict(state.rules)[agreed.version]
    if rule is None:  # pragma: no cover - a pathway is agreed only under a version that has a rule
        raise AssertionError(f"{agreed.agreement} version {agreed.version} shares nothing.")
    step = next(s for s in agreed.steps if s.step == command.step)
    amount_cents = next(p.cents for p in step.parts if p.part == command.part)
    division = share(
        rule,
        amount_cents,
        collected_by=agreed.collected_by,
        bind={PROVIDER: step.provider, **{b.role: b.organisation for b in agreed.roles}},
        quantities=quantities_of(delivered.quantities),
        taken=taken_by_clause(rule, ((s.clause, s.cents) for e in state.entries for s in e.shares)),
    )
    return (
        RevenueShared(
            entry=command.asked.new("entry"),
            pathway=command.pathway,
            step=command.step,
            part=command.part,
            agreement=agreed.agreement,
            version=agreed.version,
            provider=step.provider,
            amount_cents=amount_cents,
            collected_by=agreed.collected_by,
            occurred_on=delivered.delivered_on,
            period=state.books.period_of(delivered.delivered_on),
            project=agreed.project,
            parties=tuple(sorted({agreed.collected_by, step.provider, *(s.partner for s in division.shares)})),
            quantities=delivered.quantities,
            skipped=division.skipped,
            shares=division.shares,
        ),
    )


share_revenue = Decider(
    command=ShareRevenue,
    boundary=boundary,
    initial=Shared(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "policy": None},
    example={"pathway": "pathway:p-07", "step": 1, "part": 1, "agreement": "agreement:kymenlaakso-2019"},
)
