"""The month, from the first organisation to the last payment; beside each step, who may not take it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from tests.month.bank import Order, orders_in, statements_of
from tests.month.beginning import MARCH, conclude, day, found, offer, work
from tests.month.office import Office, at
from tests.month.people import (
    AGREEMENT,
    AUDITOR,
    BOTH_OFFICES,
    COORDINATOR,
    CURSOR,
    EKAMI,
    PARTNERS,
    TREASURER,
    XAMK,
    approver,
    checker,
)

APRIL, MAY = "2019-04", "2019-05"
BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;&b;&b;&b;</x>"""


class Month(Struct):
    """What is remembered of it."""

    office: Office
    states: dict[str, list[str]]
    """By step, the states of all statements of March after it, by partner in order of id."""
    files: dict[str, bytes]
    """Payment files by debtor and period."""
    statement: bytes = b""
    """The bank's file of the payments of March."""
    first_reading: Mapping[str, Any] = {}
    second_reading: Mapping[str, Any] = {}
    settlement: str = ""
    dispute: str = ""
    entry: str = ""
    """The disputed one."""


def play(office: Office, network: str) -> Month:
    month = Month(office=office, states={}, files={})
    found(office, network)
    conclude(office)
    offer(office)
    work(office)
    _close_march(month)
    _dispute(month)
    _approve(office, MARCH)
    _mend(month)
    _settle_march(month)
    _pay_march(month)
    _finish(month)
    return month


def _close_march(month: Month) -> None:
    office = month.office
    _note(month, "open")
    office.turned_away(409, "not-ended", COORDINATOR, "close-period", {"period": MARCH})
    office.turned_away(403, "not-allowed", approver(XAMK), "close-period", {"period": MARCH})
    office.turned_away(403, "not-allowed", AUDITOR, "close-period", {"period": MARCH})
    office.send(COORDINATOR, "close-period", {"period": MARCH}, at=at("2019-04-03"))
    _note(month, "issued")
    office.not_shown(404, "unknown", approver(EKAMI), f"/v1/statements/{XAMK}/{MARCH}")


def _dispute(month: Month) -> None:
    """Ekami contests what xamk coordinates of its second pathway; of what xamk and cursor have between them it is no side."""
    office = month.office
    lines = office.statement(checker(EKAMI), EKAMI, MARCH)["lines"]
    line = next(x for x in lines if x["kind"] == "share-owed" and x["counterparty"] == XAMK)
    month.entry = line["entry"]
    said = {"entry": line["entry"], "clause": line["clause"], "agreement": line["agreement"], "period": MARCH}
    contested = {**said, "partner": EKAMI, "reason": "wrong-quantity", "evidence": "Läsnäololista 2019-03"}
    office.turned_away(403, "not-allowed", approver(EKAMI), "dispute-line", contested)
    office.turned_away(404, "unknown", checker(CURSOR), "dispute-line", {**contested, "partner": CURSOR})
    mentoring = next(
        x
        for x in office.statement(checker(CURSOR), CURSOR, MARCH)["lines"]
        if x["kind"] == "share-earned" and x["counterparty"] == XAMK
    )
    others = {**contested, "entry": mentoring["entry"], "clause": mentoring["clause"]}
    office.turned_away(403, "not-yours", checker(EKAMI), "dispute-line", others)
    tax = next(x for x in office.statement(checker(EKAMI), EKAMI, MARCH)["lines"] if x["kind"] == "vat")
    office.turned_away(422, "malformed", checker(EKAMI), "dispute-line", {**contested, "entry": tax["entry"]})
    month.dispute = office.made(office.send(checker(EKAMI), "dispute-line", contested))["dispute"]
    _note(month, "disputed")


def _approve(office: Office, period: str) -> None:
    for partner in PARTNERS:
        statement = office.statement(checker(partner), partner, period)
        read = {"partner": partner, "period": period, "digest": statement["digest"]}
        if (partner, period) == (EKAMI, MARCH):
            office.turned_away(403, "not-allowed", approver(EKAMI), "check-statement", read)
            office.turned_away(409, "not-checked", approver(EKAMI), "approve-statement", read)
        office.send(checker(partner), "check-statement", read)
        if (partner, period) == (EKAMI, MARCH):
            office.turned_away(403, "not-allowed", checker(EKAMI), "approve-statement", read)
            office.turned_away(409, "checker-approves", BOTH_OFFICES, "approve-statement", read)
            office.turned_away(404, "unknown", approver(XAMK), "approve-statement", read)
        office.send(approver(partner), "approve-statement", read)
    office.settle_down()


def _mend(month: Month) -> None:
    """Xamk does not see that ekami is right, but the coordinator does; ekami, who collected, takes 200.00 of the 500.00 back in April."""
    office = month.office
    _note(month, "approved")
    answer = {"dispute": month.dispute, "answer": "rejected"}
    office.turned_away(403, "not-allowed", checker(XAMK), "answer-dispute", answer)
    office.turned_away(403, "not-yours", approver(EKAMI), "answer-dispute", answer)
    office.turned_away(404, "unknown", approver(CURSOR), "answer-dispute", answer)
    office.send(approver(XAMK), "answer-dispute", answer)
    office.turned_away(409, "not-with-the-coordinator", COORDINATOR, "answer-dispute", answer)
    office.turned_away(403, "not-yours", checker(XAMK), "escalate-dispute", {"dispute": month.dispute})
    office.send(checker(EKAMI), "escalate-dispute", {"dispute": month.dispute})
    office.send(COORDINATOR, "answer-dispute", {**answer, "answer": "accepted"})
    office.settle_down()
    day(office, "2019-04-05")
    taken = {"entry": month.entry, "reason": "entered-in-error", "amount_cents": 20_000}
    office.send(approver(EKAMI), "reverse-entry", taken)
    _note(month, "mended")
    (listed,) = office.listed(COORDINATOR, "/v1/follow-ups")
    assert listed["about"] == month.dispute, "what was escalated came to the coordinator's list, once"
    looked_after = {"follow_up": listed["follow_up"], "outcome": "corrected"}
    office.turned_away(403, "not-allowed", approver(XAMK), "close-follow-up", looked_after)
    office.send(COORDINATOR, "close-follow-up", looked_after)
    office.turned_away(409, "closed-already", COORDINATOR, "close-follow-up", looked_after)


