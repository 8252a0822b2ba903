"""Tokens: who may come in, as whom, for how long; what is kept of them opens nothing."""

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Protocol, runtime_checkable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from application.desk import Asker, Clock
from application.door import place_of
from application.ports import Log
from domain.calendar import day_of
from domain.kernel import Refused, Role, Scope, facts
from domain.mentoring.events import MentorNominated
from domain.network.events import PartnerAdmitted
from domain.words import Organisation, ProjectCode, form

_OPAQUE = r"[a-z0-9][a-z0-9._-]{0,63}(?![\s\S])"
Person = Annotated[str, form(f"^person:{_OPAQUE}", "a person in lower case such as person:p-7")]
"""A person by an opaque id; never a name."""
Subject = Annotated[
    str,
    form(f"^(mentor|person):{_OPAQUE}", "a mentor or person in lower case such as mentor:m-03 or person:p-7"),
]
"""A mentor or a person, and never `policy:…`, which is the system itself.

In lower case alone, so that nobody is two. Tokens that were issued otherwise before go on opening the door.
"""

_BEARER = re.compile(r"tasma_([0-9a-f]{16})_([0-9a-f]{64})", re.ASCII)


class Wish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a new token shall be good for."""

    role: Role
    organisation: Organisation | None = None
    subject: Subject | None = None
    scopes: frozenset[Scope] = frozenset()
    project: ProjectCode | None = None
    expires_on: date | None = None
    """The last day it is good for, in Helsinki."""


class Token(Struct, frozen=True, kw_only=True):
    """A token as it is kept: all but its secret."""

    id: str
    secret_hash: bytes
    """SHA-256 of the secret's 32 random bytes. So much chance cannot be guessed, so no slow hash is needed."""
    role: Role
    organisation: str | None
    subject: str | None
    scopes: tuple[Scope, ...]
    project: str | None
    issued_at: datetime
    expires_on: date | None
    revoked_at: datetime | None

    @property
    def asker(self) -> Asker:
        """Who stands at the desk with this token; events name them by an opaque id."""
        return Asker(
            actor=self.subject or f"token:{self.id}",
            role=self.role,
            organisation=self.organisation,
            scopes=frozenset(self.scopes),
            subject=self.subject,
            project=self.project,
        )


class Issued(Struct, frozen=True, kw_only=True):
    """The answer to an issue: the only time that the token itself is seen."""

    id: str
    token: str
    role: Role
    organisation: str | None
    scopes: tuple[Scope, ...]
    expires: date | None


class WrongWish(Refused):
    """A token that cannot be issued as asked for."""


class TokenMissing(Refused):
    def __init__(self) -> None:
        super().__init__("This needs a token: send the header `Authorization: Bearer TOKEN`.")


class TokenUnknown(Refused):
    """Not a token of this network: which part of it is wrong stays unsaid."""

    def __init__(self) -> None:
        super().__init__(
            "This token is not known here. Compare it with what was issued, or ask the coordinator for a new one."
        )


class TokenExpired(Refused):
    def __init__(self, on: date) -> None:
        super().__init__(f"This token was good until {on}; ask the coordinator for a new one.")


class TokenRevoked(Refused):
    def __init__(self) -> None:
        super().__init__("This token has been revoked; ask the coordinator for a new one.")


class NoSuchToken(Refused):
    def __init__(self, token_id: str) -> None:
        super().__init__(f"There is no token {token_id!r}; `tasma token list` shows all.")


@runtime_checkable
class TokenStore(Protocol):
    """Where tokens are kept."""

    async def put(self, token: Token) -> None: ...

    async def get(self, token_id: str) -> Token | None: ...

    async def all(self) -> Sequence[Token]:
        """Every token, in the order of issue."""

    async def revoke(self, token_id: str, at: datetime) -> Token | None:
        """The token with the time of its first revocation; None where there is no such token."""


