"""What has happened to the network's books: closings, statements, disputes, settlements, payments, documents."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from domain.kernel import Event, Value, fact
from domain.words import (
    AgreementId,
    BankLineId,
    Cents,
    Day,
    Digest,
    DisputeId,
    DocumentId,
    EntryId,
    Gross,
    GrossTotal,
    Line,
    Organisation,
    Parties,
    PaymentId,
    Period,
    ProjectCode,
    SettlementId,
    StatementId,
    VatCode,
    VatRate,
    Version,
    form,
)


@fact("settlement.period_closed", about=("period",), seen_by="network")
class PeriodClosed(Event, frozen=True):
    """The position of this event is the cut: what was posted before it belongs to the period or an earlier one."""

    period: Period
    """The month whose books are closed."""
    closed_on: Day


@fact("settlement.statement_issued", about=("statement",), seen_by="parties", version=2)
class StatementIssued(Event, frozen=True):
    """The balances and the digest of a statement, which any later recomputation must reproduce."""

    statement: str
    """The id of the statement, of partner and period."""
    partner: Organisation
    """Whose statement it is."""
    period: Period
    """The month that it is about."""
    form: int
    """The form of the document that the digest is of, counted from 1."""
    position: int
    """The cut: the position of the event that closed the period."""
    opening_cents: Cents
    """The balance before the period, in whole cents of euro; positive: due to the partner."""
    closing_cents: Cents
    """The balance after the period, in whole cents of euro; positive: due to the partner."""
    lines: int
    """How many lines the statement has."""
    digest: str
    """SHA-256 of the canonical statement, as 64 hex digits."""
    dispute_by: date | None
    """The last day, in Helsinki, on which its lines may be disputed; null: none was set."""
    tacit_approval: bool
    """Whether silence until then approves it: every agreement behind its lines says so."""
    parties: Parties


# --- checked, approved, disputed -------------------------------------------------------------------------------------
DisputeReason = Literal[
    "not-delivered",
    "wrong-quantity",
    "wrong-price",
    "wrong-clause",
    "wrong-party",
    "wrong-vat",
    "counted-twice",
    "other",
]
DisputeStage = Literal["counterparty", "coordinator"]


@fact("settlement.statement_checked", about=("statement",), seen_by="parties")
class StatementChecked(Event, frozen=True):
    """Somebody of the partner has gone through a statement; somebody else approves it."""

    statement: StatementId
    partner: Organisation
    period: Period
    digest: Digest
    """Of the statement that was checked."""
    by: str
    """The opaque id of who checked: they may not approve."""
    checked_on: Day
    parties: Parties


@fact("settlement.statement_approved", about=("statement",), seen_by="parties")
class StatementApproved(Event, frozen=True):
    """A partner stands by its statement, but for the lines that it disputes."""

    statement: StatementId
    partner: Organisation
    period: Period
    digest: Digest
    """Of the statement that was approved."""
    by: str
    """The opaque id of who approved."""
    tacit: bool
    """True: nobody said a word until the deadline, and the agreement lets that count."""
    approved_on: Day
    parties: Parties


@fact("settlement.statement_unanswered", about=("statement",), seen_by="parties")
class StatementUnanswered(Event, frozen=True):
    """The deadline has passed in silence that counts for nothing: the coordinator looks after it."""

    statement: StatementId
    partner: Organisation
    period: Period
    passed_on: Day
    parties: Parties


@fact("settlement.line_disputed", about=("dispute", "entry", "statement"), seen_by="parties")
class LineDisputed(Event, frozen=True):
    """A partner contests one line of its statement; until that is answered the line is not settled, and the others are."""

    dispute: DisputeId
    statement: StatementId
    """The statement on which the line stands."""
    partner: Organisation
    """Who contests it."""
    counterparty: Organisation
    """The other side of the line."""
    period: Period
    entry: EntryId
    """The entry or correction that the line is from."""
    clause: str
    """The clause of the line: with the entry it says which line."""
    cents: Cents
    """The line as it stands on the partner's statement, in whole cents of euro without VAT."""
    reason: DisputeReason
    """What the partner holds to be wrong with the line."""
    evidence: Line | None
    """A reference to what shows it, such as a document's number; no text about people."""
    answer_by: date
    """The last day, in Helsinki, for the other side's answer."""
    by: str
    """The opaque id of who disputes."""
    disputed_on: Day
    parties: Parties


