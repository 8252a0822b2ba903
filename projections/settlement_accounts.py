"""Where payments go: the account of the payee as it was approved, and who has set something anew since."""

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct

from domain.network.accounts import Accounts


class PayeeAccount(Struct, frozen=True, kw_only=True):
    """The account that a payment goes to."""

    name: str
    """The legal person that a bank is told."""
    iban: str
    """Without spaces."""
    bic: str | None
    """The bank of the account; null where it was not given."""


class NewerDetails(Struct, frozen=True, kw_only=True):
    """Somebody whose account, address or name was set anew since the approval: payments do not heed it until it is approved."""

    organisation: str
    """Whose they are: a payer or payee of the settlement."""
    set_on: date
    """The day on which it was set last, in Helsinki."""


def account_of(organisation: str, accounts: Accounts) -> PayeeAccount | None:
    """The account of an organisation; None: it has none."""
    holder = accounts.holder(organisation)
    if holder.iban is None:
        return None
    return PayeeAccount(name=holder.name.best("fi"), iban=holder.iban, bic=holder.bic)


def newer_details(organisations: Iterable[str], then: Accounts, now: Accounts) -> Iterator[NewerDetails]:
    """Of whom payments would say something else now than they did then, by id."""
    for organisation in sorted(set(organisations)):
        set_on = now.set_on(organisation)
        if set_on is not None and now.holder(organisation) != then.holder(organisation):
            yield NewerDetails(organisation=organisation, set_on=set_on)
