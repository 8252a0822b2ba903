"""Rename an organisation: the same legal person or unit under another name."""

from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown
from domain.network.accounts import STATED, Accounts, Stated
from domain.network.events import OrganisationRenamed
from domain.network.letters import as_banks_take
from domain.words import Names, Organisation


class RenameOrganisation(Command, frozen=True):
    """Give an organisation another name, in all the languages that it has.

    It stays the same organisation: its id, business id, agreements and books go on. Statements and documents of months that are
    closed keep the name of their cut; payments that were approved keep it too. Where it, or a unit of it, has an account, the name is
    one that banks take.
    """

    organisation: Organisation
    name: Names
    """The whole name anew: a language that is left out has none any more."""


class NamedSoAlready(Refused):
    def __init__(self, organisation: str) -> None:
        super().__init__(f"{organisation} has this name already; there is nothing to rename.")


def boundary(command: RenameOrganisation) -> Boundary:  # noqa: ARG001 - it may be the legal person of whoever has an account
    return (STATED,)


def evolve(state: Accounts, event: Stated) -> Accounts:
    return state.after(event)


def decide(command: RenameOrganisation, state: Accounts) -> tuple[Event, ...]:
    if command.organisation not in state.registered:
        raise Unknown(command.organisation)
    if command.name == state.name(command.organisation):
        raise NamedSoAlready(command.organisation)
    # Only who has an account is named to a bank; who has none yet is asked for such a name when one is set.
    if state.is_named_to_banks(command.organisation):
        as_banks_take(f"The name of {command.organisation}", command.name.best("fi"))
    return (
        OrganisationRenamed(
            organisation=command.organisation,
            name=command.name,
            by=command.asked.actor,
            renamed_on=command.asked.on,
        ),
    )


rename_organisation = Decider(
    command=RenameOrganisation,
    boundary=boundary,
    initial=Accounts(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None},
    signed=True,
    example={
        "organisation": "org:xamk",
        "name": {
            "fi": "Kaakkois-Suomen ammattikorkeakoulu Oy",
            "en": "South-Eastern Finland University of Applied Sciences Ltd",
        },
    },
)
