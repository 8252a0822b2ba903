"""Rename an organisation: the same legal person or unit under another name."""

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown, Value, facts
from domain.network.events import OrganisationRegistered, OrganisationRenamed
from domain.words import Names, Organisation

Seen = OrganisationRegistered | OrganisationRenamed


class RenameOrganisation(Command, frozen=True):
    """Give an organisation another name, in all the languages that it has.

    It stays the same organisation: its id, business id, agreements and books go on. Statements and documents of months that are
    closed keep the name of their cut; payments that were approved keep it too.
    """

    organisation: Organisation
    name: Names
    """The whole name anew: a language that is left out has none any more."""


class NamedSoAlready(Refused):
    def __init__(self, organisation: str) -> None:
        super().__init__(f"{organisation} has this name already; there is nothing to rename.")


class Named(Value, frozen=True):
    name: Names | None = None
    """None: it is not registered."""


def boundary(command: RenameOrganisation) -> Boundary:
    return (facts(OrganisationRegistered, OrganisationRenamed, about=command.organisation),)


def evolve(state: Named, event: Seen) -> Named:
    return replace(state, name=event.name)


def decide(command: RenameOrganisation, state: Named) -> tuple[Event, ...]:
    if state.name is None:
        raise Unknown(command.organisation)
    if command.name == state.name:
        raise NamedSoAlready(command.organisation)
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
    initial=Named(),
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
