"""Whatever is listed, cleared, recorded and taken back, in any order: what is on somebody's list is what it can clear."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import cache
from typing import Any, Literal
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from application.door import command_of
from application.registry import DECIDERS
from domain.kernel import Asked, Event, Refused, Unknown, derived
from domain.network.events import OrganisationRegistered
from domain.settlement.events import BankLineListed, PaymentOrdered
from domain.words import Names
from projections.settlement_bank_lines import worklist
from projections.settlement_rows import BankLine
from tests.projections.booked import CURSOR, EKAMI, KSAO, XAMK, shared
from tests.projections.settled_month import MARCH, booked
from tests.projections.settling import NOW, World

PARTIES = (EKAMI, KSAO, XAMK, CURSOR)
UNITS = {EKAMI: "org:city", KSAO: "org:city"}
"""They share the account of the city; xamk pays each of them 100.00."""
LINES = (("payee", 4_000), ("payee", 10_000), ("payee", 13_000), ("payer", 10_000))
"""Of whose account each is, and what it says."""
DAY = "2019-05-02"
Kind = Literal["list", "clear", "record", "returned", "not-received", "wrong-line"]
Step = tuple[Kind, int, int]
"""What is done with which line; and for whom, of which payment, or which line shows it."""

some_steps = st.lists(
    st.tuples(
        st.sampled_from(("list", "clear", "clear", "record", "record", "record", "returned", "wrong-line", "not-received")),
        st.integers(0, len(LINES) - 1),
        st.integers(0, len(PARTIES) - 1),
    ),
    min_size=1,
    max_size=16,
)  # fmt: skip


@cache
def _ordered() -> tuple[Event, ...]:
    """Two payments, approved."""
    world = booked("gross", shared("entry:1", {EKAMI: 10_000, KSAO: 10_000}))
    world.do("approve-settlement", {"settlement": world.settle(MARCH)}, actor="person:9")
    for unit, person in UNITS.items():
        registered = OrganisationRegistered(
            organisation=unit,
            name=Names(fi="Yksikkö"),
            kind="other",
            business_id=None,
            oid=None,
            unit_of=person,
            registered_on=date(2019, 1, 2),
        )
        world.add(registered)
    return tuple(world.events)


class Lists:
    """The settled month, in which lines come in; what is refused changes nothing."""

    def __init__(self) -> None:
        self.world = World()
        self.world.add(*_ordered())
        self.payments: list[PaymentOrdered] = self.world.of(PaymentOrdered)

    def take(self, step: Step) -> None:
        kind, n, other = step
        side, cents = LINES[n]
        line = {"bank_line": _id(n)}
        (known,) = self.world.rows().under(BankLine, _id(n)) or [BankLine(_id(n))]
        match kind:
            case "list":
                said = {"cents": known.cents or cents, "payment": known.payment, "reason": known.outcome or "unknown"}
                if said["reason"] not in ("matched", "confirmed"):
                    body = {**line, **said, "organisation": PARTIES[other], "reference": None, "booked_on": DAY}
                    self._ask("list-bank-line", body, PARTIES[other])
            case "clear":
                self._ask("clear-bank-line", {**line, "how": ("returned", "kept-on-account")[other % 2]})
            case "record":
                payment = self.payments[other % len(self.payments)]
                of = {"payment": payment.payment, "settlement": payment.settlement, "side": side, "cents": cents}
                self._ask("record-payment", {**line, **of, "booked_on": DAY})
            case _:
                shown_by = _id(other) if kind == "returned" and other != n else None
                payment_id = known.payment or self.payments[0].payment
                body = {**line, "payment": payment_id, "reason": kind, "shown_by": shown_by, "booked_on": DAY}
                self._ask("take-back-payment", body)

    def _ask(self, name: str, body: Mapping[str, Any], organisation: str | None = None) -> None:
        with suppress(Refused):
            self.world.add(*self._decided(name, body, organisation))

    def why_not_cleared(self, n: int, organisation: str) -> Refused | None:
        """Why somebody cannot say what became of a line; None where it can."""
        try:
            self._decided("clear-bank-line", {"bank_line": _id(n), "how": "kept-on-account"}, organisation)
        except Refused as refusal:
            return refusal
        return None

    def _decided(self, name: str, body: Mapping[str, Any], organisation: str | None) -> tuple[Event, ...]:
        """For an organisation; without one by the coordinator."""
        asked = Asked(
            at=NOW,
            actor="person:1",
            role="partner" if organisation else "coordinator",
            organisation=organisation,
            command_id=derived(UUID(int=1), len(self.world.events)),
        )
        command = command_of(name, body, asked)
        boundary = DECIDERS[name].boundary(command)
        return DECIDERS[name](command, [e for e in self.world.events if any(c.admits(e) for c in boundary)])

    def check(self) -> None:
        rows = self.world.rows()
        for organisation in PARTIES:
            listed = {view.bank_line: view for view in worklist(rows, organisation)}
            for n in range(len(LINES)):
                refusal, view = self.why_not_cleared(n, organisation), listed.get(_id(n))
                assert (refusal is None) is (view is not None and view.reason != "contradicted"), (n, organisation)
                assert view is None or not isinstance(refusal, Unknown), (
                    "of what is on the list nobody hears that it is not"
                )
        for put in self.world.of(BankLineListed):
            (line,) = rows.under(BankLine, put.bank_line)
            assert _person(line.organisation) == _person(put.organisation), "nobody takes a line off another's list"


def _id(n: int) -> str:
    return f"bank-line:{n:032x}"


def _person(organisation: str) -> str:
    return UNITS.get(organisation, organisation)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_steps)
@example([("list", 0, 0), ("clear", 0, 0), ("record", 0, 0)])  # cleared as unknown, then a part
@example([("record", 1, 0), ("list", 2, 0), ("clear", 2, 0), ("record", 2, 0)])  # cleared, then paid twice
@example(
    [("list", 0, 1), ("record", 0, 0), ("record", 0, 1), ("clear", 0, 1)]
)  # listed for one unit, a part for the other
@example([("list", 3, 2), ("clear", 3, 0), ("record", 1, 0), ("returned", 1, 3)])  # another's line is to show a return
@example(
    [("list", 0, 1), ("clear", 0, 0), ("record", 1, 0), ("returned", 1, 0), ("clear", 0, 1)]
)  # cleared, then shows one
@example([("record", 3, 0), ("record", 0, 0)])  # the two accounts contradict each other
def test_what_is_on_somebody_s_list_is_what_it_can_clear(steps: list[Step]) -> None:
    """Decision and read model agree whose a line is, and whether anybody still has to look after it."""
    lists = Lists()
    for step in steps:
        lists.take(step)
        lists.check()
