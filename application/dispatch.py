"""Sends one batch and writes down what came of it: written down before it is sent, so that whoever tries it again sends the same."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from msgspec import Struct

from application.feed import Line
from application.subscribing import attempt_of
from application.subscription_ports import Answer, Means
from application.subscriptions import Subscription, begun, delivered, failed
from domain.changing import replace
from domain.kernel import Refused

BYTES_MAX: Final = 262_144
TRIES: Final = 8

LOCKED: Final = (
    "Its secret does not open here: the network's operator has to put the master key back. It is tried again by itself."
)

logger = structlog.get_logger()


class Batch(Struct, frozen=True):
    """What is sent at once."""

    after: int
    behind: bytes | None
    """SHA-256 of the event at `after`; None at 0."""
    lines: tuple[Line, ...]

    @property
    def first(self) -> int:
        return self.lines[0].position

    @property
    def last(self) -> int:
        return self.lines[-1].position

    @property
    def body(self) -> bytes:
        return b"[" + b",".join(line.body for line in self.lines) + b"]"


class _NotSigned(Struct, frozen=True):
    """What comes of a batch that cannot be signed: nothing was sent."""

    status: int | None = None
    why: str = LOCKED
    seconds: float = 0.0
    retry_after: int | None = None


class Dispatch:
    """Sends batches of any subscription."""

    def __init__(self, means: Means) -> None:
        self._store, self._secrets, self._post = means.store, means.secrets, means.post
        self._clock, self._draw = means.clock, means.draw

    async def send(self, known: Subscription, batch: Batch) -> bool:
        """Send a batch, and write down what came of it; whether there may be more to do. Raises Unavailable."""
        claimed = await self._store.change(known, begun(known, batch.after, batch.behind, batch.last))
        if claimed is None:
            return True  # somebody changed it: see what it is now
        at, body = self._clock(), batch.body
        name = known.batch_id(batch.first, batch.last, body)
        answer = await self._answer(claimed, batch, body, name, at)
        attempt = attempt_of(answer, at, name, first=batch.first, last=batch.last)
        anchor = hashlib.sha256(batch.lines[-1].body).digest()
        chance = int.from_bytes(self._draw(4), "big") / 2**32

        def after(found: Subscription) -> Subscription:
            return (
                delivered(found, attempt, anchor)
                if attempt.arrived
                else failed(found, attempt, answer.retry_after, chance)
            )

        for _ in range(TRIES):
            if await self._store.change(claimed, after(claimed)) is not None:
                break
            found = await self._store.get(claimed.id)
            if found is None or (found.run, found.cursor, found.pending) != (known.run, batch.after, batch.last):
                break  # deleted, replayed, or delivered by another process: what came of this is no longer asked for
            claimed = found
        if not attempt.arrived:
            logger.info("webhook.failed", subscription=known.id, status=attempt.status, why=attempt.why)
        return attempt.arrived

    async def _answer(self, known: Subscription, batch: Batch, body: bytes, name: str, at: datetime) -> Answer:
        try:
            secrets = [await self._secrets.get(key.reference) for key in known.signing(at)]
        except Refused as why:
            found = await self._store.get(known.id)
            if found is not None and found.secrets != known.secrets:  # its secrets were ended meanwhile
                return await self._answer(replace(known, secrets=found.secrets), batch, body, name, at)
            logger.error("webhook.secret_locked", subscription=known.id, why=str(why))  # noqa: TRY400 - a sentence, no fault
            return _NotSigned()
        return await self._post.send(
            known.url,
            secrets,
            body,
            batch_id=name,
            at=at,
            headers={"Tasma-After": str(batch.after), "Tasma-Position": str(batch.last)},
        )


def fitting(lines: Sequence[Line]) -> tuple[Line, ...]:
    """As many of them as go into one batch; always one."""
    size, number = 2, 0
    for line in lines:
        size += len(line.body) + 1
        if number and size > BYTES_MAX:
            break
        number += 1
    return tuple(lines[:number])
