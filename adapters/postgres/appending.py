"""Decisions of one moment, appended with one statement; see `migrations/0009_append_again.sql` for what that promises."""

from collections.abc import Sequence
from datetime import UTC
from typing import Final, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from adapters.postgres.anchor import Anchor
from adapters.postgres.arrays import binaries, int4s, texts, times, uuids
from adapters.postgres.boundaries import Boundaries
from adapters.postgres.database import Row, statement
from adapters.postgres.dedicated import LIMITS, Dedicated
from application.envelope import Unplaced
from application.ports import (
    ClockAhead,
    ClockBehind,
    CommandIdReused,
    Decision,
    Outcome,
    Outdated,
    Placed,
    Raced,
)
from domain.network.events import NetworkFounded

_SETTINGS: Final = {
    **LIMITS,
    "client_min_messages": "warning",  # the one that a commit was not confirmed has to arrive
}
_APPEND = """
select outcome, last, clock, stored from {schema}.append(
    %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s
)
"""


_Outcome = Literal["placed", "repeated", "reused", "outdated", "ahead", "behind", "raced", "another"]


class Ready(NamedTuple):
    """A decision, its events encoded."""

    decision: Decision
    unplaced: tuple[Unplaced, ...]
    founded_constructed: bool | None
    """What the founding of the network says, if that is among the events."""


class Overtaken(Exception):
    """A decision raced. What its boundary admits up to the head is still to be decoded."""

    def __init__(self, head: int, bodies: Sequence[bytes]) -> None:
        super().__init__()
        self.head, self.bodies = head, bodies


class _Stored(Struct, frozen=True):
    """What an outcome needs to know of an event, also of one whose type this version does not know."""

    sequence: str
    id: UUID
    type: str


_decode_stored = msgspec.json.Decoder(_Stored).decode


class Appending:
    """Carries out batches of decisions on a connection of its own. `catalogue`: how many event versions this process knows."""

    def __init__(self, info: str, schema: str, catalogue: int, anchor: Anchor) -> None:
        self._line = Dedicated(info, _SETTINGS)
        self._anchor = anchor
        self._query = statement(_APPEND, schema)
        self._catalogue = catalogue

    async def close(self) -> None:
        await self._line.close()

    async def carry(self, batch: Sequence[Ready]) -> Sequence[Outcome | Exception]:
        """Append a batch; in one statement, unless a founding or one command id twice is in it.

        What rests on what was known of another log has raced.
        """
        answers: dict[int, Outcome | Exception] = {}
        waiting: Sequence[int] = range(len(batch))
        while waiting:
            answers.update((n, Raced()) for n in waiting if batch[n].decision.era not in {None, self._anchor.era})
            sent = _together(batch, [n for n in waiting if n not in answers])
            answers.update(zip(sent, await self._append([batch[n] for n in sent]), strict=True))
            waiting = [] if len(answers) == len(batch) else _still_waiting(batch, waiting, answers)
        return [answers[n] for n in range(len(batch))]

    async def _append(self, batch: Sequence[Ready]) -> Sequence[Outcome | Exception]:
        if not batch:
            return []
        boundaries = Boundaries()
        event_of: list[int] = []
        type_of: list[int] = []
        bodies: list[bytes] = []
        tags: list[str] = []
        tag_of: list[int] = []
        for ordinal, (decision, unplaced, _) in enumerate(batch, 1):
            boundaries.add(ordinal, decision.unless, decision.after)
            for event in unplaced:
                event_of.append(ordinal)
                type_of.append(boundaries.number_of(event.type))
                bodies.append(event.body)
                tags += event.tags
                tag_of += [len(bodies)] * len(event.tags)
        decisions = [ready.decision for ready in batch]
        known = self._anchor.known()
        parameters = (
            self._catalogue,
            *known.parameters(),
            uuids(decision.asked.command_id for decision in decisions),
            binaries(decision.digest for decision in decisions),
            times(decision.asked.at for decision in decisions),
            *boundaries.to_append(),
            int4s(event_of),
            int4s(type_of),
            binaries(bodies),
            texts(tags),
            int4s(tag_of),
            batch[0].founded_constructed,
        )
        rows = await self._line.rows(self._query, parameters)
        _, newest, _, digests = rows[len(batch)]
        known.answered(same=rows[0][0] != "another", position=newest, digests=digests)
        inside: dict[int, Sequence[bytes]] = {ordinal: stored for _, ordinal, _, stored in rows[len(batch) + 1 :]}
        return [
            self._answer(ready, row, inside.get(ordinal, ()))
            for ordinal, (ready, row) in enumerate(zip(batch, rows, strict=False), 1)
        ]

    def _answer(  # noqa: PLR0911 - one outcome, one answer
        self, ready: Ready, row: Row, inside: Sequence[bytes]
    ) -> Outcome | Exception:
        """What is said to whoever sent a decision. Which of last, clock and stored there are depends on the outcome."""
        outcome: _Outcome = row[0]
        last, clock, stored = row[1:]
        match outcome:
            case "placed":
                first = last - len(ready.unplaced) + 1
                events = tuple(Placed(position=p, id=e.id, type=e.type) for p, e in enumerate(ready.unplaced, first))
                return Outcome(position=last, events=events, repeated=False)
            case "repeated":
                return outcome_of(stored, own=ready.unplaced[0].id)
            case "reused":
                return CommandIdReused()
            case "outdated":
                return Outdated(own=self._catalogue, recorded=last)
            case "ahead":
                return ClockAhead(ready.decision.asked.at, clock.astimezone(UTC))
            case "behind":
                return ClockBehind(ready.decision.asked.at, clock.astimezone(UTC))
            case "raced":
                return Overtaken(last, inside)
            case "another":
                return Raced()


def ready(decision: Decision, unplaced: tuple[Unplaced, ...]) -> Ready:
    founded = next((event.constructed for event in decision.events if isinstance(event, NetworkFounded)), None)
    return Ready(decision, unplaced, founded)


def _together(batch: Sequence[Ready], waiting: Sequence[int]) -> Sequence[int]:
    """The first of those that wait, as many as can go in one statement: each command id once, and a founding alone."""
    sent: list[int] = []
    commands: set[UUID] = set()
    for n in waiting:
        command = batch[n].decision.asked.command_id
        if command in commands:
            break
        if batch[n].founded_constructed is not None:
            return sent or [n]
        commands.add(command)
        sent.append(n)
    return sent


def _still_waiting(
    batch: Sequence[Ready], waiting: Sequence[int], answers: dict[int, Outcome | Exception]
) -> Sequence[int]:
    """Those without an answer. Whoever comes with the id of a command that was recorded just now gets one here."""
    recorded = {
        batch[n].decision.asked.command_id: (batch[n].decision.digest, answer)
        for n, answer in answers.items()
        if isinstance(answer, Outcome)
    }
    left = []
    for n in waiting:
        if n in answers:
            continue
        if known := recorded.get(batch[n].decision.asked.command_id):
            digest, first = known
            same = digest == batch[n].decision.digest
            answers[n] = replace(first, repeated=True) if same else CommandIdReused()
        else:
            left.append(n)
    return left


def outcome_of(bodies: Sequence[bytes], own: UUID | None = None) -> Outcome:
    """The outcome recorded before; no repeat where the events are those that this very call had sent."""
    stored = [_decode_stored(body) for body in bodies]
    events = tuple(Placed(position=int(e.sequence), id=e.id, type=e.type) for e in stored)
    return Outcome(position=events[-1].position, events=events, repeated=events[0].id != own)
