"""Agree a pathway: from here on price, roles and the version of the agreement are fixed."""

from collections.abc import Collection, Mapping
from typing import Annotated

from msgspec import Meta

from domain.agreements.events import AgreementEnteredIntoForce
from domain.changing import replace
from domain.kernel import FILLED, Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.money import SharingRule, organisations_of, roles_of, split, units_of
from domain.pathways.events import (
    AgreedStep,
    Part,
    PathwayAgreed,
    PathwayDrafted,
    StepConfirmed,
    StepDeclined,
    StepProposed,
)
from domain.referrals.events import ClientTakenOn
from domain.words import PROVIDER, AgreementId, Binding, ClientId, Organisation, PathwayId, Price, ProjectCode

Planned = PathwayDrafted | StepProposed | StepConfirmed | StepDeclined | PathwayAgreed
Seen = Planned | AgreementEnteredIntoForce | ClientTakenOn


class AgreePathway(Command, frozen=True):
    """Record that the client and every provider have agreed.

    Every proposed step must be confirmed or declined; declined ones fall away. The roles of the sharing rule are bound as the
    draft of the pathway says, which providers saw before they confirmed; `roles` may repeat that (`role:provider` binds
    itself). Who agrees must speak for `collected_by` too, which owes the shares. A package price, if given, is divided over the
    parts in proportion to their list prices; no step may get less than its provider confirmed it for. `project`
    names the funded project this belongs to, null: outside any project.
    """

    pathway: PathwayId
    agreement: AgreementId
    """The agreement in force by whose sharing rule every delivery is divided."""
    collected_by: Organisation
    """The organisation that is paid by the client and owes the others their shares."""
    project: ProjectCode | None
    """The funded project that it belongs to; null: outside any project."""
    client: Annotated[ClientId | None, Meta(extra={"filled": FILLED})]
    """Whose pathway it is, as its draft says, for ever: what happened to the client decides too. None where there was no draft."""
    roles: tuple[Binding, ...] = ()
    """Who plays which role of the sharing rule, as the draft says; none: whatever it says. A role that nobody plays takes nothing
    where its clause says so."""
    price_cents: Price | None = None
    """One price for all of it; null: the list prices of its steps."""


class AgreedAlready(Refused):
    def __init__(self, pathway: str, agreement: str, version: int) -> None:
        super().__init__(f"{pathway} was agreed already, under {agreement} version {version}.")


class StepNotConfirmed(Refused):
    def __init__(self, pathway: str, steps: list[int]) -> None:
        super().__init__(
            f"{pathway} cannot be agreed: step {', '.join(map(str, steps))} waits for its provider to confirm or decline."
        )


class NoSteps(Refused):
    def __init__(self, pathway: str) -> None:
        super().__init__(f"{pathway} has no confirmed step; propose one and let its provider confirm it.")


class NoSharingRule(Refused):
    def __init__(self, agreement: str, version: int) -> None:
        super().__init__(f"{agreement} version {version} has no sharing rule; agree the pathway under one that has.")


class NotInTheAgreement(Refused):
    def __init__(self, agreement: str, outsiders: list[str]) -> None:
        super().__init__(f"{', '.join(outsiders)} would share revenue under {agreement} without being a party to it.")


class RoleNotBound(Refused):
    def __init__(self, roles: list[str], agreement: str) -> None:
        super().__init__(
            f"The sharing rule of {agreement} pays {', '.join(roles)}, which the draft of the pathway binds to nobody; draft a "
            "pathway that says in `roles` which organisation that is."
        )


class WrongRole(Refused):
    def __init__(self, roles: list[str], agreement: str) -> None:
        super().__init__(
            f"{', '.join(roles)} cannot be bound: each role of the sharing rule of {agreement} is bound once, and {PROVIDER} binds itself."
        )


class BoundOtherwise(Refused):
    def __init__(self, pathway: str, roles: list[str]) -> None:
        super().__init__(
            f"{', '.join(roles)} cannot be bound so: the providers of {pathway} confirmed its steps under the bindings of its draft. "
            "Leave them out, or draft another pathway."
        )