class Tokens:
    """Issues tokens, and says who somebody is by one. `draw` gives that many random bytes, fit for secrets."""

    def __init__(self, store: TokenStore, clock: Clock, draw: Callable[[int], bytes]) -> None:
        self.store, self.clock, self.draw = store, clock, draw

    async def issue(self, wish: Wish) -> Issued:
        """Issue a token. Raises WrongWish."""
        now = self.clock()
        _check(wish, day_of(now))
        token_id, secret = self.draw(8).hex(), self.draw(32).hex()
        token = Token(
            id=token_id,
            secret_hash=_hash(secret),
            role=wish.role,
            organisation=wish.organisation,
            subject=wish.subject,
            scopes=tuple(sorted(wish.scopes)),
            project=wish.project,
            issued_at=now,
            expires_on=wish.expires_on,
            revoked_at=None,
        )
        await self.store.put(token)
        return Issued(
            id=token_id,
            token=f"tasma_{token_id}_{secret}",
            role=token.role,
            organisation=token.organisation,
            scopes=token.scopes,
            expires=token.expires_on,
        )

    async def list(self) -> Sequence[Token]:
        """Every token ever issued, in the order of issue, revoked ones too."""
        return await self.store.all()

    async def revoke(self, token_id: str) -> Token:
        """Revoke a token from this moment on; twice is once. Raises NoSuchToken."""
        revoked = await self.store.revoke(token_id, self.clock())
        if revoked is None:
            raise NoSuchToken(token_id)
        return revoked

    async def find(self, bearer: str) -> Asker:
        """Who comes with this token. Raises TokenUnknown, TokenExpired, TokenRevoked."""
        parts = _BEARER.fullmatch(bearer)
        if parts is None:
            raise TokenUnknown
        token = await self.store.get(parts[1])
        # Compared in constant time, and compared even where there is no such token: an answer's time tells nothing.
        right = hmac.compare_digest(_hash(parts[2]), token.secret_hash if token else bytes(32))
        if token is None or not right:
            raise TokenUnknown
        return self._asker(token)

    async def holder(self, token_id: str) -> Asker:
        """Who a token was issued to, where they are not here themselves. Raises TokenUnknown, TokenExpired, TokenRevoked."""
        token = await self.store.get(token_id)
        if token is None:
            raise TokenUnknown
        return self._asker(token)

    def _asker(self, token: Token) -> Asker:
        """Who they are, while the token is good."""
        if token.revoked_at is not None:
            raise TokenRevoked
        if token.expires_on is not None and day_of(self.clock()) > token.expires_on:
            raise TokenExpired(token.expires_on)
        return token.asker


def id_of(bearer: str) -> str:
    """The id of a token that opens something: what it may be called, without its secret. Raises TokenUnknown."""
    parts = _BEARER.fullmatch(bearer)
    if parts is None:
        raise TokenUnknown
    return parts[1]


async def check_fits(wish: Wish, log: Log) -> None:
    """Compare a wish with the network: its organisation is a partner, its mentor that organisation's. Raises WrongWish."""
    if wish.organisation is not None:
        history = await log.look((facts(PartnerAdmitted, about=wish.organisation),))
        if not history.events:
            raise WrongWish(f"{wish.organisation} is no partner of this network.")
    if wish.role == "mentor" and wish.subject is not None:
        history = await log.look((facts(MentorNominated, about=wish.subject),))
        of = [r.data.organisation for r in history.events if isinstance(r.data, MentorNominated)]
        if wish.organisation not in of:
            raise WrongWish(f"{wish.subject} is no mentor of {wish.organisation}.")


def revoked(token: Token, at: datetime) -> Token:
    """The token as it is after a revocation: the first one counts."""
    return token if token.revoked_at else replace(token, revoked_at=at)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(bytes.fromhex(secret)).digest()


def _check(wish: Wish, today: date) -> None:
    try:
        msgspec.convert(msgspec.to_builtins(wish), Wish)
    except msgspec.ValidationError as error:
        where, why = place_of(error)
        raise WrongWish(f"No such token can be issued: {why} (at {where}).") from error
    match wish.role:
        case "policy":
            raise WrongWish("Policies are the network's own work; no token is issued for them.")
        case "partner" | "subscriber" if wish.organisation is None:
            raise WrongWish(f"A {wish.role}'s token needs the organisation it acts for.")
        case "mentor" if wish.organisation is None or not (wish.subject or "").startswith("mentor:"):
            raise WrongWish("A mentor's token needs the mentor's organisation and, as its subject, the id `mentor:…`.")
        case "auditor" if wish.expires_on is None:
            raise WrongWish("An auditor's token needs a last day.")
        case _:
            pass
    if (wish.subject or "").startswith("mentor:") and wish.role != "mentor":
        raise WrongWish(f"{wish.subject} is a mentor; a {wish.role} is named as `person:…`.")
    if {"finance-check", "finance-approve"} <= wish.scopes:
        raise WrongWish(
            "One token cannot hold both finance-check and finance-approve: who checks may not approve the same thing. "
            "Issue two, to two people."
        )
    if wish.project is not None and wish.role not in ("auditor", "funder"):
        raise WrongWish(f"A project narrows what an auditor or a funder sees; a {wish.role}'s token has none.")
    if wish.expires_on is not None and wish.expires_on < today:
        raise WrongWish(f"A token that was good until {wish.expires_on} opens nothing; today is {today}.")
