"""What each two partners owe each other by month, what settlements make of it, and what banks say was paid."""

from collections.abc import Iterable, Iterator

from domain.agreements.events import AgreementEnteredIntoForce
from domain.changing import replace
from domain.revenue.events import CostShared, RevenueTruedUp
from domain.settlement.events import (
    BankLineCleared,
    BankLineListed,
    DisputeAnswered,
    DisputeClosed,
    DisputeWithdrawn,
    LineDisputed,
    Netted,
    PaymentOrdered,
    PaymentRecorded,
    PaymentTakenBack,
    PeriodSettled,
    SettlementApproved,
    SettlementPlanned,
    StatementApproved,
)
from projections.rows import At, Gone, Latest, Projection, facts_of, readings_of
from projections.settlement_rows import (
    Account,
    Approval,
    BankLine,
    Bound,
    Claim,
    Contested,
    Contradicted,
    Ordered,
    Overpaid,
    Payment,
    SetOff,
    Settlement,
    Shown,
    ToLookAfter,
)
from projections.settlement_supplies import Supplied, supplies_in
from projections.statement_facts import Reversed, Shared

Disputing = LineDisputed | DisputeAnswered | DisputeWithdrawn | DisputeClosed
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
    | DisputeClosed
    | PeriodSettled
    | Netted
    | PaymentOrdered
    | SettlementPlanned
    | SettlementApproved
    | PaymentRecorded
    | PaymentTakenBack
    | BankLineListed
    | BankLineCleared
)
Change = (
    Bound
    | Claim
    | Approval
    | Contested
    | Settlement
    | SetOff
    | Account
    | Overpaid
    | Payment
    | Ordered
    | Shown
    | BankLine
    | ToLookAfter
    | Contradicted
    | Gone
)


def fold(rows: Latest, facts: Iterable[tuple[At, Seen]]) -> Iterator[Change]:
    """Claims are summed up as they come; each sum becomes a row when the facts have ended."""
    claims = _Claims()
    for at, fact in facts:
        match fact:
            case Shared() | Reversed() | CostShared() | RevenueTruedUp():
                claims.add(fact)
            case AgreementEnteredIntoForce():
                yield _bound(fact)
            case StatementApproved():
                yield Approval(fact.partner, fact.period, at.position)
            case LineDisputed() | DisputeAnswered() | DisputeWithdrawn() | DisputeClosed():
                yield _disputed(rows, fact, at)
            case PeriodSettled() | SettlementPlanned() | SettlementApproved():
                yield _settled(rows, fact, at)
            case Netted():
                yield from _netted(rows, fact, at)
            case PaymentOrdered():
                yield from _ordered(fact, at)
            case PaymentRecorded():
                yield from _looked_after(rows, _paid(rows, fact, at))
            case PaymentTakenBack():
                yield from _looked_after(rows, _taken_back(rows, fact, at))
            case BankLineListed() | BankLineCleared():
                yield from _looked_after(rows, [_listed(rows, fact, at)])
    yield from claims.changes(rows)


def _looked_after(rows: Latest, changes: Iterable[Change]) -> Iterator[Change]:
    """The changes, and with them what somebody has to look after, so that nobody who asks for that reads all lines ever."""
    for change in changes:
        match change:
            case BankLine(bank_line=bank_line) if change.is_open is not rows.latest(BankLine(bank_line)).is_open:
                row = ToLookAfter(bank_line)
                yield row if change.is_open else Gone(row)
            case Payment(settlement, payment) if (
                change.is_contradicted is not rows.latest(Payment(settlement, payment)).is_contradicted
            ):
                contradicted = Contradicted(payment)
                yield contradicted if change.is_contradicted else Gone(contradicted)
        yield change


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


def _bound(fact: AgreementEnteredIntoForce) -> Bound:
    clauses = fact.clauses
    return Bound(
        agreement=fact.agreement,
        version=fact.version,
        parties=fact.parties,
        mode=clauses.netting.mode,
        clearing=clauses.netting.clearing,
        divides=bool(clauses.sharing_rule or clauses.cost_keys),
    )


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
        case DisputeClosed(how="silence"):
            return replace(contested, settled=at.position, settled_with=fact.period)
        case DisputeAnswered() | DisputeWithdrawn() | DisputeClosed():
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
            return replace(settlement, planned=at.position, pairs=fact.pairs, payments=fact.payments)
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


