"""What a subscription is, and what becomes of it: how far it has come, when it is tried again, when it is given up.

Everything here is pure: from a subscription, what happened and when, to the subscription as it is then.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from domain.changing import replace

State = Literal["active", "paused", "parked"]
Kind = Literal["events", "test"]

BACKOFF_SECONDS: Final = (5, 30, 120, 600, 1_800, 3_600)
"""Until the next attempt, after the first failure, the second, …; from the last one on always as long."""
JITTER: Final = 0.2
"""By which part of it a wait is shorter or longer, so that those who failed together do not come back together."""
RETRY_AFTER_SECONDS_MAX: Final = 3_600
GIVE_UP: Final = timedelta(days=3)
OLD_SECRET: Final = timedelta(hours=24)
SUBSCRIPTIONS_MAX: Final = 50
"""Of one organisation."""
SECRETS_MAX: Final = 4
"""Secrets that sign one delivery."""
TEST_REST: Final = timedelta(seconds=5)
"""Between two tests of one subscription."""
SLOW_MILLISECONDS: Final = 1_000
"""A receiver that takes as long is a slow one."""
GONE: Final = 410

SAID_GONE: Final = "The receiver answered 410 Gone: it wants nothing more. Resume when it does."
GAVE_UP: Final = (
    "The receiver has failed for three days; nothing was dropped. Resume when it is back: it goes on where it stopped."
)
PAUSED_BY_OWNER: Final = "Paused by its owner; resume it to go on where it stopped."
STAYS_PARKED: Final = "It was parked before it was to be paused, and stays so: nothing is delivered either way."


class Key(Struct, frozen=True, kw_only=True):
    """A secret that signs, as the vault keeps it."""

    subject: str
    reference: str
    until: datetime | None = None
    """Until then it signs along; None: it is the current one."""


class Attempt(Struct, frozen=True, kw_only=True):
    """What came of one delivery. Nothing of what the receiver said is kept but its status."""

    n: int = 0
    """Of this subscription, from 1 on; given where it is recorded."""
    at: datetime
    """When it was sent, by the clock on the wall, also in a constructed network."""
    kind: Kind
    """`events`, or `test`: a batch without events."""
    webhook_id: str
    """The `webhook-id` it was sent under: the same for every attempt at a batch, so that a receiver knows a repeat by it."""
    from_position: int | None = None
    """Of the first event in it; null for a test, which has none."""
    to_position: int | None = None
    """Of the last event in it; null for a test."""
    status: int | None
    """What the receiver answered with; null where nothing was answered."""
    milliseconds: int
    """From the first look-up of the receiver's name to the end of its answer."""
    why: str
    """What went wrong, in a sentence; empty where nothing did."""

    @property
    def arrived(self) -> bool:
        return not self.why


class Subscription(Struct, frozen=True, kw_only=True):
    id: str
    owner: str
    """The organisation that it belongs to; of an asker without one, their id."""
    token: str
    """The id of the token whose rights it has, for as long as that is good."""
    role: str
    organisation: str | None
    url: str
    types: tuple[str, ...]
    about: tuple[str, ...]
    digest: bytes
    """SHA-256 of what it was made with."""
    created_at: datetime
    state: State = "active"
    why: str = ""
    """Why it is not active, and the way out."""
    cursor: int
    """Everything up to here was delivered, or was not for this reader."""
    anchor: bytes | None
    """SHA-256 of the event at the cursor; None at 0."""
    run: int
    """Drawn at random when it is made and whenever it is replayed: a number that is counted comes again after a backup was restored."""
    pending: int | None = None
    """The last position of the batch that is on its way: tried again, it is the same one."""
    failures: int = 0
    """In a row."""
    failing_since: datetime | None = None
    next_at: datetime | None = None
    """Before then nothing is tried."""
    secrets: tuple[Key, ...]
    """The current one first."""
    attempts: int = 0
    last: Attempt | None = None
    tested_at: datetime | None = None
    revision: int = 0

    def is_due(self, now: datetime) -> bool:
        return self.state == "active" and (self.next_at is None or self.next_at <= now)

    def signing(self, now: datetime) -> tuple[Key, ...]:
        """The secrets that sign now."""
        return tuple(key for key in self.secrets if key.until is None or key.until > now)

    def batch_id(self, first: int, last: int, body: bytes) -> str:
        """The same for every attempt at a batch. Replayed events are wanted again: theirs is another one.

        So it is where a backup of log and subscriptions was restored that knows of no replay, or has other events at these positions.
        """
        return f"{self.id}_{self.run}_{first}_{last}_{hashlib.sha256(body).hexdigest()[:16]}"

    @property
    def holds_up(self) -> bool:
        """Whether its receiver failed the last time, or took its time."""
        return self.failures > 0 or (self.last is not None and self.last.milliseconds >= SLOW_MILLISECONDS)


