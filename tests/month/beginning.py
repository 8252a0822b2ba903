"""How it begins: organisations, an agreement, offerings, and the work of March; beside each step, who may not take it."""

from uuid import UUID

from tests.month.office import Office, at
from tests.month.people import (
    AGREEMENT,
    BICS,
    BUSINESS_IDS,
    COORDINATOR,
    COST_KEY,
    CURSOR,
    EKAMI,
    IBANS,
    NAMES,
    PARTNERS,
    RULE,
    XAMK,
    approver,
    checker,
)

MARCH = "2019-03"
KEY = UUID("0168f4a2-7c00-7123-9abc-0123456789ab")


def day(office: Office, on: str) -> None:
    """A simulated clock goes on with what the coordinator does: what others do is done at the head's time."""
    body = {"offering": "offering:o-1", "verified_on": on, "verified_until": "2020-03-31"}
    office.send(COORDINATOR, "verify-offering", body, at=at(on))


def found(office: Office, network: str) -> None:
    body = {"network": network, "name": {"fi": "Testiverkosto"}, "first_period": MARCH, "constructed": True}
    office.turned_away(403, "not-allowed", approver(XAMK), "found-network", body)
    office.send(COORDINATOR, "found-network", body, at=at("2019-03-01"))
    for partner in PARTNERS:
        registered = {"organisation": partner, "name": {"fi": NAMES[partner]}, "kind": "other"}
        admitted = {"organisation": partner, "membership": "open", "admitted_on": "2019-03-01"}
        digits = BUSINESS_IDS[partner]
        wrong = f"{digits[:-1]}{(int(digits[-1]) + 1) % 10}"
        if partner == PARTNERS[0]:
            office.turned_away(403, "not-allowed", approver(XAMK), "register-organisation", registered)
            office.turned_away(403, "not-allowed", approver(XAMK), "admit-partner", admitted)
            office.turned_away(
                409, "wrong-business-id", COORDINATOR, "register-organisation", {**registered, "business_id": wrong}
            )
        office.send(COORDINATOR, "register-organisation", {**registered, "business_id": digits})
        office.send(COORDINATOR, "admit-partner", admitted)
    for partner in PARTNERS:
        details = {
            "organisation": partner,
            "address": {"street": "Esimerkkikatu 1", "postal_code": "48100", "town": "Kotka"},
            "vat_number": f"FI{BUSINESS_IDS[partner].replace('-', '')}",
            "iban": IBANS[partner],
            "bic": BICS[partner],
        }
        if partner == XAMK:
            wrong = details["iban"][:-1] + str((int(IBANS[partner][-1]) + 1) % 10)  # type: ignore[index]  # it is a text
            office.turned_away(409, "wrong-iban", approver(XAMK), "set-billing-details", {**details, "iban": wrong})
            office.turned_away(403, "not-yours", approver(EKAMI), "set-billing-details", details)
            office.turned_away(403, "not-allowed", checker(XAMK), "set-billing-details", details)
        office.send(approver(partner), "set-billing-details", details)


def conclude(office: Office) -> None:
    text = {
        "agreement": AGREEMENT,
        "title": {"fi": "Yhteistyösopimus 2019"},
        "parties": list(PARTNERS),
        "sharing_rule": RULE,
        "cost_keys": [COST_KEY],
        "netting": {"mode": "multilateral"},
        "dispute_days": 5,
    }
    version = {"agreement": AGREEMENT, "version": 1}
    office.turned_away(403, "not-allowed", approver(XAMK), "draft-agreement", text)
    office.send(checker(XAMK), "draft-agreement", text)
    office.turned_away(403, "not-allowed", approver(XAMK), "freeze-agreement", version)
    office.send(checker(XAMK), "freeze-agreement", version)
    for partner in PARTNERS:
        approval = {"organisation": partner, "body": "Hallitus", "section": "§ 3", "approved_on": "2019-03-01"}
        if partner == EKAMI:
            office.turned_away(403, "not-allowed", checker(EKAMI), "approve-agreement", {**version, **approval})
            office.turned_away(403, "not-yours", approver(XAMK), "approve-agreement", {**version, **approval})
        office.send(approver(partner), "approve-agreement", {**version, **approval})
    for partner in PARTNERS:
        signature = {**version, "organisation": partner, "signed_on": "2019-03-01"}
        if partner == EKAMI:
            office.turned_away(403, "not-yours", approver(XAMK), "sign-agreement", signature)
        office.send(approver(partner), "sign-agreement", signature)
    dated = {"agreement": AGREEMENT, "valid_from": "2019-03-01", "decided_by": "Talousjohto"}
    for seller, treatment in (
        (EKAMI, {"code": "E", "rate": "0", "ground": "AVL 39-40 §"}),
        (XAMK, {"code": "S", "rate": "24"}),
        (CURSOR, {"code": "S", "rate": "24"}),
        (CURSOR, {"code": "E", "rate": "0", "ground": "AVL 60 a §", "clause": "costs.web-service"}),
    ):
        decision = {**dated, "seller": seller, **treatment}
        if seller == XAMK:
            office.turned_away(403, "not-yours", approver(EKAMI), "decide-vat-treatment", decision)
        office.send(approver(seller), "decide-vat-treatment", decision)


