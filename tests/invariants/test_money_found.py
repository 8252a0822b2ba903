"""What the state machines of money have found, each by itself."""

import asyncio

import pytest

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from application.policies import POLICIES
from domain.kernel import current
from domain.network.events import FollowUpOpened
from domain.revenue.events import RevenueShared
from domain.settlement.events import DocumentIssued
from domain.vat.events import VatTreatmentDecided
from tests.domain.story import AGREEMENT, in_force
from tests.invariants.network import START, PlayedNetwork
from tests.invariants.test_policies import Died, DyingMarks

TAXED = {
    "seller": "org:ekami",
    "agreement": AGREEMENT,
    "code": "S",
    "valid_from": "2019-01-01",
    "decided_by": "Talousjohto",
}


def test_a_rate_has_one_text_so_that_what_has_one_rate_is_taxed_together() -> None:
    """24 and 24.0 were two categories of one document, and the tax of each was rounded by itself."""
    (event,) = in_force().when("decide-vat-treatment", {**TAXED, "rate": "24.00"}).events()
    assert isinstance(event, VatTreatmentDecided)
    assert event.rate == "24"


def test_a_rate_above_zero_has_no_ground() -> None:
    """With two grounds the document's tax was rounded twice and the statement's once: a cent was on no line."""
    in_force().when("decide-vat-treatment", {**TAXED, "rate": "24", "ground": "AVL 84 §"}).then_refused(
        "The code S adds tax by its rate alone; leave the ground AVL 84 § out."
    )


def test_small_sums_under_one_rate_are_taxed_on_their_sum() -> None:
    """Two shares of 2 cents at 24 %: 0.96 of a cent on both together, where 0.48 on each would round to nothing."""

    async def play() -> None:
        network = PlayedNetwork(
            MemoryLog("/networks/t", SeededEntropy(1), lambda: START),
            MemoryMarks(),
            MemoryDocuments(),
            SeededEntropy(2),
        )
        fee = {"take": {"fixed_cents": 1}, "to": "role:referrer"}
        await network.found({"rounding": "largest-remainder", "steps": [fee, {"take": "remaining", "to": "org:ekami"}]})
        await network.do("decide-vat-treatment", {**TAXED, "rate": "24"})
        await network.agreed_pathway("pathway:p-0", [3, 3])
        for n, step in enumerate((1, 2)):
            if n:
                await network.do("decide-vat-treatment", {**TAXED, "rate": "24.0", "valid_from": "2019-01-02"})
            body = {"pathway": "pathway:p-0", "step": step, "part": 1, "delivered_on": "2019-01-02"}
            await network.do("deliver-step", body)
            await network.work_off()
        assert await network.close_next() is None
        await network.work_off()
        documents = [e for r in await network.events() if isinstance(e := current(r.data), DocumentIssued)]
        [(net, gross)] = [(d.net_cents, d.gross_cents) for d in documents if d.seller == "org:ekami"]
        assert (net, gross) == (4, 5)

    asyncio.run(play())


@pytest.mark.parametrize("between", ["shared by another", "never shared"])
def test_who_died_after_listing_a_refusal_is_refused_in_other_words_and_goes_on(between: str) -> None:
    """The list already says it, in the words of then: the policy halted for ever where the second refusal read otherwise."""

    async def play() -> None:
        marks = DyingMarks(0)
        log = MemoryLog("/networks/t", SeededEntropy(1), lambda: START)
        network = PlayedNetwork(log, marks, MemoryDocuments(), SeededEntropy(2))
        await network.found()
        await network.agreed_pathway("pathway:p-0", [10_000])
        part = {"pathway": "pathway:p-0", "step": 1, "part": 1}
        await network.work_off()
        quantities = [{"unit": "credit", "quantity": "1"}]
        await network.do("deliver-step", {**part, "delivered_on": "2019-01-02", "quantities": quantities})
        await network.do("share-revenue", {**part, "agreement": AGREEMENT})
        sharing = network.workers()[0]
        assert sharing.policy == POLICIES[0]
        marks.left = 1  # it dies after the refusal was listed, before its mark moves on
        with pytest.raises(Died):
            await sharing.work_off()
        [entry] = [r.data for r in await network.events() if isinstance(r.data, RevenueShared)]
        await network.do("reverse-entry", {"entry": entry.entry, "reason": "cancelled"})
        if between == "shared by another":
            await network.do("share-revenue", {**part, "agreement": AGREEMENT})
        await network.work_off()
        listed = [e for r in await network.events() if isinstance(e := current(r.data), FollowUpOpened)]
        assert [e.code for e in listed] == ["refused"]
        assert entry.entry in listed[0].reason

    asyncio.run(play())
