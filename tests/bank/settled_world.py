"""The settled January in memory behind the real web application."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

import httpx
from litestar.testing import TestClient

from adapters.cuts import cuts_of
from adapters.http.app import create_app
from adapters.memory.log import MemoryDocuments
from application.access import Wish
from application.envelope import Recorded
from application.policies import POLICIES
from application.policy_worker import PolicyWorker, work_all
from domain.kernel import Event
from examples.kymenlaakso.bank_statement import Entry, Payment, Statement, camt053
from tests.bank.settled import CURSOR, EKAMI, IBANS, XAMK, approve, approve_january, settle
from tests.http.world import WISHES, World, run

STATEMENTS = "/v1/bank-statements"
PAID_ON = date(2019, 2, 21)
MADE_AT = datetime(2019, 2, 21, 16, 0, tzinfo=UTC)
MORE_WISHES: Mapping[str, Wish] = {
    **WISHES,
    **{
        organisation: Wish(role="partner", organisation=organisation, scopes=frozenset({"finance-approve"}))
        for organisation in IBANS
    },
    "checker": Wish(role="partner", organisation=XAMK, scopes=frozenset({"finance-check"})),
    "subscriber": Wish(role="subscriber", organisation=XAMK),
}


class SettledWorld(World):
    """January is settled and approved: payments are ordered and nothing is paid yet."""

    def __init__(self, *, approved: bool = True, without_account: str | None = None) -> None:
        super().__init__()
        self.documents = MemoryDocuments()
        cuts = cuts_of(views=self.views, log=self.log, documents=self.documents)
        self.workers = [PolicyWorker(policy, self.desk, self.log, self.desk.marks, cuts) for policy in POLICIES]
        for name, wish in MORE_WISHES.items():
            self.bearers[name] = run(self.tokens.issue(wish)).token
        run(approve_january(self, without_account))
        self.settlement = run(settle(self))
        if approved:
            self.approve()

    def approve(self) -> None:
        run(approve(self, self.settlement))

    async def work_off(self) -> None:
        await work_all(self.workers)

    def hand_in(
        self, body: bytes, who: str | None = "coordinator", content_type: str = "application/xml"
    ) -> httpx.Response:
        """A bank's file over HTTP, when it can have come."""
        headers = {**self.authorised(who), "Content-Type": content_type}
        if who == "coordinator":
            headers["Tasma-At"] = "2019-02-22T09:00:00+02:00"
        return self.client.post(STATEMENTS, content=body, headers=headers)

    def events(self, after: int = 0) -> Sequence[Recorded]:
        return run(self.log.read(after, limit=10_000))

    def all(self, kind: type[Event]) -> list[Event]:
        return [event.data for event in self.events() if isinstance(event.data, kind)]


@contextmanager
def served(*, approved: bool = True, without_account: str | None = None) -> Iterator[SettledWorld]:
    world = SettledWorld(approved=approved, without_account=without_account)
    with TestClient(create_app(world), raise_server_exceptions=False) as client:
        world.client = client
        yield world


def file_of(organisation: str, *payments: Payment, message: str = "M-1") -> bytes:
    """A statement of an organisation's account, each payment an entry of its own."""
    entries = tuple(
        Entry(PAID_ON, (payment,), bank_reference=payment.bank_reference or f"190221A{n}")
        for n, payment in enumerate(payments)
    )
    return camt053(message, MADE_AT, Statement("S-1", IBANS[organisation], entries, opening_cents=1_000_000))


__all__ = ["CURSOR", "EKAMI", "PAID_ON", "XAMK", "SettledWorld", "file_of", "served"]
