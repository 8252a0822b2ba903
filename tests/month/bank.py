"""The banks of the partners: they know nothing but the payment files that they are given."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple
from xml.etree.ElementTree import Element, fromstring

from adapters.bank.pain001 import NAMESPACE
from examples.kymenlaakso.bank_statement import Entry, Payment, Statement, camt053

_IN = f"{{{NAMESPACE}}}"


class Order(NamedTuple):
    """A payment as its payer's bank has been told to make it."""

    end_to_end_id: str
    reference: str
    cents: int
    payer: str
    payee: str
    """Both by account."""
    on: date


def orders_in(file: bytes) -> Iterator[Order]:
    root = fromstring(file)  # noqa: S314 - our own bytes
    for batch in root.iter(f"{_IN}PmtInf"):
        payer, on = _text(batch, "DbtrAcct/Id/IBAN"), date.fromisoformat(_text(batch, "ReqdExctnDt/Dt"))
        for transfer in batch.iter(f"{_IN}CdtTrfTxInf"):
            euros, _, cents = _text(transfer, "Amt/InstdAmt").partition(".")
            yield Order(
                end_to_end_id=_text(transfer, "PmtId/EndToEndId"),
                reference=_text(transfer, "RmtInf/Strd/CdtrRefInf/Ref"),
                cents=int(euros) * 100 + int(cents),
                payer=payer,
                payee=_text(transfer, "CdtrAcct/Id/IBAN"),
                on=on,
            )


def statements_of(orders: Sequence[Order], made_at: datetime) -> bytes:
    """The account statements of everybody whom the orders concern, in one file."""
    accounts = sorted({account for order in orders for account in (order.payer, order.payee)})
    made = [Statement(f"T-{n}", account, tuple(_booked(orders, account))) for n, account in enumerate(accounts)]
    return camt053(f"TILIOTE-{made_at:%Y%m%d}", made_at, *made)


def _booked(orders: Sequence[Order], account: str) -> Iterator[Entry]:
    for n, order in enumerate(orders):
        sign = -1 if order.payer == account else 1
        if account not in (order.payer, order.payee):
            continue
        payment = Payment(
            cents=sign * order.cents,
            reference=order.reference,
            end_to_end_id=order.end_to_end_id,
            counterparty_iban=order.payee if sign < 0 else order.payer,
            bank_reference=f"{order.on:%y%m%d}{'D' if sign < 0 else 'C'}{n}",
        )
        yield Entry(order.on, (payment,), bank_reference=payment.bank_reference)


def _text(element: Element, path: str) -> str:
    found = element.findtext("/".join(f"{_IN}{tag}" for tag in path.split("/")))
    assert found is not None, path
    return found
