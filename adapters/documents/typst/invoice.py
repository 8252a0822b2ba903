"""What an invoice's PDF says: all that AVL 209 e § asks of one, with what is to be paid first.

A credit note names what it gives back from; a voucher between units of one legal person has neither tax nor payment.
"""

from typing import assert_never

from adapters.documents.typst.parts import Content, agreements, facts, ledger, party, plain, sheet, taxes
from adapters.documents.words import word
from adapters.documents.writing import amount, corrects, day, figure, iban, month, reference
from domain.money import Language
from domain.money.references import rf
from projections.document import Invoice

TAXED = ("column.vat-rate", "column.net", "column.vat", "column.gross")
INTERNAL = ("column.sum",)
EXPLAINED = ("notice.exact", "notice.numbers", "notice.codes")


def content(document: Invoice, language: Language) -> Content:
    internal = document.kind == "internal-voucher"
    heading = word(f"document.{document.kind}", language)
    seller, buyer = document.seller.name.best(language), document.buyer.name.best(language)
    roles = ("head.from-unit", "head.to-unit") if internal else ("head.seller", "head.buyer")
    days = dict.fromkeys(day(each, language) for each in (document.delivered_from, document.delivered_to))
    given = {
        "head.issued-on": day(document.issued_on, language),
        "head.due-on": day(document.due_on, language) if _is_paid(document) else None,
        "head.period": month(document.period, language),
        "head.delivered": " \u2013 ".join(days),
        "head.agreement": agreements(document.agreements),
        "head.credits": ", ".join(document.credits),
    }
    network = plain(document.network_name.best(language))
    return {
        **sheet(
            document,
            language,
            title=f"{heading} {document.number}",
            foot=[f"{heading} {document.number}", f"{plain(seller)} · {network}"],
        ),
        "name": heading,
        "subtitle": document.number,
        "marks": _marks(document, language),
        "hero": _hero(document, plain(seller), plain(buyer), language),
        "blocks": [
            party(document.seller, word(roles[0], language), language),
            party(document.buyer, word(roles[1], language), language),
            facts(heading, document.number, given, language),
        ],
        "lines_title": word("document.sheet.lines", language),
        "lines": _lines(document, language, internal=internal),
        "tables": [] if internal else [taxes(word("total.by-vat", language), document.totals, language)],
        "payment": _payment(document, language) if _is_paid(document) else None,
        "notes": [word(each, language) for each in (*EXPLAINED, *(() if internal else ("notice.vat-codes",)))],
    }


def _is_paid(document: Invoice) -> bool:
    """Whether it asks for a payment of its own."""
    return document.kind == "invoice" and not document.netted


def _marks(document: Invoice, language: Language) -> list[str]:
    marks = []
    if document.self_billed:
        marks.append(word("notice.self-billed-by", language))
    if document.kind == "credit-note" and document.credits:
        marks.append(word("notice.credit", language).format(numbers=", ".join(document.credits)))
    marks += [plain(corrects(each, language)) for each in document.corrects]
    if document.kind == "internal-voucher":
        marks.append(word("notice.voucher", language))
    if any(total.treatment and total.treatment.code == "AE" for total in document.totals):
        marks.append(word("vat.AE", language))
    return marks


def _hero(document: Invoice, seller: str, buyer: str, language: Language) -> Content:
    cents, notes = document.gross_cents, []
    match document.kind:
        case "invoice" if document.netted:
            label, sentence = "total.settled", word("notice.netted", language).format(period=document.period)
        case "invoice":
            label, sentence = "total.to-pay", word("balance.pays", language).format(payer=buyer, payee=seller)
            notes = [f"{word('head.due-on', language)} {day(document.due_on, language)}"]
        case "credit-note":
            label, sentence = "total.credited", word("notice.credit-to-seller", language)
        case "internal-voucher":
            label, sentence = "total.charged", word("balance.charged", language).format(buyer=buyer, seller=seller)
            cents = document.net_cents
        case _:
            assert_never(document.kind)
    rows = []
    if document.kind != "internal-voucher":
        rows = [("total.net", document.net_cents, False), ("total.vat", document.vat_cents, False)]
        rows.append(("total.gross", document.gross_cents, True))
    return {
        "label": word(label, language),
        "amount": amount(cents, language),
        "sentence": sentence,
        "notes": notes,
        "rows": [
            {"label": word(key, language), "amount": amount(c, language), "strong": strong} for key, c, strong in rows
        ],
    }


def _lines(document: Invoice, language: Language, *, internal: bool) -> Content:
    sums = (document.net_cents, document.vat_cents, document.gross_cents)
    cells = [figure(document.net_cents, language)] if internal else ["", *(figure(c, language) for c in sums)]
    return ledger(
        document.lines,
        INTERNAL if internal else TAXED,
        language,
        opening=None,
        sums=[{"label": word("total.sum", language), "cells": cells}],
        counterparties=False,
    )


def _payment(document: Invoice, language: Language) -> Content:
    payee = document.seller
    whom = {
        "payment.payee": plain(payee.legal_person.best(language)),
        "payment.iban": payee.iban and iban(payee.iban),
        "payment.bic": payee.bic,
        "payment.payer": plain(document.buyer.legal_person.best(language)),
    }
    how_much = {
        "payment.amount": amount(document.gross_cents, language),
        "payment.due-on": day(document.due_on, language),
        "payment.reference": document.reference and reference(document.reference),
        "payment.rf": document.reference and iban(rf(document.reference)),
    }
    return {
        "title": word("payment.title", language),
        "whom": [[word(key, language), value] for key, value in whom.items() if value],
        "how_much": [[word(key, language), value] for key, value in how_much.items() if value],
        "notes": [] if payee.iban else [word("payment.no-account", language)],
    }
