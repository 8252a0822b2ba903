"""What is appended and decided about: real events and commands, with ids and tags as the product makes them."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from typing import Final, NamedTuple

import msgspec

from adapters.clock import system_clock
from adapters.entropy import SeededEntropy
from application.door import command_id
from application.envelope import encode, placed
from application.ports import Decision
from domain.kernel import Asked, Boundary, derived, facts, name_of, tags_of
from domain.mentoring.assign_mentee import AssignMentee
from domain.pathways.events import PathwayDrafted
from domain.referrals.events import ReferralSent

ACTOR: Final = "person:bench"
ORGANISATIONS: Final = ("org:ekami", "org:xamk")
FACTS_EACH: Final = 250
"""Facts made for each writer before it writes."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Asking:
    """Commands' own part: the clock's reading and ids, of one seed."""

    def __init__(self, seed: int) -> None:
        self.entropy = SeededEntropy(seed)

    def asked(self) -> Asked:
        now = system_clock()
        identity = command_id(ACTOR, None, self.entropy.event_id(now))
        return Asked(at=now, actor=ACTOR, role="coordinator", command_id=identity)


class Referral(NamedTuple):
    """A fact ready to be appended, for whoever takes it as it is and for whoever takes tags and bytes."""

    event: ReferralSent
    tags: tuple[str, ...]
    data: bytes


class Referrals:
    """Writer n sends one referral after another for a client of its own, unless somebody else did since it looked.

    The facts are made before: what is measured is appending them. A writer comes back to its first one after a while, and
    appends it as another event; no system here minds.
    """

    types: Final = (name_of(ReferralSent), name_of(PathwayDrafted))

    def __init__(self, seed: int) -> None:
        self._asking = Asking(seed)
        self._first = self._asking.asked()
        self._facts: dict[int, Iterator[Referral]] = {}
        self.fact_bytes, self.event_bytes = len(self.fact(0).data), len(self.whole(0))

    def own_tag(self, n: int) -> str:
        return f"client:{derived(self._first.command_id, n)}"

    def boundary(self, n: int) -> Boundary:
        """One item: two types under the writer's own tag."""
        return (facts(ReferralSent, PathwayDrafted, about=self.own_tag(n)),)

    def fact(self, n: int) -> Referral:
        """The next one of a writer."""
        if n not in self._facts:
            self._facts[n] = cycle([self._made(n) for _ in range(FACTS_EACH)])
        return next(self._facts[n])

    def decision(self, n: int, boundary: Boundary, after: int) -> Decision:
        """The same, as its command would lead to it: under an id and a digest of its own."""
        asked = self._asking.asked()
        digest = hashlib.sha256(asked.command_id.bytes).digest()
        return Decision(
            events=(self.fact(n).event,), asked=asked, digest=digest, unless=boundary, after=(after,) * len(boundary)
        )

    def whole(self, n: int) -> bytes:
        """An event with its envelope, as long as it is stored."""
        asked = self._asking.asked()
        (unplaced,) = encode((self.fact(n).event,), asked, "/networks/bench", self._asking.entropy)
        return placed(1, asked.at, unplaced.body)

    def _made(self, n: int) -> Referral:
        asked = self._asking.asked()
        event = ReferralSent(
            referral=asked.new("referral"),
            client=self.own_tag(n),
            need="logistics",
            sender=ORGANISATIONS[0],
            receiver=ORGANISATIONS[1],
            offering=None,
            agreement="agreement:kymenlaakso-2019",
            version=1,
            sent_on=asked.on,
            answer_by=asked.on + timedelta(days=3),
            expires_on=asked.on + timedelta(days=7),
            parties=ORGANISATIONS,
        )
        return Referral(event, tags_of(event), _encode(event))


class Assignments:
    """Whole decisions: a mentor is given one more client, who has none."""

    def __init__(self, seed: int) -> None:
        self._asking = Asking(seed)

    def command(self, mentor: str) -> AssignMentee:
        asked = self._asking.asked()
        return AssignMentee(asked=asked, mentor=mentor, client=asked.new("client"))