class TakenOnSince(Refused):
    def __init__(self, pathway: str, client: str, organisation: str, referral: str) -> None:
        super().__init__(
            f"{pathway} cannot be agreed: it was drafted without a referral, and since then {organisation} has taken {client} on by "
            f"{referral}. Draft a pathway that names it in `referral`."
        )


class NoListPrice(Refused):
    def __init__(self, pathway: str) -> None:
        super().__init__(f"The list prices of {pathway} are all zero; a package price cannot be divided over them.")


class AnotherAgreement(Refused):
    def __init__(self, pathway: str, step: int, confirmed: str) -> None:
        super().__init__(
            f"The provider of step {step} of {pathway} confirmed it under {confirmed}; agree the pathway under that."
        )


class BelowConfirmed(Refused):
    def __init__(self, pathway: str, step: int, offered: int, confirmed: int) -> None:
        super().__init__(
            f"Step {step} of {pathway} would get {offered} cents of the price, but its provider confirmed it for {confirmed} "
            "at least; agree on a higher price, or let the provider confirm a step with a lower one."
        )


class Agreeing(Value, frozen=True):
    drafted: PathwayDrafted | None = None
    steps: tuple[StepProposed, ...] = ()
    confirmed: Mapping[int, StepConfirmed] = {}
    declined: frozenset[int] = frozenset()
    agreed: PathwayAgreed | None = None
    in_force: AgreementEnteredIntoForce | None = None
    taken_on: tuple[ClientTakenOn, ...] = ()


def boundary(command: AgreePathway) -> Boundary:
    return (
        facts(PathwayDrafted, StepProposed, StepConfirmed, StepDeclined, PathwayAgreed, about=command.pathway),
        facts(AgreementEnteredIntoForce, about=command.agreement),
        *((facts(ClientTakenOn, about=command.client),) if command.client else ()),
    )


def evolve(state: Agreeing, event: Seen) -> Agreeing:
    match event:
        case AgreementEnteredIntoForce():
            return replace(state, in_force=event)
        case ClientTakenOn():
            return replace(state, taken_on=(*state.taken_on, event))
        case _:
            return _evolve_plan(state, event)


def _evolve_plan(state: Agreeing, event: Planned) -> Agreeing:
    match event:
        case PathwayDrafted():
            return replace(state, drafted=event)
        case StepProposed():
            return replace(state, steps=(*state.steps, event))
        case StepConfirmed():
            return replace(state, confirmed={**state.confirmed, event.step: event})
        case StepDeclined():
            return replace(state, declined=state.declined | {event.step})
        case PathwayAgreed():
            return replace(state, agreed=event)


def decide(command: AgreePathway, state: Agreeing) -> tuple[Event, ...]:
    drafted = _drafted(command, state)
    if state.agreed:
        raise AgreedAlready(command.pathway, state.agreed.agreement, state.agreed.version)
    _check_came_without(drafted, state)
    if waiting := sorted({s.step for s in state.steps} - set(state.confirmed) - state.declined):
        raise StepNotConfirmed(command.pathway, waiting)
    confirmed = sorted((s for s in state.steps if s.step in state.confirmed), key=lambda s: s.step)
    if not confirmed:
        raise NoSteps(command.pathway)
    if others := [s for s in confirmed if state.confirmed[s.step].agreement != command.agreement]:
        raise AnotherAgreement(command.pathway, others[0].step, state.confirmed[others[0].step].agreement)
    agreement = state.in_force
    if agreement is None:
        raise Unknown(f"{command.agreement} in force")
    rule = agreement.clauses.sharing_rule
    if rule is None:
        raise NoSharingRule(command.agreement, agreement.version)
    roles = _roles(command, rule, drafted, agreement.parties)
    paid = organisations_of(rule) | {b.organisation for b in roles} | {s.provider for s in confirmed}
    if outsiders := sorted((paid | {command.collected_by}) - set(agreement.parties)):
        raise NotInTheAgreement(command.agreement, outsiders)
    return (
        PathwayAgreed(
            pathway=command.pathway,
            client=drafted.client,
            organisation=drafted.organisation,
            mentor=drafted.mentor,
            agreement=command.agreement,
            version=agreement.version,
            agreed_on=command.asked.on,
            collected_by=command.collected_by,
            project=command.project,
            roles=roles,
            steps=_priced(command, confirmed, state.confirmed),
            units=tuple(sorted(units_of(rule))),
            parties=tuple(sorted(paid | {command.collected_by, drafted.organisation})),
        ),
    )


