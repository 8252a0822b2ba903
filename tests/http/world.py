"""A small network in memory behind the real web application, with a clock that the test sets, and a token for every role."""

import asyncio
import hashlib
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import httpx
from litestar import Litestar
from litestar.testing import TestClient
from msgspec import Struct

from adapters.entropy import SeededEntropy
from adapters.figures import Figures, Work
from adapters.http.app import create_app
from adapters.memory.log import MemoryLog, MemoryMarks
from adapters.memory.subscriptions import MemorySecrets, MemorySubscriptions
from adapters.memory.tokens import MemoryTokens
from adapters.memory.tree import MemoryTree
from adapters.memory.views import MemoryViews
from adapters.settings import Settings
from adapters.signing import make_key, signers_of
from adapters.webhooks.post import WebhookPost
from application.access import Tokens, Wish
from application.desk import Asker, Desk
from application.feed import Feed
from application.ports import Decision, Outcome
from application.registry import EVENT_TYPES
from application.subscribing import Subscriptions
from application.subscription_ports import Means
from domain.settlement.events import LineDisputed, PaymentOrdered, PaymentRecorded, PeriodSettled

T = TypeVar("T")
START = datetime(2019, 3, 1, 7, 0, tzinfo=UTC)
ORIGIN = "tasma/networks/testi"
COORDINATOR = Asker(actor="person:c", role="coordinator")
POLICY = Asker(actor="policy:share-delivered-parts", role="policy", organisation="org:ekami")

RULE: Mapping[str, Any] = {
    "rounding": "largest-remainder",
    "steps": [
        {"take": {"percent": "10"}, "to": "org:xamk", "for": "coordination"},
        {"take": "remaining", "to": "role:provider", "for": "delivery"},
    ],
}
AGREEMENT: Mapping[str, Any] = {
    "agreement": "agreement:a-1",
    "title": {"fi": "Yhteistyösopimus 2019"},
    "parties": ["org:xamk", "org:ekami"],
    "data_sharing": True,
    "sharing_rule": RULE,
}
WISHES: Mapping[str, Wish] = {
    "coordinator": Wish(role="coordinator", subject="person:c"),
    "auditor": Wish(role="auditor", subject="person:a", expires_on=date(2019, 12, 31)),
    "project auditor": Wish(role="auditor", subject="person:pa", project="S20967", expires_on=date(2019, 12, 31)),
    "xamk": Wish(
        role="partner",
        organisation="org:xamk",
        subject="person:x",
        scopes=frozenset({"content", "finance-check"}),
    ),
    "ekami": Wish(role="partner", organisation="org:ekami", scopes=frozenset({"content"})),
    "ekami without scope": Wish(role="partner", organisation="org:ekami"),
    "cursor": Wish(role="partner", organisation="org:cursor", scopes=frozenset({"content"})),
    "mentor": Wish(role="mentor", organisation="org:xamk", subject="mentor:m-03"),
    "other mentor": Wish(role="mentor", organisation="org:xamk", subject="mentor:m-99"),
    "subscriber": Wish(role="subscriber", organisation="org:ekami"),
    "funder": Wish(role="funder", project="S20967"),
}


class Lag(Struct, frozen=True):
    name: str
    position: int
    lag_events: int = 0
    lag_seconds: float = 0.0
    state: str = "live"
    fault: str | None = None


