"""Whose accounts banks send statements of."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from msgspec import Struct

from application.ports import Log
from domain.kernel import current, facts
from domain.network.events import BillingDetailsSet, OrganisationRegistered

Own = Mapping[str, AbstractSet[str]]
"""By IBAN the organisations whose account it is, or was."""


class OwnAccounts(Struct, frozen=True):
    """All accounts that were ever set here."""

    of: Own
    of_person: Own
    """By IBAN everybody of the legal persons whose account it is, or was: what is paid to one of a city's units may go to another
    account of the city."""


async def own_accounts(log: Log) -> OwnAccounts:
    """Every account that an organisation has set, earlier ones too: a bank sends statements of them for a while.

    One that passed to another legal person is the latter's alone. A unit that never set one of its own has those of its legal person.
    """
    history = await log.look((facts(BillingDetailsSet, OrganisationRegistered),))
    accounts: dict[str, set[str]] = {}
    setters: dict[str, str] = {}
    units: dict[str, str] = {}
    for event in history.events:
        fact = current(event.data)
        if isinstance(fact, BillingDetailsSet) and fact.iban:
            accounts.setdefault(fact.organisation, set()).add(fact.iban)
            setters[fact.iban] = fact.organisation
        elif isinstance(fact, OrganisationRegistered) and fact.unit_of:
            units[fact.organisation] = fact.unit_of
    whose = {iban: units.get(organisation, organisation) for iban, organisation in setters.items()}
    for organisation, ibans in accounts.items():
        ibans -= {iban for iban in ibans if whose[iban] != units.get(organisation, organisation)}
    everybody: dict[str, set[str]] = {}
    for organisation in {*accounts, *units, *units.values()}:
        everybody.setdefault(units.get(organisation, organisation), set()).add(organisation)
    shared = {unit: accounts[person] for unit, person in units.items() if unit not in accounts and person in accounts}
    own: dict[str, set[str]] = {}
    of_person: dict[str, set[str]] = {}
    for organisation, ibans in (accounts | shared).items():
        for iban in ibans:
            own.setdefault(iban, set()).add(organisation)
            of_person.setdefault(iban, set()).update(everybody[units.get(organisation, organisation)])
    return OwnAccounts(own, of_person)
