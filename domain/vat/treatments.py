"""Which decision on VAT counts for a share: the seller's, for its clause, on the day of delivery."""

from collections.abc import Iterable
from datetime import date

from domain.kernel import Value
from domain.money.rule import lies_within
from domain.revenue.events import ShareVat
from domain.vat.events import VatTreatmentDecided


class Treatments(Value, frozen=True):
    """What was decided under one agreement, in the order of recording."""

    decided: tuple[VatTreatmentDecided, ...] = ()

    def after(self, event: VatTreatmentDecided) -> "Treatments":
        return Treatments(decided=(*self.decided, event))

    def of(self, seller: str, clause: str, delivered_on: date) -> VatTreatmentDecided | None:
        """The decision for the clause nearest around a share; None where the seller has decided nothing for that day.

        Of several, the one that is valid from the latest day, and of those the one recorded last.
        """
        fitting = [
            (len(each.clause or ""), each.valid_from, n, each)
            for n, each in enumerate(self.decided)
            if each.seller == seller
            and each.valid_from <= delivered_on
            and (each.clause is None or lies_within(clause, each.clause))
        ]
        return max(fitting)[3] if fitting else None

    def on(self, supplies: Iterable[tuple[str, str, str]], delivered_on: date) -> tuple[ShareVat, ...]:
        """How shares are taxed, given as (seller, path in the event, clause as decisions name it)."""
        found = ((path, self.of(seller, clause, delivered_on)) for seller, path, clause in supplies)
        return tuple(
            ShareVat(clause=path, code=each.code, rate=each.rate, ground=each.ground, decision=each.treatment)
            for path, each in found
            if each
        )
