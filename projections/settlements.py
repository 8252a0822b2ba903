"""What each two partners owe each other by month, what settlements make of it, and what banks say was paid."""

from collections.abc import Iterable, Iterator

from domain.agreements.events import AgreementEnteredIntoForce
from domain.changing import replace
from domain.revenue.events import CostShared, RevenueTruedUp
from domain.settlement.events import (
    BankLineCleared,
    BankLineListed,
    DisputeAnswered,
    DisputeWithdrawn,
    LineDisputed,
    Netted,
    PaymentOrdered,
    PaymentRecorded,
    PeriodSettled,
    SettlementApproved,
    SettlementPlanned,
    StatementApproved,
)
from projections.rows import At, Latest, Projection, facts_of, readings_of
from projections.settlement_rows import (
    Account,
    Approval,
    BankLine,
    Bound,
    Claim,
    Contested,
    Ordered,
    Payment,
    SetOff,
    Settlement,
    Shown,
)
from projections.settlement_supplies import Supplied, supplies_in
from projections.statement_facts import Reversed, Shared

Disputing = LineDisputed | DisputeAnswered | DisputeWithdrawn
Seen = (
    AgreementEnteredIntoForce
    | Shared
    | Reversed
    | CostShared
    | RevenueTruedUp
    | StatementApproved
    | LineDisputed
    | DisputeAnswered
    | DisputeWithdrawn
    | PeriodSettled
    | Netted
    | PaymentOrdered
    | SettlementPlanned
    | SettlementApproved
    | PaymentRecorded
    | BankLineListed
    | BankLineCleared
)
Change = Bound | Claim | Approval | Contested | Settlement | SetOff | Account | Payment | Ordered | Shown | BankLine


def fold(rows: Latest, facts: Iterable[tuple[At, Seen]]) -> Iterator[Change]:
    """Claims are summed up as they come; each sum becomes a row when the facts have ended."""
    claims = _Claims()
    for at, fact in facts:
        match fact:
            case Shared() | Reversed() | CostShared() | RevenueTruedUp():
                claims.add(fact)
            case AgreementEnteredIntoForce():
                yield Bound(fact.agreement, fact.version, fact.parties)
            case StatementApproved():
                yield Approval(fact.partner, fact.period, at.position)
            case LineDisputed() | DisputeAnswered() | DisputeWithdrawn():
                yield _disputed(rows, fact, at)
            case PeriodSettled() | SettlementPlanned() | SettlementApproved():
                yield _settled(rows, fact, at)
            case Netted():
                yield from _netted(rows, fact, at)
            case PaymentOrdered() | PaymentRecorded():
                yield from _paid(rows, fact, at)
            case BankLineListed() | BankLineCleared():
                yield _listed(rows, fact, at)
    yield from claims.changes(rows)


class _Claims(dict[tuple[str, str, str, str, str, str], int]):
    """What postings add to claims, by the key of the row."""

    def add(self, posting: Supplied) -> None:
        period = posting.period
        for supply in supplies_in(posting):
            seller, buyer = supply.seller, supply.buyer
            pair = (seller, buyer) if seller < buyer else (buyer, seller)
            key = (*pair, period, seller, supply.tax.code, supply.tax.rate)
            self[key] = self.get(key, 0) + supply.cents

    def changes(self, rows: Latest) -> Iterator[Claim]:
        for key, cents in self.items():
            claim = rows.latest(Claim(*key))
            yield replace(claim, base_cents=claim.base_cents + cents)


def _disputed(rows: Latest, fact: Disputing, at: At) -> Contested:
    first, second = sorted(fact.parties)
    contested = rows.latest(Contested(first, second, fact.dispute))
    match fact:
        case LineDisputed():
            return Contested(first, second, fact.dispute, fact.entry, fact.clause, fact.period, at.position)
        case DisputeAnswered(answer="accepted"):
            return replace(contested, accepted=at.position)
        case DisputeAnswered(stage="counterparty"):
            return contested  # it stands by the line; the other side withdraws, or the coordinator decides
        case DisputeAnswered() | DisputeWithdrawn():
            return replace(contested, ended=at.position)


