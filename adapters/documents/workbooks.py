"""What stands in the workbook of a statement or an invoice: a sheet for its head, one for its lines, one for its totals."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from adapters.documents.amounts import in_euros
from adapters.documents.words import word
from adapters.documents.writing import numbers
from adapters.documents.xlsx import Book, Row, Sheet
from domain.calendar import first_day
from domain.money import Language
from projections.document import DocumentLine, Invoice, Party, StatementDocument, VatTotal, VatTreatment

NOT_SUPPLIES: Final = ("set-off", "payment", "vat")
"""Lines that change the balance and sell nothing: they have no net, VAT and gross of their own."""
LINE_COLUMNS: Final = (
    ("n", 6),
    ("occurred-on", 14),
    ("recorded-at", 25),
    ("kind", 24),
    ("counterparty", 26),
    ("counterparty-name", 36),
    ("what", 70),
    ("quantity", 10),
    ("unit", 10),
    ("unit-price", 13),
    ("vat-code", 10),
    ("vat-rate", 8),
    ("vat-ground", 18),
    ("net", 15),
    ("vat", 15),
    ("gross", 15),
    ("balance", 15),
    ("role", 18),
    ("clause", 18),
    ("agreement", 30),
    ("version", 8),
    ("project", 24),
    ("pathway", 18),
    ("step", 7),
    ("part", 7),
    ("entry", 44),
    ("corrects", 16),
    ("events", 30),
)
"""Each with its width in characters."""
_WIDTHS: Final = (36, 36, 24, 24, 16, 16, 16)


def statement_xlsx(document: StatementDocument, language: Language) -> bytes:
    with Book(document.issued_on or first_day(document.period), _notice(document, language)) as book:
        sheet = book.sheet(word("document.sheet.statement", language), _WIDTHS)
        sheet.add((word("document.statement", language),), "title")
        _add_rows(sheet, _statement_head(document, language))
        sheet.add(())
        lines_cents = sum(line.cents for line in document.lines)
        sheet.add((word("total.opening", language), in_euros(document.opening_cents)))
        sheet.add((word("total.lines", language), in_euros(lines_cents)))
        sheet.add((word("total.closing", language), in_euros(document.closing_cents)), "strong")
        sheet.add((word("total.own", language), in_euros(document.own_cents)))
        sheet.add((word("balance.sign", language),))
        sheet.add((word("notice.balance", language),))
        _add_lines(book, document.lines, language)
        sheet = book.sheet(word("document.sheet.totals", language), _WIDTHS)
        _add_table(
            sheet,
            word("total.by-counterparty", language),
            _columns(("counterparty", "counterparty-name", "sum"), language),
            ((t.counterparty, t.name.best(language), in_euros(t.cents)) for t in document.counterparties),
        )
        _add_vat(sheet, word("total.sold", language), document.sold, language)
        _add_vat(sheet, word("total.bought", language), document.bought, language)
        outside = word("total.outside-project", language)
        _add_table(
            sheet,
            word("total.by-project", language),
            _columns(("project", "sum"), language),
            ((t.project or outside, in_euros(t.cents)) for t in document.projects),
        )
        _add_table(
            sheet,
            word("total.flows", language),
            _columns(("kind", "in", "out"), language),
            ((word(f"kind.{f.kind}", language), in_euros(f.in_cents), in_euros(f.out_cents)) for f in document.flows),
        )
        return book.done()


def invoice_xlsx(invoice: Invoice, language: Language) -> bytes:
    with Book(invoice.issued_on, _notice(invoice, language)) as book:
        kind = word(f"document.{invoice.kind}", language)
        sheet = book.sheet(kind, _WIDTHS)
        sheet.add((kind,), "title")
        _add_rows(sheet, _invoice_head(invoice, language))
        _add_lines(book, invoice.lines, language)
        sheet = book.sheet(word("document.sheet.totals", language), _WIDTHS)
        _add_vat(sheet, word("total.by-vat", language), invoice.totals, language)
        sheet.add((word("total.net", language), in_euros(invoice.net_cents)))
        sheet.add((word("total.vat", language), in_euros(invoice.vat_cents)))
        sheet.add((word("total.gross", language), in_euros(invoice.gross_cents)), "strong")
        return book.done()


def _notice(document: StatementDocument | Invoice, language: Language) -> str | None:
    return word("notice.constructed", language) if document.constructed else None


def _statement_head(document: StatementDocument, language: Language) -> Iterable[Row]:
    yield from _party(document.partner, "head.partner", language)
    yield word("head.network", language), document.network_name.best(language)
    yield word("head.period", language), document.period
    yield word("head.state", language), word(f"state.{document.state}", language)
    yield word("head.issued-on", language), document.issued_on
    yield word("head.due-on", language), document.due_on
    for agreement in document.agreements:
        yield word("head.agreement", language), agreement
    for number in numbers(document, language):
        yield word("head.invoices", language), number
    yield word("head.position", language), document.position
    yield word("head.digest", language), document.digest
    yield word("head.currency", language), "EUR"


def _invoice_head(invoice: Invoice, language: Language) -> Iterable[Row]:
    voucher = invoice.kind == "internal-voucher"
    yield word("head.number", language), invoice.number
    if invoice.self_billed:
        yield (word("notice.self-billed-by", language),)
    if voucher:
        yield (word("notice.voucher", language),)
    if invoice.netted:
        yield (word("notice.netted", language).format(period=invoice.period),)
    for number in invoice.credits:
        yield word("head.credits", language), number
    for each in invoice.corrects:
        yield word("head.corrects", language), each.statement, each.digest
    yield from _party(invoice.seller, "head.from-unit" if voucher else "head.seller", language)
    yield from _party(invoice.buyer, "head.to-unit" if voucher else "head.buyer", language)
    yield word("head.network", language), invoice.network_name.best(language)
    yield word("head.period", language), invoice.period
    yield word("head.delivered", language), invoice.delivered_from, invoice.delivered_to
    yield word("head.issued-on", language), invoice.issued_on
    if not voucher and not invoice.netted:
        yield word("payment.due-on", language), invoice.due_on
        yield word("payment.iban", language), invoice.seller.iban
        yield word("payment.bic", language), invoice.seller.bic
        yield word("payment.reference", language), invoice.reference
    for agreement in invoice.agreements:
        yield word("head.agreement", language), agreement
    yield word("head.currency", language), "EUR"


def _party(party: Party, head: str, language: Language) -> Iterable[Row]:
    yield word(head, language), party.name.best(language), party.organisation
    yield word("head.legal-person", language), party.legal_person.best(language)
    yield word("head.business-id", language), party.business_id
    yield word("head.vat-number", language), party.vat_number
    if party.address:
        where = party.address
        yield word("head.address", language), f"{where.street}, {where.postal_code} {where.town}, {where.country}"


def _add_lines(book: Book, lines: Iterable[DocumentLine], language: Language) -> None:
    sheet = book.sheet(word("document.sheet.lines", language), [width for _, width in LINE_COLUMNS])
    sheet.add(_columns((key for key, _ in LINE_COLUMNS), language), "head")
    sheet.freeze()
    _add_rows(sheet, (_line(line, language) for line in lines))


def _line(line: DocumentLine, language: Language) -> Row:
    supply, vat = line.kind not in NOT_SUPPLIES, line.vat
    return (
        line.n,
        line.occurred_on,
        line.recorded_at.isoformat(),
        word(f"kind.{line.kind}", language),
        line.counterparty,
        line.counterparty_name.best(language),
        line.text[language],
        None if line.quantity is None else Decimal(line.quantity),
        line.unit,
        None if line.unit_cents is None else in_euros(line.unit_cents),
        *((vat.code, vat.rate, vat.ground) if vat else (None, None, None)),
        in_euros(line.cents) if supply else None,
        in_euros(line.vat_cents) if supply else None,
        in_euros(line.cents + line.vat_cents) if supply else None,
        in_euros(line.cents),
        line.role,
        line.clause,
        line.agreement,
        line.version,
        line.project or word("total.outside-project", language),
        line.pathway,
        line.step,
        line.part,
        line.entry,
        line.corrects,
        " ".join(map(str, line.events)),
    )


def _add_vat(sheet: Sheet, title: str, totals: Iterable[VatTotal], language: Language) -> None:
    columns = _columns(("treatment", "vat-code", "vat-rate", "vat-ground", "base", "vat", "gross"), language)
    rows = (
        (*_treatment(total.treatment, language), *map(in_euros, (total.base_cents, total.vat_cents, total.gross_cents)))
        for total in totals
    )
    _add_table(sheet, title, columns, rows)


def _treatment(treatment: VatTreatment | None, language: Language) -> Row:
    if treatment is None:
        return word("vat.undecided", language), None, None, None
    return word(f"vat.{treatment.code}", language), treatment.code, treatment.rate, treatment.ground


def _add_table(sheet: Sheet, title: str, columns: Row, rows: Iterable[Row]) -> None:
    sheet.add((title,), "strong")
    sheet.add(columns, "head")
    _add_rows(sheet, rows)
    sheet.add(())


def _add_rows(sheet: Sheet, rows: Iterable[Row]) -> None:
    for row in rows:
        sheet.add(row)


def _columns(keys: Iterable[str], language: Language) -> Row:
    return tuple(word(f"column.{key}", language) for key in keys)
