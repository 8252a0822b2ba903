"""What has happened to a pathway."""

from typing import Annotated, Literal

from msgspec import Meta

from domain.kernel import Event, Value, fact
from domain.words import (
    AgreementId,
    Amount,
    Binding,
    ClientId,
    Code,
    Day,
    MentorId,
    OfferingId,
    Organisation,
    Parties,
    PartNumber,
    PathwayId,
    Price,
    ProjectCode,
    ReferralId,
    StepNumber,
    Total,
    Version,
)

StepDeclineReason = Annotated[
    Literal["no-capacity", "not-eligible", "not-provided", "price", "schedule", "other"],
    Meta(description="Why the provider will not deliver it; `other` where none fits."),
]


class Part(Value, frozen=True):
    """A numbered part of a step and its price."""

    part: PartNumber
    cents: Price


Parts = Annotated[
    tuple[Part, ...],
    Meta(min_length=1, max_length=60, description="What is delivered and paid one by one, with prices without VAT."),
]


class AgreedStep(Value, frozen=True):
    """A step as it was agreed: what, by whom, in which parts."""

    step: StepNumber
    offering: OfferingId
    provider: Organisation
    parts: Parts


@fact("pathway.drafted", about=("pathway", "client"), seen_by="parties", frequent=True, version=2)
class PathwayDrafted(Event, frozen=True):
    """A pathway is begun for a client; it has no steps and no price yet."""

    pathway: PathwayId
    client: ClientId
    organisation: Organisation
    """Who looks after it."""
    mentor: MentorId | None
    """Who guides the client on it; null where nobody does."""
    referral: ReferralId | None
    """The referral that the client came by; null where the client came without."""
    roles: tuple[Binding, ...]
    """Who plays which role of the sharing rule, for whoever confirms a step to see; those that the rule pays come to hold."""
    drafted_on: Day
    parties: Parties


@fact("pathway.step_proposed", about=("pathway",), seen_by="parties", frequent=True)
class StepProposed(Event, frozen=True):
    """A step stands in a pathway's plan and waits for its provider to confirm it."""

    pathway: PathwayId
    step: StepNumber
    offering: OfferingId
    provider: Organisation
    """The partner that would deliver it."""
    parts: Parts
    proposed_on: Day
    parties: Parties


@fact("pathway.step_confirmed", about=("pathway",), seen_by="parties", frequent=True)
class StepConfirmed(Event, frozen=True):
    """The provider will deliver a step for its price, under an agreement's rule."""

    pathway: PathwayId
    step: StepNumber
    agreement: AgreementId
    """The agreement under which the provider's consent holds, and whose rule it has signed."""
    at_least_cents: Total
    """The consent holds for this sum of the step's parts or more."""
    confirmed_on: Day
    parties: Parties


@fact("pathway.step_declined", about=("pathway",), seen_by="parties", frequent=True)
class StepDeclined(Event, frozen=True):
    """The provider will not deliver a step."""

    pathway: PathwayId
    step: StepNumber
    reason: StepDeclineReason
    declined_on: Day
    parties: Parties


@fact("pathway.agreed", about=("pathway",), seen_by="parties", frequent=True)
class PathwayAgreed(Event, frozen=True):
    """The client and every provider have said yes: price, roles and agreement version are fixed from here on."""

    pathway: PathwayId
    client: ClientId
    organisation: Organisation
    """Who drafted it and goes on looking after it."""
    mentor: MentorId | None
    """Who guides the client on it; null where nobody does."""
    agreement: AgreementId
    """The agreement by whose rule every delivery is shared."""
    version: Version
    agreed_on: Day
    collected_by: Organisation
    """The organisation that is paid for the pathway and owes the others their shares."""
    project: ProjectCode | None
    """The project that carries it; null where none does."""
    roles: tuple[Binding, ...]
    """Who plays which role of the sharing rule."""
    steps: tuple[AgreedStep, ...]
    """All that will be delivered."""
    units: tuple[Code, ...]
    """Units whose quantity the sharing rule asks for with every delivery."""
    parties: Parties


@fact("pathway.step_delivered", about=("pathway",), seen_by="parties", frequent=True)
class StepDelivered(Event, frozen=True):
    """A part of a step has been delivered, so its price can be shared."""

    pathway: PathwayId
    step: StepNumber
    part: PartNumber
    delivered_on: Day
    quantities: tuple[Amount, ...]
    """How much was delivered, in the units that the sharing rule asks for."""
    provider: Organisation
    """The partner that delivered it."""
    agreement: AgreementId
    """The agreement bound to the pathway, carried on so that sharing knows where to look."""
    project: ProjectCode | None
    """The project that carries the pathway; null where none does."""
    parties: Parties


@fact("pathway.completed", about=("pathway",), seen_by="parties", frequent=True)
class PathwayCompleted(Event, frozen=True):
    """Everything that was agreed for a pathway has been delivered."""

    pathway: PathwayId
    completed_on: Day
    project: ProjectCode | None
    """The project that carries it; null where none does."""
    parties: Parties
