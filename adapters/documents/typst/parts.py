"""The parts that statements and invoices share: parties, lines, tables of tax. Every text and figure is ready to print."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.documents.words import WORDS, word
from adapters.documents.writing import amount, day, figure, iban
from domain.calendar import day_of
from domain.money import Language, counted
from domain.money.euros import number, percentage
from projections.document import DocumentLine, Invoice, Party, StatementDocument, VatTotal, VatTreatment

Content = dict[str, Any]
"""What a template reads, as JSON has it."""

NO_SUPPLY = ("set-off", "payment", "vat")
"""Kinds of lines that have no net, tax and gross of their own."""
LONGEST_WORD = 32
"""A word longer than that may be broken anywhere, else it would run over its neighbour."""

_FULL = 8.5
_SMALL = 6.5
_LONG_FIGURE = len("1 234 567 890,12")
_BLANKS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")


def plain(text: str) -> str:
    """A text as one paragraph takes it: no control characters, and long words breakable."""
    words = text.translate(_BLANKS).split(" ")
    return " ".join(
        w if len(w) <= LONGEST_WORD else "\u200b".join(w[at : at + 8] for at in range(0, len(w), 8)) for w in words
    )


def sheet(document: StatementDocument | Invoice, language: Language, *, title: str, foot: Sequence[str]) -> Content:
    """What every page and the file itself say."""
    issued = document.issued_on
    return {
        "title": title,
        "author": f"Täsmä · {plain(document.network_name.best(language))}",
        "lang": language,
        "region": "GB" if language == "en" else "FI",
        "date": [issued.year, issued.month, issued.day] if issued else None,
        "constructed": word("notice.constructed", language) if document.constructed else None,
        "page": word("notice.page", language),
        "foot": list(foot),
    }


def party(of: Party, label: str, language: Language, *, account: bool = False) -> Content:
    """A partner with its legal person; what is not known is left out. `account`: also where it is paid and gets its invoices."""
    name, legal = of.name.best(language), of.legal_person.best(language)
    lines = [plain(legal)] if legal != name else []
    if of.address:
        town = f"{of.address.postal_code} {of.address.town}"
        lines += [of.address.street, town if of.address.country == "FI" else f"{town}, {of.address.country}"]
    known = [("head.business-id", of.business_id), ("head.vat-number", of.vat_number)]
    if account:
        known += [("payment.iban", of.iban and iban(of.iban)), ("payment.bic", of.bic)]
        known += [("head.einvoice-address", of.einvoice_address), ("head.einvoice-operator", of.einvoice_operator)]
    return {
        "label": label,
        "name": plain(name),
        "lines": [plain(each) for each in lines],
        "facts": [[word(key, language), value] for key, value in known if value],
    }


def facts(label: str, name: str, given: Mapping[str, str | None], language: Language) -> Content:
    """What is said of the document itself, by key of its word."""
    told = [[word(key, language), plain(value)] for key, value in given.items() if value]
    return {"label": label, "name": plain(name), "lines": [], "facts": told}


def agreements(ids: Sequence[str]) -> str:
    return ", ".join(each.removeprefix("agreement:") for each in ids)


def treatment(of: VatTreatment | None, language: Language) -> str:
    """`Verollinen myynti 25,5 % (S)`, `Veroton myynti (E), AVL 39-40 §`."""
    if of is None:
        return word("vat.undecided", language)
    rate = f" {percentage(of.rate, language)}" if of.code == "S" else ""
    ground = f", {plain(of.ground)}" if of.ground else ""
    name = word(f"vat.{of.code}", language) if f"vat.{of.code}" in WORDS else ""
    return f"{name}{rate} ({of.code}){ground}".strip()


def taxes(title: str, totals: Sequence[VatTotal], language: Language) -> Content:
    """Base, tax and gross of each treatment, and of all."""
    rows = [
        [treatment(t.treatment, language), *(figure(c, language) for c in (t.base_cents, t.vat_cents, t.gross_cents))]
        for t in totals
    ]
    sums = (sum(t.base_cents for t in totals), sum(t.vat_cents for t in totals), sum(t.gross_cents for t in totals))
    rows.append([word("total.sum", language), *(figure(c, language) for c in sums)])
    columns = [word("column.treatment", language)]
    columns += [in_euro(key, language) for key in ("column.base", "column.vat", "column.gross")]
    return {"title": title, "columns": columns, "rows": rows, "sum": True}


def in_euro(key: str, language: Language) -> str:
    """The head of a column of sums."""
    return f"{word(key, language)}\u00a0(€)"


def ledger(
    lines: Sequence[DocumentLine],
    columns: Sequence[str],
    language: Language,
    *,
    opening: Content | None,
    sums: Sequence[Content],
    counterparties: bool,
) -> Content:
    """The lines with these columns of figures. `counterparties`: each line names whom it is with."""
    rows = [_row(each, columns, language, counterparties=counterparties) for each in lines]
    shown = [[*(r["cells"][at] for r in (*rows, *sums, *([opening] if opening else [])))] for at in range(len(columns))]
    headed = [
        {
            "label": word(key, language) if key == "column.vat-rate" else in_euro(key, language),
            "longest": max([*cells, ""], key=len),
        }
        for key, cells in zip(columns, shown, strict=True)
    ]
    crowded = max((len(cell) for cells in shown for cell in cells), default=0) > _LONG_FIGURE
    return {
        "size": _SMALL if crowded else _FULL,
        "n": word("column.n", language),
        "date": word("column.date", language),
        "what": word("column.what", language),
        "columns": headed,
        "longest_n": max([r["n"] for r in rows] + [word("column.n", language)], key=len),
        "longest_date": max([r["date"] for r in rows] + [word("column.date", language)], key=len),
        "opening": opening,
        "rows": rows,
        "sums": list(sums),
    }


def _row(line: DocumentLine, columns: Sequence[str], language: Language, *, counterparties: bool) -> Content:
    supply = line.kind not in NO_SUPPLY
    cells = {
        "column.vat-rate": number(line.vat.rate, language) if line.vat else "",
        "column.net": figure(line.cents, language) if supply else "",
        "column.vat": figure(line.vat_cents, language) if supply else "",
        "column.gross": figure(line.cents + line.vat_cents, language) if supply else "",
        "column.balance": figure(line.cents, language),
        "column.sum": figure(line.cents, language),
    }
    who = [plain(line.counterparty_name.best(language))] if counterparties else []
    if line.quantity is not None and line.unit_cents is not None:
        quantity = counted(line.quantity, line.unit, language).replace(" ", "\u00a0")
        who.append(f"{quantity}\u00a0\u00d7\u00a0{amount(line.unit_cents, language)}")
    return {
        "n": str(line.n),
        "date": day(line.occurred_on, language),
        "kind": word(f"kind.{line.kind}", language),
        "who": who,
        "cells": [cells[key] for key in columns],
        "text": plain(line.text[language]).replace("-€", "\u2212€"),
        "details": _details(line, language, taxed="column.vat" in columns),
    }


def _details(line: DocumentLine, language: Language, *, taxed: bool) -> str:
    """By what it is so: clause, agreement, tax ground, project, and the events behind it."""
    said = [
        line.clause and f"{agreements([line.agreement])} v{line.version} {line.clause}"
        if line.agreement
        else line.clause,
        line.role,
        line.pathway,
        _tax(line.vat, language) if taxed and line.kind not in NO_SUPPLY else None,
        line.corrects and word("detail.corrects", language).format(line=line.corrects),
        _project(line, language),
        word("detail.recorded", language).format(day=day(day_of(line.recorded_at), language)),
        word("detail.events" if len(line.events) > 1 else "detail.event", language).format(
            positions=_together([str(each) for each in line.events])
        ),
    ]
    return plain(" · ".join(each for each in said if each))


def _together(positions: Sequence[str]) -> str:
    """In a row; the last one never stands alone on a line."""
    return ", ".join((*positions[:-2], ",\u00a0".join(positions[-2:])))


def _project(line: DocumentLine, language: Language) -> str | None:
    if line.project:
        return word("detail.project", language).format(project=line.project)
    return None if line.kind in NO_SUPPLY else word("detail.outside-project", language)


def _tax(of: VatTreatment | None, language: Language) -> str:
    """`ALV E, AVL 39-40 §`: the rate has its column."""
    if of is None:
        return treatment(None, language)
    return f"{word('column.vat', language)} {of.code}" + (f", {of.ground}" if of.ground else "")
