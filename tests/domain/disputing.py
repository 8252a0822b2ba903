"""Postings and statements of one month, that the tests of disputes begin from: xamk collects, ekami, ksao and cursor share."""

from datetime import date
from typing import Any

from msgspec.structs import replace

from domain.agreements.events import AgreementEnteredIntoForce, Clauses
from domain.kernel import Asked
from domain.money import CostShare, Share, Terms
from domain.revenue.events import (
    CostShared,
    RevenueReversed,
    RevenueShared,
    RevenueTruedUp,
    ReversedShare,
    TruedUpShare,
)
from domain.settlement.events import LineDisputed, StatementIssued
from domain.words import Names
from tests.domain.story import AGREEMENT, PARTNERS, do
from tests.given_when_then import Given, asked, given

ON = date(2019, 3, 5)
MARCH = "2019-03"
ENTRY, COST, DRIFT, BACK, PART_BACK, COST_BACK = (f"entry:{n}" for n in range(1, 7))
CORRECTION = "entry:9"
TERMS = Terms(kind="remaining", base_cents=29_500)
DISPUTE = asked().new("dispute")


def in_force(version: int, answer_days: int) -> AgreementEnteredIntoForce:
    clauses = Clauses(
        sharing_rule=None,
        data_sharing=False,
        answer_days=2,
        grace_days=2,
        rights=(),
        duties=(),
        dispute_answer_days=answer_days,
    )
    return AgreementEnteredIntoForce(
        agreement=AGREEMENT,
        version=version,
        title=Names(fi="Sopimus"),
        parties=PARTNERS,
        in_force_on=ON,
        text_digest="0" * 64,
        clauses=clauses,
        units=(),
    )


def issued(partner: str, period: str = MARCH, dispute_by: date | None = date(2019, 4, 16)) -> StatementIssued:
    return StatementIssued(
        statement=f"statement:{partner[4:]}.{period}",
        partner=partner,
        period=period,
        form=2,
        position=90,
        opening_cents=0,
        closing_cents=0,
        lines=4,
        digest="a" * 64,
        dispute_by=dispute_by,
        tacit_approval=False,
        parties=(partner,),
    )


def _share(partner: str, clause: str, cents: int, role: str | None = None) -> Share:
    return Share(partner=partner, role=role, clause=clause, cents=cents, exact=f"{cents}/1", terms=TERMS)


BOOKED: dict[str, Any] = {
    "agreement": AGREEMENT,
    "version": 1,
    "collected_by": "org:xamk",
    "occurred_on": ON,
    "period": MARCH,
    "parties": tuple(sorted(PARTNERS)),
}
SHARED = RevenueShared(
    **BOOKED,
    entry=ENTRY,
    pathway="pathway:p-1",
    step=1,
    part=1,
    provider="org:ekami",
    amount_cents=29_500,
    project=None,
    quantities=(),
    skipped=(),
    shares=(
        _share("org:cursor", "steps[0]", 15_000),
        _share("org:xamk", "steps[1]", 2_000, "kept"),
        _share("org:ekami", "steps[2]", 12_500),
        _share("org:ksao", "steps[3]", 0),
    ),
    vat=(),
    sessions=(),
)
COSTS = CostShared(
    **BOOKED,
    entry=COST,
    key="web-service",
    amount_cents=90_000,
    project=None,
    voucher=None,
    quantities=(),
    shares=tuple(
        CostShare(
            partner=partner, clause=f"costs.split[{n}]", cents=30_000, exact="30000/1", terms=TERMS, waived_cents=0
        )
        for n, partner in enumerate(("org:ekami", "org:ksao", "org:xamk"))
    ),
    vat=(),
)
TRUED_UP = RevenueTruedUp(
    **BOOKED,
    entry=DRIFT,
    drift="drift:kymenlaakso-2019.1.xamk",
    closed_period="2019-02",
    shares=tuple(
        TruedUpShare(partner=partner, exact="0/1", booked_cents=-cents, cents=cents)
        for partner, cents in (("org:ekami", 3), ("org:ksao", -4), ("org:xamk", 1))
    ),
)


def reversal(reversal_id: str, of: RevenueShared | CostShared, cents: int, left_cents: int) -> RevenueReversed:
    """A correction that takes so much of an entry back, all of it from one share."""
    share = of.shares[0]
    revenue = isinstance(of, RevenueShared)
    return RevenueReversed(
        **BOOKED,
        reversal=reversal_id,
        entry=of.entry,
        of="revenue" if revenue else "cost",
        pathway="pathway:p-1" if revenue else None,
        step=1 if revenue else None,
        part=1 if revenue else None,
        amount_cents=cents,
        entry_amount_cents=of.amount_cents,
        left_cents=left_cents,
        entry_occurred_on=ON,
        entry_period=MARCH,
        project=None,
        reason="price-changed",
        shares=(ReversedShare(partner=share.partner, role=None, clause=share.clause, cents=cents, exact=f"{cents}/1"),),
        vat=(),
    )


BOOKS = given(
    in_force(1, 5),
    in_force(2, 1),
    SHARED,
    COSTS,
    TRUED_UP,
    reversal(PART_BACK, SHARED, 100, 29_400),
    reversal(COST_BACK, COSTS, 200, 89_800),
    *(issued(partner) for partner in PARTNERS),
)


def somebody(organisation: str, at: str = "2019-04-03T09:00:00+03:00", actor: str | None = None) -> Asked:
    """A person of a partner: the same one, unless another is named."""
    return replace(asked(at, f"org:{organisation}"), actor=f"person:{actor or organisation}")


def coordinator(at: str = "2019-04-03T09:00:00+03:00") -> Asked:
    return asked(at)


def scheduler(at: str) -> Asked:
    return replace(asked(at, role="policy"), actor="policy:scheduler")


def line(entry: str = ENTRY, clause: str = "steps[2]", partner: str = "org:ekami") -> dict[str, str]:
    """The body that disputes one."""
    of = {"partner": partner, "period": MARCH, "entry": entry, "clause": clause}
    return {**of, "agreement": AGREEMENT, "reason": "wrong-quantity"}


def disputed(so_far: Given = BOOKS) -> Given:
    """Ekami disputes its teaching, on Wednesday 3 April; xamk has until the 10th."""
    return do(so_far, "dispute-line", line(), somebody("ekami"))


def correction(
    cents: int = 500, clause: str = "steps[2]", left_cents: int = 28_900, number: str = CORRECTION
) -> RevenueReversed:
    """On 5 April, in the books of April, so many cents of one clause are taken back."""
    whole = reversal(number, SHARED, cents, left_cents)
    fields = {f: getattr(whole, f) for f in whole.__struct_fields__}
    share = ReversedShare(partner="org:ekami", role=None, clause=clause, cents=cents, exact=f"{cents}/1")
    return RevenueReversed(**{**fields, "shares": (share,), "occurred_on": date(2019, 4, 5), "period": "2019-04"})


def accepted() -> Given:
    """Xamk finds on the same day that ekami is right."""
    return do(disputed(), "answer-dispute", {"dispute": DISPUTE, "answer": "accepted"}, somebody("xamk"))


def corrected(*by: RevenueReversed) -> Given:
    """And takes some of it back two days later, or what is given."""
    return Given((*accepted().history, *(by or (correction(),))))


def disputes_in(so_far: Given) -> list[LineDisputed]:
    return [event for event in so_far.history if isinstance(event, LineDisputed)]
