"""Register an organisation, so that others can name it."""

from collections.abc import Mapping
from typing import Annotated

from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown, Value, facts
from domain.network.business_ids import is_business_id
from domain.network.events import OrganisationKind, OrganisationRegistered
from domain.words import Names, Organisation, form


class RegisterOrganisation(Command, frozen=True):
    """Enter an organisation into the register.

    `business_id` is the Finnish Y-tunnus, `oid` the object identifier of the national organisation register. A unit
    names the legal person it belongs to in `unit_of`, which must be registered before it.
    """

    organisation: Organisation
    """A new id, for good: it stands in everything that happens."""
    name: Names
    kind: OrganisationKind
    """What sort of organisation it is; `other` where none fits."""
    business_id: Annotated[str, form(r"^[0-9]{7}-[0-9](?![\s\S])", "a business id such as 2472908-2")] | None = None
    """The Finnish Y-tunnus; null where it has none of its own, as a unit."""
    oid: (
        Annotated[
            str,
            form(
                r"^1\.2\.246\.562\.(10|99)\.[0-9]{1,24}(?![\s\S])",
                "an object identifier such as 1.2.246.562.10.346830761110",
            ),
        ]
        | None
    ) = None
    """As the national register of education providers has it; null where it is not there."""
    unit_of: Organisation | None = None
    """The legal person that it is a part of; null: it stands for itself."""


class AlreadyRegistered(Refused):
    def __init__(self, organisation: str) -> None:
        super().__init__(f"{organisation} is registered already; choose another id for another organisation.")


class WrongBusinessId(Refused):
    def __init__(self, business_id: str) -> None:
        super().__init__(
            f"{business_id} is no business id: its check digit does not fit. Compare it with the register (ytj)."
        )


class OidTaken(Refused):
    def __init__(self, oid: str, organisation: str) -> None:
        super().__init__(
            f"{oid} is registered for {organisation} already; an object identifier names one organisation."
        )


class Register(Value, frozen=True):
    known: frozenset[str] = frozenset()
    oids: Mapping[str, str] = {}


def boundary(command: RegisterOrganisation) -> Boundary:  # noqa: ARG001 - an OID may be taken by any organisation
    return (facts(OrganisationRegistered),)


def evolve(state: Register, event: OrganisationRegistered) -> Register:
    oids = {**state.oids, event.oid: event.organisation} if event.oid else state.oids
    return Register(known=state.known | {event.organisation}, oids=oids)


def decide(command: RegisterOrganisation, state: Register) -> tuple[Event, ...]:
    if command.organisation in state.known:
        raise AlreadyRegistered(command.organisation)
    if command.unit_of and command.unit_of not in state.known:
        raise Unknown(command.unit_of)
    if command.oid and command.oid in state.oids:
        raise OidTaken(command.oid, state.oids[command.oid])
    if command.business_id and not is_business_id(command.business_id):
        raise WrongBusinessId(command.business_id)
    return (
        OrganisationRegistered(
            organisation=command.organisation,
            name=command.name,
            kind=command.kind,
            business_id=command.business_id,
            oid=command.oid,
            unit_of=command.unit_of,
            registered_on=command.asked.on,
        ),
    )


register_organisation = Decider(
    command=RegisterOrganisation,
    boundary=boundary,
    initial=Register(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None},
    example={
        "organisation": "org:xamk",
        "name": {"fi": "Kaakkois-Suomen ammattikorkeakoulu Oy"},
        "kind": "university_of_applied_sciences",
        "business_id": "2472908-2",
    },
)
