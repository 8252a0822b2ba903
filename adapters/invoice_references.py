"""References of invoices in bank's lines: whoever pays by an invoice makes the payment that a gross settlement orders for it."""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from msgspec import Struct

from application.matching import OpenPayment
from domain.changing import replace
from domain.money.references import plain
from projections.documents import IssuedDocument
from projections.rows import Rows
from projections.settlement_rows import Payment, Settlement


class Invoiced(Struct, frozen=True):
    """An invoice that is paid by itself, by its reference."""

    seller: str
    buyer: str
    period: str
    reference: str
    """Plain, as a line has it."""


def invoiced(rows: Rows, partners: Iterable[str], references: Collection[str]) -> Sequence[Invoiced]:
    """The invoices that partners have, as seller or as buyer, under any of these references."""
    found = chain.from_iterable(rows.under(IssuedDocument, partner) for partner in sorted(set(partners)))
    each = (
        Invoiced(of.seller, of.buyer, of.period, plain(of.reference) or of.reference) for of in found if of.reference
    )
    return tuple({one: None for one in each if one.reference in references})


class Paying(Struct, frozen=True):
    """A payment, with what says which invoices it pays."""

    payment: OpenPayment
    period: str
    """The month that is settled with it."""
    cut: int
    gross: bool
    """Whether each debt is paid by itself; netted payments are of no single invoice."""


def paying(payment: Payment, settled: Settlement) -> Paying:
    return Paying(
        OpenPayment(
            payment=payment.payment,
            settlement=payment.settlement,
            payer=payment.payer,
            payee=payment.payee,
            reference=plain(payment.reference) or payment.reference,
            cents=payment.cents,
        ),
        settled.period,
        settled.cut,
        settled.mode == "gross",
    )


def with_invoices(payments: Sequence[Paying], invoices: Iterable[Invoiced]) -> Sequence[OpenPayment]:
    """The payments, each with the references of the invoices that it pays.

    An invoice goes into the first settlement that reaches its month and has a payment from its buyer to its seller. Where that
    has several, none of them is meant.
    """
    gross: dict[tuple[str, str], list[Paying]] = {}
    for each in payments:
        if each.gross:
            gross.setdefault((each.payment.payer, each.payment.payee), []).append(each)
    invoices_of: dict[str, tuple[str, ...]] = {}
    for invoice in invoices:
        between = gross.get((invoice.buyer, invoice.seller), ())
        able = [each for each in between if each.period >= invoice.period]
        first = min((each.cut for each in able), default=0)
        meant = [each.payment.payment for each in able if each.cut == first]
        if len(meant) == 1:
            invoices_of[meant[0]] = (*invoices_of.get(meant[0], ()), invoice.reference)
    return [replace(each.payment, invoices=invoices_of.get(each.payment.payment, ())) for each in payments]
