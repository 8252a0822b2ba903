"""On whose list a bank's line was put: it is a line of that account, so nobody else records it as one of its own."""

from collections.abc import Mapping

from domain.changing import replace
from domain.kernel import Value
from domain.network.events import OrganisationRegistered
from domain.network.legal_persons import of_one_person
from domain.settlement.events import BankLineListed
from domain.settlement.shown import LineIdTaken


class ListedLine(Value, frozen=True):
    """What is known of a line's place on a list, and of who may share the account that it is a line of."""

    listed: BankLineListed | None = None
    persons: Mapping[str, str] = {}
    """Of units, the legal person."""

    def after(self, event: BankLineListed | OrganisationRegistered) -> "ListedLine":
        match event:
            case BankLineListed():
                return replace(self, listed=event)
            case OrganisationRegistered(organisation=unit, unit_of=person):
                return replace(self, persons={**self.persons, unit: person}) if person else self

    def check_of(self, owner: str) -> None:
        """Whoever shares the account by its legal person may have listed the line before it was known whose it is."""
        if self.listed and not of_one_person(self.persons, self.listed.organisation, owner):
            raise LineIdTaken(self.listed.bank_line)