class World:
    """Everything `adapters.http.network.Network` asks for, in memory."""

    def __init__(self) -> None:
        self.now = START
        self.settings = Settings(network="testi")
        self.log = MemoryLog(self.settings.source, SeededEntropy(1), self.clock)
        self.desk = Desk(self.log, MemoryMarks(), self.clock, SeededEntropy(2))
        self.views = MemoryViews(self.log)
        self.feed = Feed(self.log)
        self.tree = MemoryTree(self.log, ORIGIN, signers_of(make_key(ORIGIN, bytes(32))))
        numbers = count(1)
        self.store = MemoryTokens()
        self.tokens = Tokens(self.store, self.clock, lambda n: hashlib.sha256(str(next(numbers)).encode()).digest()[:n])
        self.means = Means(
            store=MemorySubscriptions(),
            log=self.log,
            tokens=self.tokens,
            secrets=MemorySecrets(),
            post=WebhookPost(private=False, draw=self.tokens.draw),
            clock=self.clock,
            draw=self.tokens.draw,
        )
        self.subscriptions = Subscriptions(self.means)
        self.lags: list[Lag] = []
        self.policy_lags: list[Lag] = []
        self.read_only: str | None = None
        self.unkept: str | None = None
        self.done = Work()
        self.bearers: dict[str, str] = {}
        self.client: TestClient[Litestar]

    def clock(self) -> datetime:
        return self.now

    async def status(self) -> Sequence[Lag]:
        return self.lags

    async def policy_status(self) -> Sequence[Lag]:
        return self.policy_lags

    async def figures(self) -> Figures:
        return Figures(head=(await self.log.head()).position, catalogue=len(EVENT_TYPES))

    def work(self) -> Work:
        return self.done

    def later(self, **step: float) -> None:
        self.now += timedelta(**step)

    def do(self, name: str, body: Mapping[str, Any], asker: Asker = COORDINATOR) -> Outcome:
        self.later(seconds=1)
        return run(self.desk.carry_out(name, body, asker))

    @property
    def head(self) -> int:
        return run(self.log.head()).position

    def send(
        self, name: str, body: object, who: str | None = "coordinator", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """A command over HTTP; bytes are sent as they are."""
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.client.request(
            "POST", f"/v1/commands/{name}", headers={**self.authorised(who), **(headers or {})}, **content
        )

    def get(
        self, path: str, who: str | None = "coordinator", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return self.client.get(path, headers={**self.authorised(who), **(headers or {})})

    def authorised(self, who: str | None) -> dict[str, str]:
        return {} if who is None else {"Authorization": f"Bearer {self.bearers[who]}"}


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def founded(*, constructed: bool = False) -> World:
    """A founded network with its partners."""
    world = World()
    for name, wish in WISHES.items():
        world.bearers[name] = run(world.tokens.issue(wish)).token
    founding = {"network": "testi", "name": {"fi": "Testi"}, "first_period": "2019-02", "constructed": constructed}
    world.do("found-network", founding)
    for partner in ("xamk", "ekami", "cursor"):
        organisation = f"org:{partner}"
        world.do("register-organisation", {"organisation": organisation, "name": {"fi": partner}, "kind": "other"})
        world.do("admit-partner", {"organisation": organisation, "membership": "open", "admitted_on": "2019-02-01"})
    return world


@contextmanager
def opened(*, constructed: bool = False) -> Iterator[World]:
    """The same, and a client for it."""
    world = founded(constructed=constructed)
    with TestClient(create_app(world), raise_server_exceptions=False) as client:
        world.client = client
        yield world


def live(world: World) -> None:
    """A year's life in a minute: an agreement, a mentor with a client, a pathway with a shared part, a referral."""
    world.do("draft-agreement", AGREEMENT)
    world.do("freeze-agreement", {"agreement": "agreement:a-1", "version": 1})
    for partner in AGREEMENT["parties"]:
        party = {"agreement": "agreement:a-1", "version": 1, "organisation": partner}
        world.do("approve-agreement", {**party, "body": "Hallitus", "section": "§ 1", "approved_on": "2019-03-01"})
        world.do("sign-agreement", {**party, "signed_on": "2019-03-01"})
    world.do("nominate-mentor", {"mentor": "mentor:m-03", "organisation": "org:xamk", "capacity": 1})
    world.do("assign-mentee", {"mentor": "mentor:m-03", "client": "client:c-17"})
    world.do(
        "publish-offering",
        {
            "offering": "offering:o-1",
            "provider": "org:ekami",
            "description": {"kind": "course", "name": {"fi": "Varastologistiikka", "sv": "Lagerlogistik"}},
        },
    )
    world.do(
        "draft-pathway",
        {"pathway": "pathway:p-07", "client": "client:c-17", "organisation": "org:xamk", "mentor": "mentor:m-03"},
    )
    parts = [{"part": 1, "cents": 30_000}, {"part": 2, "cents": 15_001}]
    step = {"pathway": "pathway:p-07", "step": 1}
    world.do("propose-step", {**step, "offering": "offering:o-1", "parts": parts})
    world.do("confirm-step", {**step, "agreement": "agreement:a-1"})
    world.do(
        "agree-pathway",
        {"pathway": "pathway:p-07", "agreement": "agreement:a-1", "collected_by": "org:xamk", "project": None},
    )
    world.do("deliver-step", {**step, "part": 1, "delivered_on": "2019-03-01"})
    world.do("share-revenue", {**step, "part": 1, "agreement": "agreement:a-1"}, POLICY)
    world.do(
        "send-referral",
        {
            "referral": "referral:r-17",
            "client": "client:c-18",
            "need": "truck-licence",
            "sender": "org:xamk",
            "receiver": "org:ekami",
            "agreement": "agreement:a-1",
        },
    )
    run(world.tree.seal())


def contest(world: World) -> None:
    """A line that ekami disputes and xamk is to answer for, as the log has it once the month is closed."""
    event = LineDisputed(
        dispute="dispute:1",
        statement="statement:ekami.2019-03",
        partner="org:ekami",
        counterparty="org:xamk",
        period="2019-03",
        entry="entry:1",
        clause="steps[1]",
        cents=27_000,
        reason="wrong-quantity",
        evidence=None,
        answer_by=date(2019, 4, 10),
        by="person:e",
        disputed_on=date(2019, 4, 3),
        parties=("org:ekami", "org:xamk"),
    )
    asked = run(world.desk.asked(COORDINATOR))
    run(world.log.append(Decision(events=(event,), asked=asked, digest=bytes(32), unless=(), after=())))


def settle(world: World) -> None:
    """A settlement in which xamk has paid ekami, as the log has it once it was approved and the bank has shown it."""
    parties = ("org:ekami", "org:xamk")
    day, settlement, payment = date(2019, 4, 20), "settlement:1", "payment:1"
    settled = PeriodSettled(
        settlement=settlement,
        number=1,
        period="2019-03",
        agreement="agreement:a-1",
        version=1,
        mode="gross",
        clearing=None,
        members=parties,
        units=(),
        pay_on=day,
        by="person:c",
        settled_on=day,
    )
    ordered = PaymentOrdered(
        payment=payment,
        settlement=settlement,
        number=1,
        payer="org:xamk",
        payee="org:ekami",
        cents=27_000,
        reference="1000012",
        pay_on=day,
        ordered_on=day,
        parties=parties,
    )
    recorded = PaymentRecorded(
        payment=payment,
        settlement=settlement,
        bank_line=f"bank-line:{1:032x}",
        side="payer",
        payer="org:xamk",
        payee="org:ekami",
        cents=27_000,
        posted_cents=27_000,
        outcome="matched",
        occurred_on=day,
        period="2019-04",
        parties=parties,
    )
    asked = run(world.desk.asked(COORDINATOR))
    events = (settled, ordered, recorded)
    run(world.log.append(Decision(events=events, asked=asked, digest=bytes(32), unless=(), after=())))
