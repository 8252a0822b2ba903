"""A pathway: its steps, their providers' answers, what was agreed and what has been delivered."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.changing import replace
from domain.pathways.events import (
    Part,
    PathwayAgreed,
    PathwayCompleted,
    PathwayDrafted,
    StepConfirmed,
    StepDeclined,
    StepDelivered,
    StepProposed,
)
from domain.words import Binding
from projections.rows import At, Key, Latest, Projection, Row, Rows, each, facts_of

Seen = PathwayDrafted | StepProposed | StepConfirmed | StepDeclined | PathwayAgreed | StepDelivered | PathwayCompleted
Stage = Literal["drafted", "agreed", "completed"]
Answer = Literal["proposed", "confirmed", "declined", "agreed"]


class Delivery(Struct, frozen=True):
    """A part that has been delivered."""

    part: int
    """The number of the part in its step, from 1."""
    delivered_on: date
    """The day of delivery, in Helsinki."""


class Step(Row, frozen=True):
    """A step of a pathway: what is delivered, by whom, in which parts."""

    pathway: Key[str]
    """The pathway that it is a step of."""
    step: Key[int]
    """The number of the step in its pathway, from 1."""
    offering: str = ""
    """What is delivered, by its id in the catalogue."""
    provider: str = ""
    """The partner that delivers it."""
    answer: Answer = "proposed"
    """`proposed`: its provider has not answered; `confirmed` or `declined` by the provider; `agreed` with the whole pathway."""
    parts: tuple[Part, ...] = ()
    """List prices until the pathway is agreed, then the agreed ones."""
    delivered: tuple[Delivery, ...] = ()
    """The parts that have been delivered, in the order of recording."""


class Pathway(Row, frozen=True):
    """What one client is to get, who answers for it, and how far it is."""

    pathway: Key[str]
    """The id, such as pathway:p-07."""
    client: str = ""
    """The client's id of this one case, such as client:c-17; never a name."""
    organisation: str = ""
    """The partner that looks after it."""
    mentor: str | None = None
    """Who guides the client on it, such as mentor:m-03; null where nobody does."""
    stage: Stage = "drafted"
    """`drafted` until the client and every provider have agreed, `completed` when all parts are delivered and somebody said so."""
    drafted_on: date | None = None
    """The day on which it was begun, in Helsinki."""
    agreement: str | None = None
    """The agreement by whose rule every delivery is shared; null until it is agreed."""
    version: int | None = None
    """The version of that agreement, bound for good when it was agreed; null until then."""
    agreed_on: date | None = None
    """The day on which it was agreed, in Helsinki; null until then."""
    collected_by: str | None = None
    """The organisation that is paid by the client and owes the others their shares; null until it is agreed."""
    project: str | None = None
    """The funded project that it belongs to; null: outside any project, or not agreed yet."""
    roles: tuple[Binding, ...] = ()
    """Those of the draft until the pathway is agreed, then those that the rule pays."""
    completed_on: date | None = None
    """The day on which it was completed, in Helsinki; null until then."""
    parties: tuple[str, ...] = ()
    """Everyone who was asked for a step or shares what was agreed."""
    agreed_parties: tuple[str, ...] = ()
    """Those who may see what was agreed and what is delivered."""


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Pathway | Step]:  # noqa: ARG001 - dates are in the facts
    pathway = rows.latest(Pathway(fact.pathway))
    match fact:
        case PathwayDrafted():
            yield replace(
                pathway,
                client=fact.client,
                organisation=fact.organisation,
                mentor=fact.mentor,
                roles=fact.roles,
                drafted_on=fact.drafted_on,
                parties=fact.parties,
            )
        case StepProposed():
            yield Step(fact.pathway, fact.step, fact.offering, fact.provider, parts=fact.parts)
            yield replace(pathway, parties=tuple(sorted({*pathway.parties, *fact.parties})))
        case StepConfirmed():
            yield replace(rows.latest(Step(fact.pathway, fact.step)), answer="confirmed")
        case StepDeclined():
            yield replace(rows.latest(Step(fact.pathway, fact.step)), answer="declined")
        case PathwayAgreed():
            for step in fact.steps:
                yield replace(rows.latest(Step(fact.pathway, step.step)), answer="agreed", parts=step.parts)
            yield replace(
                pathway,
                stage="agreed",
                agreement=fact.agreement,
                version=fact.version,
                agreed_on=fact.agreed_on,
                collected_by=fact.collected_by,
                project=fact.project,
                roles=fact.roles,
                parties=tuple(sorted({*pathway.parties, *fact.parties})),
                agreed_parties=fact.parties,
            )
        case StepDelivered():
            step_row = rows.latest(Step(fact.pathway, fact.step))
            yield replace(step_row, delivered=(*step_row.delivered, Delivery(fact.part, fact.delivered_on)))
        case PathwayCompleted():
            yield replace(pathway, stage="completed", completed_on=fact.completed_on)


pathways = Projection("pathways", fold, (Pathway, Step), facts_of(Seen), on_poison="park")


class PathwayView(Struct, frozen=True):
    """A pathway with its steps in order."""

    pathway: Pathway
    """The pathway itself."""
    steps: tuple[Step, ...]
    """In the order of their numbers."""


def pathway_of(rows: Rows, pathway: str) -> PathwayView | None:
    """One pathway; None where there is none."""
    found = next(iter(rows.under(Pathway, pathway)), None)
    return PathwayView(found, tuple(rows.under(Step, pathway))) if found else None


def stages(rows: Rows) -> dict[Stage, int]:
    """How many pathways stand at each stage."""
    counts: dict[Stage, int] = {"drafted": 0, "agreed": 0, "completed": 0}
    for pathway in rows.under(Pathway):
        counts[pathway.stage] += 1
    return counts
