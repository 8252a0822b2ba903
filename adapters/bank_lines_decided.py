"""What each line of a bank's file is, by what is known of payments and of lines that were read before."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from msgspec import Struct

from adapters.bank_taken import LineOutcome, Why
from adapters.invoice_references import Paying, invoiced, paying, with_invoices
from adapters.own_accounts import Own, OwnAccounts
from adapters.projecting.asking import Views
from application.bank import BankLine
from application.matching import Match, OpenPayment, RecordedLine, Wanted, closed_up, end_to_end, match
from domain.changing import replace
from projections.documents import documents
from projections.rows import Rows
from projections.settlement_rows import BankLine as KnownLine
from projections.settlement_rows import Payment, Settlement, Shown
from projections.settlements import settlements


class Standing(Struct, frozen=True):
    """What the read model says before anything is sent."""

    approved: Sequence[OpenPayment]
    waiting: Sequence[OpenPayment]
    """Of settlements that nobody has approved yet."""
    known: Mapping[str, KnownLine]
    """By id, the lines that were read before."""


class Decided(Struct, frozen=True):
    """A line, and what is to be sent for it."""

    line: BankLine
    outcome: LineOutcome
    payment: str | None = None
    reason: Why | None = None
    commands: tuple[Wanted, ...] = ()
    known: KnownLine | None = None


async def standing_of(views: Views, lines: Sequence[BankLine], own: Own, position: int) -> Standing:
    """Asked as of a position at least: what was recorded up to there is known."""
    question = partial(_paid, lines=lines)
    payments, approved, known = (await views.ask(settlements, question, at_least=position)).value
    partners = frozenset[str]().union(*(own.get(line.iban, ()) for line in lines))
    references = {line.reference for line in lines if line.reference} - {p.payment.reference for p in payments}
    invoices = partial(invoiced, partners=partners, references=references)
    found = (await views.ask(documents, invoices, at_least=position)).value if references else ()
    meant = with_invoices(payments, found)
    return Standing(
        approved=[each for each in meant if each.settlement in approved],
        waiting=[each for each in meant if each.settlement not in approved],
        known=known,
    )


def decide(lines: Sequence[BankLine], standing: Standing, own: OwnAccounts, reader: str | None) -> Sequence[Decided]:
    """What each line is and what is to be sent for it. `reader`: the partner that brought the file; None: the coordinator."""
    read = {line.id for line in lines if (known := standing.known.get(id_of(line))) and known.recorded}
    matched = partial(match, lines, own=own.of, of_person=own.of_person)
    found = matched(standing.approved, read=read)
    # Why a line fits nothing is said by what the reader may see: that a reference is others' would tell that it exists.
    own_payments = [p for p in standing.approved if reader in (None, p.payer, p.payee)]
    told = found if reader is None else matched(own_payments, read=read)
    waiting = matched(standing.waiting)
    # On an account that units share, what fits nobody's payment is listed for whoever brings the file.
    holders = {iban: {reader} if reader in who else who for iban, who in own.of.items()} if reader else own.of
    listing = match(lines, (), holders)
    return [
        _decided(
            one if one.payment else replace(rest, reason=said.reason or rest.reason),
            standing.known.get(id_of(one.line)),
            reader,
            early="not-approved" if later.payment and not one.payment else None,
        )
        for one, said, later, rest in zip(found, told, waiting, listing, strict=True)
    ]


def _decided(of: Match, known: KnownLine | None, reader: str | None, *, early: Why | None) -> Decided:
    payment = of.payment.payment if of.payment else None
    decided = Decided(of.line, "unknown", payment, early or of.reason, of.commands, known)
    if known and (known.recorded or (known.listed and not payment)):
        told = reader is None or reader in (known.organisation, *known.parties)
        return replace(decided, outcome="recognised", payment=known.payment if told else None, commands=())
    if reader and of.organisation != reader:
        return replace(decided, outcome="left", payment=None, commands=())
    return decided


def _paid(rows: Rows, lines: Sequence[BankLine]) -> tuple[Sequence[Paying], AbstractSet[str], Mapping[str, KnownLine]]:
    """The payments of all settlements, which of these are approved, and the lines that were read before."""
    settled = {each.settlement: each for each in rows.under(Settlement)}
    approved = {settlement for settlement, each in settled.items() if each.approved}
    known = {line: each for line in map(id_of, lines) for each in rows.under(KnownLine, line)}
    payments = [paying(each, settled[each.settlement]) for each in rows.under(Payment)]
    if any(line.is_reversal for line in lines):  # by an invoice's reference it may take back what is recorded of any
        return _with_recorded(payments, rows.under(KnownLine)), approved, known
    ids, references = {closed_up(line.end_to_end_id) for line in lines}, {line.reference for line in lines}
    named = {
        each.payment
        for each in (of.payment for of in payments)
        if each.reference in references or end_to_end(each.payment) in ids
    }
    shown = {each.bank_line for payment in sorted(named) for each in rows.under(Shown, payment)}
    recorded = (each for line in sorted(shown) for each in rows.under(KnownLine, line))
    return _with_recorded(payments, recorded), approved, known


def _with_recorded(payments: Sequence[Paying], lines: Iterable[KnownLine]) -> Sequence[Paying]:
    """Each with the lines that stand for it."""
    recorded: dict[str, list[RecordedLine]] = {}
    standing = (line for line in lines if line.recorded and not (line.taken_back or line.takes_back))
    for line in sorted(standing, key=lambda line: line.recorded):
        if line.payment and line.booked_on:
            recorded.setdefault(line.payment, []).append(
                RecordedLine(
                    id=line.bank_line.removeprefix("bank-line:"),
                    side="payer" if line.cents < 0 else "payee",
                    cents=abs(line.cents),
                    booked_on=line.booked_on,
                )
            )
    return [
        replace(each, payment=replace(each.payment, recorded=tuple(recorded.get(each.payment.payment, ()))))
        for each in payments
    ]


def id_of(line: BankLine) -> str:
    return f"bank-line:{line.id}"
