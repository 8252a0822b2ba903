"""Plan a pathway: draft it for a client, propose steps to providers, who confirm or decline them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from domain.catalog.events import OfferingArchived, OfferingPublished
from domain.changing import replace
from domain.kernel import (
    Asked,
    Boundary,
    Command,
    Criterion,
    Decider,
    Event,
    NotYours,
    Refused,
    Role,
    Scope,
    Unknown,
    Value,
    facts,
)
from domain.network.events import PartnerAdmitted
from domain.pathways.events import (
    Parts,
    PathwayAgreed,
    PathwayDrafted,
    StepConfirmed,
    StepDeclined,
    StepDeclineReason,
    StepProposed,
)
from domain.pathways.known_roles import KnownRoles, Telling, told_by
from domain.words import (
    AgreementId,
    Binding,
    ClientId,
    MentorId,
    OfferingId,
    Organisation,
    PathwayId,
    ReferralId,
    StepNumber,
    Total,
)

ROLES_MAX = 50

Answer = Literal["proposed", "confirmed", "declined"]
Planned = PathwayDrafted | StepProposed | StepConfirmed | StepDeclined | PathwayAgreed
Seen = Planned | OfferingPublished | OfferingArchived


class DraftPathway(Command, frozen=True):
    """Begin a pathway for a client, at the partner that looks after it; `mentor` guides the client. Without `pathway` an id is made.

    Who plays a role of the sharing rule is said here, so that every provider sees it before it confirms a step.
    """

    client: ClientId
    organisation: Organisation
    mentor: MentorId | None = None
    referral: ReferralId | None = None
    """The referral that the client came by; null: the organisation has accepted none of this client."""
    roles: Annotated[tuple[Binding, ...], Meta(max_length=ROLES_MAX)] = ()
    """Who plays which role of the sharing rule. What the log knows binds itself and is not bound otherwise: `role:mentor` to the
    organisation of the mentor, `role:referrer` to the sender of the referral, `role:provider` to who delivers."""
    pathway: PathwayId | None = None


class ProposeStep(Command, frozen=True):
    """Propose a numbered step to the provider of an offering, in numbered parts with their list prices."""

    pathway: PathwayId
    step: StepNumber
    offering: OfferingId
    parts: Parts


class ConfirmStep(Command, frozen=True):
    """Say yes to a proposed step, for its provider, if it is agreed under the agreement named.

    The consent is for the step's list prices, or for a lower sum named in `at_least_cents`.
    """

    pathway: PathwayId
    step: StepNumber
    agreement: AgreementId
    at_least_cents: Total | None = None


class DeclineStep(Command, frozen=True):
    """Say no to a proposed step, for its provider, with a reason from the code list."""

    pathway: PathwayId
    step: StepNumber
    reason: StepDeclineReason


class DraftedAlready(Refused):
    def __init__(self, pathway: str) -> None:
        super().__init__(f"{pathway} has been drafted already; another pathway needs another id.")


class StepsAreFixed(Refused):
    def __init__(self, pathway: str) -> None:
        super().__init__(f"{pathway} is agreed: its steps are fixed.")


class StepTaken(Refused):
    def __init__(self, pathway: str, step: int, answer: Answer) -> None:
        super().__init__(f"Step {step} of {pathway} is {answer} already; propose the next under another number.")


class PartTwice(Refused):
    def __init__(self, step: int, parts: list[int]) -> None:
        super().__init__(
            f"Each part of step {step} has a number of its own; {', '.join(map(str, parts))} stands there twice."
        )


class OfferingIsArchived(Refused):
    def __init__(self, offering: str) -> None:
        super().__init__(f"{offering} is archived; choose an offering that is in the catalogue.")


class AboveTheList(Refused):
    def __init__(self, pathway: str, step: int, least: int, listed: int) -> None:
        super().__init__(
            f"Step {step} of {pathway} was proposed for {listed} cents; it cannot be confirmed for {least} at least. "
            "Decline it, and let it be proposed anew for more."
        )


class AnsweredAlready(Refused):
    def __init__(self, pathway: str, step: int, answer: Answer) -> None:
        super().__init__(f"Step {step} of {pathway} is {answer} already; an answer is given once.")


class Plan(Value, frozen=True):
    drafted: PathwayDrafted | None = None
    steps: tuple[tuple[StepProposed, Answer], ...] = ()
    agreed: bool = False
    provider: str | None = None
    archived: bool = False
    partner: bool = False
    known: KnownRoles = KnownRoles()

    def step(self, number: int) -> tuple[StepProposed, Answer] | None:
        return next((s for s in self.steps if s[0].step == number), None)


def pathway_of(command: DraftPathway) -> str:
    return command.pathway or command.asked.new("pathway")


def boundary_of_draft(command: DraftPathway) -> Boundary:
    return (
        facts(PathwayDrafted, about=pathway_of(command)),
        facts(PartnerAdmitted, about=command.organisation),
        *told_by(command.client, command.mentor, command.referral),
    )


def boundary_of_proposal(command: ProposeStep) -> Boundary:
    return (_plan(command.pathway), facts(OfferingPublished, OfferingArchived, about=command.offering))


def boundary_of_answer(command: ConfirmStep | DeclineStep) -> Boundary:
    return (_plan(command.pathway),)


def _plan(pathway: str) -> Criterion:
    return facts(PathwayDrafted, StepProposed, StepConfirmed, StepDeclined, PathwayAgreed, about=pathway)


def evolve_draft(state: Plan, event: PathwayDrafted | PartnerAdmitted | Telling) -> Plan:
    match event:
        case PathwayDrafted():
            return replace(state, drafted=event)
        case PartnerAdmitted():
            return replace(state, partner=True)
        case _:
            return replace(state, known=state.known.after(event))


def evolve_answer(state: Plan, event: Planned) -> Plan:
    match event:
        case PathwayDrafted():
            return replace(state, drafted=event)
        case StepProposed():
            return replace(state, steps=(*state.steps, (event, "proposed")))
        case StepConfirmed():
            return _answered(state, event.step, "confirmed")
        case StepDeclined():
            return _answered(state, event.step, "declined")
        case PathwayAgreed():
            return replace(state, agreed=True)


def evolve_proposal(state: Plan, event: Seen) -> Plan:
    match event:
        case OfferingPublished():
            return replace(state, provider=event.provider)
        case OfferingArchived():
            return replace(state, archived=True)
        case _:
            return evolve_answer(state, event)


def _answered(state: Plan, number: int, answer: Answer) -> Plan:
    return replace(state, steps=tuple((s, answer if s.step == number else a) for s, a in state.steps))


def draft(command: DraftPathway, state: Plan) -> tuple[Event, ...]:
    if not command.asked.acts_for(command.organisation):
        raise NotYours(command.asked, command.organisation, "draft its pathways")
    if state.drafted:
        raise DraftedAlready(pathway_of(command))
    if not state.partner:
        raise Unknown(f"partner {command.organisation}")
    if command.mentor and state.known.mentors is None:
        raise Unknown(command.mentor)
    if command.referral:
        state.known.check_referral(command.asked, command.referral, command.client, command.organisation)
    else:
        state.known.check_came_without(command.client, command.organisation)
    return (
        PathwayDrafted(
            pathway=pathway_of(command),
            client=command.client,
            organisation=command.organisation,
            mentor=command.mentor,
            referral=command.referral,
            roles=state.known.bound(command.roles),
            drafted_on=command.asked.on,
            parties=(command.organisation,),
        ),
    )


def propose(command: ProposeStep, state: Plan) -> tuple[Event, ...]:
    drafted = _drafted(command.asked, command.pathway, state)
    if not command.asked.acts_for(drafted.organisation):
        raise NotYours(command.asked, drafted.organisation, "propose steps of its pathways")
    if state.agreed:
        raise StepsAreFixed(command.pathway)
    if taken := state.step(command.step):
        raise StepTaken(command.pathway, command.step, taken[1])
    numbers = [p.part for p in command.parts]
    if twice := sorted({n for n in numbers if numbers.count(n) > 1}):
        raise PartTwice(command.step, twice)
    if state.provider is None:
        raise Unknown(command.offering)
    if state.archived:
        raise OfferingIsArchived(command.offering)
    return (
        StepProposed(
            pathway=command.pathway,
            step=command.step,
            offering=command.offering,
            provider=state.provider,
            parts=command.parts,
            proposed_on=command.asked.on,
            parties=tuple(sorted({drafted.organisation, state.provider})),
        ),
    )


def confirm(command: ConfirmStep, state: Plan) -> tuple[Event, ...]:
    proposed = _proposed(command, state)
    listed = sum(p.cents for p in proposed.parts)
    least = listed if command.at_least_cents is None else command.at_least_cents
    if least > listed:
        raise AboveTheList(command.pathway, command.step, least, listed)
    return (
        StepConfirmed(
            pathway=command.pathway,
            step=command.step,
            agreement=command.agreement,
            at_least_cents=least,
            confirmed_on=command.asked.on,
            parties=proposed.parties,
        ),
    )


def decline(command: DeclineStep, state: Plan) -> tuple[Event, ...]:
    proposed = _proposed(command, state)
    return (
        StepDeclined(
            pathway=command.pathway,
            step=command.step,
            reason=command.reason,
            declined_on=command.asked.on,
            parties=proposed.parties,
        ),
    )


def _drafted(asked: Asked, pathway: str, state: Plan) -> PathwayDrafted:
    # Only the organisation that drafts and the providers it asks can know that a pathway exists.
    if state.drafted is None:
        raise Unknown(pathway)
    known_to = {state.drafted.organisation, *(s.provider for s, _ in state.steps)}
    if not any(asked.acts_for(organisation) for organisation in known_to):
        raise Unknown(pathway)
    return state.drafted


def _proposed(command: ConfirmStep | DeclineStep, state: Plan) -> StepProposed:
    _drafted(command.asked, command.pathway, state)
    step = state.step(command.step)
    if step is None:
        raise Unknown(f"step {command.step} of {command.pathway}")
    proposed, answer = step
    if not command.asked.acts_for(proposed.provider):
        raise NotYours(command.asked, proposed.provider, "answer for this step")
    if state.agreed:
        raise StepsAreFixed(command.pathway)
    if answer != "proposed":
        raise AnsweredAlready(command.pathway, command.step, answer)
    return proposed


PLANNERS: Mapping[Role, Scope | None] = {"coordinator": None, "partner": "content"}

draft_pathway = Decider(
    command=DraftPathway,
    boundary=boundary_of_draft,
    initial=Plan(),
    evolve=evolve_draft,
    decide=draft,
    may=PLANNERS,
    example={
        "client": "client:c-17",
        "organisation": "org:xamk",
        "mentor": "mentor:m-03",
        "referral": "referral:r-17",
        "roles": [{"role": "role:referrer", "organisation": "org:cursor"}],
    },
)
propose_step = Decider(
    command=ProposeStep,
    boundary=boundary_of_proposal,
    initial=Plan(),
    evolve=evolve_proposal,
    decide=propose,
    may=PLANNERS,
    example={
        "pathway": "pathway:p-07",
        "step": 1,
        "offering": "offering:varastologistiikka",
        "parts": [{"part": 1, "cents": 30000}, {"part": 2, "cents": 15000}],
    },
)
confirm_step = Decider(
    command=ConfirmStep,
    boundary=boundary_of_answer,
    initial=Plan(),
    evolve=evolve_answer,
    decide=confirm,
    may=PLANNERS,
    example={"pathway": "pathway:p-07", "step": 1, "agreement": "agreement:kymenlaakso-2019"},
)
decline_step = Decider(
    command=DeclineStep,
    boundary=boundary_of_answer,
    initial=Plan(),
    evolve=evolve_answer,
    decide=decline,
    may=PLANNERS,
    example={"pathway": "pathway:p-07", "step": 1, "reason": "no-capacity"},
)
