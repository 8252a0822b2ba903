"""What people do with money: costs, sessions, receipts, VAT; statements are answered and disputed; months are settled and paid."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from application.ports import Outcome
from domain.kernel import Event, current
from domain.mentoring.events import MenteeAssigned
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from domain.settlement.disputable import Posting, id_of, lines_in
from domain.settlement.events import (
    LineDisputed,
    PaymentOrdered,
    PaymentRecorded,
    PeriodClosed,
    PeriodSettled,
    SettlementApproved,
    StatementIssued,
)
from examples.kymenlaakso.settling import billing_details
from tests.domain.story import AGREEMENT, PARTNERS
from tests.invariants.money import TREASURER, colleague_of
from tests.invariants.network import COORDINATOR, person_of
from tests.simulation.world import World

E = TypeVar("E", bound=Event)
KEYS: tuple[Mapping[str, Any], ...] = (
    {
        "name": "web",
        "paid_by": "org:cursor",
        "costs": {"split": {"org:xamk": "1", "org:ekami": "2", "org:cursor": "1"}},
    },
    {"name": "fee", "paid_by": "org:xamk", "costs": {"fixed_cents": 4_999}, "owed_by": ["org:ksao", "org:ekami"]},
)
NETTINGS: tuple[Mapping[str, Any], ...] = (
    {"mode": "gross"},
    {"mode": "pairwise"},
    {"mode": "multilateral"},
    {"mode": "clearing", "clearing": "org:cursor"},
)
TREATMENTS: tuple[Mapping[str, str], ...] = (
    {"code": "S", "rate": "24"},
    {"code": "S", "rate": "25.5"},
    {"code": "E", "rate": "0", "ground": "AVL 39-40 §"},
)


def clauses(world: World) -> dict[str, Any]:
    """What an agreement says of money, beside its sharing rule."""
    draw = world.random
    return {
        "cost_keys": list(KEYS),
        "waivers": draw.choice(([], [{"between": ["org:cursor", "org:ekami"]}])),
        "netting": draw.choice(NETTINGS),
        "due": draw.choice(("delivery", "delivery", "receipt")),
        "self_billing": draw.choice(([], ["org:xamk"])),
        "dispute_days": draw.choice((3, 10)),
        "dispute_answer_days": draw.choice((1, 3)),
        "tacit_approval": draw.random() < 0.5,
    }


async def _found(world: World, kind: type[E]) -> Sequence[E]:
    """What the log holds of one kind."""
    read = await world.database.log.read(0, limit=100_000)
    return [event for r in read if isinstance(event := current(r.data), kind)]


async def offices(world: World) -> None:
    """Everybody says where it is invoiced and how what it sells is taxed, some of it late; a new version is signed meanwhile."""
    draw = world.random
    for n, partner in enumerate(PARTNERS):
        await world.rest(1.0)
        await world.ask(COORDINATOR, "set-billing-details", billing_details(partner, n, None))
        await world.ask(
            COORDINATOR, "rename-organisation", {"organisation": partner, "name": {"fi": f"{partner[4:]} Oy"}}
        )
        await world.ask(
            person_of(partner), "set-accounts", {"organisation": partner, "accounts": [{"account": f"29{n}0"}]}
        )
        body = {"seller": partner, "agreement": AGREEMENT, "clause": None, **draw.choice(TREATMENTS)}
        on = {"valid_from": f"{world.today().year - 1}-01-01", "decided_by": "Talousjohto"}
        await world.ask(colleague_of(partner), "decide-vat-treatment", {**body, **on})


async def amendment(world: World, rule: Mapping[str, Any]) -> None:
    """Another version, from its writing to its last signature; what was agreed before keeps its own."""
    await world.rest(4.0)
    which, on = {"agreement": AGREEMENT, "version": 2}, str(world.today())
    written = {"agreement": AGREEMENT, "title": {"fi": "S"}, "parties": list(PARTNERS), "data_sharing": True}
    await world.ask(person_of("org:xamk"), "amend-agreement", {**written, "sharing_rule": rule, **clauses(world)})
    await world.ask(person_of("org:xamk"), "freeze-agreement", which)
    for party in PARTNERS:
        approval = {"organisation": party, "body": "Hallitus", "section": "1", "approved_on": on}
        await world.ask(colleague_of(party), "approve-agreement", {**which, **approval})
    for party in PARTNERS:
        await world.ask(colleague_of(party), "sign-agreement", {**which, "organisation": party, "signed_on": on})


async def sessions(world: World) -> None:
    """Mentors meet clients before and after what is delivered; hours may come with no amount any more."""
    draw = world.random
    for n in range(6):
        await world.rest(1.0)
        assigned = {event.client: event.mentor for event in await _found(world, MenteeAssigned)}
        agreed = [event for event in await _found(world, PathwayAgreed) if event.client in assigned]
        if agreed:
            path = draw.choice(agreed)
            held = {"session": f"session:s-{n}", "held_on": str(world.today()), "hours": draw.choice(("0.25", "1.5"))}
            whom = {"mentor": assigned[path.client], "client": path.client, "pathway": path.pathway}
            await world.ask(COORDINATOR, "record-session", {**held, **whom})


async def cashier(world: World) -> None:
    """Costs are divided, clients pay for what was delivered, or before, and some of what was booked is taken back in part."""
    draw = world.random
    for n in range(6):
        await world.rest(1.0)
        key = draw.choice(KEYS)
        body: dict[str, Any] = {"agreement": AGREEMENT, "key": key["name"], "project": None}
        if key["name"] == "web":
            body["amount_cents"] = draw.choice((1, 100, 90_001))
        payer = colleague_of(key["paid_by"])
        await world.ask(payer, "share-cost", {**body, "occurred_on": str(world.today()), "voucher": f"Lasku {n}"})
        for path in draw.sample(paths := list(await _found(world, PathwayAgreed)), min(1, len(paths))):
            for step in path.steps:
                receipt = {"pathway": path.pathway, "step": step.step, "part": 1, "received_on": str(world.today())}
                await world.ask(colleague_of(path.collected_by), "record-receipt", receipt)
        posted: list[RevenueShared | CostShared] = [
            *await _found(world, RevenueShared),
            *await _found(world, CostShared),
        ]
        if posted:
            entry = draw.choice(posted)
            back = {"entry": entry.entry, "reason": "credit-loss", "amount_cents": entry.amount_cents // 3}
            await world.ask(colleague_of(entry.collected_by), "reverse-entry", back)
        delivered = await _found(world, StepDelivered)
        if delivered and draw.random() < 0.3:
            part = draw.choice(delivered)
            of_it = {"pathway": part.pathway, "step": part.step, "part": part.part, "agreement": AGREEMENT}
            await world.ask(COORDINATOR, "rebook-part", {**of_it, "amount_cents": 12_345, "reason": "price-changed"})


async def clerks(world: World) -> None:
    """Statements are checked by one and approved by another, some lines are disputed, and some disputes answered."""
    draw = world.random
    for _ in range(12):
        await world.rest(1.0)
        issued = await _found(world, StatementIssued)
        for statement in draw.sample(issued, min(3, len(issued))):
            body = {"partner": statement.partner, "period": statement.period, "digest": statement.digest}
            await world.ask(person_of(statement.partner), "check-statement", body)
            if draw.random() < 0.5:
                await _dispute(world, statement)
            if draw.random() < 0.7:
                await world.ask(colleague_of(statement.partner), "approve-statement", body)
        for dispute in await _found(world, LineDisputed):
            await _go_on(world, dispute)


async def _dispute(world: World, statement: StatementIssued) -> None:
    postings: list[Posting] = [*await _found(world, RevenueShared), *await _found(world, CostShared)]
    postings += [*await _found(world, RevenueReversed), *await _found(world, RevenueTruedUp)]
    of_month = [(p, line) for p in postings if p.period == statement.period for line in lines_in(p)]
    lines = [(p, line) for p, line in of_month if statement.partner in (line.partner, line.hub)]
    if lines:
        posting, line = world.random.choice(lines)
        of_line = {"entry": id_of(posting), "clause": line.clause, "agreement": posting.agreement}
        body = {"partner": statement.partner, "period": statement.period, **of_line, "reason": "wrong-quantity"}
        await world.ask(person_of(statement.partner), "dispute-line", body)


async def _go_on(world: World, dispute: LineDisputed) -> None:
    draw, this = world.random, {"dispute": dispute.dispute}
    match draw.choice(
        ("accepted", "rejected", "rejected", "withdraw", "escalate", "coordinator", "nothing", "nothing")
    ):
        case "withdraw" | "escalate" as name:
            await world.ask(person_of(dispute.partner), f"{name}-dispute", this)
        case "coordinator":
            await world.ask(COORDINATOR, "answer-dispute", {**this, "answer": draw.choice(("accepted", "rejected"))})
        case "accepted" | "rejected" as answer:
            body = {**this, "answer": answer}
            answered = await world.ask(colleague_of(dispute.counterparty), "answer-dispute", body)
            if answer == "accepted" and isinstance(answered, Outcome):
                back = {"entry": dispute.entry, "reason": "entered-in-error"}
                await world.ask(colleague_of(dispute.counterparty), "reverse-entry", back)
        case _:
            pass


async def treasury(world: World) -> None:
    """Months are settled, often before everybody has approved; what is ordered is paid, in part, twice, or by nobody known."""
    draw = world.random
    for n in range(12):
        await world.rest(1.0)
        closed = await _found(world, PeriodClosed)
        if closed:
            period = draw.choice(closed).period
            await world.ask(COORDINATOR, "settle-period", {"period": period, "agreement": AGREEMENT})
        for settled in await _found(world, PeriodSettled):
            await world.ask(TREASURER, "approve-settlement", {"settlement": settled.settlement})
        approved = {event.settlement for event in await _found(world, SettlementApproved)}
        orders = [order for order in await _found(world, PaymentOrdered) if order.settlement in approved]
        for order in draw.sample(orders, min(2, len(orders))):
            await _pay(world, order)
        await _contest(world)
        stray = {"bank_line": f"bank-line:{n:032x}"}
        owner = draw.choice(PARTNERS)
        of_line = {"organisation": owner, "cents": 4_200, "reference": None, "payment": None, "reason": "unknown"}
        await world.ask(colleague_of(owner), "list-bank-line", {**stray, **of_line, "booked_on": str(world.today())})
        await world.ask(colleague_of(owner), "clear-bank-line", {**stray, "how": "returned"})


async def _contest(world: World) -> None:
    """Some of what was paid goes back, was never received, or was something else."""
    draw, recorded = world.random, await _found(world, PaymentRecorded)
    if recorded:
        line, reason = draw.choice(recorded), draw.choice(("returned", "not-received", "wrong-line"))
        body = {"payment": line.payment, "bank_line": line.bank_line, "reason": reason}
        whose = line.payer if line.side == "payer" and reason != "not-received" else line.payee
        await world.ask(colleague_of(whose), "take-back-payment", {**body, "booked_on": str(world.today())})


async def _pay(world: World, order: PaymentOrdered) -> None:
    draw = world.random
    line = {"bank_line": f"bank-line:{draw.getrandbits(128):032x}", "booked_on": str(world.today())}
    side = draw.choice(("payer", "payee"))
    cents = max(1, order.cents * draw.choice((10, 10, 4, 15)) // 10)
    shown = {"payment": order.payment, "settlement": order.settlement, "side": side, "cents": cents}
    await world.ask(colleague_of(order.payer if side == "payer" else order.payee), "record-payment", {**shown, **line})