def _settle_march(month: Month) -> None:
    office = month.office
    wanted = {"period": MARCH, "agreement": AGREEMENT}
    office.turned_away(403, "not-allowed", approver(XAMK), "settle-period", wanted)
    office.turned_away(409, "period-is-open", COORDINATOR, "settle-period", {**wanted, "period": APRIL})
    settled = office.send(COORDINATOR, "settle-period", wanted, at=at("2019-04-12"))
    month.settlement = office.made(settled)["settlement"]
    office.settle_down()
    # Whoever disputed the line need not wait until the corrected line cannot be disputed again: it is settled with the next month.
    office.turned_away(403, "not-yours", checker(XAMK), "withdraw-dispute", {"dispute": month.dispute})
    office.send(checker(EKAMI), "withdraw-dispute", {"dispute": month.dispute})
    approval = {"settlement": month.settlement}
    office.not_shown(409, "no-file-yet", approver(XAMK), f"/v1/settlements/{MARCH}/payments.xml")
    office.turned_away(403, "not-allowed", approver(XAMK), "approve-settlement", approval)
    office.turned_away(409, "settled-by-oneself", COORDINATOR, "approve-settlement", approval)
    office.send(TREASURER, "approve-settlement", approval)
    _note(month, "settled")
    office.not_shown(404, "unknown", approver(EKAMI), f"/v1/settlements/{MARCH}/payments.xml?debtor={XAMK}")
    _fetch(month, MARCH)


def _fetch(month: Month, period: str) -> None:
    """Every debtor fetches its own file; fetched again, it has the same bytes."""
    path = f"/v1/settlements/{period}/payments.xml"
    for settled in month.office.get(COORDINATOR, f"/v1/settlements/{period}").json():
        for debtor in sorted({payment["payer"] for payment in settled["payments"]}):
            first, second = (month.office.get(who, f"{path}?debtor={debtor}") for who in (approver(debtor), AUDITOR))
            assert first.content == second.content
            month.files[f"{debtor} {period}"] = first.content


def _pay_march(month: Month) -> None:
    """The banks make the payments and say so; what is no whole statement in euro changes nothing."""
    office, made_at = month.office, datetime.fromisoformat(at("2019-04-27"))
    month.statement = statements_of(_orders(month, MARCH), made_at)
    made = made_at.isoformat()
    for what, body in (
        ("half a statement", month.statement[: len(month.statement) // 2]),
        ("an XML bomb", BOMB),
        ("a statement in kronor", month.statement.replace(b"EUR", b"SEK")),
        ("an account with a wrong check digit", month.statement.replace(b"FI21", b"FI22")),
    ):
        office.not_taken(422, "bank-fault", COORDINATOR, what, body, at=made)
    office.not_taken(403, "not-own-accounts", approver(XAMK), "others' accounts", month.statement)
    office.not_taken(403, "not-allowed", checker(XAMK), "a statement", month.statement)
    first = office.hand_in(COORDINATOR, month.statement, at=made)
    office.settle_down()
    before = office.head
    second = office.hand_in(COORDINATOR, month.statement, at=made)
    assert (first.status_code, second.status_code, office.head) == (201, 200, before), "read again, nothing changes"
    month.first_reading, month.second_reading = first.json(), second.json()
    _note(month, "paid")


def _orders(month: Month, period: str) -> Sequence[Order]:
    return [order for name, file in month.files.items() if name.endswith(period) for order in orders_in(file)]


def _finish(month: Month) -> None:
    """April holds the correction and the payments of March; when it is paid too, May ends with nothing."""
    office = month.office
    office.send(COORDINATOR, "close-period", {"period": APRIL}, at=at("2019-05-03"))
    office.settle_down()
    _approve(office, APRIL)
    office.send(COORDINATOR, "settle-period", {"period": APRIL, "agreement": AGREEMENT}, at=at("2019-05-13"))
    office.settle_down()
    (settled,) = office.get(TREASURER, f"/v1/settlements/{APRIL}").json()
    office.send(TREASURER, "approve-settlement", {"settlement": settled["settlement"]})
    office.settle_down()
    _fetch(month, APRIL)
    made_at = datetime.fromisoformat(at("2019-05-28"))
    office.hand_in(COORDINATOR, statements_of(_orders(month, APRIL), made_at), at=made_at.isoformat())
    office.settle_down()
    office.send(COORDINATOR, "close-period", {"period": MAY}, at=at("2019-06-04"))
    _note(month, "over")


def _note(month: Month, step: str) -> None:
    month.office.settle_down()
    found = [month.office.statement(AUDITOR, partner, MARCH)["state"] for partner in PARTNERS]
    month.states[step] = found
