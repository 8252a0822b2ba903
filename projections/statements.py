"""What each partner is due and owes in a period: the sums, and which postings of the log are which lines of whose statement.

What a posting says stands in its event and nowhere else. The lines are a question (`projections.statement`): written out on both
sides of every share they would be ten times as much. The fold remembers balances, last sheets, and nothing that grows with them.
"""

from collections.abc import Iterable, Iterator

from domain.agreements.events import AgreementEnteredIntoForce
from domain.changing import replace
from domain.network.events import NetworkFounded, OrganisationRegistered, OrganisationRenamed, PartnerAdmitted
from domain.revenue.events import CostShared, RevenueTruedUp
from domain.settlement.events import (
    DisputeAnswered,
    DisputeClosed,
    DisputeWithdrawn,
    LineDisputed,
    Netted,
    PaymentOrdered,
    PaymentRecorded,
    PaymentTakenBack,
    PeriodClosed,
    PeriodSettled,
    SettlementPlanned,
    StatementApproved,
    StatementChecked,
    StatementIssued,
)
from domain.vat.events import VatTreatmentDecided
from projections.rows import At, Change, Latest, Projection, facts_of, readings_of
from projections.statement_books import Books
from projections.statement_facts import AgreedPathway, DeliveredPart, Reversed, Shared
from projections.statement_postings import Posted, postings_of
from projections.statement_rows import (
    Balance,
    Bound,
    Closed,
    Decided,
    Delivered,
    Dispute,
    EarlierName,
    Issued,
    LastSheet,
    Levy,
    Member,
    Network,
    Organisation,
    Payment,
    Planned,
    Posting,
    Recognised,
    Reversal,
    Rule,
    Sheet,
    Side,
)

Ground = (
    NetworkFounded
    | OrganisationRegistered
    | OrganisationRenamed
    | PartnerAdmitted
    | AgreementEnteredIntoForce
    | VatTreatmentDecided
    | PeriodClosed
)
"""What happens seldom, and all else rests on."""
Answered = (
    StatementIssued
    | StatementChecked
    | StatementApproved
    | LineDisputed
    | DisputeAnswered
    | DisputeWithdrawn
    | DisputeClosed
)
"""What is said of statements."""
Settled = PeriodSettled | PaymentOrdered | SettlementPlanned
"""What is to be paid."""
Seen = Posted | AgreedPathway | DeliveredPart | Ground | Answered | Settled


def fold(rows: Latest, facts: Iterable[tuple[At, Seen]]) -> Iterator[Change]:
    """What is posted is summed up as it comes; each sum becomes a row when the facts have ended.

    What a log has most of is looked for first.
    """
    books = Books(rows)
    for at, fact in facts:
        match fact:
            case Shared():
                books.post(at.position, postings_of(fact))
                yield Posting(fact.entry, at.position)
            case DeliveredPart():
                yield Delivered(fact.pathway, fact.step, fact.part, at.position)
            case AgreedPathway():
                yield Bound(fact.pathway, at.position)
            case CostShared():
                books.post(at.position, postings_of(fact))
                yield Posting(fact.entry, at.position)
            case Reversed():
                books.post(at.position, postings_of(fact))
                yield Reversal(fact.entry, at.position, fact.period)
            case RevenueTruedUp() | Netted():
                books.post(at.position, postings_of(fact))
            case PaymentRecorded() | PaymentTakenBack():
                books.post(at.position, postings_of(fact))
                yield from _paid(rows, fact, at)
            case (
                StatementIssued()
                | StatementChecked()
                | StatementApproved()
                | LineDisputed()
                | DisputeAnswered()
                | DisputeWithdrawn()
                | DisputeClosed()
            ):
                yield from _answered(rows, fact, at)
            case PeriodSettled() | PaymentOrdered() | SettlementPlanned():
                yield from _settled(rows, fact, at)
            case _:
                yield from _founded(rows, fact, at)
    yield from books.changes()