def _drafted(command: AgreePathway, state: Agreeing) -> PathwayDrafted:
    if (
        state.drafted is None or state.drafted.client != command.client
    ):  # of a draft made meanwhile nothing else was looked at
        raise Unknown(command.pathway)
    if not command.asked.acts_for(state.drafted.organisation):
        if not any(command.asked.acts_for(s.provider) for s in state.steps):
            raise Unknown(command.pathway)
        raise NotYours(command.asked, state.drafted.organisation, "agree its pathways")
    if not command.asked.acts_for(command.collected_by):
        raise NotYours(command.asked, command.collected_by, "let it collect the price and owe the shares")
    return state.drafted


def _check_came_without(drafted: PathwayDrafted, state: Agreeing) -> None:
    """Who drafts before accepting a referral would keep what the rule gives the referrer."""
    for taken in state.taken_on:
        if drafted.referral is None and taken.organisation == drafted.organisation:
            raise TakenOnSince(drafted.pathway, drafted.client, drafted.organisation, taken.referral)


def _roles(
    command: AgreePathway, rule: SharingRule, drafted: PathwayDrafted, parties: Collection[str]
) -> tuple[Binding, ...]:
    """The bindings of the draft, as far as the rule pays them."""
    roles = {named.role: named for named in roles_of(rule) if named.role != PROVIDER}
    repeated = [b.role for b in command.roles]
    if wrong := sorted({r for r in repeated if r not in roles or repeated.count(r) > 1}):
        raise WrongRole(wrong, command.agreement)
    if other := sorted(b.role for b in command.roles if b not in drafted.roles):
        raise BoundOtherwise(command.pathway, other)
    # Whoever is no party cannot be paid: what may be skipped is, unless it is insisted on.
    bound = tuple(
        b
        for b in drafted.roles
        if b.role in roles and (b in command.roles or b.organisation in parties or not roles[b.role].skippable)
    )
    if missing := sorted(r for r, n in roles.items() if not n.skippable and r not in {b.role for b in bound}):
        raise RoleNotBound(missing, command.agreement)
    return bound


def _priced(
    command: AgreePathway, confirmed: list[StepProposed], consents: Mapping[int, StepConfirmed]
) -> tuple[AgreedStep, ...]:
    # Keys that sort like the numbers, so that ties in a division go by step and part.
    prices = {f"{s.step:06}.{p.part:06}": p.cents for s in confirmed for p in s.parts}
    if command.price_cents is not None:
        if not any(prices.values()):
            raise NoListPrice(command.pathway)
        prices = split(command.price_cents, prices)
    for s in confirmed:
        offered = sum(prices[f"{s.step:06}.{p.part:06}"] for p in s.parts)
        if offered < (least := consents[s.step].at_least_cents):
            raise BelowConfirmed(command.pathway, s.step, offered, least)
    return tuple(
        AgreedStep(
            step=s.step,
            offering=s.offering,
            provider=s.provider,
            parts=tuple(
                Part(part=p.part, cents=prices[f"{s.step:06}.{p.part:06}"])
                for p in sorted(s.parts, key=lambda p: p.part)
            ),
        )
        for s in confirmed
    )


agree_pathway = Decider(
    command=AgreePathway,
    boundary=boundary,
    initial=Agreeing(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "content"},
    example={
        "pathway": "pathway:p-07",
        "agreement": "agreement:kymenlaakso-2019",
        "collected_by": "org:xamk",
        "project": None,
        "roles": [{"role": "role:referrer", "organisation": "org:cursor"}],
    },
)