@fact("settlement.dispute_answered", about=("dispute", "entry"), seen_by="parties")
class DisputeAnswered(Event, frozen=True):
    """The other side, or in the second stage the coordinator, has answered a dispute."""

    dispute: DisputeId
    entry: EntryId
    stage: DisputeStage
    """Who answered: the counterparty first, the coordinator where that did not settle it."""
    answer: Literal["accepted", "rejected"]
    """Accepted: the line is wrong and is corrected by an entry; rejected: it stands."""
    evidence: Line | None
    """A reference to what shows it."""
    by: str
    """The opaque id of who answered."""
    answered_on: Day
    parties: Parties


@fact("settlement.dispute_escalated", about=("dispute", "entry"), seen_by="parties")
class DisputeEscalated(Event, frozen=True):
    """A dispute goes to the coordinator: nobody answered in time, or the answer was not taken."""

    dispute: DisputeId
    entry: EntryId
    reason: Literal["silence", "answer-not-taken"]
    """silence: nobody answered until the last day; answer-not-taken: the other side rejected it, and it is contested still."""
    escalated_on: Day
    parties: Parties


@fact("settlement.dispute_withdrawn", about=("dispute", "entry"), seen_by="parties")
class DisputeWithdrawn(Event, frozen=True):
    """The partner contests the line no longer: it stands and is settled."""

    dispute: DisputeId
    entry: EntryId
    by: str
    """The opaque id of who withdrew it."""
    withdrawn_on: Day
    parties: Parties


@fact("settlement.correction_missed", about=("dispute", "entry"), seen_by="parties")
class CorrectionMissed(Event, frozen=True):
    """An accepted dispute waits for its correction, whose last day has passed: the coordinator looks after it."""

    dispute: DisputeId
    entry: EntryId
    due_on: date
    """The last day, in Helsinki, for the correction."""
    missed_on: Day
    parties: Parties


@fact("settlement.dispute_closed", about=("dispute", "entry"), seen_by="parties")
class DisputeClosed(Event, frozen=True):
    """An accepted dispute is at its end: its line was corrected, and who disputed it has let that stand or disputes it anew."""

    dispute: DisputeId
    entry: EntryId
    how: Literal["silence", "disputed-again"]
    """silence: nobody said anything until the last day, so the corrected line is settled; disputed-again: another dispute holds it."""
    correction: EntryId
    """The correction of the line."""
    period: Period
    """The month in whose books the correction stands: the line is settled with that month."""
    closed_on: Day
    parties: Parties


# --- documents -------------------------------------------------------------------------------------------------------
class DocumentVat(Value, frozen=True):
    """What a document comes to under one treatment."""

    code: VatCode | None
    """Null: supplies for which no treatment was decided."""
    rate: VatRate
    ground: Line | None
    base_cents: Cents
    vat_cents: Cents


@fact("settlement.document_issued", about=("document", "series"), seen_by="parties")
class DocumentIssued(Event, frozen=True):
    """An invoice, a credit note or an internal voucher has got its number and its figures."""

    document: DocumentId
    series: Annotated[
        str,
        form(r"^series:[a-z0-9][a-z0-9-]{0,59}\.[0-9]{4}-[0-9]{2}(?![\s\S])", "a series such as series:ekami.2019-11"),
    ]
    """The numbers of one issuer in one month, without a gap."""
    number: Annotated[int, Meta(ge=1, lt=2**53)]
    """The number in the series, from 1."""
    kind: Literal["invoice", "credit-note", "internal-voucher"]
    """credit-note: what it comes to is given back; internal-voucher: seller and buyer are one legal person."""
    self_billed: bool
    """The buyer issues it, by a clause of the agreement."""
    seller: Organisation
    buyer: Organisation
    period: Period
    """The closed month whose lines it holds."""
    position: int
    """The cut of that month: what the figures are folded up to."""
    credits: tuple[DocumentId, ...]
    """The documents that a credit note gives back from."""
    vat: tuple[DocumentVat, ...]
    """By treatment; an internal voucher has no tax."""
    net_cents: Cents
    gross_cents: Cents
    """Negative on a credit note."""
    reference: Annotated[str, form(r"^[0-9]{4,20}(?![\s\S])", "a payment reference in digits")] | None
    """What a payment of it is recognised by; null where it is not paid by itself."""
    issued_on: Day
    due_on: date
    """The last day for paying it, in Helsinki."""
    parties: Parties