def _founded(rows: Latest, fact: Ground, at: At) -> Iterator[Change]:
    match fact:
        case AgreementEnteredIntoForce():
            yield rule_of(fact, at.position)
        case VatTreatmentDecided():
            yield Decided(fact.treatment, at.position)
        case PeriodClosed():
            yield Closed(fact.period, at.position, fact.closed_on, at.time)
        case NetworkFounded():
            yield Network(network=fact.network, first_period=fact.first_period, constructed=fact.constructed)
        case OrganisationRegistered():
            yield replace(rows.latest(Organisation(fact.organisation)), name=fact.name)
        case OrganisationRenamed():
            named = rows.latest(Organisation(fact.organisation))
            until = (*named.earlier, EarlierName(named.name, at.position)) if named.name else named.earlier
            yield replace(named, name=fact.name, earlier=until)
        case PartnerAdmitted():
            yield replace(rows.latest(Organisation(fact.organisation)), partner=True)


def rule_of(fact: AgreementEnteredIntoForce, position: int) -> Rule:
    """What statements know of a version in force, and where it says so."""
    clauses = fact.clauses
    return Rule(
        fact.agreement,
        fact.version,
        position,
        sharing_rule=clauses.sharing_rule,
        cost_keys=clauses.cost_keys,
        dispute_days=clauses.dispute_days,
        tacit_approval=clauses.tacit_approval,
        payment_days=clauses.payment_days,
        self_billing=clauses.self_billing,
    )


def _answered(rows: Latest, fact: Answered, at: At) -> Iterator[Change]:
    match fact:
        case StatementIssued():
            yield Issued(
                fact.partner,
                fact.period,
                at.position,
                form=fact.form,
                digest=fact.digest,
                issued_at=at.time,
                dispute_by=fact.dispute_by,
                tacit_approval=fact.tacit_approval,
            )
        case StatementChecked():
            yield replace(rows.latest(Issued(fact.partner, fact.period)), checked=True)
        case StatementApproved():
            yield replace(rows.latest(Issued(fact.partner, fact.period)), approved=at.position)
        case LineDisputed():
            yield Dispute(fact.dispute, fact.entry, at.position)
            for partner in (fact.partner, fact.counterparty):
                yield Side(partner, fact.period, fact.dispute)
        case DisputeClosed(how="silence"):
            yield replace(rows.latest(Dispute(fact.dispute)), settled=at.position, settled_with=fact.period)
        case DisputeAnswered(stage="coordinator", answer="rejected") | DisputeWithdrawn() | DisputeClosed():
            yield replace(rows.latest(Dispute(fact.dispute)), ended=at.position)
        case DisputeAnswered():
            pass  # accepted, it waits for its correction; rejected by the other side, for its partner or the coordinator


def _paid(rows: Latest, fact: PaymentRecorded | PaymentTakenBack, at: At) -> Iterator[Change]:
    payment = rows.latest(Payment(fact.settlement, fact.payment))
    if isinstance(fact, PaymentTakenBack):
        yield replace(payment, posted_cents=payment.posted_cents - fact.posted_cents)
        return
    yield replace(payment, posted_cents=payment.posted_cents + fact.posted_cents)
    if fact.posted_cents:
        yield Recognised(fact.payment, fact.bank_line, at.position)


def _settled(rows: Latest, fact: Settled, at: At) -> Iterator[Change]:
    match fact:
        case PeriodSettled():
            for partner in fact.members:
                yield Member(partner, at.position, fact.period, fact.settlement)
        case PaymentOrdered():
            yield replace(
                rows.latest(Payment(fact.settlement, fact.payment)),
                payer=fact.payer,
                payee=fact.payee,
                ordered_cents=fact.cents,
            )
        case SettlementPlanned():
            yield Planned(fact.settlement, at.position, is_empty=not (fact.pairs or fact.payments))


statements = Projection(
    "statements",
    fold,
    (
        Network,
        Organisation,
        Rule,
        Decided,
        Bound,
        Delivered,
        Posting,
        Reversal,
        Recognised,
        Balance,
        Levy,
        Sheet,
        LastSheet,
        Closed,
        Issued,
        Side,
        Dispute,
        Member,
        Planned,
        Payment,
    ),
    facts_of(Seen),
    readings=readings_of(Seen),
    told=facts_of(Posted),
)