def moved(known: Subscription, cursor: int, anchor: bytes | None) -> Subscription:
    """Past what is not for this reader."""
    return replace(known, cursor=cursor, anchor=anchor)


def begun(known: Subscription, cursor: int, anchor: bytes | None, pending: int) -> Subscription:
    """A batch is about to be sent: whoever tries it again sends the same."""
    return replace(known, cursor=cursor, anchor=anchor, pending=pending)


def delivered(known: Subscription, attempt: Attempt, anchor: bytes) -> Subscription:
    cursor = attempt.to_position
    if cursor is None or cursor != known.pending:
        raise ValueError(f"The batch up to {cursor} is not the one on its way, up to {known.pending}.")
    return replace(
        _tried(known, attempt),
        cursor=cursor,
        anchor=anchor,
        pending=None,
        failures=0,
        failing_since=None,
        next_at=None,
    )


def failed(known: Subscription, attempt: Attempt, retry_after: int | None, chance: float) -> Subscription:
    """Tried again later: never given up before three days have passed, and never dropped.

    `retry_after`: seconds the receiver asks for; `chance`: from 0 to 1.
    """
    since = known.failing_since or attempt.at
    ended = attempt.at + timedelta(milliseconds=attempt.milliseconds)
    tried = replace(
        _tried(known, attempt),
        failures=known.failures + 1,
        failing_since=since,
        next_at=ended + timedelta(seconds=pause_seconds(known.failures + 1, retry_after, chance)),
    )
    if known.state != "active":
        return tried
    if attempt.status == GONE:
        return parked(tried, SAID_GONE)
    return parked(tried, GAVE_UP) if ended - since >= GIVE_UP else tried


def pause_seconds(failures: int, retry_after: int | None, chance: float) -> float:
    """How long to wait after so many failures in a row, and at least what the receiver asks for, up to an hour."""
    planned = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1] * (1 - JITTER + 2 * JITTER * chance)
    return max(planned, min(retry_after or 0, RETRY_AFTER_SECONDS_MAX))


def tested(known: Subscription, attempt: Attempt) -> Subscription:
    return replace(_tried(known, attempt), tested_at=attempt.at)


def paused(known: Subscription, why: str) -> Subscription:
    return known if known.state != "active" else replace(known, state="paused", why=why)


def parked(known: Subscription, why: str) -> Subscription:
    """Stopped by itself, visibly; nothing is dropped."""
    return replace(known, state="parked", why=why)


def resumed(known: Subscription, token: str, cursor: int, anchor: bytes | None, run: int) -> Subscription:
    """Goes on at once, where it stopped; or, as another run, behind the end of a log that is shorter now."""
    if (cursor, anchor) != (known.cursor, known.anchor):
        return replayed(known, token, cursor, anchor, run)
    return replace(_anew(known), token=token)


def replayed(known: Subscription, token: str, cursor: int, anchor: bytes | None, run: int) -> Subscription:
    """From any position again, as another run."""
    return replace(_anew(known), token=token, cursor=cursor, anchor=anchor, pending=None, run=run)


def rotated(known: Subscription, key: Key, now: datetime, *, keep_old: bool = True) -> Subscription:
    """With a new secret; those before it sign along for a day, or are never signed with again."""
    old = known.signing(now) if keep_old else ()
    return replace(
        known, secrets=(key, *(each if each.until else replace(each, until=now + OLD_SECRET) for each in old))
    )


def _tried(known: Subscription, attempt: Attempt) -> Subscription:
    """With the attempt as its newest, numbered as such."""
    return replace(known, attempts=known.attempts + 1, last=replace(attempt, n=known.attempts + 1))


def _anew(known: Subscription) -> Subscription:
    return replace(known, state="active", why="", failures=0, failing_since=None, next_at=None)
