"""An invoice is paid with the first gross settlement that reaches its month, by one payment or, as far as anybody can say, by none."""

from adapters.invoice_references import Invoiced, Paying, with_invoices
from application.matching import OpenPayment

MARCH = Invoiced("org:c", "org:a", "2019-03", "20190300001")


def order(
    n: int, period: str, *, payer: str = "org:a", payee: str = "org:c", cut: int = 0, gross: bool = True
) -> Paying:
    payment = OpenPayment(
        payment=f"payment:{n}",
        settlement=f"settlement:{cut or n}",
        payer=payer,
        payee=payee,
        reference=f"{n}",
        cents=100,
    )
    return Paying(payment, period, cut or n, gross)


def paid_by(*orders: Paying, invoice: Invoiced = MARCH) -> list[str]:
    return [each.payment for each in with_invoices(orders, [invoice]) if each.invoices == (invoice.reference,)]


def test_the_first_settlement_that_reaches_its_month_pays_it() -> None:
    before, own, after = order(1, "2019-02"), order(2, "2019-03"), order(3, "2019-04")
    assert paid_by(after, own, before) == ["payment:2"]
    assert paid_by(before, after) == ["payment:3"], "what was approved late goes into a later one"
    assert paid_by(before) == []


def test_by_a_payment_of_its_direction_alone() -> None:
    assert paid_by(order(1, "2019-03", payer="org:c", payee="org:a")) == []
    assert paid_by(order(1, "2019-03", payee="org:b")) == []


def test_a_netted_payment_is_of_no_single_invoice() -> None:
    assert paid_by(order(1, "2019-03", gross=False)) == []
    assert paid_by(order(1, "2019-03", gross=False), order(2, "2019-04")) == ["payment:2"]


def test_where_a_debt_is_paid_in_several_payments_nobody_can_say_by_which() -> None:
    assert paid_by(order(1, "2019-03", cut=9), order(2, "2019-03", cut=9), order(3, "2019-04", cut=12)) == []
