"""What subscriptions need from the world: a store, a place for secrets, a way out to receivers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

from msgspec import Struct

from application.access import Tokens
from application.desk import Clock
from application.ports import Log
from application.subscriptions import Attempt, Subscription

ATTEMPTS_KEPT: Final = 1_000
"""Of one subscription."""


class Kept(Protocol):
    """What is remembered of a text in the vault."""

    @property
    def reference(self) -> str: ...


@runtime_checkable
class Secrets(Protocol):
    """Where secrets are kept, encrypted, until they are erased."""

    async def put(self, subject: str, text: str) -> Kept:
        """Raises Refused where nothing can be encrypted, Unavailable."""

    async def get(self, reference: str) -> str:
        """Raises Refused where it does not open, Unavailable."""

    async def erase(self, subject: str) -> int: ...


class Answer(Protocol):
    """What came of sending something."""

    @property
    def status(self) -> int | None: ...

    @property
    def why(self) -> str:
        """What went wrong, in a sentence of ours; empty where nothing did."""

    @property
    def seconds(self) -> float: ...

    @property
    def retry_after(self) -> int | None: ...


class Post(Protocol):
    """Sends to receivers outside; `adapters.webhooks` does."""

    def check(self, url: str) -> str:
        """The URL, if anything is ever sent there. Raises Malformed."""

    def new_secret(self) -> str: ...

    async def send(
        self,
        url: str,
        secrets: Sequence[str],
        body: bytes,
        *,
        batch_id: str,
        at: datetime,
        headers: Mapping[str, str],
    ) -> Answer:
        """Send a signed body. Whatever the receiver or the net does is an answer."""


@runtime_checkable
class SubscriptionStore(Protocol):
    """Where subscriptions are kept. Whoever changes one names it as they saw it."""

    async def add(self, new: Subscription, *, most: int) -> bool:
        """Whether its owner had room for it, with fewer than `most`. The same again changes nothing."""

    async def get(self, subscription_id: str) -> Subscription | None: ...

    async def all(self, owner: str | None = None) -> Sequence[Subscription]:
        """Every one, or those of an owner, in the order in which they were made."""

    async def change(self, old: Subscription, new: Subscription) -> Subscription | None:
        """The new one as it is kept, with its newest attempt; None where it is not any more as `old` has it."""

    async def remove(self, subscription_id: str) -> Subscription | None:
        """As it was at last; None where it was not there."""

    async def attempts(self, subscription_id: str, *, upto: int, limit: int) -> Sequence[Attempt]:
        """From number `upto` on backwards, the newest first."""


class Means(Struct, frozen=True, kw_only=True):
    """What subscriptions are kept and delivered with."""

    store: SubscriptionStore
    log: Log
    tokens: Tokens
    secrets: Secrets
    post: Post
    clock: Clock
    draw: Callable[[int], bytes]
    """Gives that many random bytes, fit for secrets."""
