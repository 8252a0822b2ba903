"""Whatever is asked in whatever order, with stale readers, retries and lost connections: no cent is lost, no mentor overbooked."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from adapters.postgres.database import connect
from adapters.postgres.documents import PostgresDocuments
from adapters.postgres.embedded import Server
from adapters.postgres.log import PostgresLog
from adapters.postgres.marks import PostgresMarks
from adapters.postgres.migrate import migrate
from domain.kernel import Refused
from domain.revenue.events import RevenueShared
from tests.domain.story import AGREEMENT
from tests.invariants.network import START, PlayedNetwork, person_of, runner
from tests.invariants.promises import check_log, check_mentors, check_money, check_referrals, check_statements

pathways = st.sampled_from([f"pathway:p-{n}" for n in range(3)])
steps, parts = st.sampled_from([1, 2]), st.sampled_from([1, 2])
mentors = st.sampled_from(["mentor:m-0", "mentor:m-1"])
clients = st.sampled_from([f"client:c-{n}" for n in range(6)])
prices = st.lists(st.integers(0, 100_000), min_size=1, max_size=4)
credits_ = st.sampled_from(["0", "1", "2.5", "0.333333"])
days_late = st.integers(0, 40)
referrals = st.sampled_from([f"referral:r-{n}" for n in range(3)])
organisations = st.sampled_from(["org:xamk", "org:ekami", "org:lut"])
answers = st.sampled_from(
    [
        ("accept-referral", {}),
        ("decline-referral", {"reason": "no-capacity"}),
        ("complete-referral", {"outcome": "enrolled"}),
    ]
)


class Attack(RuleBasedStateMachine):
    """Rules ask; the network refuses or not; the promises hold after every step."""

    network: PlayedNetwork
    opened: Callable[[], Coroutine[Any, Any, PlayedNetwork]]

    def __init__(self) -> None:
        super().__init__()
        self.loop, self.run = runner()
        self.asked: list[tuple[str, dict[str, Any], UUID]] = []
        self.worked_off_at = -1

    @initialize()
    def start(self) -> None:
        self.network = self.run(type(self).opened())
        self.run(self.network.found())

    def ask(self, name: str, body: dict[str, Any]) -> str | None:
        key = self.network.entropy.event_id(self.network.now)
        self.asked.append((name, body, key))
        return self.run(self.network.asks(name, body, key=key))

    # --- money -------------------------------------------------------------------------------------------------------
    @rule(pathway=pathways, prices=prices)
    def agree(self, pathway: str, prices: list[int]) -> None:
        with contextlib.suppress(Refused):
            self.run(self.network.agreed_pathway(pathway, prices))

    @rule(pathway=pathways, step=steps, part=parts, quantity=credits_, late=days_late)
    def deliver(self, pathway: str, step: int, part: int, quantity: str, late: int) -> None:
        self.ask("deliver-step", _delivery(self.network, (pathway, step, part), quantity, late))

    @rule(pathway=pathways, step=steps, part=parts)
    def share_by_hand(self, pathway: str, step: int, part: int) -> None:
        self.ask("share-revenue", {"pathway": pathway, "step": step, "part": part, "agreement": AGREEMENT})

    @rule(which=st.integers(0, 50))
    def reverse(self, which: int) -> None:
        entries = [r.subject for r in self.run(self.network.events()) if isinstance(r.data, RevenueShared)]
        if entries:
            self.ask("reverse-entry", {"entry": entries[which % len(entries)], "reason": "price-changed"})

    @rule()
    def work_off(self) -> None:
        self.run(self.network.work_off())
        self.worked_off_at = self.run(self.network.log.head()).position

    @rule()
    def close(self) -> None:
        self.run(self.network.close_next())

    @rule()
    def close_out_of_order_or_again(self) -> None:
        self.ask("close-period", {"period": "2019-01"})
        self.ask("close-period", {"period": "2021-12"})

    # --- mentors -----------------------------------------------------------------------------------------------------
    @rule(mentor=mentors, client=clients)
    def assign(self, mentor: str, client: str) -> None:
        self.ask("assign-mentee", {"mentor": mentor, "client": client})

    @rule(mentor=mentors, client=clients)
    def release(self, mentor: str, client: str) -> None:
        self.ask("release-mentee", {"mentor": mentor, "client": client, "reason": "handed-over"})

    @rule(mentor=mentors, capacity=st.integers(0, 3))
    def set_capacity(self, mentor: str, capacity: int) -> None:
        self.ask("set-mentor-capacity", {"mentor": mentor, "capacity": capacity})

    # --- referrals, asked by their own people and by others ----------------------------------------------------------
    @rule(referral=referrals, sender=organisations, receiver=organisations, asker=organisations)
    def send(self, referral: str, sender: str, receiver: str, asker: str) -> None:
        body = {
            "referral": referral,
            "client": "client:c-1",
            "need": "logistics",
            "sender": sender,
            "receiver": receiver,
        }
        refusal = self.run(self.network.asks("send-referral", {**body, "agreement": AGREEMENT}, asker=person_of(asker)))
        assert refusal is not None or asker == sender != receiver

    @rule(referral=referrals, answer=answers, asker=organisations)
    def answer(self, referral: str, answer: tuple[str, dict[str, str]], asker: str) -> None:
        name, more = answer
        refusal = self.run(self.network.asks(name, {"referral": referral, **more}, asker=person_of(asker)))
        if refusal is None:
            sent = [r.data for r in self.run(self.network.events()) if r.subject == referral]
            assert asker == getattr(sent[0], "receiver", None)

    @rule(days=st.integers(1, 9))
    def days_pass_and_deadlines_are_looked_at(self, days: int) -> None:
        self.network.now += timedelta(days=days)
        self.run(self.network.expire_due())

    # --- races, stale readers, retries -------------------------------------------------------------------------------
    @rule(mentor=mentors, one=clients, other=clients)
    def two_assign_at_once(self, mentor: str, one: str, other: str) -> None:
        async def both() -> None:
            bodies = [{"mentor": mentor, "client": client} for client in (one, other)]
            await asyncio.gather(*(self.network.asks("assign-mentee", body) for body in bodies))

        self.run(both())

    @rule(mentor=mentors, one=clients, other=clients)
    def assign_with_a_stale_view(self, mentor: str, one: str, other: str) -> None:
        meanwhile = self.network.asks("assign-mentee", {"mentor": mentor, "client": other})
        self.run(self.network.with_a_stale_view("assign-mentee", {"mentor": mentor, "client": one}, meanwhile))

    @rule(pathway=pathways, step=steps, part=parts)
    def share_with_a_stale_view_while_the_period_closes(self, pathway: str, step: int, part: int) -> None:
        body = {"pathway": pathway, "step": step, "part": part, "agreement": AGREEMENT}
        self.run(self.network.with_a_stale_view("share-revenue", body, self.network.close_next()))

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 200))
    def retry(self, which: int) -> None:
        """A repeat of something done gives the first outcome and appends nothing."""
        name, body, key = self.asked[which % len(self.asked)]
        before = self.run(self.network.log.head()).position
        first = self.run(self.network.asks(name, body, key=key))
        after = self.run(self.network.log.head()).position
        if first is None:
            self.run(self.network.asks(name, body, key=key))
            assert self.run(self.network.log.head()).position == after
        else:
            assert after == before

    @invariant()
    def promises_hold(self) -> None:
        if hasattr(self, "network"):
            events = self.run(self.network.events())
            check_log(events)
            check_money(events)
            check_mentors(events)
            check_referrals(events, worked_off=self.worked_off_at == len(events))
            check_statements(events, self.run(self.network.folded()))

    def teardown(self) -> None:
        self.loop.close()


def _delivery(network: PlayedNetwork, where: tuple[str, int, int], quantity: str, late: int) -> dict[str, Any]:
    pathway, step, part = where
    day = max(network.now.toordinal() - late, START.toordinal())
    return {
        "pathway": pathway,
        "step": step,
        "part": part,
        "delivered_on": str(network.now.date().fromordinal(day)),
        "quantities": [{"unit": "credit", "quantity": quantity}],
    }


async def in_memory() -> PlayedNetwork:
    log = MemoryLog("/networks/t", SeededEntropy(1), lambda: START)
    return PlayedNetwork(log, MemoryMarks(), MemoryDocuments(), SeededEntropy(2))


def test_the_promises_hold_in_memory() -> None:
    machine = type("InMemory", (Attack,), {"opened": staticmethod(in_memory)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_promises_hold_on_postgresql_while_connections_are_killed(
    server: Server, fresh_schema: Callable[[], str]
) -> None:
    class OnPostgres(Attack):
        def teardown(self) -> None:
            self.loop.run_until_complete(self.log.close())
            self.loop.run_until_complete(self.stack.aclose())
            super().teardown()

        @initialize()
        def start(self) -> None:
            self.schema = fresh_schema()
            self.stack = contextlib.AsyncExitStack()
            self.network = self.run(self._open())
            self.run(self.network.found())

        async def _open(self) -> PlayedNetwork:
            await migrate(server.admin_dsn, self.schema, "tasma_app")
            database = await self.stack.enter_async_context(connect(server.app_dsn, name=self.schema, connections=2))
            self.log = PostgresLog(database, self.schema, "/networks/t", SeededEntropy(1))
            marks, documents = PostgresMarks(database, self.schema), PostgresDocuments(database, self.schema)
            return PlayedNetwork(self.log, marks, documents, SeededEntropy(2))

        @rule()
        def kill_connections(self) -> None:
            """Every connection of this network's application dies; the next statement finds out."""
            with psycopg.connect(server.app_dsn, autocommit=True) as other:
                other.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s", (self.schema,)
                )

    run_state_machine_as_test(
        OnPostgres,
        settings=settings(
            max_examples=6,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("seed", range(3))
def test_two_closings_and_ten_sharings_at_once(seed: int) -> None:
    """Sharings of different pathways never hinder one another for long; a closing comes before or after each of them."""

    async def play() -> None:
        network = await in_memory()
        await network.found()
        for n in range(5):
            await network.agreed_pathway(f"pathway:p-{n}", [10_000 + seed, 5_000])
            for step in (1, 2):
                await network.do("deliver-step", _delivery(network, (f"pathway:p-{n}", step, 1), "1", 0))
        bodies = [
            {"pathway": f"pathway:p-{n}", "step": step, "part": 1, "agreement": AGREEMENT}
            for n in range(5)
            for step in (1, 2)
        ]
        await asyncio.gather(
            *(network.asks("share-revenue", b) for b in bodies[: 5 + seed]), network.close_next(), network.work_off()
        )
        await network.work_off()
        await network.close_next()
        await network.work_off()
        events = await network.events()
        check_log(events)
        check_money(events)
        check_statements(events, await network.folded())
        assert sum(isinstance(r.data, RevenueShared) for r in events) == 10

    asyncio.run(play())
