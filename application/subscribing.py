"""The desk for subscriptions: who may have one, of what, and what their owners may do with them.

What somebody may not see does not exist: of another's subscription nothing is said, not even that it is there.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from application.desk import Asker
from application.door import Malformed
from application.ports import CommandIdReused, Log, Unavailable
from application.subscription_ports import Answer, Means
from application.subscription_refusals import (
    NoSuchSubscription,
    TestedJustNow,
    TokenNotTheirs,
    TooManySecrets,
    TooManySubscriptions,
)
from application.subscription_wishes import Subscribe, wish_in
from application.subscriptions import (
    PAUSED_BY_OWNER,
    SECRETS_MAX,
    SUBSCRIPTIONS_MAX,
    TEST_REST,
    Attempt,
    Key,
    Subscription,
    paused,
    replayed,
    resumed,
    rotated,
    tested,
)
from application.visibility import rights_of
from domain.changing import replace
from domain.kernel import Refused

TRIES: Final = 8
"""How often a change is made anew, since somebody else's came between."""
EMPTY: Final = b"[]"
"""The body of a test: a batch without events."""


class Created(Struct, frozen=True):
    subscription: Subscription
    secret: str | None
    """Shown this once; None where the subscription was there already."""


Change = Callable[[Subscription], Subscription]


class Subscriptions:
    """Makes subscriptions, shows them to whom they belong, and does with them what these want."""

    def __init__(self, means: Means) -> None:
        self.store, self._log, self._tokens, self._secrets = means.store, means.log, means.tokens, means.secrets
        self._post, self._clock, self._draw = means.post, means.clock, means.draw

    async def create(self, wanted: Subscribe, asker: Asker, token: str, key: str | None = None) -> Created:
        """A new subscription with the rights of a token, named by its id; under the same key the same one.

        Raises Malformed, TooManySubscriptions, CommandIdReused, and Refused where no secret can be kept.
        """
        owner = owner_of(asker)
        digest = hashlib.sha256(msgspec.json.encode((asker.role, asker.organisation, wanted))).digest()
        named = hashlib.sha256(f"subscription\n{owner}\n{key}".encode()).digest()[:16] if key else self._draw(16)
        subscription_id = f"sub_{named.hex()}"
        if key and (known := await self.store.get(subscription_id)):
            return _repeated(known, digest)
        url = self._post.check(wanted.url)
        wish_in(wanted.types, wanted.about)
        cursor, anchor = await self._place(wanted.after)
        async with self._new_secret(subscription_id) as (secret, kept):
            new = Subscription(
                id=subscription_id,
                owner=owner,
                token=token,
                role=asker.role,
                organisation=asker.organisation,
                url=url,
                types=wanted.types,
                about=wanted.about,
                digest=digest,
                created_at=self._clock(),
                cursor=cursor,
                anchor=anchor,
                run=self._another_run(),
                secrets=(kept,),
            )
            if not await self.store.add(new, most=SUBSCRIPTIONS_MAX):
                raise TooManySubscriptions(owner)
        added = await self.store.get(subscription_id)
        if added is None or kept.subject not in _subjects(added):  # the same request came twice at once
            await self._secrets.erase(kept.subject)
            return _repeated(added or new, digest)
        return Created(added, secret)

    async def seen_by(self, asker: Asker) -> Sequence[Subscription]:
        if asker.role == "coordinator":
            return await self.store.all()
        return [one for one in await self.store.all(owner_of(asker)) if _is_theirs(asker, one)]

    async def one(self, subscription_id: str, asker: Asker) -> Subscription:
        """Raises NoSuchSubscription, also for one of somebody else."""
        found = await self.store.get(subscription_id)
        if found is None or (asker.role != "coordinator" and not _is_theirs(asker, found)):
            raise NoSuchSubscription(subscription_id)
        return found

    async def pause(self, subscription_id: str, asker: Asker) -> Subscription:
        """Nothing more is sent; what is on its way arrives. Twice is once."""
        return await self._change(subscription_id, asker, lambda known: paused(known, PAUSED_BY_OWNER))

    async def resume(self, subscription_id: str, asker: Asker, token: str) -> Subscription:
        """Goes on at once where it stopped; one that goes on already is tried at once. Raises TokenNotTheirs."""
        known = await self.one(subscription_id, asker)
        reads_with = await self._token_of(known, asker, token)
        cursor, anchor = await self._place(min(known.cursor, (await self._log.head()).position))
        run = self._another_run()

        def again(found: Subscription) -> Subscription:
            if found.cursor != known.cursor:  # it has gone on meanwhile
                return resumed(found, reads_with, found.cursor, found.anchor, run)
            return resumed(found, reads_with, cursor, anchor, run)

        return await self._change(subscription_id, asker, again)

    async def replay(self, subscription_id: str, asker: Asker, token: str, after: int) -> Subscription:
        """Send everything behind a position again. Raises Malformed, TokenNotTheirs."""
        known = await self.one(subscription_id, asker)
        reads_with = await self._token_of(known, asker, token)
        cursor, anchor = await self._place(after)
        run = self._another_run()
        return await self._change(
            subscription_id, asker, lambda found: replayed(found, reads_with, cursor, anchor, run)
        )

    async def rotate(self, subscription_id: str, asker: Asker, *, keep_old: bool = True) -> Created:
        """A new secret, shown this once; the old ones sign along for a day, or end at once. Raises TooManySecrets."""
        now, known = self._clock(), await self.one(subscription_id, asker)

        def renewed(found: Subscription) -> Subscription:
            """Of many who ask at once each finds what the ones before it left."""
            nonlocal known
            known = found
            if keep_old and len(signing := found.signing(now)) >= SECRETS_MAX:
                raise TooManySecrets(min(key.until for key in signing if key.until))
            return rotated(found, kept, now, keep_old=keep_old)

        async with self._new_secret(subscription_id) as (secret, kept):
            changed = await self._change(subscription_id, asker, renewed)
        for key in _subjects(known) - _subjects(changed):
            await self._secrets.erase(key)
        return Created(changed, secret)

    async def test(self, subscription_id: str, asker: Asker) -> Attempt:
        """Send a batch without events now, and say what came of it. Raises TestedJustNow."""
        now = self._clock()

        def claim(found: Subscription) -> Subscription:
            if found.tested_at is not None and (left := found.tested_at + TEST_REST - now) > timedelta():
                raise TestedJustNow(min(left, TEST_REST))
            return replace(found, tested_at=now)

        known = await self._change(subscription_id, asker, claim)
        secrets = [await self._secrets.get(key.reference) for key in known.signing(now)]
        webhook_id = f"{known.id}_test_{int(now.timestamp() * 1_000_000)}"
        answer = await self._post.send(
            known.url,
            secrets,
            EMPTY,
            batch_id=webhook_id,
            at=now,
            headers={"Tasma-After": str(known.cursor), "Tasma-Position": str(known.cursor)},
        )
        attempt = attempt_of(answer, now, webhook_id)
        done = await self._change(subscription_id, asker, lambda found: tested(found, attempt))
        return done.last or attempt

    async def delete(self, subscription_id: str, asker: Asker) -> None:
        """It is gone with its attempts, and its secrets are erased. Raises NoSuchSubscription."""
        known = await self.one(subscription_id, asker)
        removed = await self.store.remove(known.id)
        for key in _subjects(known) | (_subjects(removed) if removed else set()):  # one may have been added meanwhile
            await self._secrets.erase(key)

    async def _change(self, subscription_id: str, asker: Asker, change: Change) -> Subscription:
        for _ in range(TRIES):
            known = await self.one(subscription_id, asker)
            if (done := await self.store.change(known, change(known))) is not None:
                return done
        raise Unavailable("This subscription is being changed by others just now; ask again in a moment.")

    async def _place(self, after: int | None) -> tuple[int, bytes | None]:
        """A cursor, and by what its place is known again; None: the end of the log. Raises Malformed."""
        head = (await self._log.head()).position
        cursor = head if after is None else after
        if not 0 <= cursor <= head:
            raise Malformed("$.after", f"{cursor:,} is no position to begin behind: the log ends at {head:,}")
        anchor = await anchor_at(self._log, cursor)
        if cursor and anchor is None:
            raise Unavailable("The log was put back to an earlier state just now; ask again in a moment.")
        return cursor, anchor

    def _another_run(self) -> int:
        """As large as the store takes it."""
        return int.from_bytes(self._draw(4), "big") >> 1

    @asynccontextmanager
    async def _new_secret(self, subscription_id: str) -> AsyncIterator[tuple[str, Key]]:
        """A new secret; where the block fails and the subscription does not have it, it is erased again."""
        secret, subject = self._post.new_secret(), f"subscription:{subscription_id}:{self._draw(8).hex()}"
        try:
            yield secret, Key(subject=subject, reference=(await self._secrets.put(subject, secret)).reference)
        except BaseException:
            with suppress(Unavailable):
                found = await self.store.get(subscription_id)  # a change whose answer was lost is done all the same
                if found is None or subject not in _subjects(found):
                    await self._secrets.erase(subject)
            raise

    async def _token_of(self, known: Subscription, asker: Asker, token: str) -> str:
        """The id of the token to read with from now on: who asks by one with the same rights replaces one that ended.

        Raises TokenNotTheirs.
        """
        if _reads_the_same(asker, known):
            return token
        try:
            await self._tokens.holder(known.token)
        except Refused as why:
            raise TokenNotTheirs(why, known) from why
        return known.token


