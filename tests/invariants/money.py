"""The small network with all its money: two processes over one log, agreements of any kind, and everybody's bookkeeping."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from adapters.cuts import cuts_of
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from adapters.memory.views import MemoryViews
from application.desk import Asker, Desk
from application.envelope import Recorded
from application.policies import POLICIES
from application.policy_worker import PolicyWorker, work_all
from application.ports import Decision, Documents, Head, History, Marks, Outcome
from application.scheduler import expire_due
from domain.calendar import day_of, end_of
from domain.kernel import Boundary, Refused
from domain.money import roles_of
from domain.settlement.events import PaymentRecorded
from domain.words import PROVIDER
from tests.invariants.network import COORDINATOR, START, PlayedNetwork, person_of
from tests.invariants.settling import SettlingLedger

FIRST, SECOND = "agreement:t-1", "agreement:t-2"
UNIT = "org:unit"
"""A unit of ekami's legal person; both are partners."""
PARTIES: Mapping[str, tuple[str, ...]] = {
    FIRST: ("org:xamk", "org:ekami", "org:ksao", "org:cursor", UNIT),
    SECOND: ("org:xamk", "org:ekami", "org:cursor"),
}
OFFERINGS = {"offering:o-0": "org:ekami", "offering:o-1": "org:ksao", "offering:o-2": UNIT}
BOUND = {"role:referrer": "org:cursor", "role:x": "org:cursor", "role:y": UNIT}
TREASURER = Asker(actor="person:treasurer", role="coordinator")
Part = tuple[str, int, int]
Request = tuple[str, Mapping[str, Any], Asker]
"""A command's name and body, and who asks for it."""


def colleague_of(organisation: str) -> Asker:
    """Somebody else of the same organisation."""
    first = person_of(organisation)
    return Asker(actor=f"{first.actor}-2", role=first.role, organisation=first.organisation, scopes=first.scopes)


class MixingLog(MemoryLog):
    """Lets other work in between, as a log over a wire does."""

    mixes = False

    async def look(self, boundary: Boundary) -> History:
        await self._others()
        return await super().look(boundary)

    async def append(self, decision: Decision) -> Outcome:
        await self._others()
        return await super().append(decision)

    async def read(self, after: int, *, limit: int) -> Sequence[Recorded]:
        await self._others()
        return await super().read(after, limit=limit)

    async def head(self) -> Head:
        await self._others()
        return await super().head()

    async def _others(self) -> None:
        if self.mixes:
            await asyncio.sleep(0)


