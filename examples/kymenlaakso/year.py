"""The constructed year: clients with needs, referrals with every outcome, pathways, late reports, corrections, twelve closings.

A small discrete-event simulation. Each process is an asynchronous generator that yields the time at which it wants to go
on; the year wakes it then, with the simulated clock set. All chance comes from one seed: the same seed gives the same log.
"""

import heapq
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from adapters.kouta.import_records import Imported
from application.desk import Asker, Desk
from application.ports import Log, Outcome
from domain.calendar import HELSINKI, business_days_after, first_day, is_business_day, month_after
from domain.kernel import Refused, current, facts
from domain.revenue.events import RevenueReversed, RevenueShared
from examples.kymenlaakso.settling import COORDINATOR, Settling

HERE = Path(__file__).parent
YEAR = 2019
AGREEMENT = "agreement:kymenlaakso-2019"
NEEDS = ("logistics", "bioeconomy", "digitalisation", "health-and-welfare", "business", "technology")
CLIENTS, MENTORS = 60, 12


class Offered(Struct, frozen=True):
    """What the year needs to know of an offering."""

    offering: str
    provider: str
    price_cents: int
    credits: Decimal


class Stage(Protocol):
    """The network the year is played on."""

    desk: Desk
    name: str
    """Of the network."""

    async def import_offerings(self, sources: Sequence[tuple[str, bytes]], at: datetime) -> Sequence[Imported]: ...

    async def offerings(self) -> Sequence[Offered]:
        """What is in the catalogue, in order of id."""

    async def work_off(self) -> None:
        """Let the network's own policies do what is due."""

    async def expire_due(self, at: datetime) -> None: ...


