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
    """What its paths are called by."""
    owner: str
    """The organisation that it belongs to, or whoever has none."""
    role: str
    """Of the token that it reads with: it gets what that one may see."""
    url: str
    """Where to."""
    types: tuple[str, ...]
    """Only these are delivered; none named: all."""
    about: tuple[str, ...]
    """Only what concerns any of these ids is delivered; none named: all."""
    created_at: datetime
    """This and the times below are by the clock on the wall, also in a constructed network: receivers live by it."""
    state: State
    """`active`: what happens is delivered; `failing`: it is tried again by itself; `paused`: it waits for its owner or a good token;
    `parked`: given up, with nothing lost."""
    why: str
    """Why it is paused or parked, and the way out; otherwise empty."""
    cursor: int
    """Everything up to here was delivered, or is not for its reader."""
    lag_events: int
    """Events behind the cursor, also those that are not for its reader."""
    lag_seconds: float
    """The age of the oldest of them; in a constructed network by its own time, which is that of its newest event."""
    failing_since: datetime | None
    """When the first of the failures was sent that nothing has arrived since; null where the last one arrived."""
    next_attempt_at: datetime | None
    """Not before then, where the last attempt failed; otherwise null."""
    last_attempt: Attempt | None
    """Null before the first one."""
    old_secrets_until: datetime | None
    """Until then an old secret signs along with the current one; of several, each for a day from when the next was made, the one that
    ends last. Null: only the current one signs."""


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
