"""What people do in a network, well-meaning and not: each story is one of them, and all are told at once."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from application.desk import Asker
from application.ports import ClockRefused, Outcome
from application.registry import DECIDERS
from domain.calendar import end_of, month_after, month_of
from domain.kernel import InTheFuture, current
from domain.network.events import FollowUpOpened
from domain.revenue.events import RevenueShared
from domain.settlement.books import NotFounded
from domain.settlement.close_period import ClosedAlready
from tests.domain.story import AGREEMENT, PARTNERS, RULE
from tests.invariants.network import COORDINATOR, person_of
from tests.simulation import money_stories
from tests.simulation.world import Answer, World

PRICES = (0, 1, 99, 10_000, 40_000, 60_000, 123_457)
CREDITS = ("0", "1", "2.5", "0.333333", "30")
CLIENTS = tuple(f"client:c-{n}" for n in range(4))
MENTORS = ("mentor:m-0", "mentor:m-1")
OFFERINGS = {"offering:o-0": "org:ekami", "offering:o-1": "org:ksao"}
BY_ONE = {
    "rounding": "first-listed",
    "steps": [{"take": "remaining", "to": {"split": {"org:ekami": "1", "org:ksao": "2"}}}],
}
RULES = (
    RULE,
    BY_ONE,
    {
        "rounding": "largest-remainder",
        "steps": [{"take": {"percent": "7.5"}, "to": "org:cursor"}, {"take": "remaining", "to": "kept"}],
    },
    {
        "rounding": "largest-remainder",
        "steps": [
            {"take": {"per_unit_cents": 4_500, "unit": "mentor_hour"}, "to": "org:cursor"},
            {"take": "remaining", "to": {"split": {"org:ekami": "1", "org:ksao": "1", "org:xamk": "1"}}},
        ],
    },
)


async def found(world: World) -> Mapping[str, Any]:
    """The network is founded, with partners, an agreement in force, offerings and mentors; asked until it is done."""
    on = str(world.today())
    for _ in range(3):
        await world.ask(COORDINATOR, "close-period", {"period": on[:7]})  # nobody can do anything before the founding
    network = {"network": "simulated", "name": {"fi": "S"}, "first_period": on[:7], "constructed": world.constructed}
    await _done(world, "found-network", network)
    await _done(
        world, "register-organisation", {"organisation": "org:lut", "name": {"fi": "LUT"}, "kind": "university"}
    )
    for organisation in PARTNERS:
        await _done(
            world, "register-organisation", {"organisation": organisation, "name": {"fi": "N"}, "kind": "other"}
        )
        admission = {"organisation": organisation, "membership": "open", "admitted_on": on}
        await _done(world, "admit-partner", admission)
    rule = world.random.choice(RULES)
    draft = {"agreement": AGREEMENT, "title": {"fi": "S"}, "parties": list(PARTNERS)}
    money = money_stories.clauses(world)
    await _done(world, "draft-agreement", {**draft, "data_sharing": True, "sharing_rule": rule, **money})
    version = {"agreement": AGREEMENT, "version": 1}
    await _done(world, "freeze-agreement", version)
    for party in PARTNERS:
        approval = {"organisation": party, "body": "Hallitus", "section": "1", "approved_on": on}
        await _done(world, "approve-agreement", {**version, **approval})
    for party in PARTNERS:
        await _done(world, "sign-agreement", {**version, "organisation": party, "signed_on": on})
    for offering, provider in OFFERINGS.items():
        description = {"kind": "course", "name": {"fi": "K"}, "price_cents": 60_000}
        await _done(world, "publish-offering", {"offering": offering, "provider": provider, "description": description})
    for mentor, organisation in zip(MENTORS, PARTNERS, strict=False):
        await _done(world, "nominate-mentor", {"mentor": mentor, "organisation": organisation, "capacity": 2})
    return rule


async def pathway(world: World, number: int, rule: Mapping[str, Any]) -> None:
    """A pathway from its draft to its end; now and then a provider says no, and parts are delivered in any order."""
    draw, path = world.random, f"pathway:p-{number}"
    owner = draw.choice(PARTNERS)
    body: dict[str, Any] = {"pathway": path, "client": draw.choice(CLIENTS), "organisation": owner}
    if draw.random() < 0.3:
        body["mentor"] = draw.choice(MENTORS)
    roles = [{"role": "role:referrer", "organisation": "org:cursor"}] if rule is RULE and draw.random() < 0.7 else []
    await _as(world, owner, "draft-pathway", {**body, "roles": roles})
    parts: list[tuple[int, int, str]] = []
    for step in range(1, draw.randint(2, 3) + 1):
        offering, provider = draw.choice(list(OFFERINGS.items()))
        prices = [draw.choice(PRICES) for _ in range(draw.randint(1, 2))]
        listed = [{"part": n, "cents": cents} for n, cents in enumerate(prices, 1)]
        await _as(world, owner, "propose-step", {"pathway": path, "step": step, "offering": offering, "parts": listed})
        if draw.random() < 0.15:
            await _as(world, provider, "decline-step", {"pathway": path, "step": step, "reason": "no-capacity"})
            continue
        consent: dict[str, Any] = {"pathway": path, "step": step, "agreement": AGREEMENT}
        if draw.random() < 0.3:
            consent["at_least_cents"] = sum(prices) * 9 // 10
        await _as(world, provider, "confirm-step", consent)
        parts += [(step, n, provider) for n in range(1, len(prices) + 1)]
        await world.rest(0.1)
    agreement = {"pathway": path, "agreement": AGREEMENT, "collected_by": owner, "project": None}
    await _as(world, owner, "agree-pathway", {**agreement, "roles": roles})
    draw.shuffle(parts)
    for step, part, provider in parts:
        await world.rest(0.4)
        on = world.today() - timedelta(days=draw.choice([0, 0, 0, 1, 5]))
        quantities = [{"unit": "credit", "quantity": draw.choice(CREDITS)}] if rule is RULE else []
        delivery = {"pathway": path, "step": step, "part": part, "delivered_on": str(on), "quantities": quantities}
        if not isinstance(await _as(world, provider, "deliver-step", delivery), Outcome):
            await _as(world, provider, "deliver-step", {**delivery, "delivered_on": str(world.today())})
        if draw.random() < 0.1:
            sharing = {"pathway": path, "step": step, "part": part, "agreement": AGREEMENT}
            await world.ask(COORDINATOR, "share-revenue", sharing)
    await _as(world, owner, "complete-pathway", {"pathway": path})


async def referral(world: World, number: int) -> None:
    """A referral that is taken on, declined, or left until it expires; two may answer at once."""
    draw = world.random
    sender, receiver = draw.sample(PARTNERS, 2)
    this = {"referral": f"referral:r-{number}"}
    sent = {**this, "client": draw.choice(CLIENTS), "need": "logistics", "sender": sender, "receiver": receiver}
    await world.rest(2.0)
    await _as(world, sender, "send-referral", {**sent, "agreement": AGREEMENT})
    await world.rest(1.0)
    for answer in draw.choice((("accept",), ("decline",), (), ("accept", "decline"), ("expire", "accept"))):
        await _as(world, receiver, f"{answer}-referral", this | ({"reason": "other"} if answer == "decline" else {}))
        await world.rest(0.1)
    await _as(world, receiver, "complete-referral", {**this, "outcome": "enrolled"})


async def mentors(world: World, client: str) -> None:
    """A client whom several people try to place with mentors, more often than there is room."""
    draw = world.random
    for _ in range(3):
        mentor = draw.choice(MENTORS)
        await world.ask(COORDINATOR, "assign-mentee", {"mentor": mentor, "client": client})
        await world.rest(0.5)
        if draw.random() < 0.3:
            await world.ask(COORDINATOR, "set-mentor-capacity", {"mentor": mentor, "capacity": draw.randint(0, 3)})
        if draw.random() < 0.6:
            release = {"mentor": draw.choice(MENTORS), "client": client, "reason": "handed-over"}
            await world.ask(COORDINATOR, "release-mentee", release)


async def rush(world: World) -> None:
    """Many come for the last places of one mentor in the same moment; some of them through one process."""
    draw = world.random
    await world.rest(5.0)
    mentor, crowd = draw.choice(MENTORS), [f"client:c-{n}" for n in range(10, 10 + draw.randint(4, 9))]
    await world.ask(COORDINATOR, "set-mentor-capacity", {"mentor": mentor, "capacity": draw.randint(2, 4)})
    bodies = [{"mentor": mentor, "client": client} for client in crowd]
    await asyncio.gather(*(world.ask(COORDINATOR, "assign-mentee", body) for body in bodies))


async def catalogue(world: World) -> None:
    """Offerings are kept, and one is taken out while somebody may just be choosing it."""
    draw = world.random
    for n in range(5):
        offering, provider = draw.choice(list(OFFERINGS.items()))
        on = world.today()
        match draw.choice(("update", "verify", "verify", "archive", "duty")):
            case "update":
                description = {"kind": "course", "name": {"fi": f"K{n}"}, "price_cents": draw.choice(PRICES)}
                await _as(world, provider, "update-offering", {"offering": offering, "description": description})
            case "verify":
                dates = {"verified_on": str(on), "verified_until": str(on + timedelta(days=200))}
                await _as(world, provider, "verify-offering", {"offering": offering, **dates})
            case "archive" if draw.random() < 0.3:
                await _as(world, provider, "archive-offering", {"offering": offering, "reason": "replaced"})
            case _:
                duty = {"organisation": draw.choice(PARTNERS), "duty": "settlement", "starts_on": str(on)}
                await world.ask(COORDINATOR, "assign-duty", duty)
        await world.rest(1.0)


async def books(world: World) -> None:
    """Time passes, days or to the very end of a month; periods are closed early, late and twice; entries are taken back."""
    draw, period = world.random, month_of(world.today())
    for _ in range(draw.randint(3, 5)):
        await world.rest(1.2)
        if draw.random() < 0.5:
            world.leap(timedelta(days=draw.randint(1, 12), seconds=draw.randint(0, 86_400)))
        else:
            world.leap(end_of(period) - world.wall() - timedelta(seconds=draw.choice([0.2, 0.5, 1.0, 2.0])))
        for _ in range(draw.randint(1, 6)):
            if isinstance(await world.ask(COORDINATOR, "close-period", {"period": period}), Outcome):
                period = month_after(period)
            await world.rest(0.2)
        entries = [
            r.subject for r in await world.database.log.read(0, limit=10_000) if isinstance(r.data, RevenueShared)
        ]
        if entries and draw.random() < 0.6:
            reversal = {"entry": draw.choice(entries), "reason": "price-changed"}
            await world.ask(COORDINATOR, "reverse-entry", reversal)


async def worklist(world: World) -> None:
    """The coordinator looks after what came to nothing, some of it twice, and some of it is none of those who try."""
    draw = world.random
    for _ in range(8):
        await world.rest(2.0)
        read = await world.database.log.read(0, limit=10_000)
        listed = [item.follow_up for r in read if isinstance(item := current(r.data), FollowUpOpened)]
        for follow_up in draw.sample(listed, min(2, len(listed))):
            outcome = {"follow_up": follow_up, "outcome": draw.choice(("done", "Asked again in writing."))}
            await world.ask(
                COORDINATOR if draw.random() < 0.8 else person_of(draw.choice(PARTNERS)), "close-follow-up", outcome
            )


async def close_all(world: World) -> None:
    """In the end every month that is over is closed."""
    period = month_of(world.beginning.date())
    while end_of(period) <= world.wall():
        answer: Answer = None
        for _ in range(20):
            answer = await world.ask(COORDINATOR, "close-period", {"period": period})
            if isinstance(answer, (Outcome, ClosedAlready)):
                break
            await world.rest(0.5)
        else:
            world.fail(f"{period} cannot be closed: {answer}")
        period = month_after(period)


async def intruder(world: World) -> None:
    """Asks for anything as anybody: examples of the documentation, other people's things, roles that may not."""
    draw = world.random
    for _ in range(6):
        await world.rest(0.8)
        name = draw.choice(list(DECIDERS))
        askers = (person_of("org:lut"), person_of(draw.choice(PARTNERS)), Asker(actor="person:a", role="auditor"))
        body = dict(DECIDERS[name].example)
        if draw.random() < 0.3:
            body[draw.choice(["nothing", "asked", *body])] = draw.choice([1.5, None, "\x00", "org:xamk", [], {}])
        for field in set(body) & {"pathway", "referral", "client", "mentor", "offering"}:
            body[field] = f"{field}:{field[0]}-{draw.randint(0, 3)}"
        await world.ask(draw.choice(askers), name, body)


async def _as(world: World, organisation: str, name: str, body: Mapping[str, Any]) -> object:
    """Mostly the organisation's own people, sometimes the coordinator, sometimes somebody whom it does not concern."""
    chance = world.random.random()
    asker = person_of(organisation) if chance < 0.75 else COORDINATOR
    if chance > 0.97:
        await world.ask(person_of(world.random.choice(PARTNERS)), name, body)
    return await world.ask(asker, name, body)


async def _done(world: World, name: str, body: Mapping[str, Any]) -> None:
    """Ask until it is done or was done already."""
    for _ in range(40):
        answer = await world.ask(COORDINATOR, name, body)
        if answer is not None and not isinstance(answer, (ClockRefused, NotFounded, InTheFuture)):
            return
        await world.rest(0.2)
    world.fail(f"{name} finds no way in.")
