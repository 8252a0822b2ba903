"""Where money goes, by the bookkeeper's own rules: what payments would say of somebody, and who has said it since when."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from domain.network.events import BillingDetailsSet, OrganisationRegistered, OrganisationRenamed


class Approved(Struct):
    """A moment from which on payments say the same until somebody approves again."""

    place: int
    """In the list of what was said."""
    said: dict[str, tuple[Any, ...]]


class AccountsSaid:
    """All that was ever said of names, addresses and accounts, in order."""

    def __init__(self) -> None:
        self.persons: dict[str, str] = {}
        self.all: list[OrganisationRegistered | OrganisationRenamed | BillingDetailsSet] = []

    def take(self, event: OrganisationRegistered | OrganisationRenamed | BillingDetailsSet) -> None:
        if isinstance(event, OrganisationRegistered):
            self.persons[event.organisation] = event.unit_of or event.organisation
        self.all.append(event)

    def now(self, parties: Iterable[str]) -> Approved:
        return Approved(len(self.all), {party: self.of(party) for party in parties})

    def of(self, party: str) -> tuple[Any, ...]:
        """Name of the legal person, address and account: the party's own, else those of its legal person."""
        person = self.persons[party]
        names = [e.name for e in self.all if e.organisation == person and not isinstance(e, BillingDetailsSet)]
        own, whole = list(self._details(party)), list(self._details(person))
        addressed = (own or whole)[-1:]
        paid = (own if own and own[-1].iban else whole)[-1:]
        return names[-1], [e.address for e in addressed], [(e.iban, e.bic) for e in paid]

    def _details(self, organisation: str) -> Iterator[BillingDetailsSet]:
        return (e for e in self.all if isinstance(e, BillingDetailsSet) and e.organisation == organisation)

    def check(self, before: Approved, parties: Iterable[str], by: str, *, again: bool) -> None:
        """Whoever approves has set nothing of what is approved, and approves again only where something is new."""
        anew = [party for party in parties if self.of(party) != before.said.get(party)]
        assert anew or not again, "nobody approves twice what is the same"
        for party in anew:
            of_it = {party, self.persons[party]}
            setters = {
                e.by.lower()
                for e in self.all[before.place :]
                if not isinstance(e, OrganisationRegistered) and e.organisation in of_it
            }
            assert by.lower() not in setters, "who sets an account does not approve that it is paid to"
