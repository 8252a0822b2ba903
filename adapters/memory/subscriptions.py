"""Subscriptions and their secrets in memory, gone with the process."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from application.subscription_ports import ATTEMPTS_KEPT
from application.subscriptions import Attempt, Subscription
from domain.changing import replace
from domain.kernel import Unknown


class MemorySubscriptions:
    """Implements `application.subscription_ports.SubscriptionStore`."""

    def __init__(self) -> None:
        self._kept: dict[str, Subscription] = {}
        self._attempts: defaultdict[str, list[Attempt]] = defaultdict(list)

    async def add(self, new: Subscription, *, most: int) -> bool:
        if new.id not in self._kept:
            if len(await self.all(new.owner)) >= most:
                return False
            self._kept[new.id] = new
        return True

    async def get(self, subscription_id: str) -> Subscription | None:
        return self._kept.get(subscription_id)

    async def all(self, owner: str | None = None) -> Sequence[Subscription]:
        found = [one for one in self._kept.values() if owner in (None, one.owner)]
        return sorted(found, key=lambda one: (one.created_at, one.id))

    async def change(self, old: Subscription, new: Subscription) -> Subscription | None:
        known = self._kept.get(old.id)
        if known is None or known.revision != old.revision:
            return None
        self._kept[old.id] = done = replace(new, revision=old.revision + 1)
        if new.last is not None and new.attempts > old.attempts:
            self._attempts[old.id] = [new.last, *self._attempts[old.id]][:ATTEMPTS_KEPT]
        return done

    async def remove(self, subscription_id: str) -> Subscription | None:
        self._attempts.pop(subscription_id, None)
        return self._kept.pop(subscription_id, None)

    async def attempts(self, subscription_id: str, *, upto: int, limit: int) -> Sequence[Attempt]:
        return [one for one in self._attempts[subscription_id] if one.n <= upto][:limit]


class Named(Struct, frozen=True):
    reference: str


class MemorySecrets:
    """Implements `application.subscription_ports.Secrets`."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    async def put(self, subject: str, text: str) -> Named:
        self._texts[subject] = text
        return Named(subject)

    async def get(self, reference: str) -> str:
        if reference not in self._texts:
            raise Unknown("secret")
        return self._texts[reference]

    async def erase(self, subject: str) -> int:
        return int(self._texts.pop(subject, None) is not None)
