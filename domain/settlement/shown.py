"""What bank's lines show of payments, and what of a payment is known to be paid."""

from collections.abc import Iterable

from domain.changing import replace
from domain.kernel import Refused, Value
from domain.settlement.events import PaymentRecorded, PaymentTakenBack


class LineIdTaken(Refused):
    """What a line was recorded or listed as is the business of those whom it concerns: nobody else is told more."""

    def __init__(self, bank_line: str) -> None:
        super().__init__(f"The id {bank_line} is taken already; give your line an id of its own.")


class Shown(Value, frozen=True):
    """The lines that were recorded, of one payment or more, and what of that was taken back."""

    recorded: tuple[PaymentRecorded, ...] = ()
    taken_back: tuple[PaymentTakenBack, ...] = ()

    def after(self, event: PaymentRecorded | PaymentTakenBack) -> "Shown":
        match event:
            case PaymentRecorded():
                return replace(self, recorded=(*self.recorded, event))
            case PaymentTakenBack():
                return replace(self, taken_back=(*self.taken_back, event))

    def of(self, payment: str) -> tuple[PaymentRecorded, ...]:
        """All lines that were ever recorded for a payment."""
        return tuple(each for each in self.recorded if each.payment == payment)

    def standing(self, payment: str) -> tuple[PaymentRecorded, ...]:
        """Those of a payment that were not taken back."""
        return tuple(each for each in self.of(payment) if self.back_of(each) is None)

    def back_of(self, recorded: PaymentRecorded) -> PaymentTakenBack | None:
        """What took it back."""
        line = recorded.payment, recorded.bank_line
        return next((each for each in self.taken_back if (each.payment, each.bank_line) == line), None)


def owner_of(line: PaymentRecorded | PaymentTakenBack) -> str:
    """Whose account it is a line of."""
    return line.payer if line.side == "payer" else line.payee


def sum_of(lines: Iterable[PaymentRecorded], side: str) -> int:
    """What the account of one side shows."""
    return sum(each.cents for each in lines if each.side == side)


def known_of(ordered_cents: int, lines: Iterable[PaymentRecorded]) -> int:
    """What is known to be paid of a payment: what both accounts show counts once.

    A payer's own word counts for no more than was ordered: what goes beyond is owed back, so it counts when the payee's account
    shows it.
    """
    shown = tuple(lines)
    return max(min(sum_of(shown, "payer"), ordered_cents), sum_of(shown, "payee"))
