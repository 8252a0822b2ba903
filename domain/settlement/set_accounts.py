"""Say on which accounts of a partner's own books the lines of its statements go."""

from typing import Annotated

from msgspec import Meta

from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.network.events import PartnerAdmitted
from domain.settlement.events import AccountsSet, PostingAccount
from domain.words import Organisation

Seen = PartnerAdmitted


class SetAccounts(Command, frozen=True):
    """Set all posting accounts of a partner anew, for its posting file.

    Each is for lines of one kind, counterparty, clause or project; what is left out fits every line, and the one that says most
    counts.
    """

    organisation: Organisation
    accounts: Annotated[tuple[PostingAccount, ...], Meta(max_length=200)]
    """All of them: what is not named is no longer there."""


class SameLinesTwice(Refused):
    def __init__(self, account: str, other: str) -> None:
        super().__init__(
            f"The accounts {account} and {other} are for the same lines; give each sort of line one account."
        )


class Admitted(Value, frozen=True):
    admitted: bool = False


def boundary(command: SetAccounts) -> Boundary:
    return (facts(PartnerAdmitted, about=command.organisation),)


def evolve(state: Admitted, event: Seen) -> Admitted:  # noqa: ARG001 - that it was admitted is all there is to know
    return Admitted(admitted=True)


def decide(command: SetAccounts, state: Admitted) -> tuple[Event, ...]:
    if not state.admitted:
        raise Unknown(f"partner {command.organisation}")
    if not command.asked.acts_for(command.organisation):
        raise NotYours(command.asked, command.organisation, "say how it keeps its books")
    taken: dict[tuple[str | None, ...], str] = {}
    for each in command.accounts:
        lines = (each.kind, each.counterparty, each.clause, each.project)
        if lines in taken:
            raise SameLinesTwice(taken[lines], each.account)
        taken[lines] = each.account
    return (
        AccountsSet(
            organisation=command.organisation,
            accounts=command.accounts,
            by=command.asked.actor,
            set_on=command.asked.on,
            parties=(command.organisation,),
        ),
    )


set_accounts = Decider(
    command=SetAccounts,
    boundary=boundary,
    initial=Admitted(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-check"},
    example={
        "organisation": "org:ekami",
        "accounts": [
            {"kind": "share-earned", "account": "3000", "cost_centre": "1200"},
            {"kind": "cost-share", "account": "4300"},
            {"account": "2939"},
        ],
    },
)
