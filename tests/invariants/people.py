"""What people do with money in a network, each thing by itself, whenever it could be done: the steps of a history."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from application.desk import Asker
from domain.calendar import day_of
from tests.invariants.entered import Entered
from tests.invariants.money import FIRST, PARTIES, SECOND, TREASURER, UNIT, MoneyNetwork, Part, Request, colleague_of
from tests.invariants.network import COORDINATOR, person_of

PRICES = (0, 1, 5, 99, 10_000, 40_000, 123_457)
QUANTITIES = ("0", "1", "2.5", "0.333333")
PATHWAYS_MAX = 8
PERIODS_MAX = 6
VERSIONS_MAX = 3
SELDOM, HALF, OFTEN = 0.2, 0.5, 0.75
TREATMENTS: tuple[Mapping[str, str], ...] = (
    {"code": "S", "rate": "24"},
    {"code": "S", "rate": "24.0"},
    {"code": "S", "rate": "25.5"},
    {"code": "S", "rate": "25.5", "ground": "AVL 84 §"},
    {"code": "S", "rate": "13.5"},
    {"code": "E", "rate": "0", "ground": "AVL 39-40 §"},
    {"code": "E", "rate": "0", "ground": "AVL 60 a §"},
    {"code": "AE", "rate": "0", "ground": "AVL 8 c §"},
)


class People:
    """Everybody of the network. All chance comes from `draw`, which each step is given anew."""

    def __init__(self, net: MoneyNetwork) -> None:
        self.net, self.ledger = net, net.ledger
        self.draw = Random(0)  # noqa: S311 - repeatable is the point here

    async def do(self, what: str, seed: int) -> None:
        """One step, by the name of its method: the same seed is another chance at another place of the log."""
        self.draw = Random(f"{seed} {self.ledger.position}")  # noqa: S311 - repeatable is the point here
        await getattr(self, what)()

    def newest(self, of: Sequence[Any]) -> Any:  # noqa: ANN401 - one of them
        """One of them, rather a new one."""
        return of[-1 - min(self.draw.randrange(len(of)), self.draw.randrange(len(of)))]

    def _today(self) -> str:
        return str(day_of(self.net.now))

    # --- what is booked ----------------------------------------------------------------------------------------------
    async def agree_a_pathway(self) -> None:
        if self.net.paths < PATHWAYS_MAX:
            agreement = self.draw.choice((FIRST, FIRST, SECOND))
            prices = [self.draw.choice(PRICES) for _ in range(self.draw.randint(1, 5))]
            project = self.draw.random() < SELDOM
            await self.net.new_pathway(agreement, prices, self.draw.choice(PARTIES[agreement]), project=project)

    async def deliver(self) -> None:
        if not self.net.parts:
            await self.agree_a_pathway()
            return
        part = self.draw.choice(self.net.parts)
        if self.draw.random() < HALF:  # paid in advance
            await self._receive(part)
        await self.net.deliver(part, self.draw.choice(QUANTITIES), self.draw.choice((0, 0, 3, 40)))
        if self.draw.random() < SELDOM:  # somebody is faster than the policy
            path, step, number = part
            agreement = self.ledger.agreed[path].agreement
            body = {"pathway": path, "step": step, "part": number, "agreement": agreement}
            await self.net.tell("share-revenue", body)

    async def receive_later(self) -> None:
        unpaid = sorted(self.ledger.delivered.keys() - self.ledger.received)
        if unpaid:
            await self._receive(self.draw.choice(unpaid))

    async def _receive(self, part: Part) -> None:
        path, step, number = part
        body = {"pathway": path, "step": step, "part": number, "received_on": self._today()}
        await self.net.tell("record-receipt", body)

    async def meet(self) -> None:
        if self.ledger.agreed:
            path = self.draw.choice(sorted(self.ledger.agreed))
            whom = {"mentor": "mentor:m-0", "client": self.ledger.agreed[path].client, "pathway": path}
            session = {"session": f"session:s-{len(self.ledger.sessions)}", "hours": self.draw.choice(("0.25", "7.75"))}
            await self.net.tell("record-session", {**session, **whom, "held_on": self._today()})
            await self.net.tell("complete-pathway", {"pathway": path})

    async def divide_a_cost(self) -> None:
        agreement, name = self.draw.choice(
            ((FIRST, "web"), (FIRST, "web"), (FIRST, "fee"), (FIRST, "rights"), (SECOND, "web"))
        )
        late = timedelta(days=self.draw.choice((0, 0, 40)))
        on = max(day_of(self.net.now) - late, self.ledger.versions[agreement, 1].in_force_on)
        body: dict[str, Any] = {"agreement": agreement, "key": name, "occurred_on": str(on), "project": None}
        if name == "web":
            body["amount_cents"] = self.draw.choice((1, 100, 90_001))
            # Now and then a bill comes twice.
            body["voucher"] = f"Lasku {self.draw.choice((self.net.ledger.position, 1))}"
        if name == "rights":
            quantity = self.draw.choice(QUANTITIES)
            body["quantities"] = [
                {"partner": partner, "unit": "credit", "quantity": quantity} for partner in ("org:xamk", UNIT)
            ]
        await self.net.tell("share-cost", body)

    async def decide_on_vat(self) -> None:
        agreement = self.draw.choice((FIRST, FIRST, SECOND))
        seller, clause = self.draw.choice(PARTIES[agreement]), self.draw.choice((None, None, "steps[0]", "costs.web"))
        body = {"agreement": agreement, "seller": seller, "clause": clause, **self.draw.choice(TREATMENTS)}
        await self.net.tell("decide-vat-treatment", {**body, "valid_from": "2019-01-01", "decided_by": "Talousjohto"})

    # --- what is corrected -------------------------------------------------------------------------------------------
    async def take_back(self) -> None:
        if self.ledger.left:
            entry = self.newest(list(self.ledger.left))
            body: dict[str, Any] = {"entry": entry, "reason": "price-changed"}
            if tenths := self.draw.choice((0, 0, 1, 3, 7)):
                body["amount_cents"] = self.ledger.left[entry].cents * tenths // 10
            await self.net.tell("reverse-entry", body)

    async def book_anew(self) -> None:
        if self.ledger.standing:
            path, step, part = self.newest(list(self.ledger.standing))
            body = {"pathway": path, "step": step, "part": part, "agreement": self.ledger.agreed[path].agreement}
            cents = self.draw.choice((0, 1, 7_777, 50_000))
            if await self.net.tell("rebook-part", {**body, "amount_cents": cents, "reason": "price-changed"}) is None:
                self.ledger.counts["booked anew"] += 1

    # --- the network's own work, and time ----------------------------------------------------------------------------
    async def one_policy_works(self) -> None:
        await self.net.work_one_off(self.draw.randrange(2), self.draw.randrange(100))

    async def all_policies_work(self) -> None:
        await self.net.work_all_off()

    async def days_pass(self) -> None:
        self.net.now += timedelta(days=self.draw.choice((1, 3, 8, 30)))
        await self.net.look_at_deadlines()

    async def close_a_month(self) -> None:
        """Once everything was shared, or too early; and what follows from it is worked off at once, or later."""
        prompt = self.draw.random() < OFTEN
        if len(self.ledger.closed) >= PERIODS_MAX:
            return
        if prompt:
            await self.net.work_all_off()
        await self.net.close()
        if prompt:
            await self.net.work_all_off()

    async def go_through_a_month(self) -> None:
        """What offices do when a month is over: it is closed, some lines are disputed, it is approved, settled and paid."""
        draw = self.draw
        if len(self.ledger.closed) < PERIODS_MAX:
            await self.net.work_all_off()
            await self.net.close()
            await self.net.work_all_off()
        for _ in range(draw.choice((0, 1, 2, 3))):
            await self.dispute()
        for _ in range(draw.choice((0, 1, 2, 3))):
            await self.go_on_with_a_dispute()
        if draw.random() < SELDOM:
            await self.days_pass()
        if draw.random() < SELDOM and self.ledger.closed:  # before anybody has approved
            await self.net.settle(FIRST, max(self.ledger.closed))
            await self.net.work_all_off()
        if draw.random() < OFTEN:
            await self.net.approve_all()
        if draw.random() < OFTEN:
            await self.settle()
        for _ in range(draw.choice((0, 1, 2, 3))):
            await self.pay()
        if draw.random() < OFTEN:
            await self.contest_a_payment()

    # --- statements and disputes -------------------------------------------------------------------------------------
    def waiting(self) -> list[tuple[str, str]]:
        return sorted(self.ledger.issued.keys() - self.ledger.approved.keys(), key=lambda key: key[::-1])

    async def approve_one(self) -> None:
        if self.waiting():
            await self.net.approve(*self.draw.choice(self.waiting()))

    async def approve_all(self) -> None:
        await self.net.approve_all()

    async def answer_wrongly(self) -> None:
        """Checked and approved by one person, or another text than the one that was issued."""
        if self.waiting():
            partner, period = self.draw.choice(self.waiting())
            digest = self.draw.choice(("0" * 64, self.ledger.issued[partner, period].digest))
            body = {"partner": partner, "period": period, "digest": digest}
            await self.net.tell("check-statement", body, person_of(partner))
            assert await self.net.tell("approve-statement", body, person_of(partner))

    async def dispute(self) -> None:
        if self.draw.random() < SELDOM:
            await self._dispute_a_share_of_nothing()
            return
        lines = [x for x in self.ledger.lines if (x.buyer, x.period) in self.ledger.issued]
        if lines:
            line = self.newest(lines)
            partner = self.draw.choice((line.seller, line.buyer))
            of_line = {"entry": line.posting, "clause": line.clause, "agreement": self._agreement_of(line)}
            body = {"partner": partner, "period": line.period, **of_line, "reason": "other"}
            await self.net.tell("dispute-line", body, person_of(partner))

    async def _dispute_a_share_of_nothing(self) -> None:
        entries = [left.entry for left in self.ledger.left.values()]
        mine = [
            (e, s) for e in entries for s in e.shares if not s.cents and (s.partner, e.period) in self.ledger.issued
        ]
        if mine:
            entry, share = self.draw.choice(mine)
            of_entry = {"entry": entry.entry, "clause": share.clause, "agreement": entry.agreement}
            body = {"partner": share.partner, "period": entry.period, **of_entry, "reason": "wrong-clause"}
            await self.net.tell("dispute-line", body, person_of(share.partner))

    async def _dispute_again(self) -> None:
        """What was corrected, by who disputed it."""
        mended = [
            c.disputed for c in self.ledger.disputes.values() if c.mended and c.accepted and c.state[:8] == "accepted"
        ]
        if not mended:
            return
        line = self.draw.choice(mended)
        of_line = {
            "entry": line.entry,
            "clause": line.clause,
            "agreement": self.ledger.left[line.entry].entry.agreement,
        }
        body = {"partner": line.partner, "period": line.period, **of_line, "reason": "other"}
        await self.net.tell("dispute-line", body, person_of(line.partner))

    def _agreement_of(self, line: Entered) -> str:
        left = self.ledger.left.get(line.entry)
        return left.entry.agreement if left else self.draw.choice((FIRST, SECOND))

    async def go_on_with_a_dispute(self) -> None:
        """Whoever's turn it is; what is accepted is taken back at once, or in part, or not yet."""
        open_ones = [d for d, c in self.ledger.disputes.items() if not c.ended and not c.accepted]
        if not open_ones:
            await self.dispute()
            return
        dispute = self.draw.choice(open_ones)
        contested = self.ledger.disputes[dispute]
        line = contested.disputed
        step = self.draw.choice(("accepted", "rejected", "rejected", "withdraw", "escalate", "escalate"))
        if line.entry not in self.ledger.left and self.draw.random() < OFTEN:
            step = "accepted"
        if step in ("withdraw", "escalate"):
            await self.net.tell(f"{step}-dispute", {"dispute": dispute}, person_of(line.partner))
            return
        by = COORDINATOR if contested.state.startswith("escalated") else colleague_of(line.counterparty)
        refusal = await self.net.tell("answer-dispute", {"dispute": dispute, "answer": step}, by)
        if refusal is None and step == "accepted" and line.entry in self.ledger.left and self.draw.random() < OFTEN:
            body = {"entry": line.entry, "reason": "entered-in-error"}
            half = max(1, self.ledger.left[line.entry].cents // 2)
            cents = self.draw.choice((None, 1, half, half))
            await self.net.tell("reverse-entry", {**body, "amount_cents": cents})
            if self.draw.random() < OFTEN:
                await self._dispute_again()
        elif refusal is None and step == "accepted":
            await self._after_a_wrong_correction(line.entry)

    async def _after_a_wrong_correction(self, correction: str) -> None:
        """It is settled as it is, which must take nothing from anybody, and its part is shared or booked anew."""
        if self.draw.random() < OFTEN:
            await self.net.approve_all()
            await self.settle()
        part = next((p for p in self.ledger.agreed if p == self.ledger.subjects[correction][0]), None)
        if part is not None and self.draw.random() < OFTEN:
            path, step, number = self.ledger.subjects[correction]
            body = {"pathway": path, "step": step, "part": number, "agreement": self.ledger.agreed[part].agreement}
            if await self.net.tell("share-revenue", body) is not None:
                await self.net.tell("rebook-part", {**body, "amount_cents": 7_777, "reason": "entered-in-error"})

    # --- settlements and payments ------------------------------------------------------------------------------------
    async def settle(self) -> None:
        """Mostly the newest month, some time an older one; under the same agreement it is done once."""
        if self.ledger.closed:
            agreement = self.draw.choice((FIRST, FIRST, SECOND))
            body = {"period": self.newest(sorted(self.ledger.closed)), "agreement": agreement}
            await self._one_or_two_ask("settle-period", body, COORDINATOR)
            if self.draw.random() < OFTEN:
                await self.net.work_all_off()
                await self.approve_settlements()

    async def approve_settlements(self) -> None:
        for settlement, each in self.ledger.settlements.items():
            if not each.approved:
                await self.net.tell("approve-settlement", {"settlement": settlement})
                await self._one_or_two_ask("approve-settlement", {"settlement": settlement}, TREASURER)

    async def pay(self) -> None:
        if self.ledger.payments:
            payment = self.newest(list(self.ledger.payments))
            order = self.ledger.payments[payment]
            cents = max(1, order.cents * self.draw.choice((10, 10, 10, 3, 13)) // 10)
            one, other = self.draw.sample(("payer", "payee"), 2)
            line = self.net.bank_line_of(payment, one, cents)
            await self._one_or_two_ask("record-payment", line, COORDINATOR)
            owner, outcome = order.payer if one == "payer" else order.payee, self.ledger.outcomes.get(line["bank_line"])
            if outcome in ("part", "over", "double"):
                await self._list(owner, -cents if one == "payer" else cents, payment, outcome)
            if self.draw.random() < HALF:  # the other bank's statement is read too
                await self.net.pay(payment, other, cents)

    async def contest_a_payment(self) -> None:
        """Money goes back, never came, or a line was of something else: then it is recorded as that."""
        standing = list(self.ledger.bank_lines.values())
        if not standing:
            await self.pay()
            return
        line = self.newest(standing)
        reason = self.draw.choice(("returned", "not-received", "wrong-line"))
        whose = line.payee if reason == "not-received" else getattr(line, line.side)
        asker = self.draw.choice(
            (COORDINATOR, colleague_of(whose), colleague_of(self.draw.choice((line.payer, line.payee))))
        )
        body = {"payment": line.payment, "bank_line": line.bank_line, "reason": reason, "booked_on": self._today()}
        if reason == "returned" and self.draw.random() < HALF:
            self.net.bank_line += 1
            body["shown_by"] = f"bank-line:{self.net.bank_line:032x}"
        if await self.net.tell("take-back-payment", body, asker) is None and reason == "wrong-line":
            await self.net.recognise_anew(line)

    async def something_unknown_comes_in(self) -> None:
        self.net.bank_line += 1
        await self._list(self.draw.choice(PARTIES[FIRST]), self.draw.choice((-700, 1, 4_200)), None, "unknown")

    async def _list(self, organisation: str, cents: int, payment: str | None, reason: str) -> None:
        line = {"bank_line": f"bank-line:{self.net.bank_line:032x}"}
        of_line = {"organisation": organisation, "cents": cents, "reference": None, "payment": payment}
        body = {**line, **of_line, "reason": reason, "booked_on": self._today()}
        await self.net.must("list-bank-line", body, colleague_of(organisation))
        if self.draw.random() < HALF:  # somebody has looked after it
            how = "returned" if payment is None else "kept-on-account"
            await self.net.tell("clear-bank-line", {**line, "how": how})

    # --- races, stale readers, repeats -------------------------------------------------------------------------------
    async def _one_or_two_ask(self, name: str, body: Mapping[str, Any], asker: Asker) -> None:
        """Two ask it of two processes at once, while both work."""
        if self.draw.random() < SELDOM:
            await self.net.both_work_at_once(((name, body, asker),) * 2)
        else:
            await self.net.tell(name, body, asker)

    async def do_everything_at_once(self) -> None:
        """Both processes work; two settle the same, record one bank line, take the same back, answer for one statement."""
        asked: list[tuple[Request, Request]] = []
        ledger = self.ledger
        if ledger.closed:
            body: dict[str, Any] = {"period": max(ledger.closed), "agreement": self.draw.choice((FIRST, SECOND))}
            asked += [(("settle-period", body, COORDINATOR),) * 2]
        if payable := [p for p, order in ledger.payments.items() if ledger.settlements[order.settlement].approved]:
            body = self.net.bank_line_of(self.newest(payable), "payer", self.draw.choice((1, 10_000)))
            asked += [(("record-payment", body, COORDINATOR),) * 2]
        if ledger.left:
            body = {"entry": self.newest(list(ledger.left)), "reason": "cancelled"}
            asked += [(("reverse-entry", body, COORDINATOR),) * 2]
        if self.waiting():
            partner, period = self.draw.choice(self.waiting())
            body = {"partner": partner, "period": period, "digest": ledger.issued[partner, period].digest}
            checking = ("check-statement", body, person_of(partner))
            approving = ("approve-statement", body, colleague_of(partner))
            asked += [self.draw.choice(((checking, approving), (approving, checking)))]
        self.draw.shuffle(asked)
        await self.net.both_work_at_once(*asked)

    async def decide_on_old_knowledge(self) -> None:
        """A reversal that was decided before another one, or before the period closed, is not stored."""
        entry = self.newest(list(self.ledger.left)) if self.ledger.left else "entry:0"
        closing = self.draw.random() < SELDOM and len(self.ledger.closed) < PERIODS_MAX

        async def meanwhile() -> None:
            if closing:
                await self.net.close()
            elif entry in self.ledger.left:
                cents = self.ledger.left[entry].cents * self.draw.choice((3, 10)) // 10
                await self.net.tell("reverse-entry", {"entry": entry, "reason": "cancelled", "amount_cents": cents})

        body = {"entry": entry, "reason": "credit-loss"}
        outcome = await self.net.with_a_stale_view("reverse-entry", body, meanwhile())
        await self.net.catch_up()
        self.ledger.counts[f"on old knowledge: {outcome or 'stored'}"] += 1

    async def repeat(self) -> None:
        """Whoever asks again gets the first outcome and changes nothing; whoever was refused may have better luck."""
        n = self.draw.randrange(len(self.net.asked))
        again = self.net.asked[n][-1] in self.net.done
        refusal = await self.net.tell_again(n)
        self.ledger.counts["repeated" if again else "asked again" if refusal else "asked again, and done"] += 1
