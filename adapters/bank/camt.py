"""An account's lines from its bank: ISO 20022 camt.053 (statement) and camt.054 (notification), versions 2 and 8."""

import re
from collections import Counter
from typing import NamedTuple

from adapters.bank.amounts import ONLY_EURO
from adapters.bank.camt_controls import check_balances, check_totals
from adapters.bank.camt_entry import Entry, Movement, entry_of
from adapters.bank.identifiers import iban_of
from adapters.bank.message_tree import Part, quoted, tree_of
from application.bank import BankFault, BankFile, BankLine
from domain.canonical import digest_of

_FORMS = {
    f"urn:iso:std:iso:20022:tech:xsd:{form}.001.{version}": (message, statement)
    for form, message, statement in (
        ("camt.053", "BkToCstmrStmt", "Stmt"),
        ("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    )
    for version in ("02", "08")
}
_OF_A_STATEMENT = (
    "Id StmtPgntn NtfctnPgntn ElctrncSeqNb RptgSeq LglSeqNb CreDtTm FrToDt CpyDplctInd RptgSrc Acct RltdAcct Intrst Bal "
    "TxsSummry Ntry AddtlStmtInf AddtlNtfctnInf"
)
"""What a statement or a notification is made of, in either version."""
_ID_DIGITS = 32
_PAGE_NUMBER = re.compile(r"[0-9]{1,5}")


def read_camt(body: bytes) -> BankFile:
    """Read a bank's message whole, or refuse it whole with a `BankFault` that says what is wrong and where.

    Lines are what was booked: entries pending or for information, and those of 0.00, are counted in `left_out`.

    A line's `id` is a digest of the account, the bank's own number of the payment (AcctSvcrRef of the payment, else of
    its entry), its cents, its day, and which of several it is that are alike in all of these. So the line of a camt.054
    and of a camt.053 is one where the bank numbers it alike in both, and a file read twice says nothing new. Where the
    bank gives no number, the statement's own id and the entry's reference in it, else its place, stand in: then only
    the same statement read again says nothing new. A place is that on a page: a long statement comes in several files,
    of one id, that number their entries from one (StmtPgntn or NtfctnPgntn, in version 2 MsgPgntn of the message).
    """
    document, namespace = tree_of(body)
    if document.name != "Document" or namespace not in _FORMS:
        raise BankFault(
            f"The file is {quoted(document.name)} of {quoted(namespace)}; camt.053 and camt.054 of versions 001.02 and 001.08 "
            "are read. Ask the bank for one of these."
        )
    message, kind = _FORMS[namespace]
    document.has_only(message)
    content = document.needed(message)
    content.has_only("GrpHdr", kind)
    message_id = content.id_text("GrpHdr/MsgId")
    if message_id is None:
        raise content.fault("has no GrpHdr/MsgId, which belongs there")
    page = _page(content.needed("GrpHdr"), "MsgPgntn", 1)
    statements = [_statement(part, n, f"{kind}Pgntn", page) for n, part in enumerate(content.parts(kind), start=1)]
    if not statements:
        raise content.fault(f"has no {kind}: neither entries nor an account")
    _check_apart(statements)
    return BankFile(
        message_id=message_id,
        lines=tuple(line for statement in statements for line in statement.lines),
        left_out=sum(statement.left_out for statement in statements),
    )


class _Statement(NamedTuple):
    where: str
    lines: list[BankLine]
    left_out: int


def _statement(part: Part, n: int, pagination: str, message_page: int) -> _Statement:
    nameless = part.at(f"Statement {n}")
    statement_id = nameless.id_text("Id")
    if statement_id is None:
        raise nameless.fault("has no Id, which belongs there")
    where = f"Statement {n} ({statement_id})"
    statement = part.at(where)
    statement.has_only(*_OF_A_STATEMENT.split())
    iban, page = _account(statement), _page(statement, pagination, message_page)
    entries = [
        entry_of(entry.at(f"{where}, entry {m}"), iban, f"{where}, entry {m}")
        for m, entry in enumerate(statement.parts("Ntry"), start=1)
    ]
    check_totals(statement, [entry.cents for entry in entries])
    check_balances(statement, sum(entry.cents for entry in entries if entry.is_booked))
    lines: list[BankLine] = []
    alike: Counter[str] = Counter()
    for m, entry in enumerate(entries, start=1):
        for movement in entry.movements:
            if movement.cents:
                line = _line(iban, movement, _named(movement, entry, statement_id, page, m), alike)
                lines.append(line)
    said = sum(len(entry.movements) or 1 for entry in entries)
    return _Statement(where=where, lines=lines, left_out=said - len(lines))


def _account(statement: Part) -> str:
    text = statement.needed_text("Acct/Id/IBAN")
    iban = iban_of(text)
    if iban is None:
        raise statement.fault(f"is of the IBAN {quoted(text)}, whose length, form or check digits are wrong")
    currency = statement.text("Acct/Ccy")
    if currency is not None and currency != "EUR":
        raise statement.fault(f"is of an account in {quoted(currency)}", ONLY_EURO)
    return iban


def _page(of: Part, pagination: str, unsaid: int) -> int:
    """Which page of several it says it is."""
    if of.part(pagination) is None:
        return unsaid
    number = of.needed_text(f"{pagination}/PgNb")
    if not _PAGE_NUMBER.fullmatch(number):
        raise of.fault(f"has {quoted(number)} as {pagination}/PgNb, which is a number of up to 5 digits")
    return int(number)


def _named(movement: Movement, entry: Entry, statement_id: str, page: int, n: int) -> list[str]:
    """How the bank names a movement: by its own number, else by entry and statement.

    The first page is not named: before pages were read it was not either, and a line keeps its id.
    """
    paged = [] if page == 1 else [str(page)]
    if movement.bank_reference is not None:
        return ["bank", movement.bank_reference]
    if entry.own_reference is not None:
        return ["entry", statement_id, entry.own_reference, *paged]
    return ["place", statement_id, str(n), *paged]


def _line(iban: str, movement: Movement, named: list[str], alike: Counter[str]) -> BankLine:
    likeness = [iban, named, movement.cents, movement.booked_on]
    key = digest_of(likeness)
    ordinal, alike[key] = alike[key], alike[key] + 1
    return BankLine(
        id=digest_of([*likeness, ordinal])[:_ID_DIGITS],
        iban=iban,
        cents=movement.cents,
        booked_on=movement.booked_on,
        end_to_end_id=movement.end_to_end_id,
        reference=movement.reference,
        counterparty_iban=movement.counterparty_iban,
        is_reversal=movement.is_reversal,
    )


def _check_apart(statements: list[_Statement]) -> None:
    """Two statements of one message that say the same line would book it twice, or hide that there are two."""
    seen: dict[str, str] = {}
    for statement in statements:
        for line in statement.lines:
            if line.id in seen:
                raise BankFault(
                    f"{statement.where} has a line of {line.booked_on} that {seen[line.id]} in the same file has too. "
                    "Nothing of the file was taken in; ask the bank which of them is right."
                )
        seen |= {line.id: statement.where for line in statement.lines}
