"""A month of books with every kind of line in it, told by events."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from adapters.projecting.memory import Memory
from domain.agreements.events import AgreementEnteredIntoForce, Clauses
from domain.kernel import Event
from domain.money import CostShare, Share, Terms, divide_cost, parse_cost_key, parse_rule
from domain.network.events import NetworkFounded, OrganisationRegistered, PartnerAdmitted
from domain.revenue.events import (
    CostShared,
    RevenueReversed,
    RevenueShared,
    RevenueTruedUp,
    ReversedShare,
    ShareVat,
    TruedUpShare,
)
from domain.settlement.events import (
    Netted,
    PaymentOrdered,
    PaymentRecorded,
    PaymentTakenBack,
    PeriodClosed,
    TakenBackAs,
)
from domain.vat.events import VatTreatmentDecided
from domain.words import Names
from projections.rows import At
from projections.statements import statements

START: Final = datetime(2019, 3, 1, 7, tzinfo=UTC)
XAMK, EKAMI, KSAO, CURSOR = "org:xamk", "org:ekami", "org:ksao", "org:cursor"
PARTNERS: Final = (XAMK, EKAMI, KSAO, CURSOR)
AGREEMENT: Final = "agreement:kymenlaakso-2019"
STANDARD, EXEMPT = "treatment:1", "treatment:2"
RULE: Final = {"steps": [{"take": "remaining", "to": "org:ekami", "for": "delivery"}]}
WEB: Final[Mapping[str, object]] = {
    "name": "web-service",
    "paid_by": XAMK,
    "for": "verkkopalvelu",
    "costs": {"split": {XAMK: "1", EKAMI: "1", KSAO: "1"}},
}


def clauses(**others: object) -> Clauses:
    blank = {"data_sharing": True, "answer_days": 5, "grace_days": 2, "rights": (), "duties": ()}
    return Clauses(**{"sharing_rule": parse_rule(RULE), "cost_keys": (parse_cost_key(WEB),), **blank, **others})  # type: ignore[arg-type]  # told by keywords


def in_force(**others: object) -> AgreementEnteredIntoForce:
    return AgreementEnteredIntoForce(
        agreement=AGREEMENT,
        version=1,
        title=Names(fi="Yhteistyösopimus"),
        parties=PARTNERS,
        in_force_on=date(2019, 1, 1),
        text_digest="0" * 64,
        clauses=clauses(**others),
        units=(),
    )


def tax(clause: str, rate: str = "24", decision: str = STANDARD) -> ShareVat:
    exempt = rate == "0"
    return ShareVat(
        clause=clause,
        code="E" if exempt else "S",
        rate=rate,
        ground="AVL 39-40 §" if exempt else None,
        decision=decision,
    )


def decided(treatment: str, rate: str) -> VatTreatmentDecided:
    return VatTreatmentDecided(
        treatment=treatment,
        seller=EKAMI,
        agreement=AGREEMENT,
        clause=None,
        code="E" if rate == "0" else "S",
        rate=rate,
        ground="AVL 39-40 §" if rate == "0" else None,
        valid_from=date(2019, 1, 1),
        decided_by="Talousjohtaja",
        by="person:1",
        decided_on=date(2019, 1, 1),
    )


def shared(
    entry: str, cents: Mapping[str, int], *, hub: str = XAMK, vat: tuple[ShareVat, ...] = (), period: str = "2019-03"
) -> RevenueShared:
    """An amount, by partner; the clause of each is `steps[n]` in that order."""
    amount = sum(cents.values())
    return RevenueShared(
        entry=entry,
        pathway="pathway:p-1",
        step=1,
        part=1,
        agreement=AGREEMENT,
        version=1,
        provider=EKAMI,
        amount_cents=amount,
        collected_by=hub,
        occurred_on=date(2019, 3, 5),
        period=period,
        project="S20967",
        parties=tuple(sorted({hub, *cents})),
        quantities=(),
        skipped=(),
        shares=tuple(
            Share(
                partner=partner,
                role=None,
                clause=f"steps[{n}]",
                cents=each,
                exact=f"{each}/1",
                terms=Terms(kind="fixed", base_cents=amount, fixed_cents=each),
            )
            for n, (partner, each) in enumerate(cents.items())
        ),
        vat=vat,
        sessions=(),
    )


def reversed_(
    reversal: str,
    of: RevenueShared | CostShared,
    cents: Sequence[int],
    *,
    left_cents: int = 0,
    period: str = "2019-03",
) -> RevenueReversed:
    """So many cents of each share, in their order."""
    cost = isinstance(of, CostShared)
    parts: Sequence[Share | CostShare] = of.shares
    return RevenueReversed(
        reversal=reversal,
        entry=of.entry,
        of="cost" if cost else "revenue",
        pathway=None if isinstance(of, CostShared) else of.pathway,
        step=None if isinstance(of, CostShared) else of.step,
        part=None if isinstance(of, CostShared) else of.part,
        agreement=of.agreement,
        version=of.version,
        amount_cents=sum(cents),
        entry_amount_cents=of.amount_cents,
        left_cents=left_cents,
        collected_by=of.collected_by,
        occurred_on=date(2019, 3, 20),
        period=period,
        entry_occurred_on=of.occurred_on,
        entry_period=of.period,
        project=of.project,
        reason="price-changed",
        parties=of.parties,
        shares=tuple(
            ReversedShare(partner=s.partner, role=None, clause=s.clause, cents=c, exact=f"{c}/1")
            for s, c in zip(parts, cents, strict=True)
        ),
        vat=of.vat,
    )


def cost(
    entry: str, amount: int = 90000, *, waived: tuple[frozenset[str], ...] = (), vat: tuple[ShareVat, ...] = ()
) -> CostShared:
    key = parse_cost_key(WEB)
    return CostShared(
        entry=entry,
        agreement=AGREEMENT,
        version=1,
        key=key.name,
        amount_cents=amount,
        collected_by=key.paid_by,
        occurred_on=date(2019, 3, 10),
        period="2019-03",
        project=None,
        voucher=None,
        parties=(EKAMI, KSAO, XAMK),
        quantities=(),
        shares=divide_cost(key, amount_cents=amount, quantities={}, waived=waived),
        vat=vat,
    )


def trued_up(entry: str = "entry:7") -> RevenueTruedUp:
    """Ten sales of 1 cent at 60/25/15, collected by one of them."""
    figures = ((EKAMI, "25/10", 0, 3), (KSAO, "15/10", 0, 1), (XAMK, "6/1", 10, -4))
    return RevenueTruedUp(
        entry=entry,
        drift=f"drift:{AGREEMENT}.1.{XAMK}",
        agreement=AGREEMENT,
        version=1,
        collected_by=XAMK,
        closed_period="2019-02",
        occurred_on=date(2019, 3, 11),
        period="2019-03",
        parties=(EKAMI, KSAO, XAMK),
        shares=tuple(TruedUpShare(partner=p, exact=e, booked_cents=b, cents=c) for p, e, b, c in figures),
    )


def netted(moved: int = 1200, *, first: str = EKAMI, second: str = XAMK) -> Netted:
    return Netted(
        netting="entry:8",
        settlement="settlement:1",
        first=first,
        second=second,
        first_owes_cents=1200,
        second_owes_cents=5000,
        first_pays_cents=0,
        second_pays_cents=3800,
        moved_cents=moved,
        occurred_on=date(2019, 3, 12),
        period="2019-03",
        parties=(first, second),
    )


def ordered(cents: int = 3800, *, payment: str = "payment:1") -> PaymentOrdered:
    return PaymentOrdered(
        payment=payment,
        settlement="settlement:1",
        number=1,
        payer=XAMK,
        payee=EKAMI,
        cents=cents,
        reference="1000012",
        pay_on=date(2019, 3, 15),
        ordered_on=date(2019, 3, 12),
        parties=(EKAMI, XAMK),
    )


def paid(
    cents: int = 3000,
    *,
    posted: int | None = None,
    payment: str = "payment:1",
    side: Literal["payer", "payee"] = "payer",
) -> PaymentRecorded:
    return PaymentRecorded(
        payment=payment,
        settlement="settlement:1",
        bank_line="bank-line:" + "a" * 32,
        side=side,
        payer=XAMK,
        payee=EKAMI,
        cents=cents,
        posted_cents=cents if posted is None else posted,
        outcome="part",
        occurred_on=date(2019, 3, 15),
        period="2019-03",
        parties=(EKAMI, XAMK),
    )


def taken_back(cents: int = 3000, *, reason: TakenBackAs = "returned", period: str = "2019-03") -> PaymentTakenBack:
    """Of what `paid` has recorded."""
    recorded = paid(cents)
    return PaymentTakenBack(
        payment=recorded.payment,
        settlement=recorded.settlement,
        bank_line=recorded.bank_line,
        side=recorded.side,
        payer=recorded.payer,
        payee=recorded.payee,
        cents=cents,
        posted_cents=cents,
        reason=reason,
        shown_by=None,
        corrects=recorded.bank_line,
        corrects_period=recorded.period,
        by="person:1",
        occurred_on=date(2019, 3, 18),
        period=period,
        parties=recorded.parties,
    )


def closed(period: str = "2019-03", on: date = date(2019, 4, 2)) -> PeriodClosed:
    return PeriodClosed(period=period, closed_on=on)


def founded(**agreed: object) -> list[Event]:
    """A network of four partners, an agreement in force, two decisions on VAT."""
    day = date(2019, 1, 2)
    opened = NetworkFounded(
        network="kymenlaakso", name=Names(fi="Verkosto"), first_period="2019-03", constructed=True, founded_on=day
    )
    registered = [
        OrganisationRegistered(
            organisation=each,
            name=Names(fi=each[4:]),
            kind="vocational_institute",
            business_id=None,
            oid=None,
            unit_of=None,
            registered_on=day,
        )
        for each in PARTNERS
    ]
    admitted = [PartnerAdmitted(organisation=each, membership="implementer", admitted_on=day) for each in PARTNERS]
    return [opened, *registered, *admitted, in_force(**agreed), decided(STANDARD, "24"), decided(EXEMPT, "0")]


FIRST: Final = len(founded()) + 1
"""Where the first event after the founding stands."""


def month() -> list[Event]:
    """Everything that moves a balance, taxed, exempt and neither; taken back as a whole and in part."""
    sold = shared(
        "entry:1", {EKAMI: 10001, KSAO: 5000, XAMK: 2000}, vat=(tax("steps[0]"), tax("steps[1]", "0", EXEMPT))
    )
    again = shared("entry:2", {EKAMI: 333, CURSOR: 100})
    costs = cost("entry:3", vat=(tax("costs.split[1]"),))
    return [
        sold,
        again,
        costs,
        reversed_("entry:4", sold, (2000, 1000, 400), left_cents=13601),
        reversed_("entry:5", sold, (8001, 4000, 1600)),
        reversed_("entry:6", costs, (100, 100, 100), left_cents=89700),
        trued_up(),
        netted(),
        ordered(),
        paid(),
        cost("entry:9", 30000, waived=(frozenset((XAMK, KSAO)),)),
    ]


def recorded(events: Sequence[Event], first: int = 1) -> list[tuple[At, Event]]:
    return [(At(n, START + timedelta(hours=n)), event) for n, event in enumerate(events, first)]


def books(events: Sequence[Event]) -> Memory:
    memory = Memory(statements)
    memory.advance([*recorded(events)], len(events))
    return memory
