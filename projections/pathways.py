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
    part: int
    delivered_on: date


class Step(Row, frozen=True):
    pathway: Key[str]
    step: Key[int]
    offering: str = ""
    provider: str = ""
    answer: Answer = "proposed"
    parts: tuple[Part, ...] = ()
    """List prices until the pathway is agreed, then the agreed ones."""
    delivered: tuple[Delivery, ...] = ()


class Pathway(Row, frozen=True):
    pathway: Key[str]
    client: str = ""
    organisation: str = ""
    mentor: str | None = None
    stage: Stage = "drafted"
    drafted_on: date | None = None
    agreement: str | None = None
    version: int | None = None
    agreed_on: date | None = None
    collected_by: str | None = None
    project: str | None = None
    roles: tuple[Binding, ...] = ()
    completed_on: date | None = None
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
    steps: tuple[Step, ...]


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
