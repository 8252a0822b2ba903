"""A small constructed network over any log, played by hand: what the state machines attack."""

import asyncio
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from adapters.cuts import cuts_of
from adapters.due_work import due_work
from adapters.memory.views import MemoryViews
from adapters.projecting.memory import Memory
from application.desk import Asker, Desk
from application.door import command_of
from application.envelope import Entropy, Recorded
from application.execute import digest_of
from application.policies import POLICIES
from application.policy_worker import PolicyWorker, work_all
from application.ports import Decision, Documents, Log, Marks, Outcome, Raced
from application.registry import DECIDERS
from application.scheduler import Due, expire_due
from domain.calendar import end_of, month_after
from domain.changing import replace
from domain.kernel import Refused, Scope
from projections.rows import At
from projections.statements import statements
from tests.domain.story import AGREEMENT, PARTNERS, RULE

T = TypeVar("T")
START = datetime(2019, 1, 2, 7, tzinfo=UTC)
COORDINATOR = Asker(actor="person:c", role="coordinator")


def person_of(organisation: str) -> Asker:
    """Somebody of an organisation, with every scope."""
    scopes: frozenset[Scope] = frozenset({"content", "finance-check", "finance-approve", "project"})
    return Asker(actor=f"person:{organisation[4:]}", role="partner", organisation=organisation, scopes=scopes)


class Runner(Protocol):
    def __call__(self, work: Coroutine[Any, Any, T] | Awaitable[T], /) -> T: ...


