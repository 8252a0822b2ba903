"""Revenue: every part shared once, to the cent, in a period that is open."""

from msgspec.structs import replace

from domain.agreements.events import AgreementEnteredIntoForce
from domain.revenue.events import RevenueReversed
from tests.domain.story import agreed, closing, delivered, delivery, do, entry_of, in_force, shared, sharing
from tests.given_when_then import COMMAND_ID, Given, asked

ENTRY = asked().new("entry")
MAY = "2019-05-02T09:00:00+03:00"


def test_a_delivered_part_is_shared_by_the_rule_of_its_version() -> None:
    """400.00: 150.00 to the referrer, 5 % = 20.00 to the coordinator, 2.5 credits = 125.00, the rest 60/40."""
    entry = entry_of(shared())
    assert [(s.partner, s.role, s.clause, s.cents) for s in entry.shares] == [
        ("org:cursor", "role:referrer", "steps[0]", 15000),
        ("org:xamk", None, "steps[1]", 2000),
        ("org:ekami", "role:provider", "steps[2]", 12500),
        ("org:ekami", None, "steps[3].to.split[0]", 6300),
        ("org:ksao", None, "steps[3].to.split[1]", 4200),
    ]
    assert entry.entry == ENTRY
    assert entry.period == "2019-03"
    assert str(COMMAND_ID)[:13] in entry.entry, "the id keeps its cause's time in front"


def test_a_later_version_changes_nothing_for_a_pathway_agreed_before() -> None:
    """The rule is that of the version the pathway was bound to, however many versions have come into force since."""
    everything = {"steps": [{"take": "remaining", "to": "org:ksao", "for": "delivery"}]}
    later = replace(version_in_force(in_force({"rounding": "largest-remainder", **everything})), version=2)
    assert later.clauses.sharing_rule != version_in_force(in_force()).clauses.sharing_rule
    so_far = delivered()
    assert entry_of(do(Given((*so_far.history, later)), "share-revenue", sharing())) == entry_of(shared())
    assert entry_of(shared()).version == 1


def version_in_force(so_far: Given) -> AgreementEnteredIntoForce:
    event = so_far.history[-1]
    assert isinstance(event, AgreementEnteredIntoForce)
    return event


def test_the_referral_fee_is_taken_once_per_pathway() -> None:
    second = do(do(shared(), "deliver-step", delivery(part=2)), "share-revenue", sharing(part=2))
    assert entry_of(second).shares[0].cents == 0
    assert sum(s.cents for s in entry_of(second).shares) == 20000


def test_what_was_taken_and_given_back_may_be_taken_again() -> None:
    back = do(shared(), "reverse-entry", {"entry": ENTRY, "reason": "entered-in-error"})
    again = do(back, "share-revenue", sharing())
    assert entry_of(again).shares[0].cents == 15000


def test_revenue_is_shared_once_and_after_delivery() -> None:
    shared().when("share-revenue", sharing()).then_refused(
        f"The revenue of part 1 of step 1 of pathway:p-1 is shared already, by {ENTRY}; reverse that first."
    )
    agreed().when("share-revenue", sharing()).then_refused(
        "Part 1 of step 1 of pathway:p-1 has not been delivered; revenue is shared after delivery."
    )
    delivered().when("share-revenue", {**sharing(), "agreement": "agreement:other"}).then_refused(
        "pathway:p-1 is bound to agreement:kymenlaakso-2019; its revenue cannot be shared under agreement:other."
    )


def test_a_late_fact_lands_in_the_open_period_and_keeps_its_date() -> None:
    so_far = delivered()
    for period in ("2019-01", "2019-02", "2019-03"):
        so_far = closing(so_far, period, MAY).and_then()
    entry = entry_of(do(so_far, "share-revenue", sharing()))
    assert entry.period == "2019-04"
    assert entry.occurred_on.isoformat() == "2019-03-05"


def test_an_entry_is_reversed_whole_once_by_its_collector() -> None:
    so_far = do(shared(), "reverse-entry", {"entry": ENTRY, "reason": "price-changed"})
    event = so_far.history[-1]
    assert isinstance(event, RevenueReversed)
    assert [(s.partner, s.cents) for s in event.shares] == [(s.partner, s.cents) for s in entry_of(shared()).shares]
    so_far.when("reverse-entry", {"entry": ENTRY, "reason": "price-changed"}).then_refused(
        f"{ENTRY} was taken back by {event.reversal} already; each cent is reversed once."
    )
    shared().when(
        "reverse-entry", {"entry": ENTRY, "reason": "price-changed"}, asked(organisation="org:ekami")
    ).then_refused("Only org:xamk or the coordinator may reverse what it has shared; you act for org:ekami.")
    shared().when(
        "reverse-entry", {"entry": ENTRY, "reason": "price-changed"}, asked(organisation="org:lut")
    ).then_refused(f"There is no {ENTRY} here.")
