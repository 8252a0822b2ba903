"""The decision that assigns a client to a mentor, as it is written for the stock `eventsourcing` library: a slice.

It reads the same events by the same types and tags, keeps the same state, refuses in the same cases and appends the same
fact under the same condition as `domain.mentoring.assign_mentee`.
"""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, Final

from eventsourcing.dcb.api import DCBEvent
from eventsourcing.dcb.domain import Selector, Slice, Tagged
from eventsourcing.dcb.msgpack import Decision, MessagePackMapper
from eventsourcing.domain import event
from eventsourcing.persistence import IntegrityError

from adapters.bench.rounds import Count, by_threads
from adapters.bench.samples import Assignments
from adapters.postgres.bench.stock import NAME, Application
from application.execute import ATTEMPTS_MAX
from domain.kernel import Event
from domain.mentoring import events as own

LOAD_EVENTS: Final = 500


class MentorNominated(Decision):
    mentor: str
    organisation: str
    languages: tuple[str, ...]
    nominated_on: date


class MentorCapacitySet(Decision):
    mentor: str
    organisation: str
    capacity: int
    set_on: date


class MenteeAssigned(Decision):
    mentor: str
    client: str
    assigned_on: date
    parties: tuple[str, ...]


class MenteeReleased(Decision):
    mentor: str
    client: str
    reason: str
    released_on: date
    parties: tuple[str, ...]


class NotAssigned(Exception):
    """The decision says no."""


class AssignMentee(Slice[Decision]):
    """A client is given a mentor who has room, and no second mentor."""

    def __init__(self, mentor: str, client: str, on: date) -> None:
        self.mentor, self.client, self.on = mentor, client, on
        self.organisation: str | None = None
        self.capacity = 0
        self.guided: frozenset[tuple[str, str]] = frozenset()

    def consistency_boundary(self) -> list[Selector]:
        """Everything about the mentor, and who guides the client."""
        return [
            Selector(types=[MentorNominated, MentorCapacitySet, MenteeAssigned, MenteeReleased], tags=[self.mentor]),
            Selector(types=[MenteeAssigned, MenteeReleased], tags=[self.client]),
        ]

    @event(MentorNominated)
    def nominated(self, organisation: str) -> None:
        self.organisation = organisation

    @event(MentorCapacitySet)
    def capacity_set(self, capacity: int) -> None:
        self.capacity = capacity

    @event(MenteeAssigned)
    def assigned(self, mentor: str, client: str) -> None:
        self.guided |= {(mentor, client)}

    @event(MenteeReleased)
    def released(self, mentor: str, client: str) -> None:
        self.guided -= {(mentor, client)}

    def execute(self) -> None:
        """Decide. Raises NotAssigned."""
        guided = sum(mentor == self.mentor for mentor, _ in self.guided)
        if (
            self.organisation is None
            or any(client == self.client for _, client in self.guided)
            or guided >= self.capacity
        ):
            raise NotAssigned(self.mentor, guided, self.capacity)
        self.trigger_event(
            MenteeAssigned,
            tags=[self.mentor, self.client],
            mentor=self.mentor,
            client=self.client,
            assigned_on=self.on,
            parties=(self.organisation,),
        )


_STOCK: Final[dict[type[Event], type[Decision]]] = {
    own.MentorNominated: MentorNominated,
    own.MentorCapacitySet: MentorCapacitySet,
    own.MenteeAssigned: MenteeAssigned,
    own.MenteeReleased: MenteeReleased,
}


class StockDecisions:
    """Decides in threads, each about a mentor drawn anew; a decision that lost its race begins again."""

    name = NAME

    def __init__(self, application: Application, sample: Assignments, mentors: Sequence[str], seed: int) -> None:
        self._application = application
        self._sample = sample
        self._mentors = mentors
        self._chance = random.Random(seed)  # noqa: S311 - repeatable is the point here

    def load(self, told: Iterator[tuple[Event, tuple[str, ...]]], stop: threading.Event) -> None:
        """Store what had happened before, many events at a time."""
        mapper = MessagePackMapper()
        while (some := list(islice(told, LOAD_EVENTS))) and not stop.is_set():
            self._application.recorder.append([_stock(mapper, fact, tags) for fact, tags in some])

    async def work(self, writers: int, seconds: float) -> Count:
        return await by_threads([self._writer() for _ in range(writers)], seconds)

    def _writer(self) -> Callable[[], None]:
        def once() -> None:
            command = self._sample.command(self._chance.choice(self._mentors))
            for attempt in range(1, ATTEMPTS_MAX + 1):
                try:
                    self._application.do(AssignMentee(command.mentor, command.client, command.asked.on))
                except IntegrityError:
                    if attempt == ATTEMPTS_MAX:
                        raise
                else:
                    return

        return once


def _stock(mapper: MessagePackMapper, fact: Event, tags: tuple[str, ...]) -> DCBEvent:
    fields: dict[str, Any] = {name: getattr(fact, name) for name in fact.__struct_fields__}
    return mapper.to_dcb_event(Tagged(list(tags), _STOCK[type(fact)](**fields)))