def offer(office: Office) -> None:
    offering = {"provider": EKAMI, "description": {"kind": "course", "name": {"fi": "Varastologistiikka"}}}
    office.turned_away(403, "not-yours", checker(XAMK), "publish-offering", {"offering": "offering:o-1", **offering})
    for n in (1, 2):
        office.send(checker(EKAMI), "publish-offering", {"offering": f"offering:o-{n}", **offering})
    mentor = {"mentor": "mentor:m-1", "organisation": CURSOR, "capacity": 3}
    mentee = {"mentor": "mentor:m-1", "client": "client:c-1"}
    office.turned_away(403, "not-yours", checker(XAMK), "nominate-mentor", mentor)
    office.send(checker(CURSOR), "nominate-mentor", mentor)
    office.turned_away(403, "not-yours", checker(XAMK), "assign-mentee", mentee)
    office.send(checker(CURSOR), "assign-mentee", mentee)
    roles = [{"role": "role:mentor", "organisation": CURSOR}]
    first = {"pathway": "pathway:p-1", "client": "client:c-1", "organisation": XAMK, "roles": roles}
    to_itself = {**first, "roles": [{"role": "role:mentor", "organisation": XAMK}]}
    office.turned_away(409, "mentor-of-another", checker(XAMK), "draft-pathway", to_itself)
    office.turned_away(403, "not-yours", checker(EKAMI), "draft-pathway", first)
    office.send(checker(XAMK), "draft-pathway", first)
    second = {"pathway": "pathway:p-2", "client": "client:c-2", "organisation": EKAMI}
    office.send(checker(EKAMI), "draft-pathway", second)
    for pathway, who, step, offering_id, cents in (
        ("pathway:p-1", XAMK, 1, "offering:o-1", 90_000),
        ("pathway:p-1", XAMK, 2, "offering:o-2", 60_000),
        ("pathway:p-2", EKAMI, 1, "offering:o-1", 50_000),
    ):
        place = {"pathway": pathway, "step": step}
        proposed = {**place, "offering": offering_id, "parts": [{"part": 1, "cents": cents}]}
        if step == 2:
            office.turned_away(404, "unknown", checker(CURSOR), "propose-step", proposed)
        office.send(checker(who), "propose-step", proposed)
        if step == 2:
            office.turned_away(403, "not-yours", checker(XAMK), "confirm-step", {**place, "agreement": AGREEMENT})
        office.send(checker(EKAMI), "confirm-step", {**place, "agreement": AGREEMENT})
    agreed = {"pathway": "pathway:p-1", "agreement": AGREEMENT, "collected_by": XAMK, "project": None}
    office.turned_away(404, "unknown", checker(CURSOR), "agree-pathway", {**agreed, "roles": roles})
    office.send(checker(XAMK), "agree-pathway", {**agreed, "roles": roles})
    office.send(checker(EKAMI), "agree-pathway", {**agreed, "pathway": "pathway:p-2", "collected_by": EKAMI})


def work(office: Office) -> None:
    """Three deliveries, two hours of a mentor, a bill for all, and 60.00 of 600.00 given back to the client."""
    verified = {"offering": "offering:o-1", "verified_on": "2019-03-01", "verified_until": "2020-03-31"}
    office.turned_away(403, "not-yours", checker(XAMK), "verify-offering", verified)
    day(office, "2019-03-05")
    session = {"session": "session:s-1", "mentor": "mentor:m-1", "client": "client:c-1", "pathway": "pathway:p-1"}
    held = {**session, "held_on": "2019-03-04", "hours": "2"}
    office.turned_away(403, "not-yours", checker(EKAMI), "record-session", held)
    office.send(checker(CURSOR), "record-session", held)
    office.settle_down()
    delivered = {"pathway": "pathway:p-1", "step": 1, "part": 1, "delivered_on": "2019-03-05"}
    office.turned_away(403, "not-yours", checker(CURSOR), "deliver-step", delivered)
    office.send_twice(checker(EKAMI), "deliver-step", delivered, KEY)
    office.settle_down()
    day(office, "2019-03-12")
    office.send(checker(EKAMI), "deliver-step", {**delivered, "step": 2, "delivered_on": "2019-03-12"})
    office.send(checker(EKAMI), "deliver-step", {**delivered, "pathway": "pathway:p-2", "delivered_on": "2019-03-11"})
    office.settle_down()
    day(office, "2019-03-20")
    cost = {"agreement": AGREEMENT, "key": "web-service", "occurred_on": "2019-03-19", "project": None}
    bill = {**cost, "amount_cents": 90_000, "voucher": "Lasku 4711"}
    office.turned_away(403, "not-yours", approver(XAMK), "share-cost", bill)
    office.turned_away(422, "malformed", approver(CURSOR), "share-cost", {**bill, "currency": "SEK"})
    office.send(approver(CURSOR), "share-cost", bill)
    office.turned_away(
        409, "bill-divided-already", approver(CURSOR), "share-cost", {**bill, "voucher": " lasku  4711 "}
    )
    taken = {"entry": _entry(office, XAMK, MARCH, "pathway:p-1", 2), "reason": "price-changed", "amount_cents": 6_000}
    office.turned_away(403, "not-yours", approver(EKAMI), "reverse-entry", taken)
    office.turned_away(403, "not-allowed", checker(XAMK), "reverse-entry", taken)
    office.send(approver(XAMK), "reverse-entry", taken)
    office.turned_away(409, "beyond-what-is-left", approver(XAMK), "reverse-entry", {**taken, "amount_cents": 54_001})


def _entry(office: Office, partner: str, period: str, pathway: str, step: int) -> str:
    """As its treasurer finds it: on the statement."""
    office.settle_down()
    lines = office.statement(checker(partner), partner, period)["lines"]
    (entry,) = {x["entry"] for x in lines if (x["pathway"], x["step"]) == (pathway, step)}
    return str(entry)
