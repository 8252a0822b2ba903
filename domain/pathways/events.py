"""What has happened to a pathway."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from domain.kernel import Event, Value, fact
from domain.words import (
    AgreementId,
    Amount,
    Binding,
    ClientId,
    Code,
    MentorId,
    Number,
    OfferingId,
    Organisation,
    PathwayId,
    Price,
    ProjectCode,
    Total,
)

StepDeclineReason = Literal["no-capacity", "not-eligible", "not-provided", "price", "schedule", "other"]


class Part(Value, frozen=True):
    """A numbered part of a step and its price."""

    part: Number
    cents: Price


Parts = Annotated[tuple[Part, ...], Meta(min_length=1, max_length=60)]


class AgreedStep(Value, frozen=True):
    step: Number
    offering: OfferingId
    provider: Organisation
    parts: Parts


@fact("pathway.drafted", about=("pathway", "client"), seen_by="parties", frequent=True)
class PathwayDrafted(Event, frozen=True):
    pathway: PathwayId
    client: ClientId
    organisation: Organisation
    mentor: MentorId | None
    drafted_on: date
    parties: tuple[Organisation, ...]


@fact("pathway.step_proposed", about=("pathway",), seen_by="parties", frequent=True)
class StepProposed(Event, frozen=True):
    pathway: PathwayId
    step: Number
    offering: OfferingId
    provider: Organisation
    parts: Parts
    proposed_on: date
    parties: tuple[Organisation, ...]


@fact("pathway.step_confirmed", about=("pathway",), seen_by="parties", frequent=True)
class StepConfirmed(Event, frozen=True):
    pathway: PathwayId
    step: Number
    agreement: AgreementId
    """The provider's consent holds under this agreement, whose rule it has signed,"""
    at_least_cents: Total
    """and for this sum of the step's parts or more."""
    confirmed_on: date
    parties: tuple[Organisation, ...]


@fact("pathway.step_declined", about=("pathway",), seen_by="parties", frequent=True)
class StepDeclined(Event, frozen=True):
    pathway: PathwayId
    step: Number
    reason: StepDeclineReason
    declined_on: date
    parties: tuple[Organisation, ...]


@fact("pathway.agreed", about=("pathway",), seen_by="parties", frequent=True)
class PathwayAgreed(Event, frozen=True):
    """The client and every provider have said yes: price, roles and agreement version are fixed from here on."""

    pathway: PathwayId
    client: ClientId
    organisation: Organisation
    """Who drafted it and goes on looking after it."""
    mentor: MentorId | None
    agreement: AgreementId
    version: Number
    agreed_on: date
    collected_by: Organisation
    project: ProjectCode | None
    roles: tuple[Binding, ...]
    steps: tuple[AgreedStep, ...]
    units: tuple[Code, ...]
    """Units whose quantity the sharing rule asks for with every delivery."""
    parties: tuple[Organisation, ...]


@fact("pathway.step_delivered", about=("pathway",), seen_by="parties", frequent=True)
class StepDelivered(Event, frozen=True):
    pathway: PathwayId
    step: Number
    part: Number
    delivered_on: date
    quantities: tuple[Amount, ...]
    provider: Organisation
    agreement: AgreementId
    """The agreement bound to the pathway, carried on so that sharing knows where to look."""
    project: ProjectCode | None
    parties: tuple[Organisation, ...]


@fact("pathway.completed", about=("pathway",), seen_by="parties", frequent=True)
class PathwayCompleted(Event, frozen=True):
    pathway: PathwayId
    completed_on: date
    project: ProjectCode | None
    parties: tuple[Organisation, ...]