def owner_of(asker: Asker) -> str:
    """Whose the subscriptions of an asker are: their organisation's, or their own where they have none."""
    return asker.organisation or asker.actor


def _reads_the_same(asker: Asker, known: Subscription) -> bool:
    """Whether an asker has the rights that a subscription was made with: what it does is done with these.

    Nobody subscribes whose reading is narrowed by anything but role and organisation.
    """
    return rights_of(asker) == (known.role, known.organisation, None, None)


def _is_theirs(asker: Asker, known: Subscription) -> bool:
    """Whether an asker who does not run the network may have to do with a subscription."""
    return owner_of(asker) == known.owner and _reads_the_same(asker, known)


def _subjects(known: Subscription) -> set[str]:
    """Of its secrets, as the vault has them."""
    return {key.subject for key in known.secrets}


async def anchor_at(log: Log, position: int) -> bytes | None:
    """By what the place behind a position is known again: the SHA-256 of the event there; None at 0, and beyond the end."""
    body = await log.body(position) if position else None
    return None if body is None else hashlib.sha256(body).digest()


def attempt_of(
    answer: Answer, at: datetime, webhook_id: str, *, first: int | None = None, last: int | None = None
) -> Attempt:
    return Attempt(
        at=at,
        kind="test" if last is None else "events",
        webhook_id=webhook_id,
        from_position=first,
        to_position=last,
        status=answer.status,
        milliseconds=round(answer.seconds * 1_000),
        why=answer.why,
    )


def _repeated(known: Subscription, digest: bytes) -> Created:
    if known.digest != digest:
        raise CommandIdReused
    return Created(known, None)