class Year:
    """Plays the year on a stage; `scale` times as many clients, mentors and pathways as a small region has."""

    def __init__(self, stage: Stage, *, seed: int, scale: int) -> None:
        self.stage, self.scale = stage, scale
        self.chance = random.Random(seed)  # noqa: S311 - a simulation, nothing secret
        self.now = datetime(YEAR, 1, 2, 7, tzinfo=UTC)
        self.waiting: list[tuple[datetime, int, AsyncIterator[datetime]]] = []
        self.woken = 0
        self.refused: Counter[str] = Counter()
        self.imported: Sequence[Imported] = ()
        self.offered: Sequence[Offered] = ()
        self.schools: tuple[str, ...] = ()
        self.partners: tuple[str, ...] = ()
        self.mentors: list[tuple[str, str]] = []
        self.sessions = 0
        self.settling = Settling(self, AGREEMENT, seed)

    @property
    def log(self) -> Log:
        return self.stage.desk.log

    async def work_off(self) -> None:
        await self.stage.work_off()

    async def play(self) -> None:
        await self._found()
        costs = self.settling.costs(date(YEAR, 1, 1), date(YEAR, 12, 1))
        clients = (self._client(n) for n in range(CLIENTS * self.scale))
        for process in (self._mornings(), self._closings(), costs, *clients):
            await self._go_on(process)
        while self.waiting:
            self.now, _, process = heapq.heappop(self.waiting)
            await self._go_on(process)
        await self.stage.work_off()

    async def _go_on(self, process: AsyncIterator[datetime]) -> None:
        async for at in process:
            self.woken += 1
            heapq.heappush(self.waiting, (max(at, self.now), self.woken, process))
            return

    # --- the beginning -----------------------------------------------------------------------------------------------
    async def _found(self) -> None:
        await self._do(
            "found-network",
            {
                "network": self.stage.name,
                "name": {
                    "fi": "Kymenlaakson osaamisverkosto (rakennettu esimerkki)",
                    "en": "Kymenlaakso (constructed example)",
                },
                "first_period": f"{YEAR}-01",
                "constructed": True,
            },
        )
        organisations = json.loads((HERE / "organisations.json").read_text(encoding="utf-8"))
        for organisation in organisations:
            membership = organisation.pop("membership")
            await self._do("register-organisation", organisation)
            if membership is not None:
                body = {"organisation": organisation["organisation"], "membership": membership}
                await self._do("admit-partner", {**body, "admitted_on": str(self.now.date())})
                self.partners = (*self.partners, organisation["organisation"])
        for duty, holder in (
            ("mentor-coordination", "org:xamk"),
            ("web-service", "org:cursor"),
            ("foresight", "org:kinno"),
        ):
            await self._do("assign-duty", {"organisation": holder, "duty": duty, "starts_on": f"{YEAR}-01-02"})
        await self._conclude()
        await self.settling.prepare(
            {o["organisation"]: o.get("business_id") for o in organisations if "unit_of" not in o}
        )
        records = [(p.name, p.read_bytes()) for p in sorted((HERE / "offerings").glob("*.json"))]
        self.imported = await self.stage.import_offerings(records, self._later(minutes=1))
        self.offered = [o for o in await self.stage.offerings() if o.price_cents > 0 and o.credits > 0]
        self.schools = tuple(sorted({o.provider for o in self.offered}))
        for offering in self.offered:
            until = {"verified_on": f"{YEAR}-01-03", "verified_until": f"{YEAR + 1}-01-31"}
            self.now = max(self.now, datetime(YEAR, 1, 3, 8, tzinfo=UTC))
            await self._do("verify-offering", {"offering": offering.offering, **until}, offering.provider)
        for n in range(MENTORS * self.scale):
            mentor, organisation = f"mentor:m-{n + 1:02}", self.schools[n % len(self.schools)]
            body = {"mentor": mentor, "organisation": organisation, "capacity": self.chance.randint(2, 4)}
            await self._do(
                "nominate-mentor", {**body, "languages": ["fi", *(["sv"] if n % 4 == 0 else [])]}, organisation
            )
            self.mentors.append((mentor, organisation))

    async def _conclude(self) -> None:
        agreement = json.loads((HERE / "agreement.json").read_text(encoding="utf-8"))
        await self._do("draft-agreement", {**agreement, "parties": list(self.partners)})
        version = {"agreement": AGREEMENT, "version": 1}
        await self._do("freeze-agreement", version)
        for n, party in enumerate(self.partners):
            approval = {
                "organisation": party,
                "body": "Hallitus",
                "section": f"§ {n + 3}",
                "approved_on": f"{YEAR}-01-02",
            }
            await self._do("approve-agreement", {**version, **approval}, party)
        for party in self.partners:
            await self._do("sign-agreement", {**version, "organisation": party, "signed_on": f"{YEAR}-01-02"}, party)

    # --- what happens every day and every month ----------------------------------------------------------------------
    async def _mornings(self) -> AsyncIterator[datetime]:
        day = date(YEAR, 1, 4)
        while day < date(YEAR + 1, 2, 20):
            yield _at(day, 6)
            await self.stage.expire_due(self.now)
            await self.stage.work_off()
            day += timedelta(days=1)

    async def _closings(self) -> AsyncIterator[datetime]:
        period = f"{YEAR}-01"
        while period <= f"{YEAR}-12":
            following = month_after(period)
            yield _at(business_days_after(first_day(following), 3), 9)
            await self.stage.work_off()
            await self._do("close-period", {"period": period})
            await self.stage.work_off()
            await self._go_on(self.settling.after_closing(period))
            period = following

    # --- clients -----------------------------------------------------------------------------------------------------
    async def _client(self, n: int) -> AsyncIterator[datetime]:
        """One client: a need met by one partner, referrals to others, for two in three a pathway."""
        client, need = f"client:c-{n + 1:03}", self.chance.choice(NEEDS)
        met_by = self.chance.choice(self.partners)
        yield self._moment(date(YEAR, 1, 7) + timedelta(days=self.chance.randrange(295)))
        accepted: dict[str, str] = {}
        for attempt in range(2 + n % 2):
            referral = f"referral:r-{n + 1:03}-{attempt + 1}"
            async for at in self._referral(referral, client, need, met_by, accepted):
                yield at
        if n % 3:
            async for at in self._pathway(f"pathway:p-{n + 1:03}", client, met_by, accepted):
                yield at

    async def _referral(
        self, referral: str, client: str, need: str, sender: str, accepted: dict[str, str]
    ) -> AsyncIterator[datetime]:
        receiver = self.chance.choice([s for s in self.schools if s != sender])
        body = {"referral": referral, "client": client, "need": need, "sender": sender, "receiver": receiver}
        await self._do("send-referral", {**body, "agreement": AGREEMENT}, sender)
        fate = self.chance.random()
        if fate < 0.12:  # nobody answers: it expires and goes to the coordinator's list
            yield self._later(days=9)
            return
        yield self._later(days=self.chance.choice((0, 1, 1, 2)), hours=self.chance.randint(1, 4))
        if fate < 0.28:
            reason = self.chance.choice(("no-capacity", "not-eligible", "not-provided", "could-not-contact"))
            await self._do("decline-referral", {"referral": referral, "reason": reason}, receiver)
            return
        await self._do("accept-referral", {"referral": referral}, receiver)
        accepted[receiver] = referral
        if fate < 0.9:
            yield self._later(days=self.chance.randint(3, 20))
            outcome = self.chance.choice(("enrolled", "advised", "pathway-drafted", "not-needed"))
            await self._do("complete-referral", {"referral": referral, "outcome": outcome}, receiver)

    async def _pathway(
        self, pathway: str, client: str, met_by: str, accepted: Mapping[str, str]
    ) -> AsyncIterator[datetime]:
        """`accepted`: by who accepted it, the referral of the client by whoever met it first."""
        mentor = await self._mentor_for(client)
        organisation = mentor[1] if mentor else self.chance.choice(self.schools)
        roles = [{"role": "role:mentor", "organisation": organisation}]
        if accepted and met_by != organisation:
            roles.append({"role": "role:referrer", "organisation": met_by})
        draft = {
            "pathway": pathway,
            "client": client,
            "organisation": organisation,
            "mentor": mentor[0] if mentor else None,
            "referral": accepted.get(organisation),
            "roles": roles,
        }
        await self._do("draft-pathway", draft, organisation)
        steps = await self._plan(pathway, organisation)
        yield self._later(days=self.chance.randint(2, 6))
        agreed: dict[str, Any] = {
            "pathway": pathway,
            "agreement": AGREEMENT,
            "collected_by": organisation,
            "project": None,
            "roles": roles,
        }
        if self.chance.random() < 0.3:  # a package price, a tenth below the list
            total = sum(cents for _, _, parts in steps for cents, _ in parts)
            agreed["price_cents"] = total * 9 // 10
        if await self._do("agree-pathway", agreed, organisation):
            guided = {"mentor": mentor[0], "client": client} if mentor else None
            async for at in self._deliver(pathway, steps, organisation, guided):
                yield at
        if mentor:
            body = {"mentor": mentor[0], "client": client, "reason": "pathway-completed"}
            await self._do("release-mentee", body, mentor[1])

    async def _mentor_for(self, client: str) -> tuple[str, str] | None:
        """Ask up to three mentors; some are full, and the network refuses."""
        for mentor, organisation in self.chance.sample(self.mentors, 3):
            if await self._do("assign-mentee", {"mentor": mentor, "client": client}, organisation):
                return mentor, organisation
        return None

    async def _plan(self, pathway: str, organisation: str) -> list[tuple[int, Offered, list[tuple[int, Decimal]]]]:
        """Propose two to four offerings, each in one to three parts; one provider in ten declines."""
        steps: list[tuple[int, Offered, list[tuple[int, Decimal]]]] = []
        chosen = self.chance.sample(self.offered, self.chance.randint(2, 4))
        for step, offered in enumerate(chosen, 1):
            parts = _in_parts(offered, self.chance.randint(1, 3))
            body = {"pathway": pathway, "step": step, "offering": offered.offering}
            numbered = [{"part": n, "cents": cents} for n, (cents, _) in enumerate(parts, 1)]
            await self._do("propose-step", {**body, "parts": numbered}, organisation)
            answer = {"pathway": pathway, "step": step}
            if step > 1 and self.chance.random() < 0.1:
                reason = self.chance.choice(("no-capacity", "schedule"))
                await self._do("decline-step", {**answer, "reason": reason}, offered.provider)
            else:
                at_least = sum(cents for cents, _ in parts) * 4 // 5
                await self._do(
                    "confirm-step", {**answer, "agreement": AGREEMENT, "at_least_cents": at_least}, offered.provider
                )
                steps.append((step, offered, parts))
        return steps

    async def _deliver(
        self,
        pathway: str,
        steps: list[tuple[int, Offered, list[tuple[int, Decimal]]]],
        collector: str,
        guided: Mapping[str, str] | None,
    ) -> AsyncIterator[datetime]:
        for step, offered, parts in steps:
            for part, (_, credits_) in enumerate(parts, 1):
                yield self._later(days=self.chance.randint(4, 12))
                if self.now.year > YEAR:
                    return
                delivered_on = self.now.astimezone(HELSINKI).date()
                if self.chance.random() < 0.08:  # reported weeks late, when its month may be closed
                    yield self._later(days=self.chance.randint(20, 45))
                body = {"pathway": pathway, "step": step, "part": part, "delivered_on": str(delivered_on)}
                quantities = [{"unit": "credit", "quantity": str(credits_)}]
                await self._meet(pathway, guided)
                await self._do("deliver-step", {**body, "quantities": quantities}, offered.provider)
                if self.chance.random() < 0.05:  # the client did not accept it: taken back, half of them shared anew
                    yield self._later(days=self.chance.randint(3, 30))
                    await self._correct(pathway, step, part, collector)
        yield self._later(days=2)
        if self.settling.chance.random() < 0.2:
            await self._meet(pathway, guided)
        await self._do("complete-pathway", {"pathway": pathway}, collector)

    async def _meet(self, pathway: str, guided: Mapping[str, str] | None) -> None:
        """The mentor meets the client before two deliveries in five; hours of the last meeting may come with no amount."""
        if guided is None or self.settling.chance.random() > 0.4:
            return
        self.sessions += 1
        held = {
            "held_on": str(self.now.astimezone(HELSINKI).date()),
            "hours": self.settling.chance.choice(("0.75", "1", "1.5", "2")),
        }
        session = {"session": f"session:s-{self.sessions:04}", "pathway": pathway, **guided, **held}
        await self.ask(
            "record-session", session, Asker(actor=guided["mentor"], role="mentor", subject=guided["mentor"])
        )

    async def _correct(self, pathway: str, step: int, part: int, collector: str) -> None:
        await self.stage.work_off()
        entry = await self._entry_of(pathway, step, part)
        if entry is None:
            return
        reason = self.chance.choice(("service-not-accepted", "entered-in-error"))
        if self.settling.chance.random() < 0.4:  # only some of it: the client pays less, or not at all in the end
            part_of_it = {"entry": entry, "reason": self.settling.chance.choice(("price-changed", "credit-loss"))}
            await self._do("reverse-entry", {**part_of_it, "amount_cents": 1_234}, collector)
            return
        await self._do("reverse-entry", {"entry": entry, "reason": reason}, collector)
        if self.chance.random() < 0.5:
            body = {"pathway": pathway, "step": step, "part": part, "agreement": AGREEMENT}
            await self._do("share-revenue", body)

    async def _entry_of(self, pathway: str, step: int, part: int) -> str | None:
        """The entry that stands for a part, found as its collector would find it: among the pathway's events."""
        standing: str | None = None
        for recorded in (
            await self.stage.desk.log.look((facts(RevenueShared, RevenueReversed, about=pathway),))
        ).events:
            match current(recorded.data):
                case RevenueShared() as e if (e.step, e.part) == (step, part):
                    standing = e.entry
                case RevenueReversed() as e if e.entry == standing and not e.left_cents:
                    standing = None
        return standing

    # --- asking and time ---------------------------------------------------------------------------------------------
    async def _do(self, name: str, body: Mapping[str, Any], organisation: str | None = None) -> Outcome | None:
        """Ask the desk; what it refuses is counted, as part of an honest year."""
        return await self.ask(name, body, COORDINATOR if organisation is None else _person_of(organisation))

    async def ask(self, name: str, body: Mapping[str, Any], asker: Asker) -> Outcome | None:
        """The same for one person."""
        try:
            return await self.stage.desk.carry_out(name, body, asker, at=self.now)
        except Refused as refusal:
            self.refused[type(refusal).__name__] += 1
            return None

    def _later(self, *, days: int = 0, hours: int = 0, minutes: int = 0) -> datetime:
        at = self.now + timedelta(days=days, hours=hours, minutes=minutes)
        day = at.astimezone(HELSINKI).date()
        while not is_business_day(day):
            day += timedelta(days=1)
            at += timedelta(days=1)
        return at

    def _moment(self, day: date) -> datetime:
        while not is_business_day(day):
            day += timedelta(days=1)
        return _at(day, self.chance.randint(8, 15)) + timedelta(minutes=self.chance.randrange(60))


def _person_of(organisation: str) -> Asker:
    scopes = frozenset({"content", "finance-check", "finance-approve"} if organisation else ())
    return Asker(
        actor=f"person:{organisation.removeprefix('org:')}",
        role="partner",
        organisation=organisation,
        scopes=scopes,  # type: ignore[arg-type]  # the literals above are scopes
    )


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), HELSINKI).astimezone(UTC)


def _in_parts(offered: Offered, count: int) -> list[tuple[int, Decimal]]:
    """Price and credits in equal parts; the first takes what does not divide."""
    cents, credits_ = offered.price_cents // count, (offered.credits / count).quantize(Decimal("0.1"))
    rest = (offered.price_cents - cents * (count - 1), offered.credits - credits_ * (count - 1))
    return [rest, *[(cents, credits_)] * (count - 1)]
