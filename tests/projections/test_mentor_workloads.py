"""Workloads count clients against capacity, and show no client to the network."""

from datetime import UTC, date, datetime

from adapters.projecting.memory import Memory
from domain.kernel import Event
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorCapacitySet, MentorNominated
from projections.mentor_workloads import MentorLoad, clients_of, mentor_workloads, workloads
from projections.rows import At

DAY = date(2019, 3, 1)
PARTIES = ("org:xamk",)


def nominated(mentor: str, capacity: int) -> tuple[Event, ...]:
    return (
        MentorNominated(mentor=f"mentor:{mentor}", organisation="org:xamk", languages=("fi", "sv"), nominated_on=DAY),
        MentorCapacitySet(
            mentor=f"mentor:{mentor}", organisation="org:xamk", capacity=capacity, set_on=date(2019, 3, 5)
        ),
    )


def assigned(mentor: str, *clients: str) -> tuple[Event, ...]:
    return tuple(
        MenteeAssigned(mentor=f"mentor:{mentor}", client=f"client:{c}", assigned_on=DAY, parties=PARTIES)
        for c in clients
    )


def released(mentor: str, client: str) -> tuple[Event, ...]:
    return (
        MenteeReleased(
            mentor=f"mentor:{mentor}",
            client=f"client:{client}",
            reason="pathway-completed",
            released_on=DAY,
            parties=PARTIES,
        ),
    )


def folded(*events: Event) -> Memory:
    memory = Memory(mentor_workloads)
    memory.advance([(At(n, datetime(2019, 3, 1, tzinfo=UTC)), event) for n, event in enumerate(events, 1)], len(events))
    assert not memory.parked
    return memory


def test_clients_are_counted_as_they_come_and_go() -> None:
    rows = folded(*nominated("a", 3), *assigned("a", "1", "2"), *released("a", "1"), *assigned("a", "3", "1"))
    assert workloads(rows) == [
        MentorLoad(
            mentor="mentor:a",
            organisation="org:xamk",
            languages=("fi", "sv"),
            capacity=3,
            mentees=3,
            free=0,
            assigned_total=4,
        )
    ]
    assert clients_of(rows, "mentor:a") == ("client:2", "client:3", "client:1")
    assert clients_of(rows, "mentor:nobody") == ()


def test_the_fullest_mentor_comes_first() -> None:
    """By share of the capacity: 9 of 10 is fuller than 1 of 2, though both could take one more."""
    rows = folded(
        *nominated("half", 2),
        *assigned("half", "1"),
        *nominated("empty", 5),
        *nominated("nine", 10),
        *assigned("nine", *(f"n{n}" for n in range(9))),
        *nominated("none", 0),
        *nominated("third", 3),
        *assigned("third", "t"),
        *nominated("two-thirds", 6),
        *assigned("two-thirds", *(f"d{n}" for n in range(2))),
    )
    assert [load.mentor.removeprefix("mentor:") for load in workloads(rows)] == [
        "none",
        "nine",
        "half",
        "two-thirds",
        "third",
        "empty",
    ]


def test_a_lowered_capacity_releases_nobody_and_leaves_no_room() -> None:
    rows = folded(
        *nominated("a", 2),
        *assigned("a", "1", "2"),
        MentorCapacitySet(mentor="mentor:a", organisation="org:xamk", capacity=1, set_on=date(2019, 3, 5)),
    )
    [load] = workloads(rows)
    assert (load.mentees, load.capacity, load.free) == (2, 1, 0)


def test_what_the_network_sees_names_no_client() -> None:
    rows = folded(*nominated("a", 2), *assigned("a", "secret"))
    assert "secret" not in repr(workloads(rows))
