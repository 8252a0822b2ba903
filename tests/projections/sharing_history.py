"""A small network in memory whose revenue is shared by hand, for questions about what was shared."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog, MemoryMarks
from adapters.memory.views import MemoryViews
from application.desk import SHARING, Asker, Desk
from domain.calendar import end_of, month_after
from domain.kernel import Refused
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared
from tests.domain.story import AGREEMENT, PARTNERS

Json = Mapping[str, Any]
START = datetime(2019, 1, 2, 7, tzinfo=UTC)
COORDINATOR = Asker(actor="person:c", role="coordinator")
KEY: Json = {
    "name": "web",
    "paid_by": "org:xamk",
    "costs": {"split": {"org:xamk": "1", "org:ekami": "1", "org:ksao": "1"}},
}


class History:
    """A small network in memory in which pathways are agreed, delivered, shared and taken back by hand."""

    def __init__(self) -> None:
        self.now = START
        entropy = SeededEntropy(1)
        self.log = MemoryLog("/networks/t", entropy, lambda: self.now)
        self.marks = MemoryMarks()
        self.desk = Desk(self.log, self.marks, lambda: self.now, entropy)
        self.views = MemoryViews(self.log)
        self.period = "2019-01"

    async def do(self, name: str, body: Json) -> None:
        self.now += timedelta(minutes=1)
        await self.desk.carry_out(name, body, COORDINATOR, at=self.now)

    async def begin(self, rule: Json, key: Json = KEY, waivers: Sequence[Json] = ()) -> None:
        await self.do(
            "found-network", {"network": "t", "name": {"fi": "T"}, "first_period": "2019-01", "constructed": True}
        )
        for organisation in (*PARTNERS, "org:lut"):
            await self.do("register-organisation", {"organisation": organisation, "name": {"fi": "O"}, "kind": "other"})
            body = {"organisation": organisation, "membership": "open", "admitted_on": "2019-01-02"}
            await self.do("admit-partner", body)
        version = {"agreement": AGREEMENT, "version": 1}
        clauses = {"data_sharing": True, "sharing_rule": rule, "cost_keys": [key], "waivers": list(waivers)}
        await self.do("draft-agreement", {"agreement": AGREEMENT, "title": {"fi": "S"}, "parties": PARTNERS, **clauses})
        await self.do("freeze-agreement", version)
        for party in PARTNERS:
            approval = {"organisation": party, "body": "Hallitus", "section": "1", "approved_on": "2019-01-02"}
            await self.do("approve-agreement", {**version, **approval})
        for party in PARTNERS:
            await self.do("sign-agreement", {**version, "organisation": party, "signed_on": "2019-01-02"})
        for n, provider in enumerate(("org:ekami", "org:ksao")):
            offering = {"offering": f"offering:o-{n}", "provider": provider}
            await self.do("publish-offering", {**offering, "description": {"kind": "course", "name": {"fi": "K"}}})

    async def agree(self, pathway: str, parts: Sequence[tuple[int, int]], *, referred: bool) -> None:
        """`parts`: of each the number of its provider and its price."""
        roles = [{"role": "role:referrer", "organisation": "org:cursor"}] if referred else []
        body = {"pathway": pathway, "client": f"client:{pathway[8:]}", "organisation": "org:xamk", "roles": roles}
        await self.do("draft-pathway", body)
        for step in sorted({who for who, _ in parts}):
            prices = [cents for who, cents in parts if who == step]
            numbered = [{"part": n, "cents": cents} for n, cents in enumerate(prices, 1)]
            await self.do(
                "propose-step",
                {"pathway": pathway, "step": step + 1, "offering": f"offering:o-{step}", "parts": numbered},
            )
            await self.do("confirm-step", {"pathway": pathway, "step": step + 1, "agreement": AGREEMENT})
        agreement = {"agreement": AGREEMENT, "collected_by": "org:xamk", "project": None}
        await self.do("agree-pathway", {"pathway": pathway, **agreement, "roles": roles})

    async def tax(self, seller: str, rate: str, clause: str | None = None) -> None:
        """From the beginning on."""
        body = {"seller": seller, "agreement": AGREEMENT, "code": "S", "rate": rate, "clause": clause}
        await self.do("decide-vat-treatment", {**body, "valid_from": "2019-01-01", "decided_by": "Hallitus"})

    async def share(self, pathway: str, who: int, part: int, credits_: str = "0", on: date | None = None) -> str:
        """Deliver a part, today or on a day, and share its revenue; the entry."""
        place = {"pathway": pathway, "step": who + 1, "part": part}
        delivery = {**place, "delivered_on": str(on or self.now.date())}
        try:
            await self.do("deliver-step", {**delivery, "quantities": [{"unit": "credit", "quantity": credits_}]})
        except Refused:  # the rule that holds counts no credits
            await self.do("deliver-step", delivery)
        await self.do("share-revenue", {**place, "agreement": AGREEMENT})
        return await self.newest(RevenueShared)

    async def newest(self, kind: type[RevenueShared | CostShared]) -> str:
        return next(
            e.entry for e in reversed([r.data for r in await self.log.read(0, limit=10_000)]) if isinstance(e, kind)
        )

    async def booked(self) -> dict[str, int]:
        """What each has of the revenue in the end, by the books."""
        sums: dict[str, int] = {}
        for event in (r.data for r in await self.log.read(0, limit=10_000)):
            if isinstance(event, RevenueShared | RevenueReversed):
                sign = 1 if isinstance(event, RevenueShared) else -1
                for each in event.shares:
                    sums[each.partner] = sums.get(each.partner, 0) + sign * each.cents
        return {who: cents for who, cents in sums.items() if cents}

    async def close(self) -> None:
        """Close the month after it has ended."""
        self.now = max(self.now, end_of(self.period) + timedelta(hours=9))
        head = (await self.log.head()).position
        await self.marks.advance(SHARING, old=await self.marks.mark(SHARING), new=head)
        await self.do("close-period", {"period": self.period})
        self.period = month_after(self.period)
