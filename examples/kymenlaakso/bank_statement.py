"""Plays the bank: account statements (camt.053) and notifications (camt.054) as a partner's bank would send them."""

from datetime import date, datetime
from typing import Literal, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

Version = Literal["02", "08"]


class Payment(NamedTuple):
    """What one payment moved: cents above zero came in, below went out."""

    cents: int
    reference: str | None = None
    end_to_end_id: str | None = None
    counterparty_iban: str | None = None
    bank_reference: str | None = None


class Entry(NamedTuple):
    """What the bank booked as one: a payment, or the several of a batch."""

    booked_on: date
    payments: tuple[Payment, ...]
    bank_reference: str | None = None
    own_reference: str | None = None
    status: str = "BOOK"
    is_reversal: bool = False

    @property
    def cents(self) -> int:
        return sum(payment.cents for payment in self.payments)


class Statement(NamedTuple):
    """An account's entries of some days."""

    id: str
    iban: str
    entries: tuple[Entry, ...]
    opening_cents: int = 0


def camt053(message_id: str, created_at: datetime, *statements: Statement, version: Version = "08") -> bytes:
    """An account statement, with balances and totals."""
    return _message("camt.053", message_id, created_at, statements, version)


def camt054(message_id: str, created_at: datetime, *statements: Statement, version: Version = "08") -> bytes:
    """A notification of entries, with totals."""
    return _message("camt.054", message_id, created_at, statements, version)


def _message(
    form: str, message_id: str, created_at: datetime, statements: tuple[Statement, ...], version: Version
) -> bytes:
    is_statement = form == "camt.053"
    made = created_at.isoformat(timespec="seconds")
    document = Element("Document", xmlns=f"urn:iso:std:iso:20022:tech:xsd:{form}.001.{version}")
    message = SubElement(document, "BkToCstmrStmt" if is_statement else "BkToCstmrDbtCdtNtfctn")
    header = SubElement(message, "GrpHdr")
    _put(header, "MsgId", message_id)
    _put(header, "CreDtTm", made)
    for statement in statements:
        into = SubElement(message, "Stmt" if is_statement else "Ntfctn")
        _put(into, "Id", statement.id)
        _put(into, "CreDtTm", made)
        account = SubElement(into, "Acct")
        _put(account, "Id/IBAN", statement.iban)
        _put(account, "Ccy", "EUR")
        if is_statement:
            _put_balances(into, statement, created_at.date())
        _put_totals(into, [entry.cents for entry in statement.entries], version)
        for entry in statement.entries:
            _put_entry(SubElement(into, "Ntry"), entry, version)
    xml: bytes = tostring(document, encoding="UTF-8", xml_declaration=True)
    return xml + b"\n"


def _put_balances(into: Element, statement: Statement, made_on: date) -> None:
    days = [entry.booked_on for entry in statement.entries] or [made_on]
    booked = sum(entry.cents for entry in statement.entries if entry.status == "BOOK")
    opening = statement.opening_cents
    for code, cents, day in (("OPBD", opening, min(days)), ("CLBD", opening + booked, max(days))):
        balance = SubElement(into, "Bal")
        _put(balance, "Tp/CdOrPrtry/Cd", code)
        _put_amount(balance, cents)
        _put(balance, "Dt/Dt", day.isoformat())


def _put_totals(into: Element, entries: list[int], version: Version) -> None:
    summary = SubElement(into, "TxsSummry")
    totals = SubElement(summary, "TtlNtries")
    _put(totals, "NbOfNtries", str(len(entries)))
    _put(totals, "Sum", _euro(sum(map(abs, entries))))
    net = SubElement(totals, "TtlNetNtry") if version == "08" else totals
    _put(net, "Amt" if version == "08" else "TtlNetNtryAmt", _euro(sum(entries)))
    _put(net, "CdtDbtInd", _direction(sum(entries)))
    credit, debit = [cents for cents in entries if cents > 0], [cents for cents in entries if cents < 0]
    for name, given in (("TtlCdtNtries", credit), ("TtlDbtNtries", debit)):
        total = SubElement(summary, name)
        _put(total, "NbOfNtries", str(len(given)))
        _put(total, "Sum", _euro(sum(given)))


def _put_entry(into: Element, entry: Entry, version: Version) -> None:
    if entry.own_reference is not None:
        _put(into, "NtryRef", entry.own_reference)
    _put_amount(into, entry.cents)
    if entry.is_reversal:
        _put(into, "RvslInd", "true")
    _put(into, "Sts/Cd" if version == "08" else "Sts", entry.status)
    _put(into, "BookgDt/Dt", entry.booked_on.isoformat())
    _put(into, "ValDt/Dt", entry.booked_on.isoformat())
    if entry.bank_reference is not None:
        _put(into, "AcctSvcrRef", entry.bank_reference)
    code = SubElement(SubElement(into, "BkTxCd"), "Domn")
    _put(code, "Cd", "PMNT")
    family = SubElement(code, "Fmly")
    _put(family, "Cd", "RCDT" if entry.cents > 0 else "ICDT")
    _put(family, "SubFmlyCd", "ESCT")
    details = SubElement(into, "NtryDtls")
    if len(entry.payments) > 1:
        _put(details, "Btch/NbOfTxs", str(len(entry.payments)))
    for payment in entry.payments:
        _put_payment(SubElement(details, "TxDtls"), payment, version, came_in=(payment.cents > 0) != entry.is_reversal)


def _put_payment(into: Element, payment: Payment, version: Version, *, came_in: bool) -> None:
    references = SubElement(into, "Refs")
    if payment.bank_reference is not None:
        _put(references, "AcctSvcrRef", payment.bank_reference)
    _put(references, "EndToEndId", payment.end_to_end_id or "NOTPROVIDED")
    if version == "08":
        _put_amount(into, payment.cents)
    else:
        _put(into, "AmtDtls/TxAmt/Amt", _euro(payment.cents)).set("Ccy", "EUR")
    if payment.counterparty_iban is not None:
        _put(into, f"RltdPties/{'DbtrAcct' if came_in else 'CdtrAcct'}/Id/IBAN", payment.counterparty_iban)
    if payment.reference is not None:
        reference = SubElement(SubElement(SubElement(into, "RmtInf"), "Strd"), "CdtrRefInf")
        _put(reference, "Tp/CdOrPrtry/Cd", "SCOR")
        _put(reference, "Ref", payment.reference)


def _put_amount(into: Element, cents: int) -> None:
    _put(into, "Amt", _euro(cents)).set("Ccy", "EUR")
    _put(into, "CdtDbtInd", _direction(cents))


def _put(into: Element, path: str, text: str) -> Element:
    for tag in path.split("/"):
        into = SubElement(into, tag)
    into.text = text
    return into


def _direction(cents: int) -> str:
    return "DBIT" if cents < 0 else "CRDT"


def _euro(cents: int) -> str:
    """Without its sign: the direction stands beside it."""
    return f"{abs(cents) // 100}.{abs(cents) % 100:02d}"