class PostingAccount(Value, frozen=True):
    """Where a partner's own books take lines of one sort; what is null fits every line."""

    account: Line
    """The number or name of the account in the partner's own chart."""
    kind: str | None = None
    """The kind of line, such as `share-earned`."""
    counterparty: Organisation | None = None
    clause: Line | None = None
    project: ProjectCode | None = None
    cost_centre: Line | None = None
    vat_code: Line | None = None
    """The code of the tax in the partner's own books."""


@fact("settlement.accounts_set", about=("organisation",), seen_by="parties")
class AccountsSet(Event, frozen=True):
    """A partner has said on which accounts of its own books its lines go; all of it is replaced."""

    organisation: Organisation
    accounts: tuple[PostingAccount, ...]
    """All of them: of those that fit a line, the one that says most counts."""
    by: str
    """The opaque id of who set them."""
    set_on: Day
    parties: Parties


# --- settled and paid ------------------------------------------------------------------------------------------------
@fact("settlement.period_settled", about=("settlement", "agreement"), seen_by="network")
class PeriodSettled(Event, frozen=True):
    """What is open between the parties of an agreement up to a closed month is to be paid; its position is the cut.

    Counted is what both sides have approved and nobody disputes.
    """

    settlement: SettlementId
    number: Annotated[int, Meta(ge=1, lt=1_000_000)]
    """The settlements of the network, counted from 1."""
    period: Period
    agreement: AgreementId
    version: Version
    """The version in force, whose clause on netting holds."""
    mode: Literal["gross", "pairwise", "multilateral", "clearing"]
    """gross: each pays all it owes each; pairwise: of two the one that owes more pays the difference; multilateral: as few payments
    as are needed for all; clearing: all pay through one."""
    clearing: Organisation | None
    """The partner through which all pay, where the mode is `clearing`."""
    members: tuple[Organisation, ...]
    """The parties among whom it is settled."""
    units: tuple[tuple[Organisation, Organisation], ...]
    """Of the parties, those that belong to a legal person, each with it: within one nothing is paid."""
    pay_on: date
    """The banking day on which the payments are carried out."""
    by: str
    """The opaque id of who settled: they may not approve."""
    settled_on: Day


@fact("settlement.netted", about=("netting", "settlement"), seen_by="parties")
class Netted(Event, frozen=True):
    """What two partners owe each other is set off, so that what stays open between them is what will be paid."""

    netting: EntryId
    """The id of this set-off in the books."""
    settlement: SettlementId
    first: Organisation
    """The smaller id of the two."""
    second: Organisation
    first_owes_cents: GrossTotal
    """What the first owes the second in this settlement, before anything is set off."""
    second_owes_cents: GrossTotal
    """What the second owes the first."""
    first_pays_cents: GrossTotal
    """What the first will pay the second."""
    second_pays_cents: GrossTotal
    moved_cents: Cents
    """What this adds to the first's balance with the second, and takes from the second's: what is closed by others' payments."""
    occurred_on: Day
    period: Period
    """The month in whose books the set-off stands."""
    parties: Parties


@fact("settlement.payment_ordered", about=("payment", "settlement"), seen_by="parties")
class PaymentOrdered(Event, frozen=True):
    """One partner is to pay another a sum; it is paid when a bank says so."""

    payment: PaymentId
    settlement: SettlementId
    number: Annotated[int, Meta(ge=1, lt=100_000)]
    """The payments of the settlement, counted from 1."""
    payer: Organisation
    payee: Organisation
    cents: Gross
    """What is to be paid, in whole cents of euro; above 0."""
    reference: Annotated[str, form(r"^[0-9]{4,20}(?![\s\S])", "a payment reference in digits")]
    """The Finnish reference number that the payment is recognised by."""
    pay_on: date
    """The banking day on which it is to be carried out."""
    ordered_on: Day
    parties: Parties


