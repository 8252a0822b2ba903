"""Which account an organisation pays from and is paid to: its own or its legal person's, and whose an account ever was."""

from collections.abc import Iterable, Mapping
from datetime import date

from domain.canonical import digest_of
from domain.changing import replace
from domain.kernel import Value, facts
from domain.network.events import Address, BillingDetailsSet, OrganisationRegistered, OrganisationRenamed
from domain.words import Names

Stated = OrganisationRegistered | OrganisationRenamed | BillingDetailsSet
STATED = facts(OrganisationRegistered, OrganisationRenamed, BillingDetailsSet)
"""Of all organisations: an account may be anybody's, and all of them have few such events."""


class Holder(Value, frozen=True):
    """What a payment says of an organisation: the legal person, since that is whom a bank knows, and the account."""

    name: Names
    business_id: str | None = None
    address: Address | None = None
    iban: str | None = None
    bic: str | None = None


class Accounts(Value, frozen=True):
    """Everybody's account, as far as the events go that it was made of."""

    registered: Mapping[str, OrganisationRegistered] = {}
    renamed: Mapping[str, OrganisationRenamed] = {}
    newest: Mapping[str, BillingDetailsSet] = {}
    set_by: Mapping[str, frozenset[str]] = {}
    """By organisation, who has set the account that it has now, or anything else beside it since."""
    whose: Mapping[str, str] = {}
    """By IBAN the legal person whose account it is, or was last: a bank sends statements of it for a while."""

    def after(self, event: Stated) -> "Accounts":
        organisation = event.organisation
        match event:
            case OrganisationRegistered():
                return replace(self, registered={**self.registered, organisation: event})
            case OrganisationRenamed():
                return replace(self, renamed={**self.renamed, organisation: event})
            case BillingDetailsSet():
                before = self.newest.get(organisation)
                kept = (
                    self.set_by.get(organisation, frozenset()) if before and before.iban == event.iban else frozenset()
                )
                newest, set_by = {**self.newest, organisation: event}, {**self.set_by, organisation: kept | {event.by}}
                if event.iban is None:
                    return replace(self, newest=newest, set_by=set_by)
                whose = {**self.whose, event.iban: self.person(organisation)}
                return replace(self, newest=newest, set_by=set_by, whose=whose)

    def person(self, organisation: str) -> str:
        """The legal person that an organisation is or belongs to."""
        registered = self.registered.get(organisation)
        return (registered.unit_of if registered else None) or organisation

    def is_in_use(self, iban: str) -> bool:
        """Whether somebody has the account now."""
        return any(details.iban == iban for details in self.newest.values())

    def name(self, organisation: str) -> Names:
        named = self.renamed.get(organisation) or self.registered.get(organisation)
        return named.name if named else Names(fi=organisation)

    def is_named_to_banks(self, organisation: str) -> bool:
        """Whether payments bear its name: it is the legal person of somebody who has an account."""
        return any(details.iban and self.person(each) == organisation for each, details in self.newest.items())

    def holder(self, organisation: str) -> Holder:
        """A unit has of its legal person what it does not have of its own."""
        person = self.person(organisation)
        own, whole = self.newest.get(organisation), self.newest.get(person)
        addressed, paid = own or whole, own if own and own.iban else whole
        return Holder(
            name=self.name(person),
            business_id=self._business_id(organisation) or self._business_id(person),
            address=addressed.address if addressed else None,
            iban=paid.iban if paid else None,
            bic=paid.bic if paid else None,
        )

    def digest(self, organisations: Iterable[str]) -> str:
        """Of what payments say of them: who approves shows by it what was read."""
        return digest_of([(each, self.holder(each)) for each in sorted(set(organisations))])

    def setters(self, organisation: str) -> frozenset[str]:
        """Who has set or repeated the account that it has now, and who named it last; a unit may have that of its legal person."""
        both = {organisation, self.person(organisation)}
        named = {self.renamed[each].by for each in both if each in self.renamed}
        return frozenset(named).union(*(self.set_by.get(each, frozenset()) for each in both))

    def set_on(self, organisation: str) -> date | None:
        """When something that its payments say was set last; None: never since it was registered."""
        both = (organisation, self.person(organisation))
        days = [self.newest[each].set_on for each in both if each in self.newest]
        days += [self.renamed[each].renamed_on for each in both if each in self.renamed]
        return max(days, default=None)

    def _business_id(self, organisation: str) -> str | None:
        registered = self.registered.get(organisation)
        return registered.business_id if registered else None