def _settled(rows: Latest, fact: PeriodSettled | SettlementPlanned | SettlementApproved, at: At) -> Settlement:
    settlement = rows.latest(Settlement(fact.settlement))
    match fact:
        case PeriodSettled():
            return Settlement(
                settlement=fact.settlement,
                number=fact.number,
                period=fact.period,
                agreement=fact.agreement,
                version=fact.version,
                mode=fact.mode,
                clearing=fact.clearing,
                members=fact.members,
                units=fact.units,
                pay_on=fact.pay_on,
                settled_on=fact.settled_on,
                by=fact.by,
                cut=at.position,
            )
        case SettlementPlanned():
            return replace(settlement, planned=at.position)
        case SettlementApproved():
            return replace(settlement, approved=at.position, approved_on=fact.approved_on, approved_by=fact.by)


def _netted(rows: Latest, fact: Netted, at: At) -> Iterator[SetOff | Account]:
    yield SetOff(
        settlement=fact.settlement,
        first=fact.first,
        second=fact.second,
        first_owes_cents=fact.first_owes_cents,
        second_owes_cents=fact.second_owes_cents,
        first_pays_cents=fact.first_pays_cents,
        second_pays_cents=fact.second_pays_cents,
        moved_cents=fact.moved_cents,
        period=fact.period,
        position=at.position,
    )
    account = rows.latest(Account(fact.first, fact.second))
    yield replace(
        account,
        first_owed_cents=account.first_owed_cents + fact.first_owes_cents,
        second_owed_cents=account.second_owed_cents + fact.second_owes_cents,
        moved_cents=account.moved_cents + fact.moved_cents,
    )


def _paid(
    rows: Latest, fact: PaymentOrdered | PaymentRecorded, at: At
) -> Iterator[Payment | Ordered | Shown | BankLine | Account]:
    if isinstance(fact, PaymentOrdered):
        yield Payment(
            settlement=fact.settlement,
            payment=fact.payment,
            number=fact.number,
            payer=fact.payer,
            payee=fact.payee,
            cents=fact.cents,
            reference=fact.reference,
            pay_on=fact.pay_on,
            position=at.position,
        )
        yield Ordered(fact.payment, fact.settlement)
        return
    of_payer = fact.side == "payer"
    payment = rows.latest(Payment(fact.settlement, fact.payment))
    shown = replace(
        payment,
        payer_cents=payment.payer_cents + (fact.cents if of_payer else 0),
        payee_cents=payment.payee_cents + (0 if of_payer else fact.cents),
    )
    whole_now = shown.is_paid and not payment.is_paid
    yield replace(shown, paid_on=fact.occurred_on) if whole_now else shown
    yield Shown(fact.payment, at.position, fact.bank_line)
    yield replace(
        rows.latest(BankLine(fact.bank_line)),
        organisation=fact.payer if of_payer else fact.payee,
        cents=-fact.cents if of_payer else fact.cents,
        booked_on=fact.occurred_on,
        payment=fact.payment,
        outcome=fact.outcome,
        posted_cents=fact.posted_cents,
        parties=fact.parties,
        recorded=at.position,
        period=fact.period,
    )
    first, second = sorted((fact.payer, fact.payee))
    account = rows.latest(Account(first, second))
    posted = fact.posted_cents if fact.payer == first else -fact.posted_cents
    yield replace(account, paid_cents=account.paid_cents + posted)


def _listed(rows: Latest, fact: BankLineListed | BankLineCleared, at: At) -> BankLine:
    line = rows.latest(BankLine(fact.bank_line))
    match fact:
        case BankLineListed():
            return replace(
                line,
                organisation=fact.organisation,
                cents=fact.cents,
                booked_on=fact.booked_on,
                parties=line.parties or fact.parties,
                reference=fact.reference,
                reason=fact.reason,
                listed=at.position,
            )
        case BankLineCleared():
            return replace(line, how=fact.how, cleared=at.position)


settlements = Projection(
    "settlements",
    fold,
    (
        Bound,
        Claim,
        Approval,
        Contested,
        Settlement,
        SetOff,
        Account,
        Payment,
        Ordered,
        Shown,
        BankLine,
    ),
    facts_of(Seen),
    readings=readings_of(Seen),
)
