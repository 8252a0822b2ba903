"""A lived-in network in memory, with a clock that the test sets, and who delivers from it to real receivers on loopback."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from adapters.webhooks.post import WebhookPost
from application.access import Issued
from application.access import Wish as TokenWish
from application.delivery import Deliverer
from application.desk import Asker
from application.envelope import decode
from application.feed import Feed
from application.subscribing import Created, Subscriptions
from application.subscription_wishes import Subscribe
from application.subscriptions import Subscription
from application.visibility import may_see
from domain.changing import replace
from tests.http.world import WISHES, World, founded, live
from tests.webhooks.receiving import Receiver, receiving


class Network:
    """Who subscribes to what, and what is delivered when the test says so."""

    def __init__(self, world: World, post: WebhookPost) -> None:
        self.world, self.log, self.store = world, world.log, world.means.store
        self.means = replace(world.means, post=post)
        self.subscriptions = Subscriptions(self.means)
        self.deliverer = self.another()
        self.names = itertools.count(1)

    def another(self) -> Deliverer:
        """As after a restart: it knows what is written down and nothing else."""
        return Deliverer(self.means, Feed(self.log))

    async def issue(self, wish: TokenWish) -> tuple[Issued, Asker]:
        issued = await self.world.tokens.issue(wish)
        return issued, await self.world.tokens.holder(issued.id)

    async def subscribe(self, url: str, who: str = "coordinator", **wanted: Any) -> Created:  # noqa: ANN401 - as Subscribe has it
        issued, asker = await self.issue(WISHES[who])
        return await self.subscriptions.create(Subscribe(url=url, **wanted), asker, issued.id)

    async def now(self, one: Subscription | Created) -> Subscription:
        """The subscription as it is kept."""
        found = await self.store.get(one.subscription.id if isinstance(one, Created) else one.id)
        assert found is not None
        return found

    async def happen(self, number: int = 1) -> None:
        """So many events, each for the whole network."""
        for _ in range(number):
            name = f"org:new-{next(self.names)}"
            body: Mapping[str, Any] = {"organisation": name, "name": {"fi": "uusi"}, "kind": "other"}
            await self.world.desk.carry_out("register-organisation", body, Asker(actor="person:c", role="coordinator"))

    async def head(self) -> int:
        return (await self.log.head()).position

    async def visible(self, who: Asker) -> list[int]:
        bodies = await self.log.bodies(0, limit=10_000)
        return [n for n, body in enumerate(bodies, 1) if may_see(who, decode(body))]


def lived() -> World:
    world = founded()
    live(world)
    return world


@asynccontextmanager
async def network(world: World) -> AsyncIterator[Network]:
    async with WebhookPost(private=True, draw=world.tokens.draw) as post:
        yield Network(world, post)


Promise = Callable[[Network, Receiver], Awaitable[None]]


def keep(promise: Promise) -> None:
    """Of a lived-in network that delivers to one receiver."""
    world = lived()

    async def kept() -> None:
        async with network(world) as of, receiving() as receiver:
            await promise(of, receiver)

    asyncio.run(kept())
