"""One entry of an account: what it moves, as one payment or as the several of a batch."""

from datetime import date
from typing import NamedTuple

from adapters.bank.amounts import amount_at, sign_at, signed_at
from adapters.bank.identifiers import iban_of
from adapters.bank.message_tree import Part, quoted
from domain.money.euros import euros
from domain.money.references import plain

_OF_AN_ENTRY = (
    "NtryRef Amt CdtDbtInd RvslInd Sts BookgDt ValDt AcctSvcrRef Avlbty BkTxCd ComssnWvrInd AddtlInfInd AmtDtls Chrgs "
    "TechInptChanl Intrst CardTx NtryDtls AddtlNtryInf"
)
"""What an entry is made of, in either version."""
_BOOKED = "BOOK"
_NOT_BOOKED = frozenset({"PDNG", "INFO", "FUTR"})
_NO_ID = frozenset({"NOTPROVIDED", "NONREF"})
"""What banks write where an identification is demanded and they have none."""
_YES, _NO = frozenset({"true", "1"}), frozenset({"false", "0"})


class Movement(NamedTuple):
    """One payment of an entry."""

    cents: int
    booked_on: date
    bank_reference: str | None
    """The bank's own number of it: of the payment, else of the entry it is part of."""
    end_to_end_id: str | None
    reference: str | None
    counterparty_iban: str | None
    is_reversal: bool


class Entry(NamedTuple):
    """One entry; it has no movements unless it is booked."""

    cents: int
    movements: tuple[Movement, ...]
    is_booked: bool
    own_reference: str | None
    """The entry's name within its statement."""


def entry_of(entry: Part, iban: str, where: str) -> Entry:
    """Read an entry of the account `iban`.

    CdtDbtInd is the direction in which the entry itself moved the account, also of a reversal: a credit with RvslInd
    takes back a debit (ISO 20022, definition of ReversalIndicator). So RvslInd changes no sign; it tells whose account
    is the counterparty's, and that money goes back.
    """
    entry.has_only(*_OF_AN_ENTRY.split())
    cents = signed_at(entry, "Amt")
    own_reference = entry.id_text("NtryRef")
    status = entry.text("Sts/Cd") or entry.needed_text("Sts")
    if status in _NOT_BOOKED:
        return Entry(cents=cents, movements=(), is_booked=False, own_reference=own_reference)
    if status != _BOOKED:
        raise entry.fault(f"has the status {quoted(status)}, which is none of BOOK, FUTR, INFO and PDNG")
    booked_on = entry.day("BookgDt") or entry.day("ValDt")
    if booked_on is None:
        raise entry.fault("has no booking date and no value date")
    is_reversal = _is_reversal(entry)
    details, amounts = _details(entry, cents, where)
    movements = tuple(
        Movement(
            cents=amount,
            booked_on=booked_on,
            bank_reference=_id_at(detail, "Refs/AcctSvcrRef") or _id_at(entry, "AcctSvcrRef"),
            end_to_end_id=_id_at(detail, "Refs/EndToEndId"),
            reference=_reference(detail),
            counterparty_iban=_counterparty(detail, iban, came_in=(amount > 0) != is_reversal),
            is_reversal=is_reversal,
        )
        for detail, amount in zip(details, amounts, strict=True)
    ) or (Movement(cents, booked_on, _id_at(entry, "AcctSvcrRef"), None, None, None, is_reversal),)
    return Entry(cents=cents, movements=movements, is_booked=True, own_reference=own_reference)


def _details(entry: Part, cents: int, where: str) -> tuple[list[Part], list[int]]:
    """The payments that an entry tells apart, if any, with their signed cents, which come to the entry's."""
    batches = list(entry.parts("NtryDtls"))
    for batch in batches:
        batch.has_only("Btch", "TxDtls")
    grouped = [list(batch.parts("TxDtls")) for batch in batches]
    details = [detail for group in grouped for detail in group]
    details = [detail.at(f"{where}, payment {n}") for n, detail in enumerate(details, start=1)]
    amounts = [_amount(detail, cents, alone=len(details) == 1) for detail in details]
    if details and sum(amounts) != cents:
        raise entry.fault(f"is {euros(cents, 'en')}, but its payments come to {euros(sum(amounts), 'en')}")
    begin = 0
    for batch, group in zip(batches, grouped, strict=True):
        _check_batch(batch, amounts[begin : begin + len(group)])
        begin += len(group)
    return details, amounts


def _amount(detail: Part, cents: int, *, alone: bool) -> int:
    """Signed cents of a payment. One alone is the entry; what it was before it was exchanged into euro is not asked."""
    sign = 1 if cents > 0 else -1
    if detail.part("CdtDbtInd") is not None:
        sign = sign_at(detail, "CdtDbtInd")
    path = "Amt" if detail.part("Amt") is not None else "AmtDtls/TxAmt/Amt"
    amount = detail.part(path)
    if alone and (amount is None or amount.attribute("Ccy") != "EUR"):
        return sign * abs(cents)
    return sign * amount_at(detail, path)


def _check_batch(batch: Part, amounts: list[int]) -> None:
    """A batch of which the bank tells no payments, or one for all, is booked as one."""
    count, total = batch.text("Btch/NbOfTxs"), batch.part("Btch/TtlAmt")
    if len(amounts) > 1 and count is not None and count.lstrip("0") != str(len(amounts)):
        raise batch.fault(f"says that it is a batch of {quoted(count)} payments, but has {len(amounts)}")
    if amounts and total is not None and amount_at(batch, "Btch/TtlAmt") != abs(sum(amounts)):
        raise batch.fault(
            f"says that its batch comes to {euros(amount_at(batch, 'Btch/TtlAmt'), 'en')}, "
            f"but its payments come to {euros(abs(sum(amounts)), 'en')}"
        )


def _is_reversal(entry: Part) -> bool:
    text = entry.text("RvslInd")
    if text is None or text in _NO:
        return False
    if text not in _YES:
        raise entry.fault(f"has {quoted(text)} as RvslInd, which is true or false")
    return True


def _reference(detail: Part) -> str | None:
    """The creditor reference of a payment; None where it has none, or several, of which nobody can say which is paid."""
    remittance = detail.part("RmtInf")
    given = () if remittance is None else remittance.parts("Strd")
    texts = (text for strd in given if (text := strd.text("CdtrRefInf/Ref")) is not None)
    known = {form for text in texts if (form := plain(text)) is not None}
    return known.pop() if len(known) == 1 else None


def _counterparty(detail: Part, own: str, *, came_in: bool) -> str | None:
    """The other party's IBAN; None where it has another kind of account."""
    sides = ("DbtrAcct", "CdtrAcct") if came_in else ("CdtrAcct", "DbtrAcct")
    for side in sides:
        text = detail.text(f"RltdPties/{side}/Id/IBAN")
        if text is None:
            continue
        iban = iban_of(text)
        if iban is None:  # not quoted: it may be a person's
            raise detail.fault(f"has an IBAN as {side} whose length, form or check digits are wrong")
        if iban != own:
            return iban
    return None


def _id_at(part: Part, path: str) -> str | None:
    text = part.id_text(path)
    return None if text in _NO_ID else text