class MoneyNetwork(PlayedNetwork):
    """Every command goes through one of two processes, each with what it remembers and what it has folded."""

    log: MixingLog

    def __init__(self, log: MixingLog, marks: Marks, documents: Documents, chance: Random) -> None:
        super().__init__(log, marks, documents, SeededEntropy(2))
        self.log = log
        self.desks = (self.desk, Desk(log, marks, lambda: self.now, SeededEntropy(3)))
        self.folded_views = (self.views, MemoryViews(log))
        self.process = 0
        self.chance = chance
        self.ledger = SettlingLedger()
        self.asked: list[tuple[str, Mapping[str, Any], Asker, UUID]] = []
        self.done: set[UUID] = set()
        """Of these, the keys of what was done."""
        self.parts: list[Part] = []
        """Agreed and not delivered."""
        self.written: dict[str, Mapping[str, Any]] = {}
        """By agreement, the clauses of its newest version as they were written."""
        self.paths = 0
        self.bank_line = 0

    # --- asking ------------------------------------------------------------------------------------------------------
    def take_turns(self, process: int) -> None:
        """From here on this process is asked."""
        self.process = process
        self.desk, self.views = self.desks[process], self.folded_views[process]

    async def tell(self, name: str, body: Mapping[str, Any], asker: Asker = COORDINATOR) -> str | None:
        """Ask one of the processes, remember it for a repeat, and keep the books; the refusal, if it was refused."""
        self.take_turns(self.chance.randrange(2))
        key = self.entropy.event_id(self.now)
        self.asked.append((name, body, asker, key))
        return await self.tell_again(len(self.asked) - 1)

    async def tell_again(self, which: int) -> str | None:
        """Ask for something that was asked for before, under the same key; what was done is done once."""
        name, body, asker, key = self.asked[which]
        refusal = await self.asks(name, body, key=key, asker=asker)
        before = self.ledger.position
        await self.catch_up()
        if key in self.done:
            assert refusal is None
            assert self.ledger.position == before, "a repeat changes nothing"
        elif refusal is None:
            self.done.add(key)
        return refusal

    async def must(self, name: str, body: Mapping[str, Any], asker: Asker = COORDINATOR) -> None:
        refusal = await self.tell(name, body, asker)
        assert refusal is None, refusal

    async def catch_up(self) -> None:
        self.ledger.enter(await self.log.read(self.ledger.position, limit=100_000))

    # --- founding ----------------------------------------------------------------------------------------------------
    async def begin(self, terms: Mapping[str, Mapping[str, Any]]) -> None:
        founding = {"network": "t", "name": {"fi": "T"}, "first_period": "2019-01", "constructed": True}
        await self.must("found-network", founding)
        for organisation in PARTIES[FIRST]:
            body = {"organisation": organisation, "name": {"fi": organisation[4:]}, "kind": "other"}
            await self.must("register-organisation", {**body, "unit_of": "org:ekami" if organisation == UNIT else None})
            body = {"organisation": organisation, "membership": "open", "admitted_on": "2019-01-02"}
            await self.must("admit-partner", body)
        for agreement, clauses in terms.items():
            await self.conclude(agreement, 1, clauses)
        for offering, provider in OFFERINGS.items():
            description = {"kind": "course", "name": {"fi": "K"}}
            await self.must(
                "publish-offering", {"offering": offering, "provider": provider, "description": description}
            )
        await self.must("nominate-mentor", {"mentor": "mentor:m-0", "organisation": "org:ksao", "capacity": 50})

    async def conclude(self, agreement: str, version: int, clauses: Mapping[str, Any]) -> None:
        """A version from its writing to its last signature."""
        self.written[agreement] = clauses
        written = {"agreement": agreement, "title": {"fi": "S"}, "parties": list(PARTIES[agreement]), **clauses}
        await self.must("draft-agreement" if version == 1 else "amend-agreement", written)
        which, on = {"agreement": agreement, "version": version}, str(day_of(self.now))
        await self.must("freeze-agreement", which)
        for party in PARTIES[agreement]:
            approval = {"organisation": party, "body": "Hallitus", "section": "1", "approved_on": on}
            await self.must("approve-agreement", {**which, **approval})
        for party in PARTIES[agreement]:
            await self.must("sign-agreement", {**which, "organisation": party, "signed_on": on})

    def version(self, agreement: str) -> int:
        return max(version for name, version in self.ledger.versions if name == agreement)

    # --- pathways ----------------------------------------------------------------------------------------------------
    async def new_pathway(self, agreement: str, prices: Sequence[int], collector: str, *, project: bool) -> None:
        """Agreed under the newest version, one part for each price, its steps taken in turn by the providers."""
        self.paths += 1
        path, parties = f"pathway:p-{self.paths}", PARTIES[agreement]
        rule = self.ledger.versions[agreement, self.version(agreement)].clauses.sharing_rule
        assert rule is not None
        named = sorted({each.role for each in roles_of(rule)} - {PROVIDER})
        roles = [{"role": r, "organisation": BOUND[r] if BOUND[r] in parties else "org:xamk"} for r in named]
        body: dict[str, Any] = {"pathway": path, "client": f"client:c-{self.paths}", "organisation": collector}
        await self.must("draft-pathway", {**body, "roles": roles})
        parts = []
        providers = [(o, p) for o, p in OFFERINGS.items() if p in parties]
        for step, (offering, _) in enumerate(providers, 1):
            listed = [{"part": n, "cents": c} for n, c in enumerate(prices[step - 1 :: len(providers)], 1)]
            if listed:
                of_it = {"pathway": path, "step": step}
                await self.must("propose-step", {**of_it, "offering": offering, "parts": listed})
                await self.must("confirm-step", {**of_it, "agreement": agreement})
                parts += [(path, step, part["part"]) for part in listed]
        terms = {"pathway": path, "agreement": agreement, "collected_by": collector, "roles": roles}
        await self.must("agree-pathway", {**terms, "project": "S20967" if project else None})
        await self.must("assign-mentee", {"mentor": "mentor:m-0", "client": f"client:c-{self.paths}"})
        self.parts += parts

    async def deliver(self, part: Part, quantity: str, days_late: int) -> str | None:
        path, step, number = part
        agreed = self.ledger.agreed[path]
        day = max(day_of(self.now) - timedelta(days=days_late), agreed.agreed_on)
        refusal = await self.tell(
            "deliver-step",
            {
                "pathway": path,
                "step": step,
                "part": number,
                "delivered_on": str(day),
                "quantities": [{"unit": u, "quantity": quantity} for u in agreed.units if u != "mentor_hour"],
            },
        )
        if refusal is None:
            self.parts.remove(part)
        return refusal

    # --- policies and time -------------------------------------------------------------------------------------------
    def workers_of(self, process: int) -> list[PolicyWorker]:
        cuts = cuts_of(self.folded_views[process], self.documents, self.log)
        return [PolicyWorker(p, self.desks[process], self.log, self.marks, cuts) for p in POLICIES]

    async def work_one_off(self, process: int, policy: int) -> None:
        """One policy of one process, as far as the log goes; the others of it stay behind."""
        await self.workers_of(process)[policy % len(POLICIES)].work_off()
        await self.catch_up()

    async def work_all_off(self) -> None:
        await work_all(self.workers_of(self.chance.randrange(2)))
        await self.catch_up()

    async def both_work_at_once(self, *pairs: tuple[Request, Request]) -> None:
        """Both processes work everything off at the same time, and of each two requests meanwhile each is asked one."""

        async def is_done(process: int, name: str, body: Mapping[str, Any], asker: Asker) -> bool:
            try:
                await self.desks[process].carry_out(name, body, asker, at=self.now)
            except Refused:
                return False
            return True

        self.now += timedelta(minutes=1)
        self.log.mixes = True
        asked = [(process, *request) for pair in pairs for process, request in enumerate(pair)]
        try:
            async with asyncio.TaskGroup() as group:
                answers = [group.create_task(is_done(*request)) for request in asked]
                for process in (0, 1):
                    group.create_task(work_all(self.workers_of(process)))
        finally:
            self.log.mixes = False
        for (one, other), *done in zip(pairs, answers[::2], answers[1::2], strict=True):
            if one == other and sum(answer.result() for answer in done) == 1:
                self.ledger.counts[f"at once refused: {one[0]}"] += 1
        await self.catch_up()

    async def close(self) -> str | None:
        """Close the earliest open period, at once after its end."""
        period = self.ledger.first_open
        self.now = max(self.now, end_of(period) + timedelta(hours=9))
        return await self.tell("close-period", {"period": period})

    async def look_at_deadlines(self) -> None:
        self.now += timedelta(minutes=1)
        self.take_turns(self.chance.randrange(2))
        await expire_due(self, self.desk, self.now)
        await self.catch_up()

    # --- after a closing ---------------------------------------------------------------------------------------------
    async def approve(self, partner: str, period: str) -> None:
        """Checked by one, approved by another."""
        body = {"partner": partner, "period": period, "digest": self.ledger.issued[partner, period].digest}
        if not self.ledger.checked[partner, period]:
            await self.must("check-statement", body, person_of(partner))
        await self.must("approve-statement", body, colleague_of(partner))

    async def approve_all(self) -> None:
        for partner, period in sorted(self.ledger.issued.keys() - self.ledger.approved.keys(), key=lambda k: k[::-1]):
            await self.approve(partner, period)

    async def settle(self, agreement: str, period: str) -> str | None:
        return await self.tell("settle-period", {"period": period, "agreement": agreement})

    async def pay(self, payment: str, side: str, cents: int) -> str | None:
        """A line of one of the two accounts shows something of a payment."""
        return await self.tell("record-payment", self.bank_line_of(payment, side, cents))

    def bank_line_of(self, payment: str, side: str, cents: int) -> dict[str, Any]:
        """A new one, of today."""
        self.bank_line += 1
        shown = {"payment": payment, "settlement": self.ledger.payments[payment].settlement, "side": side}
        of_bank = {"bank_line": f"bank-line:{self.bank_line:032x}", "booked_on": str(day_of(self.now))}
        return {**shown, **of_bank, "cents": cents}

    async def recognise_anew(self, line: PaymentRecorded) -> None:
        """A line that was of something else is of the next payment of the same account that it never was of."""
        owner = getattr(line, line.side)
        for order in self.ledger.payments.values():
            approved = self.ledger.settlements[order.settlement].approved
            was = order.payment == line.payment or (order.payment, line.bank_line) in self.ledger.gone
            if not was and getattr(order, line.side) == owner and approved:
                shown = {
                    "payment": order.payment,
                    "settlement": order.settlement,
                    "side": line.side,
                    "cents": line.cents,
                }
                of_bank = {"bank_line": line.bank_line, "booked_on": str(line.occurred_on)}
                refusal = await self.tell("record-payment", {**shown, **of_bank})
                assert refusal is None, refusal
                self.ledger.counts["paid by another's line"] += 1
                return

    async def pay_the_rest(self) -> None:
        """All that was approved is paid to the last cent."""
        for payment, order in list(self.ledger.payments.items()):
            if self.ledger.settlements[order.settlement].approved:
                left = order.cents - max(self.ledger.shown[payment].values(), default=0)
                # The account that shows the most says how much is known to be paid.
                side = max(("payer", "payee"), key=lambda s: self.ledger.shown[payment][s])
                if left > 0:
                    assert await self.pay(payment, side, left) is None


async def opened(chance: Random) -> MoneyNetwork:
    log = MixingLog("/networks/t", SeededEntropy(1), lambda: START)
    return MoneyNetwork(log, MemoryMarks(), MemoryDocuments(), chance)
