"""Somebody who follows the log from the first event on and remembers all of it: nothing may vanish, nothing come late."""

from collections.abc import Sequence

from application.envelope import Recorded
from application.tree import Frontier, consistency_path, leaf_hash, root_of, verify_consistency
from tests.simulation.world import World


class Tail:
    """Reads a few events at a time, at its own pace, and keeps the roots of the trees it saw."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.events: list[Recorded] = []
        self.tree = Frontier()
        self.roots: list[tuple[int, bytes]] = []

    async def follow(self) -> None:
        while True:
            await self.world.rest(0.5)
            await self.read_on()

    async def read_on(self) -> None:
        log, known = self.world.database.log, len(self.events)
        for recorded in await log.read(known, limit=self.world.random.randint(1, 60)):
            before = self.events[-1] if self.events else None
            if recorded.position != len(self.events) + 1 or (before and recorded.time < before.time):
                self.world.fail(f"After {len(self.events)} came {recorded.position} of {recorded.time}.")
            body = await log.body(recorded.position)
            if body is None:
                self.world.fail(f"Event {recorded.position} has no bytes.")
            self.events.append(recorded)
            self.tree.add(leaf_hash(body))
        self.roots.append((self.tree.size, self.tree.root()))

    def check(self, events: Sequence[Recorded], bodies: Sequence[bytes]) -> None:
        """What was seen is the beginning of what there is, and every earlier tree goes over into the last one."""
        if self.events != list(events[: len(self.events)]):
            self.world.fail("What a reader saw is not what the log holds.")
        leaves = [leaf_hash(body) for body in bodies]
        whole = root_of(leaves)
        for size, root in self.roots[:: max(1, len(self.roots) // 8)]:
            proof = [root_of(leaves[begin:end]) for begin, end in consistency_path(size, len(leaves))]
            verify_consistency(size, root, len(leaves), whole, proof)
