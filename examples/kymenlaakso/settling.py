"""How the constructed partners settle: who they are to a bank and the tax office, and what follows each closing.

A month's statements are checked by one person of each partner and approved by another; some lines are disputed first, and answered.
Then the network settles, a second person approves, and the bank's files say what was paid.
"""

import hashlib
import random
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from adapters.bank.camt import read_camt
from application.desk import Asker
from application.matching import OpenPayment, match
from application.ports import Log, Outcome
from domain.calendar import business_days_after, first_day, start_of
from domain.kernel import current, facts
from domain.network.events import BillingDetailsSet, OrganisationRegistered
from domain.revenue.events import RevenueShared
from domain.settlement.events import LineDisputed, PaymentOrdered, PeriodSettled, StatementIssued
from domain.settlement.statement import statement_id
from examples.kymenlaakso.bank_statement import Entry, Payment, Statement, camt053

COORDINATOR = Asker(actor="person:coordinator", role="coordinator")
TREASURER = Asker(actor="person:treasurer", role="coordinator")
BICS = ("NDEAFIHH", "OKOYFIHH", "DABAFIHH")
KOUVOLA, KOTKA, MIKKELI, LAPPEENRANTA = (
    ("45100", "Kouvola"),
    ("48100", "Kotka"),
    ("50100", "Mikkeli"),
    ("53850", "Lappeenranta"),
)
TOWNS = {
    "org:ekami": KOTKA,
    "org:cursor": KOTKA,
    "org:xamk": MIKKELI,
    "org:esedu": MIKKELI,
    "org:lab": LAPPEENRANTA,
    "org:lut": LAPPEENRANTA,
    "org:sampo": LAPPEENRANTA,
}
EXEMPT = {"code": "E", "rate": "0", "ground": "AVL 39-40 §"}
AT_COST = {"code": "E", "rate": "0", "ground": "AVL 60 a §"}
GENERAL = {"code": "S", "rate": "24"}


class Playing(Protocol):
    """The year that is played."""

    now: datetime
    partners: tuple[str, ...]
    schools: tuple[str, ...]

    @property
    def log(self) -> Log: ...

    async def work_off(self) -> None: ...

    async def ask(self, name: str, body: Mapping[str, Any], asker: Asker) -> Outcome | None:
        """Ask the desk; None where it is refused."""


def checker(organisation: str) -> Asker:
    """Who goes through a partner's statements."""
    return _person(organisation, "checker", frozenset({"content", "finance-check"}))


def approver(organisation: str) -> Asker:
    """Who decides for a partner; never who checked."""
    return _person(organisation, "approver", frozenset({"finance-approve"}))


def _person(organisation: str, office: str, scopes: frozenset[Any]) -> Asker:
    actor = f"person:{organisation.removeprefix('org:')}-{office}"
    return Asker(actor=actor, role="partner", organisation=organisation, scopes=scopes)


def billing_details(organisation: str, n: int, business_id: str | None) -> dict[str, Any]:
    """Made-up details of the n-th organisation, with check digits that fit."""
    postal_code, town = TOWNS.get(organisation, KOUVOLA)
    digits = (business_id or made_up_business_id(n + 1)).replace("-", "")
    return {
        "organisation": organisation,
        "address": {"street": f"Esimerkkikatu {n + 1}", "postal_code": postal_code, "town": town},
        "vat_number": f"FI{digits}",
        "iban": iban(n + 1),
        "bic": BICS[n % len(BICS)],
        "einvoice_address": f"0037{digits}",
        "einvoice_operator": "ESIMERKKI",
    }


def made_up_business_id(n: int) -> str:
    """A business id with a check digit that fits, so low that everybody sees that it is made up."""
    while (rest := sum(w * int(d) for w, d in zip((7, 9, 10, 5, 8, 4, 2), f"{n:07}", strict=True)) % 11) == 1:
        n += 100  # of such a number there is no business id
    return f"{n:07}-{(11 - rest) % 11}"


def iban(n: int) -> str:
    """An account of Finnish form that no bank has given to anybody: the bank's digits stand for examples."""
    thirteen = f"999999{n:07}"
    doubled = [int(d) * (2 - place % 2) for place, d in enumerate(thirteen)]
    luhn = -sum(d - 9 if d > 9 else d for d in doubled) % 10
    account = f"{thirteen}{luhn}"
    check = 98 - int(f"{account}151800") % 97  # F and I are 15 and 18
    return f"FI{check:02}{account}"