def _ordered(fact: PaymentOrdered, at: At) -> Iterator[Payment | Ordered]:
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


def _paid(rows: Latest, fact: PaymentRecorded, at: At) -> Iterator[Payment | Shown | BankLine | Account | Overpaid]:
    payment = rows.latest(Payment(fact.settlement, fact.payment))
    shown = _shown(payment, fact.side, fact.cents)
    whole_now = shown.is_paid and not payment.is_paid
    yield replace(shown, paid_on=fact.occurred_on) if whole_now else shown
    yield from _between(rows, payment, shown, fact.posted_cents, at)
    yield Shown(fact.payment, at.position, fact.bank_line)
    of_payer, line = fact.side == "payer", rows.latest(BankLine(fact.bank_line))
    if line.taken_back:  # it was of something else, and this is what it is of
        line = replace(line, taken_back=0, back_as=None, back_cents=0, back_on=None, back_period=None)
    yield replace(
        line,
        organisation=fact.payer if of_payer else fact.payee,
        cents=-fact.cents if of_payer else fact.cents,
        booked_on=fact.occurred_on,
        payment=fact.payment,
        outcome=fact.outcome,
        posted_cents=fact.posted_cents,
        parties=fact.parties,
        recorded=at.position,
        period=fact.period,
        how=None,
        cleared=0,
    )


def _taken_back(
    rows: Latest, fact: PaymentTakenBack, at: At
) -> Iterator[Payment | Shown | BankLine | Account | Overpaid]:
    payment = rows.latest(Payment(fact.settlement, fact.payment))
    shown = _shown(payment, fact.side, -fact.cents)
    yield replace(shown, paid_on=shown.paid_on if shown.is_paid else None, taken_back=shown.taken_back + 1)
    yield from _between(rows, payment, shown, -fact.posted_cents, at)
    yield Shown(fact.payment, at.position, fact.bank_line)
    yield replace(
        rows.latest(BankLine(fact.bank_line)),
        taken_back=at.position,
        back_as=fact.reason,
        back_cents=fact.posted_cents,
        back_on=fact.occurred_on,
        back_period=fact.period,
        how=None,
        cleared=0,
    )
    if fact.shown_by:
        of_payer = fact.side == "payer"
        yield replace(
            rows.latest(BankLine(fact.shown_by)),
            organisation=fact.payer if of_payer else fact.payee,
            cents=fact.cents if of_payer else -fact.cents,
            booked_on=fact.occurred_on,
            payment=fact.payment,
            parties=fact.parties,
            recorded=at.position,
            takes_back=fact.bank_line,
        )


def _shown(payment: Payment, side: str, cents: int) -> Payment:
    if side == "payer":
        return replace(payment, payer_cents=payment.payer_cents + cents)
    return replace(payment, payee_cents=payment.payee_cents + cents)


def _between(rows: Latest, before: Payment, after: Payment, posted_cents: int, at: At) -> Iterator[Account | Overpaid]:
    """What a line changes between the two: what is known to be paid, and what of it goes beyond what was ordered."""
    first, second = sorted((after.payer, after.payee))
    account, over_cents = rows.latest(Account(first, second)), after.over_cents - before.over_cents
    if after.payer == first:
        yield replace(
            account,
            paid_cents=account.paid_cents + posted_cents,
            first_over_cents=account.first_over_cents + over_cents,
        )
    else:
        yield replace(
            account,
            paid_cents=account.paid_cents - posted_cents,
            second_over_cents=account.second_over_cents + over_cents,
        )
    if over_cents or after.is_over_unsure is not before.is_over_unsure:
        yield Overpaid(first, second, at.position, after.payment, after.payer, after.over_cents, after.is_over_unsure)


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
        Overpaid,
        Payment,
        Ordered,
        Shown,
        BankLine,
        ToLookAfter,
        Contradicted,
    ),
    facts_of(Seen),
    readings=readings_of(Seen),
)
