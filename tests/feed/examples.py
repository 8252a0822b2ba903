"""Adds examples of new event versions to the descriptions: `python -m tests.feed.examples`. What stands there stays.

They are events of the constructed year, as it records them; of what does not happen in it, of a few commands after it.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import structlog

import adapters.http
from adapters.http.schemas import EXAMPLES
from application.desk import Asker
from application.registry import DECIDERS, EVENT_TYPES
from domain.kernel import Event, current
from domain.network.events import FollowUpOpened
from domain.pathways.events import PathwayAgreed
from domain.revenue.events import RevenueTruedUp
from domain.settlement.events import LineDisputed, PaymentRecorded
from examples.kymenlaakso.settling import approver, checker
from examples.kymenlaakso.year import Year
from tests.examples.memory_stage import MemoryStage, played

FILE = Path(adapters.http.__path__[0]) / EXAMPLES
COORDINATOR = Asker(actor="person:coordinator", role="coordinator")


def decoded(line: bytes) -> dict[str, Any]:
    event: dict[str, Any] = msgspec.json.decode(line)
    return event


async def bodies(stage: MemoryStage) -> AsyncIterator[bytes]:
    """Everything that a stage has recorded, as exact bytes."""
    after = 0
    while portion := await stage.log.bodies(after, limit=1_000):
        after += len(portion)
        for body in portion:
            yield body


async def history(stage: MemoryStage) -> list[Event]:
    return [current(each.data) for each in await stage.log.read(0, limit=100_000)]


async def recorded() -> list[bytes]:
    """Events of every version."""
    stage, year = await played(2019)
    (offering, *_) = await stage.offerings()
    about = {"offering": offering.offering}
    description = {"kind": "course", "name": {"fi": "Ensiapu", "sv": "Första hjälpen"}, "price_cents": 12_000}
    await stage.desk.carry_out("update-offering", {**about, "description": description}, COORDINATOR)
    await stage.desk.carry_out("archive-offering", {**about, "reason": "discontinued"}, COORDINATOR)
    agreed = next(event for event in await history(stage) if isinstance(event, PathwayAgreed))
    paid = {"pathway": agreed.pathway, "step": agreed.steps[0].step, "part": 1, "received_on": str(agreed.agreed_on)}
    await stage.desk.carry_out("record-receipt", paid, COORDINATOR)
    for name in ("set-accounts", "list-bank-line", "clear-bank-line", "rename-organisation"):
        await stage.desk.carry_out(name, DECIDERS[name].example, COORDINATOR)
    shown = next(event for event in await history(stage) if isinstance(event, PaymentRecorded))
    back = {"payment": shown.payment, "bank_line": shown.bank_line, "reason": "wrong-line"}
    await stage.desk.carry_out("take-back-payment", {**back, "booked_on": str(shown.occurred_on)}, COORDINATOR)
    amendment = {**DECIDERS["amend-agreement"].example, "parties": year.partners}
    await stage.desk.carry_out("amend-agreement", amendment, COORDINATOR)
    await in_silence(stage, year)
    listed = next(event for event in await history(stage) if isinstance(event, FollowUpOpened))
    said = {"follow_up": listed.follow_up, "outcome": "Sent on to another provider."}
    await stage.desk.carry_out("close-follow-up", said, COORDINATOR)
    return [body async for body in bodies(stage)]


async def in_silence(stage: MemoryStage, year: Year) -> None:
    """One month more, of which nobody says anything but that two lines are disputed, and that one of them is wrong."""
    closed = year.now
    await stage.work_off()
    await stage.desk.carry_out("close-period", {"period": "2020-01"}, COORDINATOR, at=closed)
    await stage.work_off()
    lines = (
        (event, share.partner)
        for event in await history(stage)
        if isinstance(event, RevenueTruedUp) and event.period == "2020-01"
        for share in event.shares
        if share.cents and share.partner != event.collected_by
    )
    for n, (line, partner) in enumerate(islice(lines, 2)):
        disputed = {"partner": partner, "period": "2020-01", "entry": line.entry, "clause": partner}
        why = {"agreement": line.agreement, "reason": "other"}
        at = closed + timedelta(hours=n + 1)
        await stage.desk.carry_out("dispute-line", {**disputed, **why}, checker(partner), at=at)
        if n:
            begun = next(event for event in reversed(await history(stage)) if isinstance(event, LineDisputed))
            answer = {"dispute": begun.dispute, "answer": "accepted"}
            await stage.desk.carry_out("answer-dispute", answer, approver(line.collected_by), at=at)
    await stage.expire_due(closed + timedelta(days=30))


def telling(line: bytes) -> tuple[int, int]:
    """How much an event tells: what is null or empty shows nothing, and the shorter is read sooner."""
    data = decoded(line)["data"]
    return sum(value in (None, [], {}, 0) for value in data.values()), len(line)


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    kept = {decoded(line)["type"]: line for line in (FILE.read_bytes().splitlines() if FILE.exists() else ())}
    history = asyncio.run(recorded())
    for name in sorted(set(EVENT_TYPES) - set(kept)):
        kept[name] = min((line for line in history if decoded(line)["type"] == name), key=telling)
    FILE.write_bytes(b"".join(kept[name] + b"\n" for name in sorted(kept)))


if __name__ == "__main__":
    main()