@fact("settlement.planned", about=("settlement",), seen_by="parties", version=2)
class SettlementPlanned(Event, frozen=True):
    """All set-offs and payments of a settlement stand in the log: it can be approved."""

    settlement: SettlementId
    pairs: int
    """How many set-offs there are."""
    payments: int
    """How many payments there are."""
    total_cents: GrossTotal
    """What the payments come to."""
    planned_on: Day
    parties: Parties
    """Nobody: from what all pay together and its own payment a member could tell what others pay. Members see their own set-offs and
    payments."""


@fact("settlement.settlement_approved", about=("settlement",), seen_by="network")
class SettlementApproved(Event, frozen=True):
    """The payments of a settlement may be made: from here on there are payment files."""

    settlement: SettlementId
    by: str
    """The opaque id of who approved."""
    approved_on: Day


PaymentOutcome = Literal["matched", "part", "over", "double", "confirmed"]


@fact("settlement.payment_recorded", about=("payment", "bank_line"), seen_by="parties")
class PaymentRecorded(Event, frozen=True):
    """A bank's line shows a payment, on the payer's account or on the payee's; whatever both show counts once."""

    payment: PaymentId
    settlement: SettlementId
    bank_line: BankLineId
    """The line of the account: read again, it changes nothing."""
    side: Literal["payer", "payee"]
    """Whose account it is a line of."""
    payer: Organisation
    payee: Organisation
    cents: Gross
    """What the line says."""
    posted_cents: Gross
    """What it adds to what is known to be paid; 0 where the other side's line has said so before. A line of the payer's account
    adds no more than was ordered: what goes beyond counts when the payee's account shows it."""
    outcome: PaymentOutcome
    """matched: all is paid; part: some is still open; over: more than was ordered; double: it was all paid before; confirmed:
    the other side's line had said the same."""
    occurred_on: Day
    period: Period
    """The month in whose books it stands."""
    parties: Parties


TakenBackAs = Literal["returned", "not-received", "wrong-line"]


@fact("settlement.payment_taken_back", about=("payment", "bank_line", "shown_by"), seen_by="parties")
class PaymentTakenBack(Event, frozen=True):
    """What a bank's line was recorded as is taken back: so much less of the payment is known to be paid, and the rest is open again."""

    payment: PaymentId
    settlement: SettlementId
    bank_line: BankLineId
    """The line that was recorded for the payment; it counts no more, and read again it changes nothing."""
    side: Literal["payer", "payee"]
    """Whose account it is a line of."""
    payer: Organisation
    payee: Organisation
    cents: Gross
    """What the line said."""
    posted_cents: Gross
    """What leaves what is known to be paid; 0 where the other side's lines still show as much."""
    reason: TakenBackAs
    """returned: the money went back; not-received: the payee's account does not show what the payer's line says; wrong-line: the
    line is of something else."""
    shown_by: BankLineId | None
    """The line of the same account that shows the money going back; null where there is none."""
    corrects: BankLineId
    """The line whose posting is taken back: the line itself, or where that had added nothing, the last one that had."""
    corrects_period: Period
    """The month in whose books that posting stands."""
    by: str
    """The opaque id of who took it back."""
    occurred_on: Day
    period: Period
    """The month in whose books it is taken back."""
    parties: Parties


@fact("settlement.bank_line_listed", about=("bank_line",), seen_by="parties")
class BankLineListed(Event, frozen=True):
    """A bank's line fits no payment, or not as ordered: somebody has to look after it."""

    bank_line: BankLineId
    organisation: Organisation
    """Whose account it is a line of."""
    cents: Cents
    """Positive: came in."""
    reference: Line | None
    payment: PaymentId | None
    """The payment that it fits in part; null where it fits none."""
    reason: Literal["unknown", "part", "over", "double"]
    """unknown: it fits no payment; part: less than was still to be paid; over: more than that; double: it was all paid before."""
    booked_on: Day
    parties: Parties


@fact("settlement.bank_line_cleared", about=("bank_line",), seen_by="parties")
class BankLineCleared(Event, frozen=True):
    """Somebody has looked after a bank's line on the list."""

    bank_line: BankLineId
    organisation: Organisation
    how: Literal["returned", "belongs-elsewhere", "paid-later", "kept-on-account"]
    """What became of its money."""
    by: str
    """The opaque id of who did."""
    cleared_on: Day
    parties: Parties
