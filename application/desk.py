"""The desk every door leads to: it knows who asks, what time it is, and what only the network itself can fill in."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct, ValidationError, convert

from application.door import check_may, check_person, command_id, command_of, decider_of
from application.envelope import Entropy
from application.execute import Executor
from application.ports import ClockRefused, Log, Marks, Outcome
from domain.calendar import end_of
from domain.kernel import AnyDecider, Asked, Command, Refused, Role, Scope, current, facts
from domain.network.found_network import FoundNetwork
from domain.pathways.agree_pathway import AgreePathway
from domain.pathways.events import PathwayDrafted
from domain.persons import is_person
from domain.settlement.books import NotFounded
from domain.settlement.close_period import ClosePeriod, WorkedOff
from domain.words import PathwayId, Period

SHARING = "share-delivered-parts"
"""The policy whose mark a closing waits for."""

SETTLED_AFTER = timedelta(hours=1)
"""How long after a period's end a clock may be believed that it has ended. No clock that decides may be wrong by that much."""
YEARS = (1970, 2199)
READINGS_MAX = 5
"""How often the clock is read again for a command whose reading came too late."""
Clock = Callable[[], datetime]


class Asker(Struct, frozen=True, kw_only=True):
    """Who stands at the desk, as their token says."""

    actor: str
    """An opaque id; never a name."""
    role: Role
    organisation: str | None = None
    scopes: frozenset[Scope] = frozenset()
    subject: str | None = None
    """The mentor a mentor's token belongs to."""
    project: str | None = None
    """The one project an auditor or funder may see; None: all."""
    shared: bool = False
    """Whether several people may stand behind the actor, as at a keyboard that asks for no token."""

    @property
    def alone(self) -> bool:
        """Whether there is one who answers for what is asked: a person, or a policy of the network itself."""
        return self.role == "policy" or (is_person(self.actor) and not self.shared)


class TimeIsReal(Refused):
    def __init__(self) -> None:
        super().__init__(
            "Only a network founded as constructed takes a time with a command; here the clock says what time it is."
        )


class NoSuchTime(Refused):
    def __init__(self, at: datetime) -> None:
        super().__init__(
            f"{at.isoformat()} lies outside the years {YEARS[0]} to {YEARS[1]}, in which a network can live."
        )


class Cause(Struct, frozen=True):
    """The event that led to a command of a policy."""

    event_id: UUID
    correlation: str


class Desk:
    """Takes commands by name and body, from HTTP, the command line, a file or a policy."""

    def __init__(self, log: Log, marks: Marks, clock: Clock, entropy: Entropy) -> None:
        self.log, self.marks, self.clock, self.entropy = log, marks, clock, entropy
        self.executor = Executor(log)
        self._constructed: bool | None = None

    async def carry_out(
        self,
        name: str,
        body: Any,  # noqa: ANN401 - any JSON
        asker: Asker,
        *,
        key: UUID | None = None,
        at: datetime | None = None,
        cause: Cause | None = None,
    ) -> Outcome:
        """Carry out a command for somebody.

        `key`: the idempotency key; without one a repeat is a new command. `at`: the time of asking, only in a constructed
        network (there without it: the head's time). Raises NoSuchCommand, NotAllowed, NeedsPerson, Malformed, any Refused of the rule,
        Unavailable.
        """
        decider = decider_of(name)
        check_may(decider, name, asker.role, asker.scopes)
        await self._check_person(decider, name, asker)
        founding = decider.command is FoundNetwork
        simulated = founding and isinstance(body, Mapping) and body.get("constructed") is True
        key = key or self.entropy.event_id(at or self.clock())
        for attempt in range(1, READINGS_MAX + 1):
            asked = await self.asked(asker, key=key, at=at, cause=cause, founding=founding, simulated=simulated)
            command = command_of(name, body, asked, **await self._fill(decider.command, body))
            try:
                return await self.executor.execute(command)
            except ClockRefused:
                # Others have moved the clock on since it was read; a time that was given is not read again.
                if at is not None or attempt == READINGS_MAX:
                    raise
        raise AssertionError("The last reading is returned or raised.")

    async def _check_person(self, decider: AnyDecider, name: str, asker: Asker) -> None:
        """In a constructed network nobody is real: one keyboard plays them all."""
        played = decider.signed and asker.shared and await self._is_constructed(founding=False)
        check_person(decider, name, asker.actor, alone=asker.alone or played)

    async def asked(
        self,
        asker: Asker,
        *,
        key: UUID | None = None,
        at: datetime | None = None,
        cause: Cause | None = None,
        founding: bool = False,
        simulated: bool = False,
    ) -> Asked:
        """What a command carries beside its body. `founding`: of a network, `simulated`: with a clock of its own."""
        now = await self._now(at, founding=founding, simulated=simulated)
        return Asked(
            at=now,
            actor=asker.actor,
            role=asker.role,
            organisation=asker.organisation,
            command_id=command_id(asker.actor, asker.organisation, key or self.entropy.event_id(now)),
            causation=cause.event_id if cause else None,
            correlation=cause.correlation if cause else None,
        )

    async def _now(self, at: datetime | None, *, founding: bool, simulated: bool) -> datetime:
        if not (await self._is_constructed(founding=founding) or simulated):
            if at is not None:
                raise TimeIsReal
            return self.clock()
        if at is not None and not YEARS[0] <= at.year <= YEARS[1]:
            raise NoSuchTime(at)
        return at or (await self.log.head()).time or self.clock()

    async def _is_constructed(self, *, founding: bool) -> bool:
        """Whether the clock is simulated; asked once, since a founding settles it for ever. Nothing comes before that."""
        if self._constructed is None:
            head = await self.log.head()
            if head.position == 0:
                if founding:
                    return False
                raise NotFounded
            self._constructed = head.constructed
        return self._constructed

    async def _fill(self, command: type[Command], body: Any) -> Mapping[str, object]:  # noqa: ANN401 - any JSON
        filling = FILLINGS.get(command)
        return await filling(self, body) if filling and isinstance(body, Mapping) else {}

    async def worked_off(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """How far sharing has come, and how far it must have come before the period named in the body can close."""
        try:
            period = convert(body.get("period"), Period)
        except ValidationError:
            return {"worked_off": WorkedOff(mark=0, last_before_end=0, settled=False)}  # refused for its period
        end, head = end_of(period), await self.log.head()
        # Times rise: with one after the end in the log, none before it comes any more. Where nothing has happened since, only a
        # clock can tell, and this process's may be wrong. A constructed network is played by one hand.
        settled = (
            head.constructed or (head.time is not None and head.time >= end) or self.clock() >= end + SETTLED_AFTER
        )
        worked_off = WorkedOff(
            mark=await self.marks.mark(SHARING), last_before_end=await self.log.last_before(end), settled=settled
        )
        return {"worked_off": worked_off}

    async def client(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Whose pathway the one named in the body is."""
        try:
            pathway = convert(body.get("pathway"), PathwayId)
        except ValidationError:
            return {"client": None}  # refused for its pathway
        history = await self.log.look((facts(PathwayDrafted, about=pathway),))
        drafted = (current(each.data) for each in history.events)
        return {"client": next((each.client for each in drafted if isinstance(each, PathwayDrafted)), None)}


FILLINGS: Mapping[type[Command], Callable[[Desk, Mapping[str, object]], Awaitable[Mapping[str, object]]]] = {
    ClosePeriod: Desk.worked_off,
    AgreePathway: Desk.client,
}
"""What a command has beside its body, by command type."""
