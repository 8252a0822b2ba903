"""Whatever fails, whenever, whoever dies: in the end everything has arrived, in order, and repeats can be told by their ids."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from application.delivery import Deliverer
from application.feed import Feed
from application.subscribing import Subscriptions
from application.subscription_ports import Means
from application.subscription_wishes import Subscribe
from domain.changing import replace
from tests.http.world import COORDINATOR, WISHES, World, founded


class Said(Struct, frozen=True):
    status: int | None
    why: str = ""
    seconds: float = 0.1
    retry_after: int | None = None


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Weather:
    """A post whose receiver takes everything that gets there, whatever becomes of its answer."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.next: list[str] = []

    def check(self, url: str) -> str:
        return url

    def new_secret(self) -> str:
        return "whsec_"

    async def send(
        self, url: str, secrets: Sequence[str], body: bytes, *, batch_id: str, at: datetime, headers: Mapping[str, str]
    ) -> Said:
        assert (url, list(secrets), at.tzinfo is not None) == ("https://hooks.example.org/", ["whsec_"], True)
        assert headers["Tasma-Position"] == batch_id.split("_")[-2]
        match self.next.pop(0) if self.next else "taken":
            case "lost":
                return Said(None, "The host takes no connection.")
            case "taken, answer lost":
                self.got.append((batch_id, body))
                return Said(None, "There was no answer within 10 seconds.")
            case "taken, killed":
                self.got.append((batch_id, body))
                raise Killed
            case "refused":
                return Said(503, "The answer is not a success (2xx).", retry_after=7)
            case _:
                self.got.append((batch_id, body))
                return Said(200)


STEPS = st.lists(
    st.sampled_from(["lost", "taken, answer lost", "taken, killed", "refused", "taken", "event", "events", "time"]),
    max_size=30,
)


@settings(max_examples=60)
@given(STEPS, st.booleans())
def test_everything_arrives_in_order_and_each_repeat_is_the_same(steps: list[str], only_some: bool) -> None:  # noqa: FBT001 - drawn
    asyncio.run(_promise(founded(), steps, only_some=only_some))


async def _promise(world: World, steps: list[str], *, only_some: bool) -> None:
    weather = Weather()
    means: Means = replace(world.means, post=weather)
    deliverer, subscriptions = Deliverer(means, Feed(world.log)), Subscriptions(means)
    issued = await world.tokens.issue(WISHES["coordinator"])
    wanted = Subscribe(
        url="https://hooks.example.org/", after=0, types=("tasma.network.partner_admitted.v1",) if only_some else ()
    )
    made = await subscriptions.create(wanted, COORDINATOR, issued.id)
    number = 0
    for step in steps:
        match step:
            case "event" | "events":
                for _ in range(1 if step == "event" else 120):
                    number += 1
                    body = {"organisation": f"org:n-{number}", "name": {"fi": "uusi"}, "kind": "other"}
                    await world.desk.carry_out("register-organisation", body, COORDINATOR)
            case "time":
                world.now += timedelta(minutes=45)
            case _:
                weather.next.append(step)
        try:
            await deliverer.work_off()
        except Killed:
            deliverer = Deliverer(means, Feed(world.log))
    weather.next.clear()
    world.now += timedelta(hours=2)
    await deliverer.work_off()
    world.now += timedelta(hours=2)
    await deliverer.work_off()
    once: dict[str, bytes] = {}
    for name, sent in weather.got:
        assert once.setdefault(name, sent) == sent
    bodies = [
        b
        for b in await world.log.bodies(0, limit=10_000)
        if not only_some or b'"tasma.network.partner_admitted.v1"' in b
    ]
    assert b"[" + b",".join(sent[1:-1] for sent in once.values()) + b"]" == b"[" + b",".join(bodies) + b"]"
    known = await means.store.get(made.subscription.id)
    assert known is not None
    assert (known.state, known.cursor) == ("active", (await world.log.head()).position)
