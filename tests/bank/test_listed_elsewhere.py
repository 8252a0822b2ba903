"""A line that two processes say different things of at the same time is what the first one says."""

from collections.abc import Mapping
from typing import Any

import pytest

from application.desk import Asker, Desk
from application.ports import Decision, Outcome
from domain.settlement.events import BankLineListed, PaymentRecorded
from domain.settlement.shown import LineIdTaken
from tests.bank.settled import CURSOR, EKAMI, XAMK, ordered
from tests.bank.settled_world import PAID_ON, SettledWorld
from tests.bank.test_intake import payer
from tests.http.world import run

Wish = tuple[str, Mapping[str, Any], Asker]
LINE = {"bank_line": f"bank-line:{7:032x}", "booked_on": str(PAID_ON)}


def listing() -> Wish:
    """Cursor says that it is a line of its account."""
    of_line = {"organisation": CURSOR, "cents": -70_000, "reference": None, "payment": None, "reason": "unknown"}
    return "list-bank-line", {**LINE, **of_line}, payer(CURSOR)


def recording(world: SettledWorld) -> Wish:
    """Xamk says that it is its payment to ekami."""
    order = run(ordered(world))[EKAMI]
    of = {"payment": order.payment, "settlement": order.settlement, "side": "payer", "cents": 70_000}
    return "record-payment", {**LINE, **of}, payer(XAMK)


@pytest.mark.parametrize("first", ["list-bank-line", "record-payment"])
def test_whoever_was_overtaken_between_looking_and_appending_looks_again(
    january: SettledWorld, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    fast, slow = sorted((listing(), recording(january)), key=lambda wish: wish[0] != first)
    append, before = january.log.append, january.head
    other = Desk(january.log, january.desk.marks, january.desk.clock, january.desk.entropy)

    async def overtaken(decision: Decision) -> Outcome:
        monkeypatch.undo()
        await other.carry_out(*fast)
        return await append(decision)

    monkeypatch.setattr(january.log, "append", overtaken)
    with pytest.raises(LineIdTaken):
        run(january.desk.carry_out(*slow))
    assert january.head == before + 1
    (event,) = (each.data for each in january.events(before))
    assert isinstance(event, BankLineListed if first == "list-bank-line" else PaymentRecorded)