class PlayedNetwork:
    """Commands at a simulated time, policies worked off by hand, so that a test can let them die in between."""

    def __init__(self, log: Log, marks: Marks, documents: Documents, entropy: Entropy) -> None:
        self.log, self.marks, self.documents, self.entropy = log, marks, documents, entropy
        self.now = START
        self.desk = Desk(log, marks, lambda: self.now, entropy)
        self.views = MemoryViews(log)
        self.period = "2019-01"

    async def found(self, rule: Mapping[str, Any] | None = None) -> None:
        founding = {"network": "t", "name": {"fi": "T"}, "first_period": "2019-01", "constructed": True}
        await self.do("found-network", founding)
        for organisation in PARTNERS:
            body = {"organisation": organisation, "name": {"fi": organisation[4:]}, "kind": "other"}
            await self.do("register-organisation", body)
            body = {"organisation": organisation, "membership": "open", "admitted_on": "2019-01-02"}
            await self.do("admit-partner", body)
        agreement: dict[str, Any] = {"agreement": AGREEMENT, "title": {"fi": "S"}, "parties": list(PARTNERS)}
        await self.do("draft-agreement", {**agreement, "data_sharing": True, "sharing_rule": rule or RULE})
        version = {"agreement": AGREEMENT, "version": 1}
        await self.do("freeze-agreement", version)
        for party in PARTNERS:
            approval = {"organisation": party, "body": "Hallitus", "section": "1", "approved_on": "2019-01-02"}
            await self.do("approve-agreement", {**version, **approval})
        for party in PARTNERS:
            await self.do("sign-agreement", {**version, "organisation": party, "signed_on": "2019-01-02"})
        for n, provider in enumerate(("org:ekami", "org:ksao")):
            description = {"kind": "course", "name": {"fi": "K"}}
            offering = {"offering": f"offering:o-{n}", "provider": provider, "description": description}
            await self.do("publish-offering", offering)
        for n, organisation in enumerate(("org:xamk", "org:ekami")):
            await self.do("nominate-mentor", {"mentor": f"mentor:m-{n}", "organisation": organisation, "capacity": 2})

    async def agreed_pathway(self, pathway: str, prices: Sequence[int]) -> None:
        """A pathway with one part for each price, its steps taken in turn by the two providers."""
        roles = [{"role": "role:referrer", "organisation": "org:cursor"}]
        body: dict[str, Any] = {"pathway": pathway, "client": f"client:{pathway[8:]}", "organisation": "org:xamk"}
        body["roles"] = roles
        await self.do("draft-pathway", body)
        for step in (1, 2):
            parts = [{"part": n, "cents": cents} for n, cents in enumerate(prices[step - 1 :: 2], 1)]
            if parts:
                proposal = {"pathway": pathway, "step": step, "offering": f"offering:o-{step - 1}", "parts": parts}
                await self.do("propose-step", proposal)
                await self.do("confirm-step", {"pathway": pathway, "step": step, "agreement": AGREEMENT})
        agreement = {"pathway": pathway, "agreement": AGREEMENT, "collected_by": "org:xamk", "project": None}
        await self.do("agree-pathway", {**agreement, "roles": roles})

    async def do(
        self, name: str, body: Mapping[str, Any], key: UUID | None = None, asker: Asker = COORDINATOR
    ) -> Outcome:
        self.now += timedelta(minutes=1)
        return await self.desk.carry_out(name, body, asker, at=self.now, key=key)

    async def asks(
        self, name: str, body: Mapping[str, Any], key: UUID | None = None, asker: Asker = COORDINATOR
    ) -> str | None:
        """Ask; the sentence of the refusal, if it was refused."""
        try:
            await self.do(name, body, key=key, asker=asker)
        except Refused as refusal:
            return str(refusal)
        return None

    async def with_a_stale_view(self, name: str, body: Mapping[str, Any], meanwhile: Awaitable[object]) -> str | None:
        """Look, let something else happen, then append what was decided: it may only be stored if nothing changed."""
        asked = await self.desk.asked(COORDINATOR, at=self.now)
        command = command_of(name, body, asked)
        decider = DECIDERS[name]
        boundary = decider.boundary(command)
        seen = await self.log.look(boundary)
        await meanwhile
        # The log is asked in time: what refuses the decision is what it did not see, not its clock.
        asked = replace(asked, at=self.now)
        try:
            events = decider(command, (r.data for r in seen.events))
            decision = Decision(
                events=events,
                asked=asked,
                digest=digest_of(command),
                unless=boundary,
                after=(seen.head,) * len(boundary),
            )
            await self.log.append(decision)
        except (Refused, Raced) as error:
            return type(error).__name__
        assert not [r for r in await self.log.read(seen.head, limit=10_000) if _inside(r, boundary, asked.command_id)]
        return None

    async def work_off(self) -> None:
        await work_all(self.workers())

    def workers(self, desk: Desk | None = None, marks: Marks | None = None) -> list[PolicyWorker]:
        cuts = cuts_of(self.views, self.documents, self.log)
        return [PolicyWorker(p, desk or self.desk, self.log, marks or self.marks, cuts) for p in POLICIES]

    async def close_next(self) -> str | None:
        self.now = max(self.now, end_of(self.period) + timedelta(hours=9))
        refusal = await self.asks("close-period", {"period": self.period})
        if refusal is None:
            self.period = month_after(self.period)
        return refusal

    async def expire_due(self) -> None:
        self.now += timedelta(minutes=1)
        await expire_due(self, self.desk, self.now)

    async def due(self, today: date) -> Sequence[Due]:
        return await due_work(self.views, today)

    async def events(self) -> Sequence[Recorded]:
        return await self.log.read(0, limit=100_000)

    async def folded(self) -> Memory:
        memory = Memory(statements)
        events = await self.events()
        memory.advance(
            [(At(r.position, r.time), r.data) for r in events if type(r.data) in statements.facts], len(events)
        )
        return memory


def _inside(recorded: Recorded, boundary: Sequence[Any], own: object) -> bool:
    return recorded.commandid != own and any(c.admits(recorded.data) for c in boundary)


def runner() -> tuple[asyncio.AbstractEventLoop, Runner]:
    """One loop for the life of a state machine: connections belong to their loop."""
    loop = asyncio.new_event_loop()
    return loop, loop.run_until_complete
