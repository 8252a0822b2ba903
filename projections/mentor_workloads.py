"""How many clients each mentor guides, of how many they could."""

from collections.abc import Iterator
from fractions import Fraction

from msgspec import Struct

from domain.changing import replace
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorCapacitySet, MentorNominated
from domain.money import Language
from projections.rows import At, Key, Latest, Projection, Row, Rows, each, facts_of

Seen = MentorNominated | MentorCapacitySet | MenteeAssigned | MenteeReleased


class Workload(Row, frozen=True):
    mentor: Key[str]
    organisation: str = ""
    languages: tuple[Language, ...] = ()
    capacity: int = 0
    mentees: int = 0
    assigned_total: int = 0
    clients: tuple[str, ...] = ()
    """Guided now, in the order they came. For the mentor, the mentor's organisation and the coordinator alone."""


class MentorLoad(Struct, frozen=True):
    """What the whole network may see of a mentor's work: numbers, and no client."""

    mentor: str
    """The id, such as mentor:m-03; never a name."""
    organisation: str
    """The partner that the mentor works for."""
    languages: tuple[Language, ...]
    """The languages in which the mentor guides."""
    capacity: int
    """How many clients the mentor guides at most at one time."""
    mentees: int
    """How many clients the mentor guides now."""
    free: int
    """Clients there is room for; 0 also where a lowered capacity is exceeded."""
    assigned_total: int
    """How many clients were ever assigned to the mentor."""


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Workload]:  # noqa: ARG001 - no date is shown
    load = rows.latest(Workload(fact.mentor))
    match fact:
        case MentorNominated():
            yield replace(load, organisation=fact.organisation, languages=fact.languages)
        case MentorCapacitySet():
            yield replace(load, capacity=fact.capacity)
        case MenteeAssigned():
            clients = (*load.clients, fact.client)
            yield replace(load, clients=clients, mentees=len(clients), assigned_total=load.assigned_total + 1)
        case MenteeReleased():
            clients = tuple(client for client in load.clients if client != fact.client)
            yield replace(load, clients=clients, mentees=len(clients))


mentor_workloads = Projection("mentor_workloads", fold, (Workload,), facts_of(Seen), on_poison="park")


def workloads(rows: Rows) -> list[MentorLoad]:
    """Every mentor, the fullest first: by the share of the capacity in use, then by clients, then by id."""
    return [
        MentorLoad(
            mentor=load.mentor,
            organisation=load.organisation,
            languages=load.languages,
            capacity=load.capacity,
            mentees=load.mentees,
            free=_free(load),
            assigned_total=load.assigned_total,
        )
        for load in sorted(rows.under(Workload), key=lambda load: (-_fullness(load), -load.mentees, load.mentor))
    ]


def clients_of(rows: Rows, mentor: str) -> tuple[str, ...]:
    """The clients a mentor guides now, in the order they came; none where the mentor is unknown.

    Whoever asks must be the mentor, somebody of the mentor's organisation, or the coordinator: the caller checks that.
    """
    return next((load.clients for load in rows.under(Workload, mentor)), ())


def _free(load: Workload) -> int:
    return max(0, load.capacity - load.mentees)


def _fullness(load: Workload) -> Fraction:
    """Clients by capacity, exactly; who takes nobody is full, and the fuller the more clients are still there."""
    return Fraction(load.mentees, load.capacity) if load.capacity else Fraction(1 + load.mentees)
