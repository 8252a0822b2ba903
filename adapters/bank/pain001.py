"""Payments for a bank: ISO 20022 pain.001.001.09, a customer's credit transfers, as banks in Finland take it."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from adapters.bank.payable import NO_ID, payable
from application.bank import Account, PaymentFile, Transfer
from domain.calendar import HELSINKI

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


def pain001(file: PaymentFile) -> bytes:
    """The file of one debtor: SEPA transfers in euro from one account on one day, the same bytes whenever made again.

    Addresses are structured (European Payments Council, EPC132-08: unstructured ones end in November 2026), charges are
    shared (SLEV), each transfer has a structured creditor reference. A `BankFault` says what no bank would take.
    """
    taken = payable(file)
    document = Element("Document", xmlns=NAMESPACE)
    initiation = SubElement(document, "CstmrCdtTrfInitn")
    header = SubElement(initiation, "GrpHdr")
    _put(header, "MsgId", taken.message_id)
    _put(header, "CreDtTm", taken.created_at.astimezone(HELSINKI).isoformat(timespec="seconds"))
    _put_sums(header, taken)
    _put_named(SubElement(header, "InitgPty"), taken.debtor, scheme="BANK")
    payments = SubElement(initiation, "PmtInf")
    _put(payments, "PmtInfId", taken.message_id)
    _put(payments, "PmtMtd", "TRF")
    _put_sums(payments, taken)
    _put(payments, "PmtTpInf/SvcLvl/Cd", "SEPA")
    _put(payments, "ReqdExctnDt/Dt", taken.execution_on.isoformat())
    _put_party(SubElement(payments, "Dbtr"), taken.debtor, scheme="BANK")
    _put(payments, "DbtrAcct/Id/IBAN", taken.debtor.iban)
    if taken.debtor.bic is None:
        _put(payments, "DbtrAgt/FinInstnId/Othr/Id", NO_ID)
    else:
        _put(payments, "DbtrAgt/FinInstnId/BICFI", taken.debtor.bic)
    _put(payments, "ChrgBr", "SLEV")
    for transfer in taken.transfers:
        _put_transfer(SubElement(payments, "CdtTrfTxInf"), transfer)
    indent(document)
    xml: bytes = tostring(document, encoding="UTF-8", xml_declaration=True)
    return xml + b"\n"


def _put_transfer(into: Element, transfer: Transfer) -> None:
    _put(into, "PmtId/EndToEndId", transfer.end_to_end_id)
    _put(into, "Amt/InstdAmt", _euro(transfer.cents)).set("Ccy", "EUR")
    if transfer.payee.bic is not None:  # the payee's bank is then found by the IBAN; only a debtor's bank must be named
        _put(into, "CdtrAgt/FinInstnId/BICFI", transfer.payee.bic)
    _put_party(SubElement(into, "Cdtr"), transfer.payee, scheme="COID")
    _put(into, "CdtrAcct/Id/IBAN", transfer.payee.iban)
    remittance = SubElement(SubElement(SubElement(into, "RmtInf"), "Strd"), "CdtrRefInf")
    kind = SubElement(remittance, "Tp")
    _put(kind, "CdOrPrtry/Cd", "SCOR")
    if transfer.reference.startswith("RF"):
        _put(kind, "Issr", "ISO")
    _put(remittance, "Ref", transfer.reference)


def _put_party(into: Element, account: Account, *, scheme: str) -> None:
    _put(into, "Nm", account.name)
    address = (
        ("StrtNm", account.street),
        ("PstCd", account.postal_code),
        ("TwnNm", account.town),
        ("Ctry", account.country),
    )
    if account.town is not None:
        postal = SubElement(into, "PstlAdr")
        for tag, text in address:
            if text is not None:
                _put(postal, tag, text)
    _put_business_id(into, account, scheme)


def _put_named(into: Element, account: Account, *, scheme: str) -> None:
    _put(into, "Nm", account.name)
    _put_business_id(into, account, scheme)


def _put_business_id(into: Element, account: Account, scheme: str) -> None:
    """The debtor's bank knows its customer by it (BANK); of a payee it is the number in a country's register (COID)."""
    if account.business_id is not None:
        other = SubElement(SubElement(SubElement(into, "Id"), "OrgId"), "Othr")
        _put(other, "Id", account.business_id)
        _put(other, "SchmeNm/Cd", scheme)


def _put_sums(into: Element, file: PaymentFile) -> None:
    _put(into, "NbOfTxs", str(len(file.transfers)))
    _put(into, "CtrlSum", _euro(sum(transfer.cents for transfer in file.transfers)))


def _put(into: Element, path: str, text: str) -> Element:
    for tag in path.split("/"):
        into = SubElement(into, tag)
    into.text = text
    return into


def _euro(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
