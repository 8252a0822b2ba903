"""What is appended and decided about: real events and commands, with ids and tags as the product makes them."""

import hashlib
from datetime import timedelta
from typing import Final

import msgspec

from adapters.clock import system_clock
from adapters.entropy import SeededEntropy
from application.door import command_id
from application.envelope import encode, placed
from application.ports import Decision
from domain.kernel import Asked, Boundary, Event, derived, facts, name_of, tags_of
from domain.mentoring.assign_mentee import AssignMentee
from domain.pathways.events import PathwayDrafted
from domain.referrals.events import ReferralSent

ACTOR: Final = "person:bench"
ORGANISATIONS: Final = ("org:ekami", "org:xamk")

_encode = msgspec.json.Encoder(order="deterministic").encode


class Asking:
    """Commands' own part: the clock's reading and ids, of one seed."""

    def __init__(self, seed: int) -> None:
        self.entropy = SeededEntropy(seed)

    def asked(self) -> Asked:
        now = system_clock()
        identity = command_id(ACTOR, None, self.entropy.event_id(now))
        return Asked(at=now, actor=ACTOR, role="coordinator", command_id=identity)


class Referrals:
    """Writer n sends one referral after another for a client of its own, unless somebody else did since it looked."""

    types: Final = (name_of(ReferralSent), name_of(PathwayDrafted))

    def __init__(self, seed: int) -> None:
        self._asking = Asking(seed)
        self._first = self._asking.asked()
        self.fact_bytes, self.event_bytes = len(self.bare(0)[1]), len(self.whole(0))

    def own_tag(self, n: int) -> str:
        return f"client:{derived(self._first.command_id, n)}"

    def boundary(self, n: int) -> Boundary:
        """One item: two types under the writer's own tag."""
        return (facts(ReferralSent, PathwayDrafted, about=self.own_tag(n)),)

    def decision(self, n: int, boundary: Boundary, after: int) -> Decision:
        """The next one of a writer, as its command would lead to it."""
        asked = self._asking.asked()
        event = self._event(n, asked)
        digest = hashlib.sha256(asked.command_id.bytes).digest()
        return Decision(events=(event,), asked=asked, digest=digest, unless=boundary, after=after)

    def bare(self, n: int) -> tuple[tuple[str, ...], bytes]:
        """Tags and bytes of the same fact, without the envelope that the product puts around it."""
        event = self._event(n, self._asking.asked())
        return tags_of(event), _encode(event)

    def whole(self, n: int) -> bytes:
        """An event with its envelope, as long as it is stored."""
        asked = self._asking.asked()
        (unplaced,) = encode((self._event(n, asked),), asked, "/networks/bench", self._asking.entropy)
        return placed(1, asked.at, unplaced.body)

    def _event(self, n: int, asked: Asked) -> Event:
        return ReferralSent(
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


class Assignments:
    """Whole decisions: a mentor is given one more client, who has none."""

    def __init__(self, seed: int) -> None:
        self._asking = Asking(seed)

    def command(self, mentor: str) -> AssignMentee:
        asked = self._asking.asked()
        return AssignMentee(asked=asked, mentor=mentor, client=asked.new("client"))
