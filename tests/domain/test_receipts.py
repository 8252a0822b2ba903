"""Receipts: where an agreement shares on receipt, revenue is due once a part is delivered and paid, in that order or the other."""

import pytest

from domain.kernel import NotYet
from domain.revenue.events import ReceiptRecorded
from tests.domain.story import (
    AGREEMENT,
    OUTSIDER,
    PARTNERS,
    agreed,
    closed,
    delivered,
    delivery,
    do,
    entry_of,
    numbered,
    planned,
    shared,
    sharing,
)
from tests.given_when_then import Given, asked

RECEIPT = {"pathway": "pathway:p-1", "step": 1, "part": 1, "received_on": "2019-03-05"}
APRIL, MAY = "2019-04-10T09:00:00+03:00", "2019-05-02T09:00:00+03:00"
WAITS = f"{AGREEMENT} shares on receipt, and the client has not paid for part 1 of step 1 of pathway:p-1; record the receipt."


PAID = (
    f"Part 1 of step 1 of pathway:p-1 is paid, and its revenue is shared already, by {asked().new('entry')}; "
    "reverse that entry before sharing anew."
)


def paid(so_far: Given, on: str = "2019-03-05", at: str = MAY) -> Given:
    return do(so_far, "record-receipt", {**RECEIPT, "received_on": on}, asked(at))


def test_a_receipt_is_recorded_by_who_collected() -> None:
    by_collector = agreed().when("record-receipt", RECEIPT, asked(organisation="org:xamk"))
    by_collector.then(
        ReceiptRecorded(
            pathway="pathway:p-1",
            step=1,
            part=1,
            agreement=AGREEMENT,
            received_on=asked().on,
            collected_by="org:xamk",
            parties=tuple(sorted(PARTNERS)),
        )
    )
    agreed().when("record-receipt", RECEIPT, asked(organisation="org:ekami")).then_refused(
        "Only org:xamk or the coordinator may record what the client has paid it; you act for org:ekami."
    )
    agreed().when("record-receipt", RECEIPT, OUTSIDER).then_refused("There is no pathway:p-1 here.")
    planned().when("record-receipt", RECEIPT).then_refused("There is no pathway:p-1 here.")


def test_a_part_is_paid_once_and_not_in_the_future() -> None:
    paid(agreed()).when("record-receipt", RECEIPT).then_refused(
        "The payment for part 1 of step 1 of pathway:p-1 was received on 2019-03-05 already."
    )
    agreed().when("record-receipt", {**RECEIPT, "part": 3}).then_refused(
        "There is no part 3 of step 1 in pathway:p-1 here."
    )
    agreed().when("record-receipt", {**RECEIPT, "received_on": "2019-03-06"}).then_refused(
        "A payment on 2019-03-06 lies in the future: today is 2019-03-05. Report it when it has happened."
    )
    assert paid(agreed()).when("record-receipt", {**RECEIPT, "part": 2}).events()


def test_revenue_waits_until_the_client_has_paid() -> None:
    """The network is told that it is too early: the receipt asks again, and nobody has to look after it."""
    so_far = delivered(due="receipt")
    so_far.when("share-revenue", sharing()).then_refused(WAITS)
    another = do(so_far, "record-receipt", {**RECEIPT, "part": 2})
    with pytest.raises(NotYet):
        another.when("share-revenue", sharing()).events()
    assert entry_of(do(paid(so_far), "share-revenue", sharing())).amount_cents == 40000


def test_the_period_is_that_of_the_receipt_and_the_day_that_of_delivery() -> None:
    so_far = paid(delivered(due="receipt"), "2019-04-09")
    entry = entry_of(do(so_far, "share-revenue", sharing(), asked(MAY)))
    assert (entry.period, entry.occurred_on.isoformat()) == ("2019-04", "2019-03-05")
    late = closed(so_far, "2019-01", "2019-02", "2019-03", "2019-04", at=MAY)
    assert entry_of(do(late, "share-revenue", sharing(), asked(MAY))).period == "2019-05"


def test_what_was_paid_in_advance_is_shared_when_it_is_delivered() -> None:
    """Also then the receipt comes too early, and the delivery asks again."""
    in_advance = do(agreed(due="receipt"), "record-receipt", RECEIPT)
    with pytest.raises(NotYet, match=r"Part 1 of step 1 of pathway:p-1 has not been delivered; revenue is shared"):
        in_advance.when("share-revenue", sharing()).events()
    so_far = do(in_advance, "deliver-step", delivery(on="2019-04-10"), asked(APRIL))
    entry = entry_of(do(so_far, "share-revenue", sharing(), asked(MAY)))
    assert (entry.period, entry.occurred_on.isoformat()) == ("2019-04", "2019-04-10")


def test_where_revenue_is_shared_on_delivery_a_receipt_changes_nothing() -> None:
    """The network, which asks after each receipt, hears that it is done; that goes on nobody's list."""
    so_far = paid(shared(), "2019-04-09")
    so_far.when("share-revenue", sharing(), asked(MAY)).then_refused(PAID)
    with pytest.raises(NotYet):
        so_far.when("share-revenue", sharing(), asked(MAY)).events()
    assert entry_of(do(paid(delivered(), "2019-04-09"), "share-revenue", sharing(), asked(MAY))).period == "2019-03"


def test_where_delivery_and_receipt_come_together_the_network_asks_twice_and_shares_once() -> None:
    so_far = do(paid(delivered(due="receipt")), "share-revenue", sharing(), asked(MAY))
    with pytest.raises(NotYet):
        so_far.when("share-revenue", sharing(), numbered(1, asked(MAY))).events()


def test_a_paid_part_is_booked_anew_in_the_period_of_the_correction() -> None:
    so_far = do(paid(delivered(due="receipt")), "share-revenue", sharing())
    body = {**sharing(), "amount_cents": 30000, "reason": "price-changed"}
    entry = entry_of(do(so_far, "rebook-part", body, numbered(1, asked(MAY))))
    assert (entry.amount_cents, entry.period, entry.occurred_on.isoformat()) == (30000, "2019-05", "2019-03-05")
