"""Policies: once for each event, however often the process dies in between; nothing ends nowhere."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from adapters.postgres.projection_status import policy_status
from application.desk import Asker, Cause, Desk
from application.envelope import Recorded, decode
from application.policies import POLICIES
from application.policy_worker import PolicyHalted, PolicyWorker, work_all
from application.ports import Outcome, OutOfStep, Unavailable
from application.scheduler import Due, expire_due
from domain.kernel import Asked
from domain.network.events import FollowUpOpened
from domain.pathways.events import StepDelivered
from domain.referrals.events import ReferralDeclined
from domain.revenue.events import RevenueShared
from domain.settlement.events import StatementIssued
from tests.domain.story import AGREEMENT, PARTNERS
from tests.invariants.network import START, PlayedNetwork, person_of


class Died(BaseException):
    """The process is gone, and nothing of it hears of that; what was stored is stored."""


class DyingDesk(Desk):
    """Dies before or after the nth command, as a process would."""

    def __init__(self, desk: Desk, *, dies_at: int, after: bool) -> None:
        super().__init__(desk.log, desk.marks, desk.clock, desk.entropy)
        self.left, self.after = dies_at, after

    async def carry_out(
        self,
        name: str,
        body: object,
        asker: Asker,
        *,
        key: UUID | None = None,
        at: datetime | None = None,
        cause: Cause | None = None,
    ) -> Outcome:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Died
        outcome = await super().carry_out(name, body, asker, key=key, at=at, cause=cause)
        if self.left == 0:
            raise Died
        return outcome


class DyingMarks(MemoryMarks):
    """Dies instead of moving a mark the nth time."""

    def __init__(self, dies_at: int) -> None:
        super().__init__()
        self.left = dies_at

    async def advance(self, policy: str, *, old: int, new: int) -> None:
        self.left -= 1
        if self.left == 0:
            raise Died
        await super().advance(policy, old=old, new=new)


class StrangeLog(MemoryLog):
    """Holds an event whose bytes this version cannot read, for as long as `strange` says."""

    strange = 0
    change = (b'.v1"', b'.v9"')

    async def read(self, after: int, *, limit: int) -> Sequence[Recorded]:
        return [decode(body) for p in range(after + 1, after + limit + 1) if (body := await self.body(p))]

    async def body(self, position: int) -> bytes | None:
        body = await super().body(position)
        return body and body.replace(*self.change, 1) if position == self.strange else body


async def a_month(marks: MemoryMarks, log: MemoryLog | None = None) -> PlayedNetwork:
    """Two deliveries, two lost referrals, nothing worked off yet."""
    log = log or MemoryLog("/networks/t", SeededEntropy(1), lambda: START)
    network = PlayedNetwork(log, marks, MemoryDocuments(), SeededEntropy(2))
    await network.found()
    await network.agreed_pathway("pathway:p-0", [10_000, 5_000])
    for step in (1, 2):
        body = {"pathway": "pathway:p-0", "step": step, "part": 1, "delivered_on": "2019-01-02"}
        await network.do("deliver-step", {**body, "quantities": [{"unit": "credit", "quantity": "1"}]})
    for n in range(2):
        body = {"referral": f"referral:r-{n}", "client": f"client:c-{n}", "need": "logistics"}
        await network.do(
            "send-referral", {**body, "sender": "org:xamk", "receiver": "org:ekami", "agreement": AGREEMENT}
        )
        await network.do("decline-referral", {"referral": f"referral:r-{n}", "reason": "no-capacity"})
    return network


async def finish(network: PlayedNetwork) -> Counter[type]:
    await network.work_off()
    assert await network.close_next() is None
    await network.work_off()
    await network.work_off()
    return Counter(type(r.data) for r in await network.events())


EXPECTED = {RevenueShared: 2, FollowUpOpened: 2, StatementIssued: len(PARTNERS)}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("dies_at", range(1, 6))
def test_a_process_that_dies_at_a_command_does_it_once(dies_at: int, *, after: bool) -> None:
    async def play() -> None:
        network = await a_month(MemoryMarks())
        dying = DyingDesk(network.desk, dies_at=dies_at, after=after)
        for worker in network.workers(desk=dying):
            try:
                await worker.work_off()
            except Died:
                break
        counts = await finish(network)
        assert {kind: counts[kind] for kind in EXPECTED} == EXPECTED

    asyncio.run(play())


@pytest.mark.parametrize("dies_at", range(1, 12))
def test_a_process_that_dies_at_a_mark_does_it_once(dies_at: int) -> None:
    async def play() -> None:
        marks = DyingMarks(dies_at)
        network = await a_month(marks)
        for worker in network.workers():
            try:
                await worker.work_off()
            except Died:
                break
        marks.left = 0  # the process that comes after lives
        counts = await finish(network)
        assert {kind: counts[kind] for kind in EXPECTED} == EXPECTED

    asyncio.run(play())


def test_what_a_policy_is_refused_goes_to_the_coordinators_list_once() -> None:
    """A part shared by hand before the policy came to it: the policy is refused, says so once, and goes on."""

    async def play() -> None:
        network = await a_month(MemoryMarks())
        await network.do("share-revenue", {"pathway": "pathway:p-0", "step": 1, "part": 1, "agreement": AGREEMENT})
        counts = await finish(network)
        assert counts[RevenueShared] == 2
        listed = [r.data for r in await network.events() if isinstance(r.data, FollowUpOpened)]
        (refused,) = [f for f in listed if f.about == "pathway:p-0"]
        assert refused.reason.startswith(
            "share-revenue was refused: The revenue of part 1 of step 1 of pathway:p-0 is shared"
        )
        assert "org:ekami" in refused.parties

    asyncio.run(play())


def test_an_expired_referral_is_listed_once_though_the_scheduler_runs_twice() -> None:
    async def play() -> None:
        network = await a_month(MemoryMarks())
        body = {"referral": "referral:r-9", "client": "client:c-9", "need": "logistics", "agreement": AGREEMENT}
        await network.do("send-referral", {**body, "sender": "org:xamk", "receiver": "org:ekami"})

        later = START.replace(day=20)

        class Deadlines:
            async def due(self, today: date) -> list[Due]:
                assert today == later.date()
                return [Due("expire-referral", {"referral": "referral:r-9"}, ("referral:r-9",))]

        assert await expire_due(Deadlines(), network.desk, later) == 1
        assert await expire_due(Deadlines(), network.desk, later) == 1, "a repeat is the same expiry"
        network.now = later
        counts = await finish(network)
        assert counts[FollowUpOpened] == 3

    asyncio.run(play())


def test_a_period_closes_only_when_sharing_has_caught_up() -> None:
    async def play() -> None:
        network = await a_month(MemoryMarks())
        refusal = await network.close_next()
        assert refusal is not None
        assert refusal.startswith("2019-01 cannot be closed yet: revenue has been shared up to position 0")

    asyncio.run(play())


async def states(network: PlayedNetwork, workers: Sequence[PolicyWorker]) -> dict[str, tuple[str, int, list[str]]]:
    found = await policy_status(workers, log=network.log, now=network.now)
    return {s.name: (s.state, s.position, [fault.sentence for fault in s.faults]) for s in found}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ((b'.v1"', b'.v9"'), "ValidationError"),
        ((b'"source":"', b'"source":"\xff'), "UnicodeDecodeError"),
        ((b'"subject":', b'"zz":' + b"[" * 200_000 + b"]" * 200_000 + b',"subject":'), "RecursionError"),
    ],
    ids=["of no known type", "no text", "nested without end"],
)
def test_an_event_that_cannot_be_read_halts_every_policy_right_before_it(
    change: tuple[bytes, bytes], error: str
) -> None:
    """What came before is worked off; every process sees where it stops and why; after a mend it goes on by itself."""

    async def play() -> None:
        log = StrangeLog("/networks/t", SeededEntropy(1), lambda: START)
        log.change = change
        network = await a_month(MemoryMarks(), log)
        events = await network.events()
        log.strange = next(r.position for r in events if isinstance(r.data, ReferralDeclined))
        workers = network.workers()
        with pytest.raises(PolicyHalted) as halted:
            await work_all(workers)
        since = await log.read(len(events), limit=100)
        assert [type(r.data) for r in since] == [RevenueShared] * 2
        sentence = f"Policy {{}} cannot work off the event at position {{}}: {error}."
        assert str(halted.value) == sentence.format("share-delivered-parts", log.strange)
        stopped = {p.name: ("halted", log.strange - 1, [sentence.format(p.name, log.strange)]) for p in POLICIES}
        assert await states(network, workers) == stopped
        assert await states(network, network.workers()) == stopped, "of another process"
        log.strange = 0
        await work_all(workers)
        assert {state for state, *_ in (await states(network, workers)).values()} == {"live"}
        counts = await finish(network)
        assert {kind: counts[kind] for kind in EXPECTED} == EXPECTED

    asyncio.run(play())


def test_what_a_policy_does_names_its_cause_the_case_and_on_whose_behalf() -> None:
    async def play() -> None:
        network = await a_month(MemoryMarks())
        part = {"pathway": "pathway:p-1", "step": 1, "part": 1, "delivered_on": "2019-01-02"}
        await network.agreed_pathway("pathway:p-1", [10_000])
        quantities = [{"unit": "credit", "quantity": "1"}]
        await network.do("deliver-step", {**part, "quantities": quantities}, asker=person_of("org:ekami"))
        delivery = (await network.events())[-1]
        assert isinstance(delivery.data, StepDelivered)
        await network.work_off()
        [entry] = [
            r
            for r in await network.events()
            if isinstance(r.data, RevenueShared) and r.data.pathway == delivery.data.pathway
        ]
        assert entry.causationid == delivery.id
        assert entry.correlationid == delivery.correlationid == "pathway:p-1"
        assert entry.organisation == delivery.organisation == "org:ekami"
        assert entry.actor == "policy:share-delivered-parts"

    asyncio.run(play())


class FailingDesk(Desk):
    """Fails at a command in a way that nobody thought of."""

    fails_at = "share-revenue"

    async def carry_out(
        self,
        name: str,
        body: object,
        asker: Asker,
        *,
        key: UUID | None = None,
        at: datetime | None = None,
        cause: Cause | None = None,
    ) -> Outcome:
        if name == self.fails_at:
            raise ZeroDivisionError("what was in the event")
        return await super().carry_out(name, body, asker, key=key, at=at, cause=cause)


def test_a_policy_whose_command_fails_stays_there_and_holds_up_no_other() -> None:
    async def play() -> None:
        network = await a_month(MemoryMarks())
        events = await network.events()
        delivered = next(r.position for r in events if isinstance(r.data, StepDelivered))
        desk = FailingDesk(network.log, network.marks, network.desk.clock, SeededEntropy(3))
        workers = network.workers(desk=desk)
        for _ in range(2):
            with pytest.raises(PolicyHalted):
                await work_all(workers)
        head = (await network.log.head()).position
        sentence = f"Policy share-delivered-parts cannot work off the event at position {delivered}: ZeroDivisionError."
        others: dict[str, tuple[str, int, list[str]]] = {policy.name: ("live", head, []) for policy in POLICIES}
        assert await states(network, workers) == {
            **others,
            "share-delivered-parts": ("halted", delivered - 1, [sentence]),
        }
        elsewhere = (await states(network, network.workers()))["share-delivered-parts"]
        assert elsewhere == ("behind", delivered - 1, []), "another process knows the lag"
        desk.fails_at = "nothing"
        await work_all(workers)
        assert {state for state, *_ in (await states(network, workers)).values()} == {"live"}
        counts = await finish(network)
        assert {kind: counts[kind] for kind in EXPECTED} == EXPECTED

    asyncio.run(play())


class MovedMarks(MemoryMarks):
    """Another process works too: it moves the mark first, once."""

    def __init__(self) -> None:
        super().__init__()
        self.raced = 0

    async def advance(self, policy: str, *, old: int, new: int) -> None:
        await super().advance(policy, old=old, new=new)
        if not self.raced:
            self.raced += 1
            raise OutOfStep("The mark was moved by somebody else.")


def test_a_policy_that_another_process_works_off_too_goes_on_from_there() -> None:
    async def play() -> None:
        marks = MovedMarks()
        network = await a_month(marks)
        counts = await finish(network)
        assert marks.raced == 1
        assert {kind: counts[kind] for kind in EXPECTED} == EXPECTED

    asyncio.run(play())


class LateDesk(Desk):
    """Its clock disagrees with the log's for a while."""

    late = True

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
        if self.late:
            at = START - timedelta(days=1)
        return await super().asked(asker, key=key, at=at, cause=cause, founding=founding, simulated=simulated)


def test_a_clock_that_disagrees_never_drops_a_sharing() -> None:
    """The domain was not asked: nothing goes to the coordinator's list, the mark stays, and it is shared later."""

    async def play() -> None:
        network = await a_month(MemoryMarks())
        desk = LateDesk(network.desk.log, network.desk.marks, network.desk.clock, network.desk.entropy)
        sharing = network.workers(desk=desk)[0]
        before = (await network.log.head()).position
        with pytest.raises(Unavailable):
            await sharing.work_off()
        assert (await network.log.head()).position == before
        assert await network.marks.mark(sharing.policy.name) == 0
        desk.late = False
        await sharing.work_off()
        counts = await finish(network)
        assert {kind: counts[kind] for kind in EXPECTED} == EXPECTED

    asyncio.run(play())
