"""A statement as a Beancount ledger: its own arithmetic is checked by a bookkeeping program that has never heard of it.

`Assets:Network` is what the network's partners owe the statement's partner. Each line is one transaction between it and an account
of the counterparty and the kind of line, and the opening and the closing balance of the document are asserted, to the cent.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from adapters.documents.amounts import in_euros
from adapters.documents.booking_day import booked_on
from adapters.documents.words import word
from domain.calendar import first_day, month_after
from domain.money import Language
from projections.document import DocumentLine, LineKind, StatementDocument

NETWORK: Final = "Assets:Network"
OPENING: Final = "Equity:Opening-Balances"
ROOTS: Final[Mapping[LineKind, str]] = {
    "share-earned": "Income",
    "share-owed": "Expenses",
    "cost-share": "Expenses",
    "correction": "Income",
    "true-up": "Income",
    "set-off": "Assets",
    "payment": "Assets",
    "vat": "Liabilities",
}


_UNSEEN: Final = ("Cc", "Cs", "Zl", "Zp")
"""Controls, halves of characters, ends of lines and paragraphs."""


class Plain(str):
    """A figure, a date or an amount in metadata, which stands without quotation marks."""

    __slots__ = ()


def statement_beancount(document: StatementDocument, language: Language) -> bytes:
    """Dates are those of the books: a fact from before the period stands on its first day, and `occurred-on` says its own date."""
    return "\n".join(_ledger(document, language)).encode()


def account_of(line: DocumentLine) -> str:
    """`Income:Ekami:Share-earned`; organisations are told apart, since their ids are in lower case."""
    named = line.counterparty.partition(":")[2]
    return f"{ROOTS[line.kind]}:{named[:1].upper()}{named[1:]}:{line.kind.capitalize()}"


def _ledger(document: StatementDocument, language: Language) -> Iterator[str]:
    opens = first_day(document.period)
    before, after = opens - timedelta(days=1), first_day(month_after(document.period))
    if document.constructed:
        yield f"; {word('notice.constructed', language)}"
    name = document.partner.name.best(language)
    title = f"{word('document.statement', language)} {name} {document.period}"
    yield f'option "title" {_quoted(title)}'
    yield 'option "operating_currency" "EUR"'
    yield ""
    for account in (NETWORK, OPENING, *sorted({account_of(line) for line in document.lines})):
        yield f"{before} open {account} EUR"
    yield ""
    yield f"{before} * {_quoted(name)} {_quoted(word('total.opening', language))}"
    yield from _metadata(
        {
            "partner": document.partner.organisation,
            "period": document.period,
            "state": document.state,
            "position": Plain(document.position),
            "digest": document.digest,
            "constructed": Plain(str(document.constructed).upper()),
        }
    )
    yield from _postings(OPENING, document.opening_cents)
    yield f"{opens} balance {NETWORK}  {in_euros(document.opening_cents)} ~ 0.00 EUR"
    for line in document.lines:
        yield ""
        payee, what = line.counterparty_name.best(language), line.text[language]
        yield f"{booked_on(line.occurred_on, document.period)} * {_quoted(payee)} {_quoted(what)}"
        yield from _metadata(_known_of(line))
        yield from _postings(account_of(line), line.cents)
    yield ""
    yield f"{after} balance {NETWORK}  {in_euros(document.closing_cents)} ~ 0.00 EUR"
    yield ""


def _postings(account: str, cents: int) -> Iterator[str]:
    yield f"  {NETWORK}  {in_euros(cents)} EUR"
    yield f"  {account}  {in_euros(-cents)} EUR"


def _known_of(line: DocumentLine) -> Mapping[str, str | None]:
    vat = line.vat
    return {
        "line": Plain(line.n),
        "occurred-on": Plain(line.occurred_on),
        "recorded-at": line.recorded_at.isoformat(),
        "kind": line.kind,
        "counterparty": line.counterparty,
        "entry": line.entry,
        "clause": line.clause,
        "role": line.role,
        "agreement": line.agreement,
        "version": None if line.version is None else Plain(line.version),
        "project": line.project,
        "pathway": line.pathway,
        "step": None if line.step is None else Plain(line.step),
        "part": None if line.part is None else Plain(line.part),
        "corrects": line.corrects,
        "quantity": line.quantity,
        "unit": line.unit,
        "unit-price": None if line.unit_cents is None else Plain(f"{in_euros(line.unit_cents)} EUR"),
        "vat-code": vat.code if vat else None,
        "vat-rate": vat.rate if vat else None,
        "vat-ground": vat.ground if vat else None,
        "vat": Plain(f"{in_euros(line.vat_cents)} EUR"),
        "events": " ".join(map(str, line.events)),
    }


def _metadata(known: Mapping[str, str | None]) -> Iterator[str]:
    """What is not known has no line."""
    for key, value in known.items():
        if value is not None:
            yield f"  {key}: {value if isinstance(value, Plain) else _quoted(value)}"


def _quoted(text: str) -> str:
    """One line of visible characters; nothing in a text ends it or begins an entry of its own."""
    visible = "".join(" " if unicodedata.category(c) in _UNSEEN else c for c in text)
    return '"' + visible.replace("\\", "\\\\").replace('"', '\\"') + '"'
