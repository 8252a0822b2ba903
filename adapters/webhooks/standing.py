"""How subscriptions are doing: what owners, operators and monitors are shown of them. Never a secret."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from adapters.projecting.slices import time_of
from application.ports import Log
from application.subscriptions import Attempt, Subscription

State = Literal["active", "failing", "paused", "parked"]


class Standing(Struct, frozen=True, kw_only=True):
    """A subscription as it is shown."""

    id: str
    owner: str
    """The organisation that it belongs to, or whoever has none."""
    role: str
    """Of the token that it reads with: it gets what that one may see."""
    url: str
    types: tuple[str, ...]
    about: tuple[str, ...]
    created_at: datetime
    state: State
    """`failing`: it is tried again by itself; `paused`: it waits for its owner or a good token; `parked`: given up, with nothing lost."""
    why: str
    """Why it is not active, and the way out."""
    cursor: int
    """Everything up to here was delivered, or is not for its reader."""
    lag_events: int
    """Events behind the cursor, also those that are not for its reader."""
    lag_seconds: float
    """The age of the oldest of them."""
    failing_since: datetime | None
    next_attempt_at: datetime | None
    """Not before then, where the last attempt failed."""
    last_attempt: Attempt | None
    old_secrets_until: datetime | None
    """Until then an old secret signs along with the current one."""


async def standings(subscriptions: Iterable[Subscription], log: Log, now: datetime) -> Sequence[Standing]:
    """How far each has come, in the order given. Raises Unavailable."""
    head = await log.head()
    reading = head.time if head.constructed and head.time else now  # events of a constructed network have its own times
    found = []
    for one in subscriptions:
        body = await log.body(one.cursor + 1) if one.cursor < head.position else None
        age = 0.0 if body is None else max((reading - time_of(body)).total_seconds(), 0.0)
        found.append(_standing(one, head.position, age, now))
    return found


def state_of(one: Subscription) -> State:
    return "failing" if one.state == "active" and one.failures else one.state


def _standing(one: Subscription, head: int, age: float, now: datetime) -> Standing:
    return Standing(
        id=one.id,
        owner=one.owner,
        role=one.role,
        url=one.url,
        types=one.types,
        about=one.about,
        created_at=one.created_at,
        state=state_of(one),
        why=one.why,
        cursor=one.cursor,
        lag_events=max(head - one.cursor, 0),
        lag_seconds=age,
        failing_since=one.failing_since,
        next_attempt_at=one.next_at if one.state == "active" else None,
        last_attempt=one.last,
        old_secrets_until=max((key.until for key in one.signing(now) if key.until), default=None),
    )