class Settling:
    """What follows the closings of a year. It draws from a chance of its own."""

    def __init__(self, year: Playing, agreement: str, seed: int) -> None:
        self.year, self.agreement = year, agreement
        self.chance = random.Random(f"settling {seed}")  # noqa: S311 - a simulation, nothing secret
        self.paid = 0

    async def prepare(self, business_ids: Mapping[str, str | None]) -> None:
        """Say where everybody is paid, and how what they supply is taxed."""
        for n, (organisation, business_id) in enumerate(business_ids.items()):
            await self.year.ask("set-billing-details", billing_details(organisation, n, business_id), COORDINATOR)
        for partner in self.year.partners:
            await self._decide(partner, None, EXEMPT)
        await self._decide("org:xamk", "steps[1]", GENERAL)
        await self._decide("org:cursor", "steps[2]", GENERAL)
        await self._decide("org:kinno", "steps[2]", GENERAL)
        await self._decide("org:cursor", "costs.web-service", AT_COST)

    async def _decide(self, seller: str, clause: str | None, treatment: Mapping[str, str]) -> None:
        body = {"seller": seller, "agreement": self.agreement, "clause": clause, **treatment}
        year = self.year.now.year
        await self.year.ask(
            "decide-vat-treatment", {**body, "valid_from": f"{year}-01-01", "decided_by": "Talousjohto"}, COORDINATOR
        )

    async def costs(self, first: date, last: date) -> AsyncIterator[datetime]:
        """Each month the web service is paid and divided, and in two of them study rights are compensated."""
        month = first
        while month <= last:
            yield _at(month + timedelta(days=19))
            key = {"agreement": self.agreement, "occurred_on": str(month + timedelta(days=18)), "project": None}
            bill = {"amount_cents": self.chance.randint(80_000, 150_000), "voucher": f"Lasku {month:%Y%m}"}
            await self.year.ask("share-cost", {**key, "key": "web-service", **bill}, approver("org:cursor"))
            if month.month in (5, 11):
                rights = [
                    {"partner": p, "unit": "credit", "quantity": q} for p, q in (("org:xamk", "24"), ("org:lut", "5"))
                ]
                await self.year.ask(
                    "share-cost", {**key, "key": "study-rights", "quantities": rights}, approver("org:lab")
                )
            month = first_day(f"{(month + timedelta(days=31)):%Y-%m}")

    async def after_closing(self, period: str) -> AsyncIterator[datetime]:
        """Statements are answered, the month is settled and paid."""
        closed = self.year.now
        for partner in self.year.partners:
            yield closed + timedelta(hours=1)
            await self._answer(partner, period)
        yield _at(business_days_after(closed.date(), 3))
        await self._answer_disputes(period)
        yield _at(business_days_after(closed.date(), 6))
        await self.year.ask("settle-period", {"period": period, "agreement": self.agreement}, COORDINATOR)
        await self.year.work_off()
        settled = await self._settled(period)
        if settled is None:
            return
        yield self.year.now + timedelta(hours=20)
        await self.year.ask("approve-settlement", {"settlement": settled.settlement}, TREASURER)
        yield _at(settled.pay_on)
        await self._pay(settled)

    async def _answer(self, partner: str, period: str) -> None:
        """A partner disputes a line now and then, checks its statement and approves it."""
        history = await self.year.log.look((facts(StatementIssued, about=statement_id(partner, period)),))
        issued = next((e for r in history.events if isinstance(e := current(r.data), StatementIssued)), None)
        if issued is None:
            return
        body = {"partner": partner, "period": period, "digest": issued.digest}
        await self.year.ask("check-statement", body, checker(partner))
        if issued.lines and self.chance.random() < 0.08:
            await self._dispute(partner, period)
        await self.year.ask("approve-statement", body, approver(partner))

    async def _dispute(self, partner: str, period: str) -> None:
        """The newest share of the partner in that month is contested."""
        read = await self.year.log.look((facts(RevenueShared),))
        entries = [e for r in read.events if isinstance(e := current(r.data), RevenueShared) and e.period == period]
        for entry in reversed(entries):
            for share in entry.shares:
                if share.partner == partner != entry.collected_by and share.cents:
                    line = {"entry": entry.entry, "clause": share.clause, "agreement": entry.agreement}
                    why = {"reason": "wrong-quantity", "evidence": f"Läsnäololista {period}"}
                    await self.year.ask(
                        "dispute-line", {"partner": partner, "period": period, **line, **why}, checker(partner)
                    )
                    return

    async def _answer_disputes(self, period: str) -> None:
        """The other side rejects most disputes, and they are withdrawn; what it accepts it corrects in part."""
        read = await self.year.log.look((facts(LineDisputed),))
        disputes = [d for r in read.events if isinstance(d := current(r.data), LineDisputed) and d.period == period]
        for each in disputes:
            accepted = self.chance.random() < 0.4
            body = {"dispute": each.dispute, "answer": "accepted" if accepted else "rejected"}
            await self.year.ask("answer-dispute", body, approver(each.counterparty))
            if accepted:
                taken = {
                    "entry": each.entry,
                    "reason": "entered-in-error",
                    "amount_cents": max(1, abs(each.cents) // 4),
                }
                await self.year.ask("reverse-entry", taken, approver(each.counterparty))
            else:
                await self.year.ask("withdraw-dispute", {"dispute": each.dispute}, checker(each.partner))

    async def _settled(self, period: str) -> PeriodSettled | None:
        history = await self.year.log.look((facts(PeriodSettled, about=self.agreement),))
        found = [e for r in history.events if isinstance(e := current(r.data), PeriodSettled) and e.period == period]
        return found[-1] if found else None

    async def _pay(self, settled: PeriodSettled) -> None:
        """The bank books every payment on both accounts, and its statements are read."""
        history = await self.year.log.look((facts(PaymentOrdered, about=settled.settlement),))
        ordered = [e for r in history.events if isinstance(e := current(r.data), PaymentOrdered)]
        accounts = await self._accounts()
        entries: dict[str, list[Entry]] = {}
        for each in ordered:
            payer, payee = accounts[each.payer], accounts[each.payee]
            for account, cents, other in ((payer, -each.cents, payee), (payee, each.cents, payer)):
                name = hashlib.sha256(f"{each.payment} {account}".encode()).hexdigest()[:20]
                payment = Payment(
                    cents=cents,
                    reference=each.reference,
                    end_to_end_id=each.payment.partition(":")[2].replace("-", ""),
                    counterparty_iban=other,
                    bank_reference=name,
                )
                entries.setdefault(account, []).append(Entry(settled.pay_on, (payment,), bank_reference=name))
        files = [
            Statement(f"{settled.number}-{n}", account, tuple(booked))
            for n, (account, booked) in enumerate(sorted(entries.items()))
        ]
        if not files:
            return
        read = read_camt(camt053(f"TILIOTE-{settled.number}", self.year.now, *files))
        open_ = [
            OpenPayment(
                payment=p.payment,
                settlement=p.settlement,
                payer=p.payer,
                payee=p.payee,
                reference=p.reference,
                cents=p.cents,
            )
            for p in ordered
        ]
        own: dict[str, set[str]] = {}
        for organisation, account in accounts.items():
            own.setdefault(account, set()).add(organisation)
        for found in match(read.lines, open_, own):
            for command in found.commands:
                self.paid += await self.year.ask(command.name, command.body, COORDINATOR) is not None

    async def _accounts(self) -> Mapping[str, str]:
        read = await self.year.log.look((facts(BillingDetailsSet, OrganisationRegistered),))
        found: dict[str, str] = {}
        units: dict[str, str] = {}
        for recorded in read.events:
            event = current(recorded.data)
            if isinstance(event, BillingDetailsSet) and event.iban:
                found[event.organisation] = event.iban
            elif isinstance(event, OrganisationRegistered) and event.unit_of:
                units[event.organisation] = event.unit_of
        return {**{unit: found[person] for unit, person in units.items() if person in found}, **found}


def _at(day: date) -> datetime:
    """The morning of a day."""
    return start_of(day) + timedelta(hours=9)
